"""The program around the features: looks, what is remembered, bugs, the session, and drawing the window into a file."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QDockWidget, QLabel, QMessageBox
from pytestqt.qtbot import QtBot

from latent_explorer.app import main as main_module
from latent_explorer.app.crash import CrashReporter, log, set_up_log
from latent_explorer.app.main import screenshot
from latent_explorer.app.session import Session
from latent_explorer.app.settings import Settings
from latent_explorer.core.checkpoint import library
from latent_explorer.core.errors import ExportError
from latent_explorer.core.palette import rgb
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.resources import log_folder
from latent_explorer.core.scene import Camera, Layers, Scene
from latent_explorer.core.types import Slot
from latent_explorer.views.dialogs.gestures import GestureSheet
from latent_explorer.views.style import DARK, LIGHT, USUAL_FONT
from latent_explorer.workers.task import Task
from tests.app.conftest import WATCHDOG, Desk, is_sentence
from tests.views.hand import Ear, Hand, Key, Modifier, close_to, look, settle, texts

CONTROL = Modifier.ControlModifier
NewDesk = Callable[..., Desk]


@pytest.fixture
def dressed(qtbot: QtBot, as_before: None, no_data_folder: None) -> None:
    """For tests that start the program by its own door."""


# --- looks -------------------------------------------------------------------------------------------------------------------


def test_another_theme_repaints_everything(opened: Desk) -> None:
    desk = opened
    actions = {action.text().replace("&", ""): action for action in desk.window.findChildren(QAction)}
    for name, theme in (("Light", LIGHT), ("Dark", DARK), ("Light", LIGHT)):
        actions[name].trigger()
        settle()
        plane, losses, whole = look(desk.window.plane), look(desk.window.losses), look(desk.window)
        assert close_to(plane, rgb(theme.plane), 2).any()
        assert close_to(losses, rgb(theme.panel), 2).mean() > 0.2
        assert close_to(losses, rgb(theme.total), 30).any()
        other = LIGHT if theme is DARK else DARK
        for colour in (other.plane, other.panel, other.window, other.field):
            if colour not in (theme.ink, theme.on_accent):
                assert close_to(whole, rgb(colour), 0).mean() < 0.01
        assert desk.shows((0.0, 0.0))


def test_text_has_its_size_from_the_first_start_on(opened: Desk) -> None:
    """And not only after the theme or the size was changed once: panels would change their widths with it."""

    def sizes() -> dict[str, int]:
        seen = [label for label in opened.window.findChildren(QLabel) if label.isVisible()]
        return {label.text(): label.fontInfo().pixelSize() for label in seen}

    before = sizes()
    assert opened.window.image.nearest.fontInfo().pixelSize() == USUAL_FONT
    opened.program.appearance.set_theme("light")
    settle()
    assert sizes() == before


def test_the_interface_can_be_made_larger_and_smaller(large_screen: None, opened: Desk) -> None:
    heights = [opened.window.fontMetrics().height()]
    for key in (Key.Key_Plus, Key.Key_Plus, Key.Key_0, Key.Key_Minus):
        opened.window.plane.setFocus()
        opened.hand.key(key, CONTROL)
        heights.append(opened.window.fontMetrics().height())
    normal, larger, largest, again, smaller = heights
    assert smaller < normal == again < larger < largest
    for _ in range(10):
        opened.hand.key(Key.Key_Plus, CONTROL)
    assert opened.window.fontMetrics().height() < 3.5 * normal
    opened.hand.key(Key.Key_0, CONTROL)


def test_on_a_small_screen_the_interface_stays_within_it(opened: Desk) -> None:
    size = opened.window.size()
    for _ in range(9):
        opened.wish("larger")
    room, needed = opened.window.screen().availableSize(), opened.window.minimumSizeHint()
    assert needed.width() <= max(room.width(), size.width())
    assert needed.height() <= max(room.height(), size.height())
    assert is_sentence(opened.notice)
    opened.wish("normal_size")
    assert opened.window.size() == size


def test_back_at_normal_size_the_panels_are_as_wide_as_before(large_screen: None, opened: Desk) -> None:
    seen = [dock for dock in opened.window.findChildren(QDockWidget) if not dock.visibleRegion().isEmpty()]
    sides = [dock for dock in seen if dock.objectName() != "dock_run"]
    before = [dock.size() for dock in sides]
    for _ in range(3):
        opened.hand.key(Key.Key_Plus, CONTROL)
    assert all(dock.width() > size.width() + 40 for dock, size in zip(sides, before, strict=True))
    opened.hand.key(Key.Key_0, CONTROL)
    settle()
    assert [dock.size() for dock in sides] == before


def test_the_gesture_sheet(opened: Desk) -> None:
    for _ in range(2):
        opened.window.activateWindow()
        settle()
        opened.window.plane.setFocus()
        opened.hand.key(Key.Key_F1)
        sheets = opened.window.findChildren(GestureSheet)
        assert len(sheets) == 1
        assert sheets[0].isVisible()
        assert not sheets[0].isModal()
        words = texts(sheets[0])
        assert any("Wheel" in text for text in words)
        assert "F1" in words
        Hand(sheets[0]).key(Key.Key_Escape)
        assert not sheets[0].isVisible()
        assert opened.window.isVisible()


def test_about(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def about(parent: Any, title: str, text: str) -> None:
        said.append(text)

    monkeypatch.setattr(QMessageBox, "about", staticmethod(about))
    opened.wish("about")
    assert "MIT" in said[0]


# --- what is remembered ------------------------------------------------------------------------------------------------------


def visible_docks(desk: Desk) -> dict[str, bool]:
    return {dock.objectName(): dock.isVisible() for dock in desk.window.findChildren(QDockWidget)}


def test_looks_and_layout_are_remembered(large_screen: None, new_desk: NewDesk) -> None:
    first = new_desk()
    first.program.appearance.set_theme("light")
    first.wish("larger")
    height = first.window.fontMetrics().height()
    dock = first.window.findChild(QDockWidget, "dock_layers")
    assert dock is not None
    dock.close()
    first.window.resize(1000, 700)
    settle()
    docks = visible_docks(first)
    first.window.close()
    first.close()
    second = new_desk()
    second.program.appearance.restore_layout()
    settle()
    assert tuple(look(second.window.plane)[60, -30]) == rgb(LIGHT.plane)
    assert second.window.fontMetrics().height() == height
    assert second.window.height() == 700  # the width cannot come back: the offscreen platform's screen has 800 x 800
    assert not visible_docks(second)["dock_layers"]
    assert docks["dock_layers"] is False
    second.wish("reset_layout")
    assert visible_docks(second)["dock_layers"]
    second.close()


def test_docks_that_were_moved_are_where_they_were(large_screen: None, new_desk: NewDesk) -> None:
    """Carried to another side, put into one place as tabs, floating, hidden: as they were left; and Reset layout undoes it."""

    def places(desk: Desk) -> dict[str, object]:
        window = desk.window
        return {
            dock.objectName(): (window.dockWidgetArea(dock), dock.isFloating(), dock.isHidden(), len(window.tabifiedDockWidgets(dock)))
            for dock in window.findChildren(QDockWidget)
        }

    first = new_desk()
    first.window.resize(1100, 780)
    settle()
    before = places(first)
    docks = {dock.objectName(): dock for dock in first.window.findChildren(QDockWidget)}
    first.window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, docks["dock_layers"])
    first.window.tabifyDockWidget(docks["dock_image"], docks["dock_training"])
    docks["dock_run"].setFloating(True)
    docks["dock_model"].hide()
    settle()
    moved = places(first)
    assert sum(moved[name] != before[name] for name in moved) >= 5
    first.window.close()
    settle()
    QApplication.closeAllWindows()  # as Qt does when the last window is closed: what floats is hidden
    first.close()
    second = new_desk()
    second.program.appearance.restore_layout()
    settle()
    assert places(second) == moved
    second.wish("reset_layout")
    assert places(second) == before
    second.close()


def test_a_window_that_was_full_screen_does_not_come_back_bare(new_desk: NewDesk) -> None:
    first = new_desk()
    first.window.plane.setFocus()
    first.hand.key(Key.Key_F11)
    assert first.window.isFullScreen()
    first.window.close()
    first.close()
    second = new_desk()
    second.program.appearance.restore_layout()
    settle()
    assert not second.window.isFullScreen()
    assert second.window.menuBar().isVisible()
    assert any(visible_docks(second).values())
    second.close()


@pytest.mark.parametrize(
    "values",
    [
        {"theme": "purple", "scale": "large", "geometry": "x", "docks": 3, "mnist_folder": 7},
        {"theme": 4, "scale": -2.0, "geometry": b"", "docks": b"", "mnist_folder": ""},
        {"scale": 1e9, "theme": None},
        {"scale": float("nan")},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_count_as_not_set(new_desk: NewDesk, values: dict[str, Any]) -> None:
    store = QSettings("latent-explorer", "latent-explorer")
    for key, value in values.items():
        store.setValue(key, value)
    store.sync()
    settings = Settings()
    assert settings.theme() == "system"
    assert settings.scale() == 1.0
    assert settings.mnist_folder() is None
    desk = new_desk()
    desk.program.appearance.restore_layout()
    settle()
    assert any(visible_docks(desk).values())
    desk.close()


def test_settings_remember_exactly(qtbot: QtBot, tmp_path: Path) -> None:
    Settings().set_theme("light")
    Settings().set_scale(1.3225)
    Settings().set_mnist_folder(tmp_path / "ä b")
    assert Settings().theme() == "light"
    assert Settings().scale() == pytest.approx(1.3225)
    assert Settings().mnist_folder() == tmp_path / "ä b"
    assert Settings().layout() is None
    Settings().forget_layout()


def test_a_theme_that_was_asked_for_is_not_remembered(new_desk: NewDesk) -> None:
    """`screenshot --theme light` does not change how the person's window looks."""
    desk = new_desk("light")
    assert tuple(look(desk.window.plane)[60, -30]) == rgb(LIGHT.plane)
    desk.close()
    assert Settings().theme() == "system"


# --- bugs --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def reporter(qtbot: QtBot) -> Iterator[CrashReporter]:
    reporter = CrashReporter()
    reporter.install()
    yield reporter
    reporter.remove()
    for name in ("last_type", "last_value", "last_traceback"):  # what Python keeps of an exception that it showed
        vars(sys).pop(name, None)


class Said(NamedTuple):
    """The texts of a box."""

    text: str
    more: str
    details: str


@pytest.fixture
def dialogs(monkeypatch: pytest.MonkeyPatch) -> list[Said]:
    """What the boxes said that were opened."""
    opened: list[Said] = []

    def execute(box: QMessageBox) -> int:
        opened.append(Said(box.text(), box.informativeText(), box.detailedText()))
        return 0

    monkeypatch.setattr(QMessageBox, "exec", execute)
    return opened


def breaks() -> None:
    raise ZeroDivisionError("a bug in a slot")


def test_a_bug_in_a_slot_is_shown_and_logged_and_the_program_lives_on(
    qtbot: QtBot, reporter: CrashReporter, dialogs: list[Said], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    QTimer.singleShot(0, breaks)
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WATCHDOG)
    assert "went wrong" in dialogs[0].text
    assert "ZeroDivisionError: a bug in a slot" in dialogs[0].details
    assert str(log_folder()) in dialogs[0].more
    assert "Traceback" not in dialogs[0].text + dialogs[0].more
    assert "ZeroDivisionError: a bug in a slot" in caplog.text
    assert "Traceback" in capsys.readouterr().err
    settle()
    assert len(dialogs) == 1
    QTimer.singleShot(0, breaks)
    qtbot.waitUntil(lambda: len(dialogs) == 2, timeout=WATCHDOG)


def test_at_most_one_dialog_is_open(
    qtbot: QtBot, reporter: CrashReporter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    depth, deepest, count = 0, 0, 0

    def execute(box: QMessageBox) -> int:
        nonlocal depth, deepest, count
        depth, count = depth + 1, count + 1
        deepest = max(deepest, depth)
        settle()  # the loop of the dialog: more bugs arrive
        depth -= 1
        return 0

    monkeypatch.setattr(QMessageBox, "exec", execute)
    for _ in range(20):
        reporter.report(ValueError("one of many"))
    qtbot.waitUntil(lambda: count > 0, timeout=WATCHDOG)
    settle()
    assert deepest == 1
    assert count == 1
    assert caplog.text.count("ValueError: one of many") == 20  # none is lost


def test_a_bug_of_a_worker_reaches_the_dialog(reporter: CrashReporter, dialogs: list[Said], opened: Desk) -> None:
    def work(context: object) -> None:
        breaks()

    opened.program.lanes.jobs.submit(Task("", work, print, torch=False))
    opened.wait(lambda: bool(dialogs))
    assert "in work" in dialogs[0].details  # where it happened, and not where it was reported
    opened.hand.click(opened.plane, opened.pixel(0.6, 0.6))
    opened.away()
    opened.wait(lambda: opened.shows(opened.session.scene.probe))


def test_a_bug_of_a_run_reaches_the_dialog_and_ends_the_run(
    reporter: CrashReporter, dialogs: list[Said], opened: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from latent_explorer.core.nn.families.vae import VAE
    from latent_explorer.core.nn.written_gradient import WrittenGradient

    def terms(module: VAE, *arguments: Any, **more: Any) -> None:
        breaks()

    monkeypatch.setattr(WrittenGradient, "fits", lambda module: False)
    monkeypatch.setattr(VAE, "terms", terms)
    opened.train(epochs=3)
    opened.wait(lambda: bool(dialogs))
    opened.wait(lambda: opened.session.run_state == "idle")
    assert opened.button("train_button").text() == "Train"
    assert not opened.window.training.findChildren(QDialog)


def test_bugs_of_other_threads_are_shown_in_the_gui_thread(qtbot: QtBot, reporter: CrashReporter, monkeypatch: pytest.MonkeyPatch) -> None:
    where: list[int] = []

    def execute(box: QMessageBox) -> int:
        where.append(threading.get_ident())
        return 0

    monkeypatch.setattr(QMessageBox, "exec", execute)
    thread = threading.Thread(target=lambda: reporter.report(ValueError("from afar")))
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(where), timeout=WATCHDOG)
    assert where == [threading.get_ident()]


def test_ctrl_c_ends_the_program_without_a_dialog(
    qtbot: QtBot, reporter: CrashReporter, dialogs: list[Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    quits: list[bool] = []

    def leave() -> None:
        quits.append(True)

    monkeypatch.setattr(QApplication, "quit", staticmethod(leave))
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    settle()
    assert quits == [True]
    assert dialogs == []


def test_the_hook_is_given_back(qtbot: QtBot) -> None:
    before = sys.excepthook
    reporter = CrashReporter()
    reporter.install()
    assert sys.excepthook != before
    reporter.remove()
    assert sys.excepthook == before


def test_the_log_is_a_file(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(log.handlers)
    try:
        set_up_log()
        log.info("a line for the log")
        for handler in log.handlers:
            handler.flush()
        assert "a line for the log" in (log_folder() / "latent-explorer.log").read_text("utf-8")
    finally:
        for handler in [handler for handler in log.handlers if handler not in before]:
            log.removeHandler(handler)
            handler.close()


def test_without_a_log_folder_it_goes_to_the_terminal(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from latent_explorer.app import crash

    (tmp_path / "file").write_text("")
    monkeypatch.setattr(crash, "log_folder", lambda: tmp_path / "file" / "logs")
    before = list(log.handlers)
    try:
        set_up_log()
        (added,) = [handler for handler in log.handlers if handler not in before]
        assert type(added) is logging.StreamHandler
        log.info("no file")
        assert "no file" in capsys.readouterr().err
    finally:
        for handler in [handler for handler in log.handlers if handler not in before]:
            log.removeHandler(handler)


# --- session -----------------------------------------------------------------------------------------------------------------


def a_slot(slot_id: int, generation: int) -> Slot:
    return Slot(slot_id, generation, PlaneFrame.identity(), {})


def test_one_signal_for_each_fact(qtbot: QtBot) -> None:
    session = Session()
    ear = Ear(session, "slotChanged", "sceneChanged", "datasetChanged", "runStateChanged", "modelsChanged", "noticed")
    assert session.slot is None
    first, second = a_slot(1, session.new_generation()), a_slot(2, session.new_generation())
    assert first.generation != second.generation
    session.put_slot(first)
    session.put_slot(second)
    assert session.slots == (first, second)
    assert session.slot is second
    session.put_slot(newer := replace(first, generation=session.new_generation()))
    assert session.slots == (second, newer)
    assert session.slot is newer
    session.revise_slot(epoch=4)
    assert session.slot.epoch == 4
    assert ear.names() == ["slotChanged"] * 4
    ear.clear()
    session.set_scene(probe=(1.0, 2.0))
    session.set_scene(probe=(1.0, 2.0))  # nothing new
    session.set_scene(camera=Camera(1, 2, 3), layers=Layers(mosaic_n=5))
    assert ear.of("sceneChanged") == [(Scene(probe=(1.0, 2.0)),), (Scene(Camera(1, 2, 3), (1.0, 2.0), layers=Layers(mosaic_n=5)),)]
    ear.clear()
    session.set_run_state("running")
    session.set_run_state("running")
    session.notice("Something.", trouble=True)
    session.set_dataset(None)
    assert ear.heard == [("runStateChanged", "running"), ("noticed", "Something.", True), ("datasetChanged", None)]


# --- the window in a file ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("theme", "size"), [("dark", (900, 600)), ("light", (1300, 900))], ids=["dark", "light"])
def test_a_screenshot_shows_the_whole_window(
    dressed: None, models: dict[str, Path], tmp_path: Path, theme: str, size: tuple[int, int]
) -> None:
    out = tmp_path / "window.png"
    assert screenshot(models["small"], out, size, theme) == 0
    with Image.open(out) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape == (size[1], size[0], 3)
    colours = DARK if theme == "dark" else LIGHT
    assert close_to(pixels, rgb(colours.panel), 2).mean() > 0.1
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 500
    assert close_to(pixels, rgb(colours.total), 40).sum() > 20  # the losses of the model


def test_a_screenshot_of_what_cannot_be_shown(dressed: None, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="not"):
        screenshot(tmp_path / "lost.safetensors", tmp_path / "window.png", (900, 600), "dark")
    assert not (tmp_path / "window.png").exists()


def test_a_screenshot_that_never_gets_ready(dressed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no model at all."""
    monkeypatch.setattr(library, "resource_folder", lambda name: tmp_path)
    monkeypatch.setattr(main_module, "SCREENSHOT_SECONDS", 0.5)
    with pytest.raises(ExportError):
        screenshot(None, tmp_path / "window.png", (900, 600), "dark")


def test_the_program_runs_and_ends_with_its_window(
    qtbot: QtBot, dressed: None, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`latent-explorer FILE`, up to the cross in the corner."""
    import signal

    before, hook, handlers = signal.getsignal(signal.SIGINT), sys.excepthook, list(log.handlers)
    seen: list[str] = []

    def execute(*arguments: Any) -> int:
        def find() -> Any:
            return next((w for w in QApplication.topLevelWidgets() if w.objectName() == "main"), None)

        qtbot.waitUntil(lambda: "small" in find().windowTitle(), timeout=WATCHDOG)
        seen.append(find().windowTitle())
        assert sys.excepthook is not hook
        find().close()
        return 0

    monkeypatch.setattr(QApplication, "exec", execute)
    try:
        assert main_module.run(models["small"]) == 0
        assert seen == ["small · Latent Explorer"]
        assert sys.excepthook is hook
    finally:
        signal.signal(signal.SIGINT, before)
        for handler in [handler for handler in log.handlers if handler not in handlers]:
            log.removeHandler(handler)
            handler.close()
    assert QGuiApplication.applicationName() == "latent-explorer"
