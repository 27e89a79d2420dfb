"""The pins' markers: numbered, of constant size on the screen, each an item of its own so that the probe repaints none of them."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPixmapItem

from latent_explorer.core.plane.tiling import Cell, cells_in
from latent_explorer.views.plotting import pg

HEAD = 9.0  # radius, in pixels at the usual size of the interface
REACH = 17.0  # from the place up to the middle of the head
AROUND = 2 * REACH  # beside the window, and a marker is not seen any more
FIRST: Cell = (0, 0)
DARK, LIGHT = QColor(10, 12, 16), QColor("#ffffff")


@dataclass(frozen=True)
class Look:
    """Of all markers: size in units of the usual interface, device pixels of one pixel, colour of the current pin, a light plane."""

    unit: float = 1.0
    ratio: float = 1.0
    accent: str = "#2d6fe6"
    light: bool = False


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
    painter: QPainter,
    centre: QPointF,
    radius: float,
    mark: PinMark,
    *,
    accent: QColor,
    light: bool = False,
    outline: QPainterPath | None = None,
) -> None:
    """A pin's head with its number, or a whole outline around it: light inside dark, so readable on every ground.

    One off the plane is hollow: a broken line around a ground as dark, or as `light`, as the plane.
    """
    if outline is None:
        outline = QPainterPath()
        outline.addEllipse(centre, radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    hollow = mark.off and not mark.current
    ground, ink = (LIGHT, DARK) if hollow and light else (DARK, LIGHT)
    painter.setPen(QPen(ground, radius * 0.42, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.drawPath(outline)
    edge = QPen(ink, radius * 0.17)
    if mark.off:
        edge.setDashPattern([2.2, 1.6])
    painter.setPen(edge)
    painter.setBrush(accent if mark.current else ground if hollow else LIGHT)
    painter.drawPath(outline)
    font = QFont(painter.font())
    font.setPixelSize(max(1, round(radius * 1.25)))
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(ink if mark.off or mark.current else DARK)
    room = QRectF(centre.x() - 2 * radius, centre.y() - radius, 4 * radius, 2 * radius)
    painter.drawText(room, Qt.AlignmentFlag.AlignCenter, str(mark.number))


class PinMarker(QGraphicsPixmapItem):
    """A drop whose tip is the place.

    It is a finished picture, which Qt draws without Python: at every move of the probe Qt asks all markers how large they are.
    """

    def __init__(self, mark: PinMark, look: Look, cell: Cell = FIRST, like: PinMarker | None = None) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.mark, self.look, self.cell = mark, look, cell
        self._centre, self._radius = QPointF(), 0.0  # of the head, as it is drawn
        self._place()
        self._draw_as(like)

    def set_mark(self, mark: PinMark, like: PinMarker | None = None) -> None:
        """Show another state of the same pin, which another marker shows perhaps already."""
        before, self.mark = self.mark, mark
        self._place()
        if (mark.off, mark.current) != (before.off, before.current):
            self._draw_as(like)

    def set_look(self, look: Look) -> None:
        """Size, sharpness and colour."""
        if look != self.look:
            self.look = look
            self._draw()

    @property
    def seen(self) -> PinMark:
        """The pin as it stands here, in its own square of a torus."""
        return replace(self.mark, x=self.mark.x + self.cell[0], y=self.mark.y + self.cell[1])

    def _place(self) -> None:
        self.setPos(self.mark.x + self.cell[0], self.mark.y + self.cell[1])
        # The current one lies over its neighbours, and of the others the one with the higher number.
        self.setZValue(90 + (5 if self.mark.current else self.mark.number / 100))

    def _draw_as(self, like: PinMarker | None) -> None:
        if like is None:
            self._draw()
        else:  # drawing takes far longer than sharing what is drawn
            self._centre, self._radius = like._centre, like._radius
            self.setPixmap(like.pixmap())
            self.setOffset(like.offset())

    def _draw(self) -> None:
        radius, reach = HEAD * self.look.unit, REACH * self.look.unit
        self._centre, self._radius = QPointF(0.0, -reach), radius
        open_by = math.degrees(math.acos(radius / reach))  # where the sides touch the head
        outline = QPainterPath(QPointF(0.0, 0.0))
        outline.arcTo(QRectF(-radius, -reach - radius, 2 * radius, 2 * radius), -90 + open_by, 360 - 2 * open_by)
        outline.closeSubpath()
        area = outline.boundingRect().adjusted(*(sign * radius * 0.3 for sign in (-1, -1, 1, 1))).toAlignedRect()
        pixmap = QPixmap((QSizeF(area.size()) * self.look.ratio).toSize())
        pixmap.setDevicePixelRatio(self.look.ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setFont(QFont(QGuiApplication.font()))
        painter.translate(-QPointF(area.topLeft()))
        accent = QColor(self.look.accent)
        paint_badge(painter, self._centre, radius, self.mark, accent=accent, light=self.look.light, outline=outline)
        painter.end()
        self.setPixmap(pixmap)
        self.setOffset(QPointF(area.topLeft()))

    def holds(self, offset: QPointF) -> bool:
        """Whether a place on the screen, as seen from the tip, lies on the head."""
        away = offset - self._centre
        return math.hypot(away.x(), away.y()) <= self._radius + 1


class PinsLayer:
    """All markers of one plot; on a torus, one of each pin in every square that is in sight."""

    def __init__(self, box: pg.ViewBox) -> None:
        self._box = box
        self._marks: Sequence[PinMark] = ()
        self._markers: dict[tuple[int, Cell], PinMarker] = {}
        self._look = Look()
        self._tiled = False
        self._cells: tuple[Cell, ...] = (FIRST,)
        box.sigRangeChanged.connect(self._look_around)
        box.sigResized.connect(self._look_around)

    def set_marks(self, marks: Sequence[PinMark]) -> None:
        """Show these, and no others; a marker that stays as it is is not touched."""
        self._marks = tuple(marks)
        self._show()

    def set_tiled(self, tiled: bool) -> None:
        """Whether the pins, which then lie in the square from 0 to 1, come again on all sides."""
        if tiled != self._tiled:
            self._tiled = tiled
            self._look_around()

    def _look_around(self) -> None:
        """The window has moved, perhaps to other squares."""
        cells = self._in_sight() if self._tiled else (FIRST,)
        if cells != self._cells:
            self._cells = cells
            self._show()

    def _in_sight(self) -> tuple[Cell, ...]:
        """The squares whose pins can be seen, if only in part."""
        window = self._box.viewRect()
        margin = AROUND * self._look.unit * window.width() / max(1.0, self._box.width())
        return cells_in((window.left() - margin, window.top() - margin, window.right() + margin, window.bottom() + margin))

    def _show(self) -> None:
        wanted = {(mark.number, cell): mark for mark in self._marks for cell in self._cells}
        for place in self._markers.keys() - wanted.keys():
            self._box.removeItem(self._markers.pop(place))
        drawn = {marker.mark: marker for marker in self._markers.values()}
        for place, mark in wanted.items():
            marker = self._markers.get(place)
            if marker is None:
                marker = self._markers[place] = PinMarker(mark, self._look, place[1], drawn.get(mark))
                self._box.addItem(marker, ignoreBounds=True)
            elif marker.mark != mark:
                marker.set_mark(mark, drawn.get(mark))
            drawn[mark] = marker

    def set_look(self, look: Look) -> None:
        """Size and colour, as the theme has them, and sharpness, as the screen."""
        self._look = look
        for marker in self._markers.values():
            marker.set_look(look)

    def under(self, position: QPointF, to_pixel: Callable[[float, float], QPointF]) -> PinMark | None:
        """The uppermost pin whose marker's head lies under a pixel of the viewport."""
        for marker in sorted(self._markers.values(), key=PinMarker.zValue, reverse=True):
            seen = marker.seen
            if marker.holds(position - to_pixel(seen.x, seen.y)):
                return seen
        return None
