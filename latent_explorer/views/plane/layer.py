"""What all layers of the plane share: they cover the visible window and paint in pixels of the screen."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QTransform


class Layer(pg.GraphicsObject):
    """A picture over the whole visible window, repainted when the window moves."""

    def boundingRect(self) -> QRectF:  # Qt's name
        """The visible window, plane coordinates."""
        box = self.getViewBox()
        return QRectF() if box is None else QRectF(box.viewRect())

    def viewTransformChanged(self) -> None:  # pyqtgraph's name
        """The window moved or changed its size."""
        self.prepareGeometryChange()
        self.update()

    def changed(self) -> None:
        """What is shown has changed."""
        self.update()


def device_window(painter: QPainter, rectangle: QRectF) -> tuple[QTransform, QRectF, float]:
    """Plane to pixels of the widget, the rectangle in those pixels, and the screen's device pixel ratio.

    A layer paints its picture there after ``painter.resetTransform()``, so that Qt has nothing to scale.
    """
    transform = QTransform(painter.worldTransform())
    return transform, transform.mapRect(rectangle), painter.device().devicePixelRatio()
