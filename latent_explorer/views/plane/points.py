"""The codes as points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QImage

from latent_explorer.core.palette import value_table
from latent_explorer.core.plane.tiling import cells_in
from latent_explorer.core.raster.cloud import Cloud
from latent_explorer.core.raster.colouring import LEVELS, ByClass, ByValue, Colouring, Scale
from latent_explorer.core.raster.drawing import draw
from latent_explorer.core.raster.scatter import Scatter
from latent_explorer.core.raster.stamps import MAX_RADIUS
from latent_explorer.core.raster.view import Look, Picture, View
from latent_explorer.views.picture import blank_picture, wrap_words
from latent_explorer.views.plane.layer import KeptLayer, Window

SORTED_AT_ONCE = 200_000  # points that are sorted in a few milliseconds; more than these a worker sorts


class Sight:
    """The window that is looked at now. Written in the GUI thread, read by whoever draws."""

    window: Window | None = None


@dataclass(frozen=True, eq=False)
class PointsDrawing:
    """All that drawing the points takes, so that any thread can do it.

    Parameters
    ----------
    number : int
        Grows with everything that changes what is to be drawn.
    window : Window
    scatter : Scatter
    look : Look
    sight : Sight
        When it shows another window, nobody waits for this drawing any more.
    tiled : bool
        Whether the points come again in all squares of side 1.
    """

    number: int
    window: Window
    scatter: Scatter
    look: Look
    sight: Sight = field(default_factory=Sight)
    tiled: bool = False

    def draw(self) -> Picture:
        """All points, in one thread, which leaves the other processors to whoever is in a hurry.

        Raises
        ------
        Cancelled
            The window has moved meanwhile.
        """
        return draw(self.scatter, self.look, _view(self.window, tiled=self.tiled), threads=1, overtaken=self._overtaken)

    def draw_at_once(self, out: NDArray[np.uint32]) -> Picture:
        """As much as a moving window has time for, by all processors."""
        return draw(self.scatter, self.look, _view(self.window, tiled=self.tiled), out=out, quick=True)

    def _overtaken(self) -> bool:
        return self.sight.window is not None and self.sight.window != self.window

    def scale_of(self, picture: Picture) -> Scale | None:
        """What the colours of its picture mean; None where they are the classes'."""
        if self.look.counts is not None:
            most = max(picture.most, 2.0)
            return Scale("Points at a pixel", 1.0, most, 1.0, most, logarithmic=True)
        return self.scatter.colouring.scale


def _view(window: Window, *, tiled: bool) -> View:
    view = View(window.scale, window.shift, window.width, window.height, window.ratio)
    return replace(view, copies=cells_in(window.rectangle(MAX_RADIUS))) if tiled else view


class PointsLayer(KeptLayer):
    """Draws the codes at the screen's own resolution.

    What a person moves is drawn at once; where that leaves something out, and where many points have to be sorted before, the
    rest is asked for.

    Signals
    -------
    drawingRequested(PointsDrawing) : whoever draws it brings the picture to `take_picture`.
    scaleChanged(Scale or None) : what the colours that are shown now mean.
    """

    drawingRequested = Signal(object)  # Qt's manner, here and below
    scaleChanged = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._number = self._shown_number = 0
        self._words: NDArray[np.uint32] | None = None  # the memory of the picture, where another thread has drawn it
        self._sight = Sight()
        self._cloud = Cloud(np.zeros((0, 2)))
        self._labels = np.zeros(0, np.int64)
        self.values: Mapping[str, NDArray[np.floating]] = {}
        self._classes = ByClass(self._labels, 0)
        self._colouring: Colouring = self._classes
        self._hidden: frozenset[int] = frozenset()
        self._singled: int | None = None  # the class that counts, of a conditional model
        self._others = "shown"  # what becomes of all other classes: a key of `core.scene.OTHERS`
        self._visible: NDArray[np.bool_] | None = None
        self._colour, self._size, self._opacity = "class", 5.0, 0.65
        self._scatter = self._drawable = Scatter(self._cloud, self._classes)  # what is wanted, and the last that was sorted
        self._scale: Scale | None = None
        self._tiled = False

    # Orders

    def set_tiled(self, tiled: bool) -> None:
        """Whether the points, which then lie in the square from 0 to 1, come again on all sides."""
        if tiled != self._tiled:
            self._tiled = tiled
            self.forget()

    def set_points(
        self,
        points: NDArray[np.floating],
        labels: NDArray[np.int64],
        classes: int,
        hidden: frozenset[int],
        values: Mapping[str, NDArray[np.floating]] | None = None,
    ) -> None:
        """Plane coordinates (N, 2), labels (N,) with -1 for none, the number of classes, which not to draw, values (N,) by name."""
        self._cloud, self._labels, self._hidden = Cloud(points), labels, hidden
        self.values, self._visible = values or {}, None
        self._classes = ByClass(labels, classes)
        self._choose_colouring()
        self._drawable = Scatter(Cloud(np.zeros((0, 2))), ByClass(np.zeros(0, np.int64), 0))  # not those before
        self._show(self._choose())

    def move_points(self, points: NDArray[np.floating], values: Mapping[str, NDArray[np.floating]] | None = None) -> None:
        """The same points lie elsewhere, (N, 2). The picture before stays until the new one comes, or the window changes."""
        self._cloud, self.values = Cloud(points), self.values if values is None else values
        if isinstance(self._colouring, ByValue):
            self._choose_colouring()
        self._scatter = self._choose()
        if self._window is None or not self.isVisible():
            self.forget()
        else:
            self.drawingRequested.emit(self._drawing(self._window))

    def take_picture(self, drawing: PointsDrawing, picture: Picture) -> None:
        """What was asked for is drawn; it is shown unless something newer is, or another part of the plane."""
        if drawing.window == self._window and drawing.number > self._shown_number:
            self.show_picture(wrap_words(picture.words))
            self._shown_number, self._words, self._drawable = drawing.number, picture.words, drawing.scatter
            self._tell_scale(drawing.scale_of(picture))

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Do not draw these classes."""
        self._hidden = hidden
        self._choose_classes()

    def set_singled(self, label: int | None, others: str) -> None:
        """One class counts: the others are "shown" as well, "faint", or "hidden"; None for no such class."""
        if (label, others) != (self._singled, self._others):
            self._singled, self._others = label, others
            self._choose_classes()

    def _choose_classes(self) -> None:
        by_class = self._by_class and self._scatter.colouring is self._classes
        self._show(self._scatter.with_seen(self._seen(), self._faint()) if by_class else self._choose())

    def _apart(self) -> NDArray[np.bool_]:
        """Which tones are of other classes than the one that counts."""
        found = self._classes.seen(())
        if self._singled is not None and self._singled < len(found):
            found[self._singled] = False
        return found

    def _seen(self) -> NDArray[np.bool_]:
        seen = self._classes.seen(self._hidden)
        return seen & ~self._apart() if self._singled is not None and self._others == "hidden" else seen

    def _faint(self) -> NDArray[np.bool_] | None:
        return self._apart() if self._singled is not None and self._others == "faint" else None

    def set_visible(self, visible: NDArray[np.bool_] | None) -> None:
        """Draw only these of the points, bool (N,); None for all."""
        if visible is not None and visible.shape != (self._cloud.count,):
            raise ValueError(f"{self._cloud.count} points, but {visible.shape} say whether they are drawn")
        if visible is not self._visible:
            self._visible = visible
            self._show(self._choose())

    def set_look(self, size: float, opacity: float, colour: str = "class") -> None:
        """Diameter in pixels of the screen, opacity of one point, and what colours say: "class", "density" or a value's name."""
        if (size, opacity) != (self._size, self._opacity):
            self._size, self._opacity = size, opacity
            self.forget()
        if colour != self._colour:
            self._colour = colour
            self._choose_colouring()
            self._show(self._choose())

    # Drawing

    @property
    def _by_class(self) -> bool:
        return self._colouring is self._classes

    def _choose_colouring(self) -> None:
        """By class, where there is no such column."""
        known = self._colour in self.values
        self._colouring = ByValue(self._colour, self.values[self._colour]) if known else self._classes

    def _choose(self) -> Scatter:
        """Points and colours as they are wanted now."""
        if self._by_class:
            return Scatter(self._cloud, self._colouring, self._seen(), self._visible, self._faint())
        shown = self._visible
        if self._singled is not None and self._others == "hidden":
            shown = self._labels == self._singled if shown is None else shown & (self._labels == self._singled)
        if self._hidden:
            seen = ~np.isin(self._labels, np.array(sorted(self._hidden), np.int64))
            shown = seen if shown is None else shown & seen
        return Scatter(self._cloud, self._colouring, None, shown)

    def _show(self, scatter: Scatter) -> None:
        """Draw this from now on. Where a worker has to sort it before, the picture before stays until then."""
        self._scatter = scatter
        if self._window is None or not self.isVisible() or self._is_drawable(scatter):
            self.forget()
        else:
            self.drawingRequested.emit(self._drawing(self._window))

    def _is_drawable(self, scatter: Scatter) -> bool:
        return scatter.ready or scatter.cloud.count <= SORTED_AT_ONCE

    def _drawing(self, window: Window, scatter: Scatter | None = None) -> PointsDrawing:
        self._number += 1
        counts = value_table(LEVELS) if self._colour == "density" else None
        look = Look(self._size, self._opacity, counts)
        return PointsDrawing(self._number, window, scatter or self._scatter, look, self._sight, self._tiled)

    def draw(self, window: Window) -> QImage | None:
        """What can be drawn at once; the rest is asked for."""
        self._sight.window = window
        if self._is_drawable(self._scatter):
            self._drawable = self._scatter
        drawing = self._drawing(window, self._drawable)
        self._shown_number = drawing.number
        before = self._picture if self._words is None else None
        self._picture = self._words = None  # the picture first, which may lie in the words' memory
        picture, complete = None, self._drawable is self._scatter
        if self._drawable.cloud.count:
            picture, pixels = blank_picture(window.width, window.height, before)
            made = drawing.draw_at_once(pixels)
            complete = complete and made.exact
            self._tell_scale(drawing.scale_of(made))
        elif complete:
            self._tell_scale(None)
        if not complete:
            self.drawingRequested.emit(self._drawing(window))
        return picture

    def _tell_scale(self, scale: Scale | None) -> None:
        if scale != self._scale:
            self._scale = scale
            self.scaleChanged.emit(scale)
