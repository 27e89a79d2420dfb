"""What screen readers get of our own widgets: their words are asked for, not told.

To tell a screen reader of every change would cost at every move of the mouse, whether or not one is there. So a widget that
draws its own text has a method `spoken`, and Qt asks it when somebody listens: on focus, or when a reader goes over the window.
"""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAccessibleWidget, QWidget

_installed = False


class _Spoken(QAccessibleWidget):
    """Static text whose name is what the widget says just now. Qt deletes it together with its widget."""

    def text(self, kind: QAccessible.Text) -> str:
        """The widget's words; all else as of any widget."""
        widget = self.object()
        if kind == QAccessible.Text.Name and hasattr(widget, "spoken"):
            words: str = widget.spoken()
            return words
        found: str = super().text(kind)
        return found


def _interface_of(kind: str, thing: QObject) -> QAccessibleWidget | None:
    """For Qt: the interface of an object of ours, none for all others. Qt keeps it for as long as the object lives."""
    if not isinstance(thing, QWidget) or not hasattr(thing, "spoken"):
        return None
    interface = _Spoken(thing, QAccessible.Role.StaticText)
    # Qt has only a pointer to it, so its Python half is kept where it lives as long as the widget.
    thing._accessible = interface  # type: ignore[attr-defined]  # our own mark on Qt's object
    return interface


def offer_spoken_words() -> None:
    """Let screen readers ask all widgets with a method `spoken`; once for the whole program."""
    global _installed  # noqa: PLW0603  # Qt's list of such functions is global too
    if not _installed:
        _installed = True
        QAccessible.installFactory(_interface_of)
