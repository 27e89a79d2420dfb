"""The probe's ring: an item of its own, so that moving it repaints a few pixels and not the points."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsObject, QStyleOptionGraphicsItem, QWidget

from latent_explorer.views.plane.stamp import Stamp

RADIUS = 9.0
REACH = RADIUS + 3
DOT = 6.0  # pixels around the small dot
DARK, LIGHT = QColor(10, 12, 16, 200), QColor("#ffffff")


def _draw_ring(painter: QPainter) -> None:
    """Two rings."""
    circle = QRectF(-RADIUS, -RADIUS, 2 * RADIUS, 2 * RADIUS)
    for colour, width in ((DARK, 4.5), (LIGHT, 2.2)):
        painter.setPen(QPen(colour, width))
        painter.drawEllipse(circle)


def _draw_held_ring(painter: QPainter) -> None:
    _draw_ring(painter)
    painter.setPen(QPen(DARK, 1.4))
    painter.setBrush(LIGHT)
    painter.drawEllipse(QRectF(-2.5, -2.5, 5, 5))


def _draw_dot(painter: QPainter) -> None:
    painter.setPen(QPen(DARK, 1.6))
    painter.setBrush(LIGHT)
    painter.drawEllipse(QRectF(-3.5, -3.5, 7, 7))


class CursorLayer(QGraphicsObject):
    """A ring of constant size on the screen, light inside dark, readable on every ground; a dot in it when held."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setZValue(100)
        self.setVisible(False)
        self._held = False
        self._stamps = Stamp(_draw_ring, REACH), Stamp(_draw_held_ring, REACH)

    def show_at(self, x: float, y: float, held: bool) -> None:
        """Plane coordinates; `held` when the probe rests there."""
        self.setPos(x, y)
        self.setVisible(True)
        if held != self._held:
            self._held = held
            self.update()

    def boundingRect(self) -> QRectF:  # Qt's name
        """Pixels of the screen around the point."""
        return QRectF(-REACH, -REACH, 2 * REACH, 2 * REACH)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """The ring, with a dot in it when held."""
        self._stamps[self._held].paint(painter)


class HeldLayer(QGraphicsObject):
    """A small dot where the probe is held, while the pointer is elsewhere on the plane: where it will come back to."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setZValue(99)
        self.setVisible(False)
        self._stamp = Stamp(_draw_dot, DOT)

    def show_at(self, point: tuple[float, float] | None) -> None:
        """Plane coordinates; None for nowhere."""
        if point is not None:
            self.setPos(*point)
        self.setVisible(point is not None)

    def boundingRect(self) -> QRectF:  # Qt's name
        """Pixels of the screen around the point."""
        return QRectF(-DOT, -DOT, 2 * DOT, 2 * DOT)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """The dot of the held ring."""
        self._stamp.paint(painter)
