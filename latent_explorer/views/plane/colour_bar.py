"""What the colours on the plane mean: a bar of just those colours, with numbers under it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QWidget

from latent_explorer.core.palette import NO_LABEL
from latent_explorer.views.picture import to_qimage
from latent_explorer.views.style import enlargement
from latent_explorer.views.text import tip

WIDTH, HEIGHT = 190, 12  # of the bar itself, pixels of an interface of usual size
EDGE = 8
TICK = 3
APART = 6  # pixels between two numbers, at least


@dataclass(frozen=True, eq=False)
class Bar:
    """What a colour bar says.

    Parameters
    ----------
    title, unit : str
        Plain text; the unit may be "".
    table : uint8 array, shape (n, 3), or (n, 4) with an opacity of each colour
        From `low` to `high`, equal parts of the bar for each.
    low, high : float
    ticks : tuple of (number, its text), ascending
    opacity : float
        With which the colours lie on the plane.
    note : str
        A sentence for the tooltip.
    grey : str
        What the points without a colour of the bar are, under its numbers; "" where there are none.
    """

    title: str
    unit: str
    table: NDArray[np.uint8]
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    opacity: float = 1.0
    note: str = ""
    grey: str = ""


def number_text(value: float) -> str:
    """A number as short as it can be told, with a true minus."""
    return f"{value:.6g}".replace("-", "−").replace("e+0", "e").replace("e−0", "e−").replace("e+", "e")


class ColourBar(QFrame):
    """One bar; hidden while there is nothing to say. It takes no keyboard: screen readers ask it for its words (accessible.py)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._bar: Bar | None = None
        self._ground = QColor("#000000")
        self.hide()

    @property
    def bar(self) -> Bar | None:
        """What it says now."""
        return self._bar

    def set_bar(self, bar: Bar | None) -> None:
        """Say something else; None for nothing."""
        self._bar = bar
        self.setVisible(bar is not None)
        self.setToolTip("" if bar is None or not bar.note else tip(bar.note))
        self.adjustSize()
        self.update()

    def set_ground(self, colour: str) -> None:
        """The plane's own colour, "#rrggbb", which shines through."""
        self._ground = QColor(colour)
        self.update()

    def spoken(self) -> str:
        """For screen readers."""
        bar = self._bar
        if bar is None:
            return ""
        ends = f"{bar.ticks[0][1]} to {bar.ticks[-1][1]}" if bar.ticks else ""
        return ", ".join(part for part in (f"Colours: {bar.title}", bar.unit, ends, bar.grey and f"grey, {bar.grey}") if part)

    def sizeHint(self) -> QSize:  # Qt's name
        """Room for title, bar and numbers."""
        scale, metrics = enlargement(self), self.fontMetrics()
        title = 0 if self._bar is None else metrics.horizontalAdvance(self._heading())
        width = max(round(WIDTH * scale), title) + 2 * EDGE
        lines = 3 if self._bar is not None and self._bar.grey else 2
        return QSize(width, lines * metrics.height() + round(HEIGHT * scale) + TICK + 2 + 2 * EDGE)

    def _heading(self) -> str:
        bar = self._bar
        return "" if bar is None else f"{bar.title}  {bar.unit}".rstrip()

    def bar_rectangle(self) -> QRect:
        """Where the colours are."""
        top = EDGE + self.fontMetrics().height() + 2
        return QRect(EDGE, top, self.width() - 2 * EDGE, round(HEIGHT * enlargement(self)))

    def place_of(self, number: float) -> float:
        """Where a number lies along the bar, pixels from the widget's left."""
        assert self._bar is not None
        inside, span = self.bar_rectangle(), self._bar.high - self._bar.low
        return inside.left() + inside.width() * ((number - self._bar.low) / span if span > 0 else 0.5)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Title, colours, numbers."""
        super().paintEvent(event)
        bar = self._bar
        if bar is None:
            return
        painter, metrics, inside = QPainter(self), self.fontMetrics(), self.bar_rectangle()
        text, muted = self.palette().windowText().color(), self.palette().placeholderText().color()
        painter.setPen(text)
        line = QRect(EDGE, EDGE, self.width() - 2 * EDGE, metrics.height())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, bar.title)
        painter.setPen(muted)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, bar.unit)
        painter.fillRect(inside, self._ground)
        # One column of colour for each pixel of the screen: Qt would blend the colours where it scales.
        ratio = self.devicePixelRatioF()
        columns = max(1, round(inside.width() * ratio))
        part = (2 * np.arange(columns) + 1) * len(bar.table) // (2 * columns)  # of which colour the pixel's middle is
        picture = to_qimage(bar.table[part][None])
        painter.setOpacity(bar.opacity)
        painter.drawImage(QRectF(inside), picture)
        painter.setOpacity(1.0)
        painter.setPen(muted)
        painter.drawRect(inside.adjusted(-1, -1, 0, 0))
        self._paint_numbers(painter, bar)
        if bar.grey:
            self._paint_grey(painter, bar.grey)

    def _paint_numbers(self, painter: QPainter, bar: Bar) -> None:
        """Those that have room beside the ones before."""
        metrics, inside = self.fontMetrics(), self.bar_rectangle()
        last = -APART
        for number, text in bar.ticks:
            if not bar.low <= number <= bar.high:
                continue
            x = round(self.place_of(number))
            painter.setPen(self.palette().placeholderText().color())
            painter.drawLine(QPoint(x, inside.bottom() + 1), QPoint(x, inside.bottom() + TICK))
            wide = metrics.horizontalAdvance(text)
            left = min(max(x - wide // 2, 2), self.width() - wide - 2)
            if left >= last + APART:
                painter.setPen(self.palette().windowText().color())
                painter.drawText(QPoint(left, inside.bottom() + TICK + 1 + metrics.ascent()), text)
                last = left + wide

    def _paint_grey(self, painter: QPainter, words: str) -> None:
        """A point of that grey, and what it means."""
        metrics = self.fontMetrics()
        top = self.bar_rectangle().bottom() + TICK + 2 + metrics.height()
        side = round(metrics.height() * 0.62)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(NO_LABEL))
        painter.drawEllipse(EDGE, top + (metrics.height() - side) // 2, side, side)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(QPoint(EDGE + side + 6, top + metrics.ascent()), words)
