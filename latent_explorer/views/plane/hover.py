"""The ring around the point under the pointer: an item of its own, so that moving it repaints a few pixels and no points."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsObject, QStyleOptionGraphicsItem, QWidget

from latent_explorer.views.plane.stamp import Stamp

RADIUS = 6.0
MARGIN = 4.0  # pixels around the outermost ring's radius
MOST_STAMPS = 64
DARK, LIGHT = QColor(10, 12, 16, 220), QColor("#ffffff")


def _draw_rings(colour: str, wide: float, painter: QPainter) -> None:
    """Three, one in the other."""
    for tone, width, radius in ((DARK, 5.2, wide), (QColor(colour), 3.2, wide), (LIGHT, 1.2, wide - 1.6)):
        painter.setPen(QPen(tone, width))
        painter.drawEllipse(QRectF(-radius, -radius, 2 * radius, 2 * radius))


class HoverLayer(QGraphicsObject):
    """A small ring of constant size on the screen, in the point's colour between dark and light."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setZValue(98)
        self.setVisible(False)
        self.colour = "#ffffff"
        self._radius = RADIUS
        self._stamps: dict[tuple[str, float], Stamp] = {}

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
        reach = self._radius + MARGIN
        return QRectF(-reach, -reach, 2 * reach, 2 * reach)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """The rings."""
        look = self.colour, self._radius
        if look not in self._stamps:
            if len(self._stamps) == MOST_STAMPS:  # a colour map has many colours
                self._stamps.clear()
            self._stamps[look] = Stamp(partial(_draw_rings, *look), self._radius + MARGIN)
        self._stamps[look].paint(painter)
