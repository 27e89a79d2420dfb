"""Bugs: a traceback to the log, one dialog, and the program lives on."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import traceback
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QMessageBox

from latent_explorer.core.resources import log_folder

log = logging.getLogger("latent_explorer")


def set_up_log() -> None:
    """Write to a rotating file in the log folder; without it, to stderr only."""
    log.setLevel(logging.INFO)
    try:
        folder = log_folder()
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            folder / "latent-explorer.log", maxBytes=1_000_000, backupCount=2, encoding="utf-8"
        )
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(threadName)s %(levelname)s %(message)s"))
    log.addHandler(handler)


class CrashReporter(QObject):
    """Takes every exception that nothing expected. At most one dialog is open at a time.

    Signals
    -------
    _happened(str) : the traceback, from any thread.
    """

    _happened = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open = False
        self._before = sys.excepthook
        self._happened.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take the place of Python's own hook."""
        sys.excepthook = self._hook

    def remove(self) -> None:
        """Give the place back."""
        sys.excepthook = self._before

    def report(self, error: Exception) -> None:
        """A worker's exception, in the GUI thread."""
        self._hook(type(error), error, error.__traceback__)

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        log.error("unexpected error\n%s", text)
        sys.stderr.write(text)
        self._happened.emit(text)

    def _show(self, text: str) -> None:
        if self._open or QApplication.instance() is None:
            return
        self._open = True
        box = QMessageBox(QMessageBox.Icon.Warning, "Latent Explorer", "Something went wrong that should not have. The program goes on.")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setInformativeText(f"The details are in {log_folder() / 'latent-explorer.log'}.")
        box.setDetailedText(text)
        box.exec()
        self._open = False
