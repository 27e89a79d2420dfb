"""The probe's ring: an item of its own, so that moving it repaints a few pixels and not the points."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsObject, QStyleOptionGraphicsItem, QWidget

RADIUS = 9.0


class CursorLayer(QGraphicsObject):
    """A ring of constant size on the screen, light inside dark, readable on every ground; a dot in it when held."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setZValue(100)
        self.setVisible(False)
        self._held = False

    def show_at(self, x: float, y: float, held: bool) -> None:
        """Plane coordinates; `held` when the probe rests there."""
        self.setPos(x, y)
        self.setVisible(True)
        if held != self._held:
            self._held = held
            self.update()

    def boundingRect(self) -> QRectF:  # Qt's name
        """Pixels of the screen around the point."""
        reach = RADIUS + 3
        return QRectF(-reach, -reach, 2 * reach, 2 * reach)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Two rings."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        circle = QRectF(-RADIUS, -RADIUS, 2 * RADIUS, 2 * RADIUS)
        for colour, width in ((QColor(10, 12, 16, 200), 4.5), (QColor("#ffffff"), 2.2)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(circle)
        if self._held:
            painter.setPen(QPen(QColor(10, 12, 16, 200), 1.4))
            painter.setBrush(QColor("#ffffff"))
            painter.drawEllipse(QRectF(-2.5, -2.5, 5, 5))
