"""Labels: all text is plain, since names of files and classes come from outside."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy


def plain_label(text: str = "", *, wrap: bool = False) -> QLabel:
    """A label that never reads its text as markup."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    return label


class ElidedLabel(QLabel):
    """One line of text that changes while the mouse moves: it never asks for room, and is shortened where it lacks some."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, with dots in the middle when it is too long."""
        painter = QPainter(self)
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.width())
        painter.drawText(self.contentsRect(), self.alignment(), shown)


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


def time_left(seconds: float) -> str:
    """Seconds as people say them: "45 s", "2 min 51 s", "1 h 20 min"; empty when unknown."""
    if math.isnan(seconds) or seconds < 0:
        return ""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
