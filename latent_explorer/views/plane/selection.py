"""The selected points: rings that flow together where points lie close, drawn over the points and kept while only the cursor moves.

Where so many are selected that rings would hide them, the rings grow faint and the other points step back instead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter

from latent_explorer.core.outline import DARK, EDGE, LIGHT, LINE, ONCE, Veil, one_a_pixel, outline
from latent_explorer.core.plane.tiling import cells_in, repeated
from latent_explorer.views.picture import wrap_words
from latent_explorer.views.plane.layer import KeptLayer, Window

EDGE_COLOUR, LINE_COLOUR = QColor(DARK), QColor(LIGHT)
FEW = 400  # are drawn one by one, and smooth
MANY = 200_000  # of more, some are left out while the window moves
CROWDED = 0.035  # of the window that the rings of many may take before they get thin and faint
DIMMED = 0.66  # of the ground's colour over points that are not selected, beside many that are
REACH = 20.0  # pixels of the screen from a point to the edge of its ring, at most
STILL_MS = 120  # without a move, and all are drawn


class SelectionLayer(KeptLayer):
    """Rings of a size that leaves the points to be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(19)  # over the points, under images, whose frames tell it of theirs
        self._points: NDArray[np.floating] = np.zeros((0, 2))
        self._others: NDArray[np.floating] = self._points
        self._radius, self._dot = 5.0, 2.5
        self._ground = 0
        self._words: NDArray[np.uint32] | None = None  # the memory of the picture
        self._still = QTimer(self)
        self._still.setSingleShot(True)
        self._still.setInterval(STILL_MS)
        self._still.timeout.connect(self._draw_all)
        self._all = self._tiled = False
        self.set_filled(False)

    def set_tiled(self, tiled: bool) -> None:
        """Whether the points, which then lie in the square from 0 to 1, come again on all sides."""
        if tiled != self._tiled:
            self._tiled = tiled
            self.forget()

    def set_points(self, points: NDArray[np.floating], others: NDArray[np.floating] | None = None) -> None:
        """Plane coordinates (n, 2) of what is selected and can be seen; those of what else is seen, which then is dimmed."""
        self._points, self._others = points, np.zeros((0, 2)) if others is None else others
        self.set_filled(len(points) > 0)
        self._draw_all()

    def set_size(self, diameter: float) -> None:
        """How large a point is drawn, pixels of the screen."""
        radius = max(4.5, diameter / 2 + 2.5)
        if radius != self._radius or diameter / 2 != self._dot:
            self._radius, self._dot = radius, diameter / 2
            self.forget()

    def set_ground(self, colour: str) -> None:
        """The plane's own colour, which dims points."""
        ground = QColor(colour)
        alpha, red, green, blue = (round(DIMMED * part) for part in (255, ground.red(), ground.green(), ground.blue()))
        self._ground = alpha << 24 | red << 16 | green << 8 | blue
        self.forget()

    def _draw_all(self) -> None:
        self._all = True
        self.forget()

    def draw(self, window: Window) -> QImage | None:
        """The rings of all that lie in the window or reach into it; of very many only some, while the window moves."""
        points, others, step = self._points, self._others, 1
        if not len(points):
            return None
        around = window.rectangle(REACH * window.ratio)
        copies = cells_in(around) if self._tiled else ONCE
        count, radius = len(points) * len(copies), self._radius * window.ratio
        if count > MANY and not self._all:
            step = -(-count // MANY)
            self._still.start()
        elif count > MANY and self._tiled:  # squares are small where there are many
            points, others = (one_a_pixel(some, window.scale) for some in (points, others))
        self._all = False
        if count <= FEW:
            return self._few(repeated(points, around) if self._tiled else points.astype(np.float64), window, radius)
        most = max(1, MANY // len(copies) if step > 1 else len(others))
        veil = Veil(others, (self._dot + 1) * window.ratio, self._ground, most)
        seen = window.scale, window.shift, window.width, window.height
        self._words = outline(points, *seen, radius, window.ratio, step, CROWDED, veil, copies)
        return wrap_words(self._words)

    def _few(self, points: NDArray[np.float64], window: Window, radius: float) -> QImage:
        """One by one and smooth: discs from the largest to the smallest, the last cut out again, which leaves the outline of all."""
        with np.errstate(over="ignore", invalid="ignore"):
            x, y = (points[:, k] * window.scale[k] + window.shift[k] for k in (0, 1))
            reach = radius + 4 * window.ratio
            near = (x > -reach) & (x < window.width + reach) & (y > -reach) & (y < window.height + reach)
        x, y = x[near], y[near]
        picture = QImage(window.width, window.height, QImage.Format.Format_ARGB32_Premultiplied)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        half, edge = LINE * window.ratio / 2, EDGE * window.ratio
        over, out = QPainter.CompositionMode.CompositionMode_SourceOver, QPainter.CompositionMode.CompositionMode_DestinationOut
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        places = [QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        for colour, size, mode in (
            (EDGE_COLOUR, radius + half + edge, over),
            (LINE_COLOUR, radius + half, over),
            (EDGE_COLOUR, radius - half, over),
            (EDGE_COLOUR, radius - half - edge, out),
        ):
            painter.setCompositionMode(mode)
            painter.setBrush(colour)
            for place in places:
                painter.drawEllipse(place, size, size)
        painter.end()
        return picture
