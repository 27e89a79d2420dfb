"""The trail of the probe: dots that fade with their age. Only dots that change are repainted."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from latent_explorer.views.plane.layer import Layer, device_window
from latent_explorer.views.plane.stamp import Stamp

LOOKS = ((3.6, 235), (3.1, 185), (2.6, 130), (2.1, 75))  # radius in pixels and alpha, youngest first
MARGIN = 2.0  # pixels around a dot


def _draw_dot(radius: float, alpha: int, painter: QPainter) -> None:
    painter.setPen(QPen(QColor(10, 12, 16, alpha), 1.6))
    painter.setBrush(QColor(255, 255, 255, alpha))
    painter.drawEllipse(QPointF(), radius, radius)


class TrailLayer(Layer):
    """A few dots, light inside dark. They fade in steps, so that one more dot changes only a few others."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)  # so that `paint` knows what is exposed
        self.setVisible(False)
        self.on = True
        self._dots: list[tuple[float, float, int]] = []  # plane coordinates, and which of the looks
        self._stamps = [Stamp(partial(_draw_dot, radius, alpha), radius + MARGIN) for radius, alpha in LOOKS]

    @property
    def count(self) -> int:
        """Dots to see."""
        return len(self._dots) if self.isVisible() else 0

    def set_points(self, points: NDArray[np.floating]) -> None:
        """Plane coordinates (n, 2), oldest first; none takes the trail away."""
        count, steps = len(points), len(LOOKS)
        dots = [(float(x), float(y), (count - 1 - k) * steps // count) for k, (x, y) in enumerate(points)]
        changed = set(dots) ^ set(self._dots)
        self._dots = dots
        self._show()
        view = self.getViewWidget()
        if view is None or not self.isVisible():
            return
        # Not by self.update, which would gather what it is told in one large rectangle.
        viewport, transform = view.viewport(), self.sceneTransform() * view.viewportTransform()
        for x, y, look in changed:
            place, reach = transform.map(QPointF(x, y)), LOOKS[look][0] + MARGIN
            viewport.update(QRectF(place.x() - reach, place.y() - reach, 2 * reach, 2 * reach).toAlignedRect())

    def set_on(self, on: bool) -> None:
        """Whether the trail is drawn at all."""
        self.on = on
        self._show()

    def _show(self) -> None:
        self.setVisible(self.on and bool(self._dots))

    def _pixel(self) -> tuple[float, float]:
        """Plane units of one pixel of the screen."""
        box = self.getViewBox()
        if box is None:
            return 0.0, 0.0
        width, height = box.viewPixelSize()
        return float(width), float(height)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """The dots in what is exposed."""
        width, height = self._pixel()
        reach = LOOKS[0][0] + MARGIN
        exposed = option.exposedRect.adjusted(-reach * width, -reach * height, reach * width, reach * height)
        dots = [dot for dot in self._dots if exposed.contains(dot[0], dot[1])]
        if not dots:
            return
        transform, _, _ = device_window(painter, QRectF())
        for x, y, look in dots:  # the oldest first, under the younger ones
            self._stamps[look].paint_at(painter, transform.map(QPointF(x, y)))
