"""Starting points of the window: run it, or draw it into a file."""

from __future__ import annotations

import logging
import signal
import time
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEventLoop, QMessageLogContext, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from latent_explorer.app.crash import CrashReporter, set_up_log
from latent_explorer.app.program import Program
from latent_explorer.core.checkpoint.reading import Reading
from latent_explorer.core.errors import ExportError
from latent_explorer.views.plotting import pg
from latent_explorer.views.style import program_icon

SCREENSHOT_SECONDS = 60.0
INTERRUPTED = 130  # exit code after Ctrl+C in the terminal


def make_application() -> QApplication:
    """The one QApplication, named and set up for sharp plots."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(["latent-explorer"])
    QCoreApplication.setApplicationName("latent-explorer")
    QCoreApplication.setOrganizationName("latent-explorer")
    application.setApplicationDisplayName("")
    application.setWindowIcon(program_icon())
    pg.setConfigOptions(antialias=True)
    return application


def run(path: Path | None, reading: Reading | None = None) -> int:
    """Open the window and stay until it is closed; the exit code comes back. `reading` has begun with the model."""
    application = make_application()
    set_up_log()
    crash = CrashReporter()
    crash.install()
    program = Program()
    program.window.resize(program.window.sizeHint())
    program.window.arrange()
    program.appearance.restore_layout()
    program.window.show()  # sizes are final from here on
    program.paint_first()
    program.start(path, reading)
    # Ctrl+C in the terminal closes the window; Python sees signals only when it runs, so a slow timer lets it.
    signal.signal(signal.SIGINT, lambda number, frame: application.exit(INTERRUPTED))
    awake = QTimer()
    awake.start(300)
    awake.timeout.connect(_nothing)
    try:
        return application.exec()
    finally:
        awake.stop()
        program.close()
        crash.remove()


def _nothing() -> None:
    """Gives Python its turn."""


def screenshot(model: Path | None, out: Path, size: tuple[int, int], theme: str) -> int:
    """Draw the real window, with everything loaded, into a PNG file.

    Raises
    ------
    ExportError
        The model could not be shown, or the file cannot be written.
    """
    from latent_explorer.core.files.atomic import atomic_write
    from latent_explorer.views.capture import widget_png

    qInstallMessageHandler(_tell)
    application = make_application()
    program = Program(theme)
    window = program.window
    try:
        window.resize(*size)
        window.arrange()
        window.show()
        program.start(model)
        end = time.monotonic() + SCREENSHOT_SECONDS
        while not _complete(program):
            if time.monotonic() > end or window.notice.troubled:
                raise ExportError(window.notice.text or "The window was not complete within a minute; try again on a quieter machine.")
            application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        for _ in range(5):
            application.processEvents()
        atomic_write(out, widget_png(window))
    finally:
        program.close()
        application.processEvents()
        qInstallMessageHandler(None)
    return 0


def _tell(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    """Qt's own words go to the log, but for one that the platform without a display says of every window."""
    if "propagateSizeHints" not in text:
        logging.getLogger("latent_explorer").warning("Qt: %s", text)


def _complete(program: Program) -> bool:
    """Whether everything that the window shows by itself has arrived."""
    session = program.session
    slot = session.slot
    if slot is None or session.dataset is None or (slot.table is None and (not slot.ready or program.probe.shown is None)):
        return False
    at_rest = program.mosaic.settled and program.probe.settled and program.window.image.nearest.settled
    return at_rest and not any(lane.busy for lane in program.lanes.all())
