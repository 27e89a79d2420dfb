"""The panels on the left share its height by what they need, until somebody moves a border."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QDockWidget, QScrollArea
from pytestqt.qtbot import QtBot

from latent_explorer.views.main_window import MainWindow
from tests.views.hand import Hand, settle

SENTENCES = [
    "This model's images are not on this computer, so the plane shows stored codes.",
    "MNIST's images are not on this computer; only their codes are shown.",
]


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=let_close)
    window.resize(1600, 1000)
    window.arrange()
    yield window


def let_close(window: MainWindow) -> None:
    window.may_close = True


def rest() -> None:
    """Layouts follow each other: a panel's, its dock's, the window's."""
    for _ in range(3):
        settle()


def dock(window: MainWindow, name: str) -> QDockWidget:
    found = window.findChild(QDockWidget, f"dock_{name}")
    assert found is not None
    return found


def heights(window: MainWindow) -> list[int]:
    return [dock(window, name).height() for name in ("model", "layers", "training")]


def needs(window: MainWindow) -> list[int]:
    """Heights with which all of the two upper panels is seen, and nothing else."""
    found = []
    for name, panel in (("model", window.model), ("layers", window.layers)):
        area = dock(window, name).widget()
        content = panel.heightForWidth(area.width()) if panel.hasHeightForWidth() else panel.sizeHint().height()
        found.append(dock(window, name).height() - area.height() + content)
    return found


def test_no_room_is_left_over_while_the_form_scrolls(window: MainWindow) -> None:
    Hand(window)
    rest()
    assert heights(window)[:2] == needs(window)


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("size", [(1600, 1400), (1400, 900)], ids=str)
def test_it_follows_the_window_and_what_a_panel_has_to_say(window: MainWindow, size: tuple[int, int], sentence: str) -> None:
    Hand(window)
    before = needs(window)
    window.resize(*size)
    rest()
    assert heights(window)[:2] == before
    window.model.set_offer(sentence)
    rest()
    assert needs(window)[0] > before[0]
    assert heights(window)[:2] == needs(window)
    scroll = dock(window, "model").findChild(QScrollArea)
    assert scroll is not None
    assert scroll.verticalScrollBar().maximum() == 0
    window.model.set_offer("")
    rest()
    assert heights(window)[:2] == before


def test_a_border_that_was_moved_stays(window: MainWindow) -> None:
    hand = Hand(window)
    rest()
    model, before = dock(window, "model"), heights(window)
    border = model.x() + 100, model.geometry().bottom() + 1
    assert window.childAt(*border) is None
    hand.drag(window, [border, (border[0], border[1] + 80)])
    moved = heights(window)
    assert moved[0] > before[0] + 60
    window.model.set_offer(SENTENCES[0])
    rest()
    assert heights(window) == moved


def test_a_remembered_layout_stays(window: MainWindow) -> None:
    hand = Hand(window)
    rest()
    model = dock(window, "model")
    border = model.x() + 100, model.geometry().bottom() + 1
    hand.drag(window, [border, (border[0], border[1] + 80)])
    moved, state = heights(window), window.saveState()
    window.arrange()
    rest()
    assert heights(window) != moved
    window.restoreState(state)
    rest()
    window.model.set_offer(SENTENCES[0])
    rest()
    assert heights(window) == moved
