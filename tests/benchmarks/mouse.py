"""A mouse in a process of its own, as the real one is: it moves when it moves, whatever the program is doing."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, QSocketNotifier, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

MOVES_PER_SECOND = 120

# Writes the moment of each move, 8 bytes, and ends when the reader has gone.
CLOCKWORK = """
import os, struct, sys, time
period, count = float(sys.argv[1]), int(sys.argv[2])
begin = time.monotonic()
for k in range(count):
    rest = begin + k * period - time.monotonic()
    if rest > 0:
        time.sleep(rest)
    os.write(1, struct.pack("d", time.monotonic()))
"""


class Mouse(QObject):
    """Moves over a window along given places, 120 a second, each to be answered by itself.

    A move is a QMouseEvent sent to the window (QWindow) itself, where the platform's events arrive: Qt finds the widget
    under it, and sends enter and leave. None is left out or merged: when the GUI thread was busy, all that have come
    meanwhile are delivered one after the other (a platform may merge them, which is kinder).

    Parameters
    ----------
    window : QWidget
        Shown, top level.
    sending : callable(moment)
        Called right before a move is delivered, with the moment it was sent: seconds of `figure.now`.

    Signals
    -------
    finished() : the last move has been delivered.
    """

    finished = Signal()

    def __init__(self, window: QWidget, sending: Callable[[float], None]) -> None:
        super().__init__(window)
        self._window, self._sending = window, sending
        self._places: Sequence[QPointF] = ()
        self._sent = 0
        self._rest = b""
        self._process: subprocess.Popen[bytes] | None = None
        self._notifier: QSocketNotifier | None = None

    def start(self, places: Sequence[QPointF]) -> None:
        """Begin to move; `places` in the window's coordinates."""
        self.stop()
        self._places, self._sent, self._rest = places, 0, b""
        command = [sys.executable, "-S", "-c", CLOCKWORK, str(1 / MOVES_PER_SECOND), str(len(places))]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        assert self._process.stdout is not None
        self._notifier = QSocketNotifier(self._process.stdout.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._deliver)

    def stop(self) -> None:
        """No further move."""
        if self._notifier is not None:
            self._notifier.setEnabled(False)
            self._notifier.deleteLater()
            self._notifier = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def _deliver(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        data = self._process.stdout.read(4096)  # what is there, without waiting for more
        self._rest += data or b""
        whole = len(self._rest) // 8 * 8
        moments, self._rest = struct.unpack(f"{whole // 8}d", self._rest[:whole]), self._rest[whole:]
        for moment in moments:
            self._sending(moment)
            self._move(self._places[self._sent])
            self._sent += 1
        if self._sent == len(self._places) or not data:
            self.stop()
            self.finished.emit()

    def _move(self, place: QPointF) -> None:
        handle = self._window.windowHandle()
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            place,
            QPointF(self._window.mapToGlobal(place)),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QCoreApplication.sendEvent(handle, event)
