"""The codes as points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QImage

from latent_explorer.core.palette import class_table
from latent_explorer.core.raster import rasterize
from latent_explorer.views.picture import blank_picture, wrap_words
from latent_explorer.views.plane.layer import KeptLayer, Window


@dataclass(frozen=True, eq=False)
class PointsDrawing:
    """All that drawing the points takes, so that any thread can do it.

    Parameters
    ----------
    number : int
        Grows with everything that changes what is to be drawn.
    window : Window
    places : float64 array, shape (2, N), plane coordinates
    colours : uint8 array, shape (N, 3)
    radius : float
        Device pixels.
    alpha : float
    """

    number: int
    window: Window
    places: NDArray[np.float64]
    colours: NDArray[np.uint8]
    radius: float
    alpha: float

    def draw(self, out: NDArray[np.uint32] | None = None) -> NDArray[np.uint32]:
        """The picture of the window as words (see `core.raster`), blended without regard to the points' order."""
        window = self.window
        places = self.places * np.array(window.scale)[:, None] + np.array(window.shift)[:, None]
        return rasterize(places.T, self.colours, width=window.width, height=window.height, radius=self.radius, alpha=self.alpha, out=out)


class PointsLayer(KeptLayer):
    """Draws the codes with `core.raster` at the screen's own resolution.

    Signals
    -------
    drawingRequested(PointsDrawing) : the points have moved; whoever draws them brings the words to `take_picture`.
    """

    drawingRequested = Signal(object)  # Qt's manner

    def __init__(self) -> None:
        super().__init__()
        self._number = self._shown_number = 0
        self._words: NDArray[np.uint32] | None = None  # the memory of the picture, where another thread has drawn it
        self._points: NDArray[np.floating] = np.zeros((0, 2))
        self._labels = np.zeros(0, np.int64)
        self._table = class_table(0)
        self._places = np.zeros((2, 0))  # of what is shown: x and y, each without gaps in memory
        self._colours = self._table[:0]
        self._hidden: frozenset[int] = frozenset()
        self._size, self._opacity = 5.0, 0.6

    def set_points(self, points: NDArray[np.floating], labels: NDArray[np.int64], classes: int, hidden: frozenset[int]) -> None:
        """Plane coordinates (N, 2), labels (N,) with -1 for none, the number of classes, and which classes not to draw."""
        self._points, self._labels, self._table = points, labels, class_table(classes)
        self.set_hidden(hidden)

    def move_points(self, points: NDArray[np.floating]) -> None:
        """The same points lie elsewhere, (N, 2). The picture before stays until the new one comes, or the window changes."""
        self._points = points
        self._choose()
        if self._window is None or not self.isVisible():
            self.forget()
        else:
            self.drawingRequested.emit(self._drawing(self._window))

    def take_picture(self, drawing: PointsDrawing, words: NDArray[np.uint32]) -> None:
        """What was asked for is drawn; it is shown unless something newer is, or another part of the plane."""
        if drawing.window == self._window and drawing.number > self._shown_number:
            self.show_picture(wrap_words(words))
            self._shown_number, self._words = drawing.number, words

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Do not draw these classes."""
        self._hidden = hidden
        self._choose()
        self.forget()

    def _choose(self) -> None:
        """Take what is to be drawn from all points."""
        points, labels = self._points, self._labels
        if self._hidden:
            shown = ~np.isin(labels, np.array(sorted(self._hidden), np.int64))
            points, labels = points[shown], labels[shown]
        self._places = np.ascontiguousarray(points.T, np.float64)
        self._colours = self._table[labels]

    def set_look(self, size: float, opacity: float) -> None:
        """Diameter in pixels of the screen, opacity of one point."""
        if (size, opacity) != (self._size, self._opacity):
            self._size, self._opacity = size, opacity
            self.forget()

    def _drawing(self, window: Window) -> PointsDrawing:
        self._number += 1
        return PointsDrawing(self._number, window, self._places, self._colours, self._size / 2 * window.ratio, self._opacity)

    def draw(self, window: Window) -> QImage | None:
        """All points, at once."""
        drawing = self._drawing(window)
        self._shown_number = drawing.number
        before = self._picture if self._words is None else None
        self._picture = self._words = None  # the picture first, which may lie in the words' memory
        if not len(self._colours):
            return None
        picture, pixels = blank_picture(window.width, window.height, before)
        drawing.draw(pixels)
        return picture
