"""When a widget can be seen for the first time."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

PATIENCE = 1000  # milliseconds; a window that starts minimised is never painted


class FirstPaint(QObject):
    """Watches a widget until it has been painted once. Signals: painted(), once: when that is over, or nobody waits any longer."""

    painted = Signal()

    def __init__(self, widget: QWidget, patience: int = PATIENCE) -> None:
        super().__init__(widget)
        self._widget = widget
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.painted)
        self._timer.start(patience)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # Qt's name
        """The event comes before the painting; all that is painted together is painted before any timer ends."""
        if event.type() == QEvent.Type.Paint:
            self._widget.removeEventFilter(self)
            if self._timer.isActive():
                self._timer.start(0)
        return False
