"""Labels: all text is plain, since names of files and classes come from outside."""

from __future__ import annotations

import html
import math
import textwrap
from functools import lru_cache

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolTip, QWidget

from latent_explorer.views.pace import Pace

# Milliseconds from one word to the next, at least. A paint of a small text costs as much as the rest of a mouse move, since
# what lies behind it is painted too.
REPAINT = 50

TIP_WIDTH = 72  # characters in a line of a tooltip, which Qt does not wrap by itself


@lru_cache(256)
def tip(text: str) -> str:
    """Text for a tooltip: in lines of a length that people read, and never read as markup."""
    lines = [part for line in text.split("\n") for part in textwrap.wrap(line, TIP_WIDTH, break_on_hyphens=False)]
    if "<" not in text:  # what Qt looks for
        return "\n".join(lines)
    return "<qt>" + "<br>".join(html.escape(line) for line in lines) + "</qt>"


def plain_label(text: str = "", *, wrap: bool = False) -> QLabel:
    """A label that never reads its text as markup."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    return label


class LiveText(QWidget):
    """Text that changes while the mouse moves.

    A QLabel lays out its whole window again at every change; this asks for the room of a sample once, and a change only
    repaints it, twenty times a second at most. What is too long is shortened in the middle (one line) or cut (several); its
    tooltip then has all of it.

    Parameters
    ----------
    sample : str
        As long as the text will usually be; an empty one takes what width there is.
    lines : int
        Room for so many lines; more than one wraps.
    right, muted : bool
        Aligned right, as figures are; in the quieter colour.
    """

    def __init__(self, sample: str = "", *, lines: int = 1, right: bool = False, muted: bool = False) -> None:
        super().__init__()
        self._text, self._sample, self._lines, self._right, self._muted = "", sample, lines, right, muted
        width = QSizePolicy.Policy.Minimum if sample else QSizePolicy.Policy.Ignored
        self.setSizePolicy(width, QSizePolicy.Policy.Fixed)
        self._pace = Pace(self.update, REPAINT, self)

    def text(self) -> str:
        """What it says."""
        return self._text

    def spoken(self) -> str:
        """For screen readers, which ask (accessible.py): the name of the field, if it has one, and what it says."""
        name = self.accessibleName()
        return f"{name}: {self._text}" if name and self._text else name or self._text

    def setText(self, text: str) -> None:
        """Say something else."""
        if text != self._text:
            self._text = text
            self._pace.ask()

    def set_muted(self, muted: bool) -> None:
        """In the quieter colour or not."""
        if muted != self._muted:
            self._muted = muted
            self.update()

    def set_sample(self, sample: str) -> None:
        """Ask for other room: the window is laid out once."""
        if sample != self._sample:
            self._sample = sample
            self.updateGeometry()

    def fits(self) -> bool:
        """Whether all of the text is seen."""
        if self._lines == 1:
            return self.fontMetrics().horizontalAdvance(self._text) <= self.width()
        return self.fontMetrics().boundingRect(self.rect(), int(Qt.TextFlag.TextWordWrap), self._text).height() <= self.height()

    def hint(self) -> str:
        """What its tooltip says: the explanation, and before it the whole text where that is not seen."""
        return self.toolTip() if self.fits() else tip("\n".join(words for words in (self._text, self.toolTip()) if words))

    def event(self, event: QEvent) -> bool:  # Qt's name
        """The pointer rests on it."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.hint(), self)
            return True
        return bool(super().event(event))

    def sizeHint(self) -> QSize:
        """Room for the sample."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._sample) + 2, self._lines * max(metrics.lineSpacing(), metrics.height()) + 4)

    def minimumSizeHint(self) -> QSize:
        """The same: it does not depend on the text."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, plain."""
        painter = QPainter(self)
        painter.setPen((self.palette().placeholderText() if self._muted else self.palette().windowText()).color())
        side = Qt.AlignmentFlag.AlignRight if self._right else Qt.AlignmentFlag.AlignLeft
        if self._lines > 1:
            painter.drawText(self.rect(), side | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, self._text)
        else:
            shown = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideMiddle, self.width())
            painter.drawText(self.rect(), side | Qt.AlignmentFlag.AlignVCenter, shown)


def heading(text: str) -> QLabel:
    """A panel's quiet headline."""
    label = plain_label(text.upper())
    label.setProperty("role", "head")
    return label


def number_label(text: str = "") -> QLabel:
    """A figure, aligned right."""
    label = plain_label(text)
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label


def signed(value: float, digits: int = 3) -> str:
    """A number with a true minus sign, as wide as a figure."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")  # the sum makes 0 of −0


def time_left(seconds: float) -> str:
    """Seconds as people say them, with as much as they want to know: "45 s", "11 min", "1 h 20 min"; empty when unknown."""
    if math.isnan(seconds) or seconds < 0:
        return ""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s" if whole < 600 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
