"""The codes as points."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from latent_explorer.core.palette import class_table
from latent_explorer.core.raster import rasterize
from latent_explorer.views.picture import blank_picture
from latent_explorer.views.plane.layer import Layer, device_window


class PointsLayer(Layer):
    """Draws the codes with `core.raster` at the screen's own resolution, and keeps the picture until something changes."""

    def __init__(self) -> None:
        super().__init__()
        self._points: NDArray[np.floating] = np.zeros((0, 2))
        self._labels = np.zeros(0, np.int64)
        self._table = class_table(0)
        self._places = np.zeros((2, 0))  # of what is shown: x and y, each without gaps in memory
        self._colours = self._table[:0]
        self._size, self._opacity = 5.0, 0.6
        self._picture: QImage | None = None
        self._key: tuple[object, ...] = ()

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
        self._forget()

    def set_look(self, size: float, opacity: float) -> None:
        """Diameter in pixels of the screen, opacity of one point."""
        if (size, opacity) != (self._size, self._opacity):
            self._size, self._opacity = size, opacity
            self._forget()

    def _forget(self) -> None:
        self._picture = None
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Put the picture where the window is; draw it anew when the window or the points have changed."""
        transform, window, ratio = device_window(painter, self.boundingRect())
        left, top = math.floor(window.left() * ratio), math.floor(window.top() * ratio)
        width, height = math.ceil(window.right() * ratio) - left, math.ceil(window.bottom() * ratio) - top
        if width < 1 or height < 1 or not len(self._colours):
            return
        key = (transform.m11(), transform.m22(), transform.dx(), transform.dy(), left, top, width, height, ratio)
        if self._picture is None or key != self._key:
            scale = np.array([[transform.m11()], [transform.m22()]]) * ratio
            shift = np.array([[transform.dx() * ratio - left], [transform.dy() * ratio - top]])
            picture, pixels = blank_picture(width, height)
            rasterize(
                (self._places * scale + shift).T,
                self._colours,
                width=width,
                height=height,
                radius=self._size / 2 * ratio,
                alpha=self._opacity,
                out=pixels,
            )
            picture.setDevicePixelRatio(ratio)
            self._picture, self._key = picture, key
        painter.save()
        painter.resetTransform()
        painter.drawImage(QPointF(left / ratio, top / ratio), self._picture)
        painter.restore()
