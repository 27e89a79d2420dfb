"""An axis of the plane: ticks and numbers, drawn in a fraction of the time that pyqtgraph's own takes for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial

from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from latent_explorer.core.plane.display import phi_ticks
from latent_explorer.views.plotting import pg

ROOM = {"bottom": 70, "left": 45}  # pixels between two numbers, at least
LONG, SHORT = 5.0, 3.3  # pixels of a tick with a number, and of one between
LONGEST = 7  # letters of a number with a power of ten, which cannot be shortened
FAINT = 128  # of 255: ticks between


def steps(span: float, pixels: float, room: float) -> tuple[float, int]:
    """Distance of numbers, 1, 2 or 5 times a power of ten, so that each has room; and into how many parts ticks divide it."""
    least = span * room / max(pixels, 1.0)
    power = 10.0 ** math.floor(math.log10(least))
    factor, parts = next(pair for pair in ((1, 5), (2, 4), (5, 5), (10, 5)) if power * pair[0] >= least * (1 - 1e-9))
    return power * factor, parts


def numbers(low: float, high: float, step: float) -> range:
    """The multiples of `step` from `low` to `high`, as whole numbers of steps."""
    return range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)


@lru_cache(maxsize=1024)
def _width(font: str, text: str) -> float:
    found = QFont()
    found.fromString(font)
    return QFontMetricsF(found).horizontalAdvance(text)


def number_words(number: float, step: float) -> str:
    """A number of the axis, told so finely that it differs from its neighbours, a step away."""
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if number and abs(number) < 1e-3:
        short = f"{number:.{max(0, math.floor(math.log10(abs(number))) + digits)}e}".replace("e-0", "e-")
        if len(short) <= LONGEST:
            return short
    return f"{number + 0.0:.{digits}f}" if number else "0"


def tail(text: str, width: float, measure: Callable[[str], float]) -> str:
    """The text, or as many of its last digits as have room: at a deep zoom the first ones are the same for all numbers."""
    if measure(text) <= width or "e" in text:
        return text
    for cut in range(1, len(text) - 1):
        if text[cut] != "." and measure(short := "…" + text[cut:]) <= width:
            return short
    return "…" + text[-1]


class PlaneAxis(pg.AxisItem):
    """The axis below or on the left; its label, sizes and pens are pyqtgraph's.

    A third of the time of a frame with many points went into pyqtgraph's ticks.
    """

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self._display = "identity"

    def set_display(self, display: str) -> None:
        """What lies between plane coordinates and z, which the numbers are values of: see `PlaneFrame`."""
        if display != self._display:
            self._display = display
            self.update()

    def marks(self, low: float, high: float, pixels: float) -> tuple[list[tuple[float, str]], list[float]]:
        """Plane coordinates of the ticks with a number, each with it, and of those between."""
        room = ROOM[self.orientation]
        if self._display == "phi":
            return phi_ticks(low, high, room * (high - low) / pixels), []
        step, parts = steps(high - low, pixels, room)
        places = [k * step for k in numbers(low, high, step)]
        texts = [number_words(place, step) for place in places]
        return list(zip(places, texts, strict=True)), [k * step / parts for k in numbers(low, high, step / parts) if k % parts]

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """A line, ticks, and numbers at the longer ones."""
        bounds, (low, high) = self.mapRectFromParent(self.geometry()), self.range
        across = self.orientation == "bottom"
        pixels = bounds.width() if across else bounds.height()
        if not (self.style["showValues"] and high > low and pixels > 0 and math.isfinite(high - low)):
            return  # where nothing runs this way, as on a globe, ticks would count nothing
        numbered, between = self.marks(low, high, pixels)
        scale = pixels / (high - low)
        start = QPointF(bounds.left(), bounds.top()) if across else QPointF(bounds.right() - 1, bounds.bottom())

        def place(value: float) -> float:
            return float(start.x() + (value - low) * scale if across else start.y() - (value - low) * scale)

        def tick(value: float, length: float) -> QLineF:
            where = place(value)
            if across:
                return QLineF(where, bounds.top(), where, bounds.top() + length)
            return QLineF(bounds.right(), where, bounds.right() - length, where)

        pen = QPen(self.tickPen())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(self.pen())
        corner = QPointF(bounds.right(), bounds.top()) if across else QPointF(bounds.right() - 1, bounds.top())
        painter.drawLine(start, corner)
        painter.setPen(pen)
        painter.drawLines([tick(value, LONG) for value, _ in numbered])
        faint = QColor(pen.color())
        faint.setAlpha(FAINT)
        pen.setColor(faint)
        painter.setPen(pen)
        painter.drawLines([tick(value, SHORT) for value in between])
        self._write(painter, bounds, [(place(value), text) for value, text in numbered])

    def _write(self, painter: QPainter, bounds: QRectF, written: list[tuple[float, str]]) -> None:
        """Numbers that do not reach beyond the axis."""
        font = self.style["tickFont"] or painter.font()
        painter.setFont(font)
        metrics, key = QFontMetricsF(font), font.toString()
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing, True)
        painter.setPen(self.textPen())
        across, height = self.orientation == "bottom", metrics.height() * 0.8
        offset = LONG + self.style["tickTextOffset"][1 if across else 0]
        for place, text in written:
            width = _width(key, text)
            if across and bounds.left() <= place - width / 2 and place + width / 2 <= bounds.right() + width / 2:
                painter.drawText(QPointF(place - width / 2, bounds.top() + offset + height * 0.9), text)
            elif not across and bounds.top() <= place - height / 2 and place + height / 2 <= bounds.bottom():
                # No number lies on the axis's name, and one beside the name is as short as all others.
                shown = tail(text, bounds.width() - offset - metrics.height(), partial(_width, key))
                painter.drawText(QPointF(bounds.right() - offset - _width(key, shown), place + height * 0.4), shown)
        self._updateMaxTextSize(height if across else max((_width(key, text) for _, text in written), default=0.0))
