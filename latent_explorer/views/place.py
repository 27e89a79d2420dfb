"""A latent point in one line, however many coordinates it has."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip

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

    def set_place(self, z: Place | None, words: str) -> None:
        """Say these words of z."""
        self._z = z
        self.setText(words)

    def event(self, event: QEvent) -> bool:  # Qt's name
        """The pointer rests on it."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._z is not None and len(self._z) > 2:
            QToolTip.showText(event.globalPos(), f"{self.toolTip()}\n{all_words(self._z)}".strip(), self)
            return True
        return bool(super().event(event))
