"""The window as a whole: menus, keys, focus, dropping, closing, and room for every word."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QRect, Qt, QUrl
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDockWidget,
    QLineEdit,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.selection_menu import ENTRIES
from latent_explorer.views.style import DARK, LIGHT, apply_theme
from tests.views.hand import Ear, Hand, Key, Modifier, look, settle
from tests.views.room import faults

CONTROL, SHIFT = Modifier.ControlModifier, Modifier.ControlModifier | Modifier.ShiftModifier


@pytest.fixture(scope="module")
def dressed(qapp: QApplication) -> Iterator[None]:
    """In the program's style, since the room that words need depends on it."""
    palette, font, sheet = qapp.palette(), qapp.font(), qapp.styleSheet()
    apply_theme(qapp, DARK)
    yield
    qapp.setStyleSheet(sheet)
    qapp.setPalette(palette)
    qapp.setFont(font)


@pytest.fixture
def window(qtbot: QtBot, dressed: None) -> Iterator[MainWindow]:
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=let_close)
    window.resize(1600, 1000)
    window.arrange()
    window.set_theme("dark", DARK)
    yield window


def let_close(window: MainWindow) -> None:
    window.may_close = True


def fill(window: MainWindow) -> None:
    """As it looks in use, with words as long as they get."""
    name = "digits dense 512-512-512 2026-11-20 14.03.05"
    window.model.set_models([("a", name)], "a")
    window.model.set_data([("digits", "digits (built in)")], "digits")
    window.model.set_facts(
        {
            "points": "10,000",
            "image": "120 × 200 colour",
            "network": "dense 512-512-512",
            "trained_for": "300 epochs",
            "elbo": "−137.42 nats",
        }
    )
    window.plane.set_codes(np.zeros((10, 2)), np.arange(10), {k: f"class {k}" for k in range(10)}, frozenset())
    window.image.set_image(np.zeros((28, 28, 1), np.uint8))
    window.image.set_place((-3.123, -2.456), "No code within 0.1; the nearest lies 0.123 away (class 7).", -12.34)
    window.image.set_decode(12.34, name)
    window.status.set_points(10_000, 1_234)
    window.status.set_place((-3.123, -2.456))
    window.status.set_mosaic(28, 17)
    window.status.set_work("training: loss 1234.5, 1,234 steps/s")
    window.status.set_decode(12.34)
    window.transport.set_word(f"Training {name}")
    window.set_model_title(name)


# --- menus and keys ----------------------------------------------------------------------------------------------------------

WISHES = [
    "open",
    "open_data",
    "open_image",
    "download",
    "save_as",
    "export",
    "copy",
    "copy_python",
    "undo",
    "redo",
    "paste",
    "pin",
    "clear_pins",
    "fit",
    "larger",
    "smaller",
    "normal_size",
    "reset_layout",
    "rename",
    "delete",
    "measure",
    "exact_codes",
    "train",
    "new_run",
    "step",
    "stop",
    "gestures",
    "about",
    *(entry[1] for entry in ENTRIES if entry is not None),
]


def in_menus(window: MainWindow) -> dict[str, QAction]:
    """Every entry of every menu by its text, without its mark."""
    found: dict[str, QAction] = {}
    menus = [action.menu() for action in window.menuBar().actions()]
    while menus:
        for action in menus.pop().actions():
            if action.menu() is not None:
                menus.append(action.menu())
            elif not action.isSeparator():
                found[action.text().replace("&", "")] = action
    return found


def test_every_menu_entry_is_a_wish(window: MainWindow) -> None:
    ear, entries = Ear(window, "wish"), in_menus(window)
    window.set_undo("a test", "another")
    by_name = {action.objectName(): action for action in entries.values()}
    for wish in WISHES:
        by_name[f"action_{wish}"].trigger()
    assert ear.of("wish") == [(wish,) for wish in WISHES]
    named = {name for name in by_name if name.startswith("action_")}
    assert named == {f"action_{wish}" for wish in WISHES}


KEYS = [
    (Key.Key_O, CONTROL, "open"),
    (Key.Key_S, SHIFT, "save_as"),
    (Key.Key_E, CONTROL, "export"),
    (Key.Key_C, SHIFT, "copy"),
    (Key.Key_P, SHIFT, "copy_python"),
    (Key.Key_Plus, CONTROL, "larger"),
    (Key.Key_Equal, CONTROL, "larger"),
    (Key.Key_Minus, CONTROL, "smaller"),
    (Key.Key_0, CONTROL, "normal_size"),
    (Key.Key_T, CONTROL, "train"),
    (Key.Key_T, SHIFT, "step"),
    (Key.Key_Period, CONTROL, "stop"),
    (Key.Key_F1, Modifier.NoModifier, "gestures"),
]


@pytest.mark.parametrize("full", [False, True], ids=["window", "full screen"])
@pytest.mark.parametrize(("key", "modifier", "wish"), KEYS, ids=[f"{wish} {key.name}" for key, _, wish in KEYS])
def test_shortcuts(window: MainWindow, key: Key, modifier: Modifier, wish: str, full: bool) -> None:
    """They work on the plane, and also when the menu bar is hidden."""
    hand, ear = Hand(window), Ear(window, "wish")
    window.plane.setFocus()
    if full:
        hand.key(Key.Key_F11)
        assert window.isFullScreen()
    hand.key(key, modifier)
    assert ear.of("wish") == [(wish,)]


def test_no_two_entries_share_a_shortcut(window: MainWindow) -> None:
    keys = [key.toString() for action in in_menus(window).values() for key in action.shortcuts()]
    assert len(keys) == len(set(keys)) > 10


def test_the_theme_menu_shows_what_is_chosen(window: MainWindow) -> None:
    ear, entries = Ear(window, "themePicked"), in_menus(window)
    entries["Light"].trigger()
    entries["As the system"].trigger()
    entries["Dark"].trigger()
    assert ear.of("themePicked") == [("light",), ("system",), ("dark",)]
    window.set_theme("light", LIGHT)
    assert [text for text in ("As the system", "Dark", "Light") if entries[text].isChecked()] == ["Light"]
    assert len(ear.heard) == 3


def test_only_own_models_can_be_renamed_and_deleted(window: MainWindow) -> None:
    for own in (False, True, False):
        window.set_own_model(own)
        entries = in_menus(window)
        assert [entries[text].isEnabled() for text in ("Rename…", "Delete…")] == [own, own]


def test_the_title_names_the_model(window: MainWindow) -> None:
    window.set_model_title("mnist-dense")
    assert window.windowTitle() == "mnist-dense · Latent Explorer"
    window.set_model_title("")
    assert window.windowTitle() == "Latent Explorer"


def test_panels_can_be_hidden_and_come_back(window: MainWindow) -> None:
    Hand(window)
    docks = [dock for dock in window.findChildren(QDockWidget) if dock.toggleViewAction().isVisible()]
    assert len(docks) == 5  # those for slices and pins come when there are any
    for dock in docks:
        dock.toggleViewAction().trigger()
        settle()
        assert not dock.isVisible()
    for name in ("model", "layers", "training", "image", "run"):
        window.raise_panel(name)
        settle()
        dock = window.findChild(QDockWidget, f"dock_{name}")
        assert dock is not None
        assert dock.isVisible()
        assert not dock.visibleRegion().isEmpty()


@pytest.mark.parametrize("size", [(900, 600), (1600, 1000)], ids=str)
def test_the_slices_panel_comes_in_front(window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(*size)
    window.show()
    window.arrange()
    settle()
    window.set_sliceable(True)
    settle()
    assert not window.slice.visibleRegion().isEmpty()


def test_the_first_layout_comes_back(window: MainWindow) -> None:
    Hand(window)
    before = {dock.objectName(): dock.geometry() for dock in window.findChildren(QDockWidget) if dock.isVisible()}
    for dock in window.findChildren(QDockWidget):
        window.removeDockWidget(dock)
    window.arrange()
    look(window)
    after = {dock.objectName(): dock.geometry() for dock in window.findChildren(QDockWidget) if dock.isVisible()}
    assert after == before


# --- full screen, Esc, closing -----------------------------------------------------------------------------------------------


def test_full_screen_is_the_plane_alone_and_leads_back(window: MainWindow) -> None:
    hand = Hand(window)
    image = window.findChild(QDockWidget, "dock_image")
    assert image is not None
    image.close()  # a panel that was hidden stays so
    settle()
    seen = [dock.objectName() for dock in window.findChildren(QDockWidget) if dock.isVisible()]
    for leave in ("Esc", "F11"):
        hand.key(Key.Key_F11)
        assert window.isFullScreen()
        others = [*window.findChildren(QDockWidget), window.menuBar(), window.status]
        assert not any(widget.isVisible() for widget in others)
        assert window.plane.size() == window.size()
        assert window.plane.hasFocus()
        if leave == "Esc":
            window.leave_full_screen()
        else:
            hand.key(Key.Key_F11)
        settle()
        assert not window.isFullScreen()
        assert window.menuBar().isVisible()
        assert window.status.isVisible()
        assert [dock.objectName() for dock in window.findChildren(QDockWidget) if dock.isVisible()] == seen


def test_escape_never_closes_the_window(window: MainWindow) -> None:
    hand = Hand(window)
    for widget in [window.plane, *window.findChildren(QLineEdit), *window.findChildren(QAbstractButton)]:
        widget.setFocus()
        hand.key(Key.Key_Escape)
        assert window.isVisible()


@pytest.mark.parametrize("how", ["cross", "Ctrl+Q"])
def test_closing_asks_first(window: MainWindow, how: str) -> None:
    hand, ear = Hand(window), Ear(window, "closeRequested")

    def close() -> None:
        if how == "cross":
            window.close()
        else:
            hand.key(Key.Key_Q, CONTROL)

    close()
    assert ear.names() == ["closeRequested"]
    assert window.isVisible()
    window.closeRequested.connect(lambda: let_close(window))
    close()
    assert len(ear.heard) == 2
    assert not window.isVisible()


# --- focus -------------------------------------------------------------------------------------------------------------------


def visible_buttons(window: MainWindow) -> list[QAbstractButton]:
    return [button for button in window.findChildren(QAbstractButton) if button.isVisible() and button.isEnabled()]


def test_buttons_take_no_focus_from_the_plane(window: MainWindow) -> None:
    """Space pans; it must press nothing that was clicked before."""
    fill(window)
    window.model.set_offer("The images are not here.")
    window.transport.set_state("running")
    hand = Hand(window)
    buttons = visible_buttons(window)
    assert len(buttons) > 10
    pressed: list[str] = []
    for button in buttons:
        if isinstance(button.parentWidget(), QDockWidget) or button.parentWidget() is window.notice:
            continue  # what closes or undocks a panel goes away with the click
        if button.visibleRegion().isEmpty():
            continue  # it would have to be scrolled to
        hand.move(window.plane)
        window.plane.setFocus()
        hand.click(button, QPoint(8, button.height() // 2))
        name = button.objectName() or button.text() or button.accessibleName()
        assert window.plane.hasFocus(), name
        button.clicked.connect(lambda *_, name=name: pressed.append(name))
        hand.key(Key.Key_Space)
    assert pressed == []


def test_lists_and_sliders_take_no_focus_from_the_plane(window: MainWindow) -> None:
    """Space would open the list that was used last; and the arrows, which move the probe, would move the slider."""
    Hand(window)
    for name in ("model", "layers", "training"):
        window.raise_panel(name)
        settle()
    for widget in [*window.findChildren(QComboBox), *window.findChildren(QAbstractSlider)]:
        if isinstance(widget.parentWidget(), QWidget) and not widget.objectName().startswith("qt_"):
            assert not widget.focusPolicy() & Qt.FocusPolicy.ClickFocus, widget.objectName() or widget.accessibleName()


def test_the_plane_has_the_keyboard_from_the_start(window: MainWindow) -> None:
    hand, ear = Hand(window), Ear(window.plane, "nudgeRequested", "fitRequested")
    hand.key(Key.Key_Left)
    hand.key(Key.Key_F)
    assert ear.names() == ["nudgeRequested", "fitRequested"]


def test_a_click_on_the_plane_gives_it_the_keyboard(window: MainWindow) -> None:
    hand = Hand(window)
    field = next(field for field in window.findChildren(QLineEdit) if field.isVisible())
    hand.click(field)
    assert field.hasFocus()
    hand.click(window.plane)
    assert window.plane.hasFocus()


def test_everything_can_be_reached_with_the_keyboard(window: MainWindow) -> None:
    """Tab visits what a mouse can press, save what has a key of its own (the plane's bar)."""
    fill(window)
    window.transport.set_state("running")
    hand = Hand(window)
    visited = set()
    for _ in range(80):
        hand.key(Key.Key_Tab)
        visited.add(QApplication.focusWidget())
    for name in ("train_button", "step_button", "stop_button", "models", "data", "field_epochs", "field_lr"):
        widget = window.findChild(QWidget, name)
        assert widget in visited, name


# --- dropping ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["plane", "losses", "image", "model", "transport", "status", "train_button"])
def test_files_can_be_dropped_anywhere(window: MainWindow, part: str) -> None:
    hand, ear, data = Hand(window), Ear(window, "filesDropped"), QMimeData()
    target = getattr(window, part, None) or window.findChild(QWidget, part)
    assert isinstance(target, QWidget)
    data.setUrls([QUrl.fromLocalFile("/some/ä model.safetensors"), QUrl("https://example.org/x"), QUrl.fromLocalFile("/some/folder")])
    assert hand.drop(target, data)
    assert ear.of("filesDropped") == [(["/some/ä model.safetensors", "/some/folder"],)]


def test_dropped_text_is_not_taken(window: MainWindow) -> None:
    hand, ear, data = Hand(window), Ear(window, "filesDropped"), QMimeData()
    data.setText("/some/model.safetensors")
    assert not hand.drop(window.plane, data)
    assert ear.heard == []


# --- room --------------------------------------------------------------------------------------------------------------------

SIZES = [(900, 600), (1600, 1000), (2560, 1400)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_word_of_the_panels_is_cut(window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(*size)
    window.arrange()
    Hand(window)
    fill(window)
    window.model.set_offer("This model's images are not on this computer, so the plane shows stored codes.")
    window.transport.set_state("stopping")
    settle()  # the panels share their room after the sentence is laid out
    for panel in ("model", "layers", "training"):
        window.raise_panel(panel)
        look(window)
        assert faults(window) == []
    assert (window.width(), window.height()) == size  # what it needs fits


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_plane_owns_the_window(window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(*size)
    window.arrange()
    Hand(window)
    fill(window)
    look(window)
    others = [dock.width() * dock.height() for dock in window.findChildren(QDockWidget) if not dock.visibleRegion().isEmpty()]
    plane = window.plane.width() * window.plane.height()
    assert plane > (0.22 if size[0] < 1200 else 0.45) * size[0] * size[1]
    assert size[0] < 1200 or plane > max(others)
    assert window.image.pixels.width() >= 120
    assert window.image.pixels.height() >= 120


def test_a_larger_interface_still_shows_its_words(window: MainWindow, qapp: QApplication) -> None:
    """For a projector: the panels grow with their text."""
    window.resize(1600, 1000)
    window.arrange()
    Hand(window)
    fill(window)
    try:
        for scale in (0.8, 1.15, 1.32):
            apply_theme(qapp, DARK, scale)
            window.set_theme("dark", DARK)
            look(window)
            for panel in ("model", "layers", "training"):
                window.raise_panel(panel)
                look(window)
                assert [fault for fault in faults(window) if "needs a height" not in fault] == []
    finally:
        apply_theme(qapp, DARK)


def test_low_windows_share_one_place_for_the_panels_on_the_left(window: MainWindow) -> None:
    window.resize(900, 600)
    window.arrange()
    Hand(window)
    tabs = [bar for bar in window.findChildren(QTabBar) if bar.isVisible()]
    assert len(tabs) == 1
    assert tabs[0].count() == 3
    titles = {tabs[0].tabText(k) for k in range(3)}
    assert titles == {"Model", "Layers", "Training"}
    assert tabs[0].tabText(tabs[0].currentIndex()) == "Model"


def test_a_window_that_was_small_has_its_proportions_back_when_it_is_large_again(window: MainWindow) -> None:
    window.resize(1600, 1000)
    window.arrange()
    Hand(window)
    window.set_selected(True)
    settle()

    def places() -> dict[str, QRect]:
        return {dock.objectName(): dock.geometry() for dock in window.findChildren(QDockWidget) if not dock.visibleRegion().isEmpty()}

    before = places()
    assert {"dock_image", "dock_selection"} <= set(before)
    window.resize(900, 600)
    settle()
    assert "dock_image" in places()
    window.raise_panel("selection")
    settle()
    assert "dock_image" not in places()  # they are tabs
    window.resize(1600, 1000)
    settle()
    after = places()
    assert set(after) == set(before)
    for name, place in before.items():
        assert abs(after[name].width() - place.width()) <= 2
    assert abs(after["dock_image"].height() - before["dock_image"].height()) <= 10


def test_a_layout_of_the_persons_own_stays_whatever_the_window(window: MainWindow) -> None:
    window.resize(1600, 1000)
    window.arrange()
    Hand(window)
    layers = window.findChild(QDockWidget, "dock_layers")
    assert layers is not None
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, layers)
    layers.toggleViewAction().trigger()
    layers.toggleViewAction().trigger()
    settle()
    for size in ((900, 700), (1600, 1000)):
        window.resize(*size)
        settle()
        assert window.dockWidgetArea(layers) == Qt.DockWidgetArea.RightDockWidgetArea
