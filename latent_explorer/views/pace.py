"""For what changes faster than anyone can read it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


class Pace(QObject):
    """Does something at once when asked, then at most every `milliseconds`; what was asked for last is always done.

    Parameters
    ----------
    act : callable without arguments
        Called in the GUI thread; it takes what is newest by then.
    milliseconds : int
    parent : QObject
        Whose end is the pace's own.
    """

    def __init__(self, act: Callable[[], object], milliseconds: int, parent: QObject) -> None:
        super().__init__(parent)
        self._act = act
        self._late = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(milliseconds)
        self._rest.timeout.connect(self._rested)

    @property
    def settled(self) -> bool:
        """Whether all that was asked for is done."""
        return not self._late

    def ask(self) -> None:
        """There is something new."""
        if self._rest.isActive():
            self._late = True
        else:
            self._rest.start()
            self._act()

    def _rested(self) -> None:
        if self._late:
            self._late = False
            self.ask()
