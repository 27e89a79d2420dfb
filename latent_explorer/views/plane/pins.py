"""The pins' markers: numbered, of constant size on the screen, each an item of its own so that the probe repaints none of them."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsObject, QStyleOptionGraphicsItem, QWidget

HEAD = 9.0  # radius, in pixels at the usual size of the interface
REACH = 17.0  # from the place up to the middle of the head
DARK, LIGHT = QColor(10, 12, 16), QColor("#ffffff")


@dataclass(frozen=True)
class PinMark:
    """How one pin stands on the plane.

    Parameters
    ----------
    number : int
    x, y : float
        Plane coordinates.
    hint : str
        Its tooltip.
    off : bool
        It lies off the plane, and (x, y) is what it casts on it: drawn hollow.
    current : bool
        The probe is held there.
    """

    number: int
    x: float
    y: float
    hint: str = ""
    off: bool = False
    current: bool = False


def plain_hint(text: str) -> str:
    """A tooltip that is never read as markup, whatever a person called a pin."""
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>") if text else ""


def paint_badge(
    painter: QPainter, centre: QPointF, radius: float, mark: PinMark, *, accent: QColor, outline: QPainterPath | None = None
) -> None:
    """A pin's head with its number, or a whole outline around it: light inside dark, so readable on every ground."""
    if outline is None:
        outline = QPainterPath()
        outline.addEllipse(centre, radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(DARK, radius * 0.42, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.drawPath(outline)
    edge = QPen(LIGHT, radius * 0.17)
    if mark.off:
        edge.setDashPattern([2.2, 1.6])
    painter.setPen(edge)
    painter.setBrush(DARK if mark.off and not mark.current else accent if mark.current else LIGHT)
    painter.drawPath(outline)
    font = QFont(painter.font())
    font.setPixelSize(max(1, round(radius * 1.25)))
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(LIGHT if mark.off or mark.current else DARK)
    room = QRectF(centre.x() - 2 * radius, centre.y() - radius, 4 * radius, 2 * radius)
    painter.drawText(room, Qt.AlignmentFlag.AlignCenter, str(mark.number))


class PinMarker(QGraphicsObject):
    """A drop whose tip is the place."""

    def __init__(self, mark: PinMark) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._unit, self._accent = 1.0, QColor("#2d6fe6")
        self.mark = mark
        self._draw_outline()
        self.set_mark(mark)

    def set_mark(self, mark: PinMark) -> None:
        """Show another state of the same pin."""
        self.setPos(mark.x, mark.y)
        # The current one lies over its neighbours, and of the others the one that was set last.
        self.setZValue(90 + (5 if mark.current else mark.number / 100))
        if replace(mark, x=0, y=0) != replace(self.mark, x=0, y=0):
            self.update()
        self.mark = mark

    def set_look(self, unit: float, accent: str) -> None:
        """Size in units of the usual interface, and the colour of the current pin."""
        if unit != self._unit:
            self.prepareGeometryChange()
            self._unit = unit
            self._draw_outline()
        self._accent = QColor(accent)
        self.update()

    def _draw_outline(self) -> None:
        radius, reach = HEAD * self._unit, REACH * self._unit
        self._centre, self._radius = QPointF(0.0, -reach), radius
        open_by = math.degrees(math.acos(radius / reach))  # where the sides touch the head
        self._outline = QPainterPath(QPointF(0.0, 0.0))
        head = QRectF(-radius, -reach - radius, 2 * radius, 2 * radius)
        self._outline.arcTo(head, -90 + open_by, 360 - 2 * open_by)
        self._outline.closeSubpath()

    def holds(self, offset: QPointF) -> bool:
        """Whether a place on the screen, as seen from the tip, lies on the head."""
        away = offset - self._centre
        return math.hypot(away.x(), away.y()) <= self._radius + 1

    def boundingRect(self) -> QRectF:  # Qt's name
        """Pixels of the screen around the place."""
        return self._outline.boundingRect().adjusted(*(sign * self._radius * 0.3 for sign in (-1, -1, 1, 1)))

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """The drop and its number."""
        paint_badge(painter, self._centre, self._radius, self.mark, accent=self._accent, outline=self._outline)


class PinsLayer:
    """All markers of one plot."""

    def __init__(self, box: pg.ViewBox) -> None:
        self._box = box
        self._markers: dict[int, PinMarker] = {}
        self._look = 1.0, "#2d6fe6"

    def set_marks(self, marks: Sequence[PinMark]) -> None:
        """Show these, and no others; a marker that stays as it is is not touched."""
        wanted = {mark.number: mark for mark in marks}
        for number in self._markers.keys() - wanted.keys():
            self._box.removeItem(self._markers.pop(number))
        for number, mark in wanted.items():
            marker = self._markers.get(number)
            if marker is None:
                marker = self._markers[number] = PinMarker(mark)
                marker.set_look(*self._look)
                self._box.addItem(marker, ignoreBounds=True)
            elif marker.mark != mark:
                marker.set_mark(mark)

    def set_look(self, unit: float, accent: str) -> None:
        """Size and colour, as the theme has them."""
        self._look = unit, accent
        for marker in self._markers.values():
            marker.set_look(unit, accent)

    def under(self, position: QPointF, to_pixel: Callable[[float, float], QPointF]) -> PinMark | None:
        """The uppermost pin whose marker's head lies under a pixel of the viewport."""
        for marker in sorted(self._markers.values(), key=PinMarker.zValue, reverse=True):
            if marker.holds(position - to_pixel(marker.mark.x, marker.mark.y)):
                return marker.mark
        return None
