"""For what changes faster than anyone can read it."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget


class Pace(QObject):
    """Repaints a widget at once, then at most every `milliseconds`; what is newest by then is always painted.

    A paint of a small text costs as much as the rest of a mouse move, since what lies behind it is painted too.
    """

    def __init__(self, widget: QWidget, milliseconds: int) -> None:
        super().__init__(widget)
        self._widget = widget
        self._late = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(milliseconds)
        self._rest.timeout.connect(self._rested)

    def update(self) -> None:
        """The widget has something else to show."""
        if self._rest.isActive():
            self._late = True
        else:
            self._widget.update()
            self._rest.start()

    def _rested(self) -> None:
        if self._late:
            self._late = False
            self.update()
