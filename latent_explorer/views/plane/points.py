"""The codes as points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from latent_explorer.core.palette import class_table
from latent_explorer.core.raster import rasterize
from latent_explorer.views.picture import blank_picture
from latent_explorer.views.plane.layer import KeptLayer, Window


class PointsLayer(KeptLayer):
    """Draws the codes with `core.raster` at the screen's own resolution."""

    def __init__(self) -> None:
        super().__init__()
        self._points: NDArray[np.floating] = np.zeros((0, 2))
        self._labels = np.zeros(0, np.int64)
        self._table = class_table(0)
        self._places = np.zeros((2, 0))  # of what is shown: x and y, each without gaps in memory
        self._colours = self._table[:0]
        self._size, self._opacity = 5.0, 0.6

    def set_points(self, points: NDArray[np.floating], labels: NDArray[np.int64], classes: int, hidden: frozenset[int]) -> None:
        """Plane coordinates (N, 2), labels (N,) with -1 for none, the number of classes, and which classes not to draw."""
        self._points, self._labels, self._table = points, labels, class_table(classes)
        self.set_hidden(hidden)

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Do not draw these classes."""
        points, labels = self._points, self._labels
        if hidden:
            shown = ~np.isin(labels, np.array(sorted(hidden), np.int64))
            points, labels = points[shown], labels[shown]
        self._places = np.ascontiguousarray(points.T, np.float64)
        self._colours = self._table[labels]
        self.forget()

    def set_look(self, size: float, opacity: float) -> None:
        """Diameter in pixels of the screen, opacity of one point."""
        if (size, opacity) != (self._size, self._opacity):
            self._size, self._opacity = size, opacity
            self.forget()

    def draw(self, window: Window) -> QImage | None:
        """All points, blended without regard to their order."""
        if not len(self._colours):
            return None
        picture, pixels = blank_picture(window.width, window.height)
        places = self._places * np.array(window.scale)[:, None] + np.array(window.shift)[:, None]
        rasterize(
            places.T,
            self._colours,
            width=window.width,
            height=window.height,
            radius=self._size / 2 * window.ratio,
            alpha=self._opacity,
            out=pixels,
        )
        return picture
