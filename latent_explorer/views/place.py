"""A latent point in one line, however many coordinates it has."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QHelpEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip

from latent_explorer.views.text import LiveText, signed

Place = tuple[float, ...]
MANY, FIRST, IN_A_LINE = 3, 2, 8


def place_words(z: Place, axes: tuple[int, int] | None = None) -> str:
    """z as the window says it: those of the two axes where they are given; else all of up to three, or the first two of how many."""
    if len(z) > 2 and axes is not None:
        return ", ".join(f"z[{axis}] {signed(z[axis])}" for axis in axes)
    if len(z) > MANY:
        return ", ".join(signed(value) for value in z[:FIRST]) + f", … of {len(z)}"
    return ", ".join(signed(value) for value in z)


def plane_words(z: Place, axes: tuple[int, int] | None = None) -> str:
    """z in a panel's headline: as `place_words`, with how many coordinates there are; on a plane along two axes those have names."""
    if len(z) > MANY and axes is not None:
        return f"{place_words(z, axes)} of {len(z)}"  # the names tell already what the numbers are, and it is a long line
    return f"z = ({place_words(z)})"


def all_words(z: Place) -> str:
    """Every coordinate with its number, eight in a line."""
    words = [f"z[{axis}] {signed(value)}" for axis, value in enumerate(z)]
    return "\n".join("   ".join(words[start : start + IN_A_LINE]) for start in range(0, len(words), IN_A_LINE))


class PlaceText(LiveText):
    """Its tooltip ends in all coordinates; it is made when it is asked for, since hundreds change with the mouse."""

    def __init__(self, sample: str = "") -> None:
        super().__init__(sample, muted=True)
        self._z: Place | None = None
        self._words, self._more, self._least = "", "", sample

    def set_place(self, z: Place | None, words: str, more: str = "") -> None:
        """Say these words of z, and more of them where there is room."""
        self._z, self._words, self._more = z, words, more
        self._say()

    def set_room(self, sample: str, least: str) -> None:
        """Room for a sample, or in a narrow window for a shorter one."""
        self._least = least
        self.setSizePolicy(QSizePolicy.Policy.Preferred, self.sizePolicy().verticalPolicy())
        self.set_sample(sample)

    def minimumSizeHint(self) -> QSize:  # Qt's names, here and below
        """Room for the shorter sample."""
        return QSize(self.fontMetrics().horizontalAdvance(self._least) + 2, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or less can be said."""
        super().resizeEvent(event)
        self._say()

    def _say(self) -> None:
        whole = self._words + self._more
        self.setText(whole if self._more and self.fontMetrics().horizontalAdvance(whole) <= self.width() else self._words)

    def event(self, event: QEvent) -> bool:
        """The pointer rests on it."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._z is not None and len(self._z) > 2:
            QToolTip.showText(event.globalPos(), f"{self.toolTip()}\n{all_words(self._z)}".strip(), self)
            return True
        return bool(super().event(event))
