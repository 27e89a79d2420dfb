"""A small model of the digits, and the whole program on a desk of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtCore import QSize
from PySide6.QtGui import QScreen
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QMessageBox, QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

import latent_explorer.core.raster.kernels  # noqa: F401  # loading it sets the living aside for good, a test's window too
from latent_explorer.app.program import Program
from latent_explorer.core.checkpoint.weights import save_model
from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.nn.inference import decode_bytes
from latent_explorer.core.nn.records import run_record
from latent_explorer.core.nn.training import Control, train
from latent_explorer.core.types import ImageDataset, ModelRecord, Slot
from tests.core.data.mirror import mirror, new_mirror, offered_entry  # noqa: F401  # fixtures
from tests.views.conftest import arguments_let_go  # noqa: F401  # a fixture
from tests.views.hand import Ear, Hand, Place, pixels_of, settle, texts

WATCHDOG = 60_000  # milliseconds; nothing here takes long, unless it hangs
SIZE = (1100, 760)


def make_model(
    path: Path,
    dataset: ImageDataset,
    *,
    hidden: tuple[int, ...] = (16,),
    latent_dim: int = 2,
    stop_after: int | None = None,
    **settings: Any,
) -> ModelRecord:
    """Train a little and save; `stop_after` steps leaves an unfinished run."""
    names = ("family", "classes", "network", "channels", "likelihood", "sigma")
    architecture = {key: settings.pop(key) for key in names if key in settings}
    model = ModelConfig(dataset.image_shape, latent_dim=latent_dim, hidden=hidden, **architecture)
    config = TrainingConfig(**{"epochs": 3, "batch_size": 128, **settings}).for_model(model)
    dataset = dataset.with_validation(config.validation, config.split_seed)
    control = Control()
    last, threads = None, torch.get_num_threads()
    torch.set_num_threads(1)  # for networks this small, a second one is more wait than help
    for last in train(model, config, dataset, device="cpu", control=control):
        control.stop = stop_after is not None and last.step >= stop_after
    torch.set_num_threads(threads)
    assert last is not None
    return save_model(path, run_record(last, config, dataset, name=path.stem, command="made by a test"), with_state=last.resumable)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, digits: ImageDataset) -> dict[str, Path]:
    """Models of the digits: two finished ones and an unfinished one."""
    folder = tmp_path_factory.mktemp("models")
    kinds: dict[str, dict[str, Any]] = {
        "small": {},
        "other": {"seed": 5, "hidden": (12, 8)},
        "unfinished": {"epochs": 40, "stop_after": 20},
    }
    for name, kind in kinds.items():
        make_model(folder / f"{name}.safetensors", digits, **kind)
    return {name: folder / f"{name}.safetensors" for name in kinds}


@pytest.fixture
def as_before(qapp: QApplication) -> Iterator[None]:
    """The program dresses the whole application; afterwards it looks as before."""
    palette, font, sheet = qapp.palette(), qapp.font(), qapp.styleSheet()
    yield
    qapp.setStyleSheet(sheet)
    qapp.setPalette(palette)
    qapp.setFont(font)


class Desk:
    """The program in its window, a hand, and eyes."""

    def __init__(self, qtbot: QtBot, theme: str | None = None) -> None:
        self.qtbot = qtbot
        self.program = Program(theme)
        self.window, self.session = self.program.window, self.program.session
        self.window.resize(*SIZE)
        self.window.arrange()
        self.hand = Hand(self.window)
        self.progress: list[Any] = []
        self.program.training_lane.progressed.connect(self.progress.append)

    def close(self) -> None:
        """As the program's end, whatever the test did."""
        self.program.close()
        settle()
        vars(self).clear()

    # waiting

    def wait(self, condition: Callable[[], Any]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=WATCHDOG)

    def rest(self) -> None:
        """Until all that was asked has been answered and shown."""
        self.wait(self.rested)
        settle()

    def rested(self) -> bool:
        program = self.program
        features = program.mosaic, program.fields, program.probe
        quiet = not any(lane.busy for lane in program.lanes.all()) and all(feature.settled for feature in features)
        return quiet and self.session.slot is not None and self.session.slot.ready and self.image() is not None

    def open(self, path: Path) -> None:
        """Start with a model; the data are the digits."""
        self.program.start(path)
        self.wait(lambda: self.session.slot is not None and self.session.slot.ready and self.session.dataset is not None)
        self.rest()

    # what is there

    @property
    def slot(self) -> Slot:
        slot = self.session.slot
        assert slot is not None
        return slot

    @property
    def empty(self) -> bool:
        """Whether no model is shown."""
        slot = self.session.slot
        return slot is None or (slot.handle is None and not slot.codes and not slot.name)

    def image(self) -> np.ndarray | None:
        """The decoded image as it is shown, (H, W, 3)."""
        picture = self.window.image.pixels.picture()
        return None if picture is None else pixels_of(picture)

    def decoded(self, z: Any) -> np.ndarray:
        """What the core decodes at z with the weights that are known now, (H, W, 3)."""
        assert self.slot.handle is not None
        image = decode_bytes(self.slot.handle, np.array([z], np.float32))[0]
        return np.broadcast_to(image, (*image.shape[:2], 3))

    def shows(self, z: Any) -> bool:
        """Whether the decoded image is the one at z; a level of rounding is granted, since batches sum in another order."""
        shown = self.image()
        return shown is not None and np.abs(shown.astype(int) - self.decoded(z)).max() <= 1

    def texts(self) -> list[str]:
        """What is written on the panels, the status line and the plane, also behind another panel."""
        shown = [child for child in self.window.children() if isinstance(child, QWidget)]
        return [text for child in shown for text in texts(child)]

    def says(self, part: str) -> bool:
        """Whether a label of the window says this."""
        return any(part in text for text in self.texts())

    @property
    def notice(self) -> str:
        """The notice's sentence; "" when there is none to see."""
        notice = self.window.notice
        return notice.text if notice.isVisible() else ""

    def button(self, name: str) -> QPushButton:
        found = self.window.findChild(QPushButton, name)
        assert found is not None
        return found

    @property
    def export_button(self) -> QPushButton:
        return next(button for button in self.window.image.findChildren(QPushButton) if button.text().startswith("Export"))

    def box(self, name: str) -> QComboBox:
        found = self.window.findChild(QComboBox, name)
        assert found is not None
        return found

    # what a person does

    @property
    def plane(self) -> QWidget:
        """The part of the plane that takes the mouse."""
        return self.window.plane.viewport()

    def pixel(self, x: float, y: float) -> Place:
        """Where a fraction of the plot lies."""
        left, bottom, width, height = self.window.plane.window_rectangle()
        return self.window.plane.plane_to_pixel(left + x * width, bottom + y * height).toPoint()

    def under(self, ear: Ear) -> np.ndarray:
        """z of the place that was picked last."""
        _, x, y = ear.of("planePointPicked")[-1]
        return self.slot.frame.to_z(np.array([x, y]))

    def away(self) -> None:
        """The pointer goes to where nothing happens."""
        self.hand.move(self.window.status)

    def set_field(self, name: str, text: str) -> None:
        self.window.raise_panel("training")
        settle()
        field = self.window.findChild(QLineEdit, f"field_{name}")
        assert field is not None
        if not field.isVisible():  # folded away
            more = self.button("training_more")
            _scroll_to(more)
            self.hand.click(more)
        _scroll_to(field)
        self.hand.type(field, text)

    def press(self, name: str) -> None:
        """A real click on one of the transport's buttons."""
        self.hand.click(self.button(f"{name}_button"))

    def wish(self, name: str) -> None:
        """A menu entry."""
        action = next(action for action in self.window.actions() if action.objectName() == f"action_{name}")
        assert action.isEnabled()
        action.trigger()
        settle()

    def choose(self, name: str, row: int) -> None:
        """An entry of one of the form's lists."""
        self.window.raise_panel("training")
        box = self.box(f"field_{name}")
        box.setCurrentIndex(row)
        box.activated.emit(row)
        settle()

    def train(self, **settings: object) -> None:
        """Type the settings, and click Train. The learning rate is constant, so that a long run learns from its first step on."""
        for name, value in {"hidden": 16, **settings}.items():
            self.set_field(name, str(value))
        self.choose("schedule", 1)
        self.press("train")


def _scroll_to(widget: QWidget) -> None:
    """As a person does with the wheel, before clicking what lies below the edge of its panel."""
    above = widget.parentWidget()
    while above is not None and not isinstance(above, QScrollArea):
        above = above.parentWidget()
    if above is not None:
        above.ensureWidgetVisible(widget)
        settle()


@pytest.fixture
def new_desk(qtbot: QtBot, as_before: None, no_data_folder: None) -> Iterator[Callable[..., Desk]]:
    """Starts the program as often as the test likes; what is still open afterwards is closed."""
    desks: list[Desk] = []

    def start(theme: str | None = None) -> Desk:
        desks.append(Desk(qtbot, theme))
        return desks[-1]

    yield start
    for desk in desks:
        if vars(desk):
            desk.close()


@pytest.fixture
def large_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The offscreen platform's own is as small as 800 x 800."""

    def size(screen: QScreen) -> QSize:
        return QSize(3840, 2160)

    monkeypatch.setattr(QScreen, "availableSize", size)


@pytest.fixture
def desk(new_desk: Callable[..., Desk]) -> Desk:
    """The program, with nothing opened yet."""
    return new_desk()


@pytest.fixture
def opened(desk: Desk, models: dict[str, Path]) -> Desk:
    """The program, showing the small model, with the digits to train on."""
    desk.open(models["small"])
    return desk


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Answers every question box by a button's text; the list that comes back collects what was asked.

    By real functions: PySide crashes when a mock takes the place of a method.
    """

    def with_button(text: str) -> list[str]:
        asked: list[str] = []

        def execute(box: QMessageBox) -> int:
            asked.append(box.text())
            next(button for button in box.buttons() if button.text().replace("&", "") == text).click()
            return 0

        monkeypatch.setattr(QMessageBox, "exec", execute)
        return asked

    return with_button


def is_sentence(text: str) -> bool:
    """One line, ended, of a length that people read, without what only programmers read."""
    return 20 < len(text) < 400 and "\n" not in text and text.endswith(".") and "Traceback" not in text and "Error" not in text
