"""The ring around the point under the pointer: an item of its own, so that moving it repaints a few pixels and no points."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsObject, QStyleOptionGraphicsItem, QWidget

RADIUS = 6.0
DARK, LIGHT = QColor(10, 12, 16, 220), QColor("#ffffff")


class HoverLayer(QGraphicsObject):
    """A small ring of constant size on the screen, in the point's colour between dark and light."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setZValue(98)
        self.setVisible(False)
        self.colour = "#ffffff"
        self._radius = RADIUS

    def show_at(self, point: tuple[float, float] | None, colour: str = "#ffffff", radius: float = RADIUS) -> None:
        """Plane coordinates; None for nowhere. `radius`: pixels of the screen."""
        if radius != self._radius:
            self.prepareGeometryChange()
            self._radius = radius
        if point is not None:
            self.setPos(*point)
            if colour != self.colour:
                self.colour = colour
                self.update()
        self.setVisible(point is not None)

    def boundingRect(self) -> QRectF:  # Qt's name
        """Pixels of the screen around the point."""
        reach = self._radius + 4
        return QRectF(-reach, -reach, 2 * reach, 2 * reach)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Three rings, one in the other."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wide = self._radius
        for colour, width, radius in ((DARK, 5.2, wide), (QColor(self.colour), 3.2, wide), (LIGHT, 1.2, wide - 1.6)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(QRectF(-radius, -radius, 2 * radius, 2 * radius))
