"""The real window, set up for a measurement and taken down again."""

from __future__ import annotations

import math
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QEventLoop, QObject, QPointF, QRect, Qt, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton

from latent_explorer.app.main import make_application  # before the views: it takes PySide6 before pyqtgraph
from latent_explorer.app.program import Program
from latent_explorer.core.checkpoint.library import shipped
from latent_explorer.views.image_view import PixelView
from tests.benchmarks.figure import now

SIZE = 1600, 1000
MODEL = "mnist-dense"
ENDLESS = "100000"  # epochs; a measured run never ends by itself
TICK_MS = 16


def break_off(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An exception anywhere, in a slot or a worker, ends the benchmark: what it would measure afterwards means nothing."""
    traceback.print_exception(kind, error, trace)
    sys.stderr.flush()
    os._exit(1)  # running QThreads would turn an orderly exit into an abort


def turn(seconds: float, until: Callable[[], bool] | None = None) -> bool:
    """Let the event loop run until a condition holds, looked at every 10 ms, or the time has passed; whether it held."""
    loop = QEventLoop()
    end = now() + seconds
    held = False

    def look() -> None:
        nonlocal held
        held = until is not None and until()
        if held or now() >= end:
            loop.quit()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(10)
    loop.exec()
    timer.stop()
    return held


def wait(what: str, until: Callable[[], bool], seconds: float = 60.0) -> None:
    """As `turn`; TimeoutError when it does not come."""
    if not turn(seconds, until):
        raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")


class Ticker(QObject):
    """The moments at which a 16 ms timer fires in the GUI thread: where they lie apart, something held it."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: list[float] = []
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def _tick(self) -> None:
        self.moments.append(now())

    def start(self) -> None:
        """Begin anew."""
        self.moments = []
        self._timer.start(TICK_MS)

    def stop(self) -> None:
        """End."""
        self._timer.stop()


class Paints:
    """Tells whenever the decoded image has been painted. To be made before the window."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        self.listener: Callable[[float], None] | None = None
        original = PixelView.paintEvent

        def paint(view: PixelView, event: QPaintEvent) -> None:
            original(view, event)
            moment = now()
            self.moments.append(moment)
            if self.listener is not None:
                self.listener(moment)

        PixelView.paintEvent = paint  # type: ignore[assignment, method-assign]


class Stage:
    """The window at 1600 x 1000 on a shipped model, complete and at rest."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.paints = Paints()
        self.program = Program("dark")
        self.window, self.plane = self.program.window, self.program.window.plane
        self.round = False  # whether the mouse is to stay in a disc in the middle, as on a globe

    def open(self) -> None:
        """Show it, and wait until all that it shows by itself is there."""
        self.window.resize(*SIZE)
        self.window.arrange()
        self.window.show()
        self.program.start(model_file(self.model))
        program, session = self.program, self.program.session

        def complete() -> bool:
            if self.window.notice.isVisible():
                raise RuntimeError(f"the window says: {self.window.notice.text}")
            if session.slot is None or not session.slot.ready or session.dataset is None or program.probe.shown is None:
                return False
            return program.mosaic.settled and program.probe.settled and not any(lane.busy for lane in program.lanes.all())

        wait("the window to be complete", complete)
        turn(0.5)

    @property
    def trained_on(self) -> str:
        """Name of the data that Train trains on."""
        assert self.program.session.dataset is not None
        return self.program.session.dataset.name

    def choose_family(self, family: str) -> None:
        """In the form, as a person does."""
        box = self.window.findChild(QComboBox, "field_family")
        assert isinstance(box, QComboBox)
        box.setCurrentIndex(box.findData(family))
        box.activated.emit(box.currentIndex())

    def train(self) -> None:
        """Set the form to an endless run with the defaults otherwise, and click the button."""
        field = self.window.findChild(QLineEdit, "field_epochs")
        button = self.window.findChild(QPushButton, "train_button")
        assert isinstance(field, QLineEdit) and isinstance(button, QPushButton)
        field.clear()
        QTest.keyClicks(field, ENDLESS)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def path(self, count: int) -> list[QPointF]:
        """Places along a smooth curve over the plane, window coordinates, no two neighbours on the same pixel.

        Keeps clear of what lies in the plane's corners.
        """
        plane = self.plane
        box = plane.getPlotItem().getViewBox()
        area: QRect = plane.mapFromScene(box.sceneBoundingRect()).boundingRect()
        right = plane.legend.geometry().left() if plane.legend.isVisible() else area.right()
        area.setRight(min(area.right(), right) - 8)
        area.setTop(max(area.top(), plane.modes.geometry().bottom()) + 8)
        area.adjust(8, 0, 0, -8)
        if self.round:
            side = int(0.6 * min(area.width(), area.height()))
            area = QRect(area.center().x() - side // 2, area.center().y() - side // 2, side, side)
        corner = plane.viewport().mapTo(self.window, area.topLeft())
        places: list[QPointF] = []
        for k in range(count):
            turned = 2 * math.pi * k / 1000
            x = round(corner.x() + area.width() * (0.5 + 0.48 * math.sin(3 * turned)))
            y = round(corner.y() + area.height() * (0.5 + 0.48 * math.sin(2 * turned + 0.7)))
            if places and places[-1] == QPointF(x, y):
                x += 1
            places.append(QPointF(x, y))
        return places

    def close(self) -> None:
        """Stop all threads."""
        self.paints.listener = None
        self.program.close()
        QApplication.processEvents()


def model_file(name: str = MODEL) -> Path:
    """The file of a shipped model."""
    for entry in shipped():
        if entry.name == name:
            return entry.path
    raise FileNotFoundError(f"{name} does not ship with this checkout")


@contextmanager
def stage(model: str = MODEL) -> Iterator[Stage]:
    """The open window; closed again whatever happens."""
    sys.excepthook = break_off
    make_application()
    made = Stage(model)
    try:
        made.open()
        yield made
    finally:
        made.close()
