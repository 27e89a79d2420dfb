"""Who cannot use a mouse or see the screen: names for everything that acts, and Tab in the order of reading."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDockWidget,
    QLineEdit,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.slices import spread_of
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.plane.legend import Legend
from latent_explorer.views.text import LiveText
from tests.views.hand import Hand, Key, Modifier, settle
from tests.views.test_main_window import dressed, fill, let_close  # noqa: F401  # a fixture

ORDER = ["plane", "dock_model", "dock_layers", "dock_training", "dock_run", "dock_image"]


@pytest.fixture
def window(qtbot: QtBot, dressed: None) -> Iterator[MainWindow]:  # noqa: F811  # as pytest wants it
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=let_close)
    window.resize(1600, 1000)
    window.arrange()
    fill(window)
    window.transport.set_state("running")
    yield window


def name_of(widget: QWidget) -> str:
    """What a screen reader says of it."""
    interface = QAccessible.queryAccessibleInterface(widget)
    assert interface is not None
    return interface.text(QAccessible.Text.Name)


def acts(widget: QWidget) -> bool:
    """Whether it can be pressed, moved, chosen from or typed into."""
    kinds = (QAbstractButton, QAbstractSlider, QComboBox, QLineEdit, QTabBar)
    return isinstance(widget, kinds) or bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def inner(widget: QWidget) -> bool:
    """Qt's own parts of a widget: scroll bars, what scrolls, the list behind a box, arrows of a bar of tabs."""
    around = widget.parentWidget()
    if isinstance(around, QAbstractScrollArea) and around.viewport() is widget:
        return True
    containers = ("qt_scrollarea_vcontainer", "qt_scrollarea_hcontainer")
    return (
        widget.objectName().startswith("qt_")
        or isinstance(around, QComboBox | QTabBar)
        or getattr(around, "objectName", str)() in containers
    )


def test_everything_that_acts_has_a_name(window: MainWindow) -> None:
    Hand(window)
    window.set_pinned(True)
    window.set_sliceable(True)
    spread = spread_of(np.random.default_rng(0).standard_normal((50, 5)))
    window.slice.set_slice("a model", PlaneFrame.axes(0, 1, np.zeros(5)), spread, frozenset())
    settle()
    found = [widget for widget in window.findChildren(QWidget) if acts(widget) and not inner(widget) and widget.isVisibleTo(window)]
    assert len(found) > 40
    assert [f"{type(widget).__name__} {widget.objectName()} in {widget.parentWidget()}" for widget in found if not name_of(widget)] == []


def test_words_that_change_are_spoken_with_their_names(window: MainWindow) -> None:
    Hand(window)
    said = [name_of(text) for part in (window.image, window.transport, window.status, window.model) for text in part.findChildren(LiveText)]
    assert "Validation ELBO: −137.42 nats" in said
    assert "Log prior: −12.34" in said
    assert any(words.startswith("Probe: z −3.123") for words in said)
    assert any(words.startswith("Points: 10,000 points, 1,234 hidden") for words in said)


def dock_of(widget: QWidget | None) -> str:
    while widget is not None:
        if isinstance(widget, QDockWidget) or widget.objectName() == "plane":
            return widget.objectName()
        widget = widget.parentWidget()
    return ""


def visited(window: MainWindow, key: Key, modifier: Modifier = Modifier.NoModifier) -> list[QWidget]:
    """Where a key leads, from the plane once around."""
    hand = Hand(window)
    window.plane.setFocus()
    found: list[QWidget] = []
    for _ in range(120):
        hand.key(key, modifier)
        widget = QApplication.focusWidget()
        assert widget is not None
        if widget is window.plane:
            return found
        found.append(widget)
    raise AssertionError("Tab does not come back to the plane")


def panels(widgets: list[QWidget]) -> list[str]:
    """The panels in the order in which they were visited, each once for every stay."""
    names = [name for name in map(dock_of, widgets) if name]
    return [name for k, name in enumerate(names) if k == 0 or names[k - 1] != name]


@pytest.mark.parametrize("size", [(1600, 1000), (900, 600)], ids=str)
def test_tab_goes_as_one_reads(window: MainWindow, size: tuple[int, int]) -> None:
    """From the plane and its legend through the panels; inside a panel from above to below."""
    window.resize(*size)
    window.arrange()
    found = visited(window, Key.Key_Tab)
    assert isinstance(found[0].parentWidget(), QWidget) and window.plane.legend.isAncestorOf(found[0])
    assert panels(found) == ORDER
    for name in ORDER[1:4]:
        places = [widget.mapTo(widget.window(), widget.rect().topLeft()).y() for widget in found if dock_of(widget) == name]
        assert all(after - before > -8 for before, after in pairwise(places)), name  # what stands side by side differs by some pixels
    assert visited(window, Key.Key_Backtab, Modifier.ShiftModifier) == found[::-1]


def test_a_panel_behind_another_comes_to_the_front_with_the_keyboard(window: MainWindow) -> None:
    window.resize(900, 600)
    window.arrange()
    hand = Hand(window)
    window.plane.setFocus()
    for _ in range(60):
        hand.key(Key.Key_Tab)
        widget = QApplication.focusWidget()
        assert widget is not None
        dock = next((d for d in window.findChildren(QDockWidget) if d.isAncestorOf(widget)), None)
        assert dock is None or not dock.visibleRegion().isEmpty(), (dock.objectName(), widget.objectName())


PANEL_KEYS = [(Key.Key_1, "model"), (Key.Key_2, "layers"), (Key.Key_3, "training"), (Key.Key_4, "image"), (Key.Key_5, "run")]


@pytest.mark.parametrize(("key", "name"), PANEL_KEYS, ids=[name for _, name in PANEL_KEYS])
def test_each_panel_has_a_key(window: MainWindow, key: Key, name: str) -> None:
    hand = Hand(window)
    dock = window.findChild(QDockWidget, f"dock_{name}")
    assert dock is not None
    window.plane.setFocus()
    for visible in (False, True):
        hand.key(key, Modifier.ControlModifier)
        assert dock.isVisible() == visible
        assert window.plane.hasFocus()


def test_in_full_screen_the_image_comes_and_goes_with_its_key(window: MainWindow) -> None:
    hand = Hand(window)
    hand.key(Key.Key_F11)
    assert window.image.isVisible()
    assert window.plane.findChild(Legend) is window.plane.legend
    assert window.plane.legend.isVisible()
    for visible in (False, True):
        hand.key(Key.Key_4, Modifier.ControlModifier)
        assert window.image.isVisible() == visible
        assert window.isFullScreen()
    hand.key(Key.Key_F11)
    assert not window.isFullScreen()
