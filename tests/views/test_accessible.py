"""Words for screen readers: they are asked for, and nobody is told of a change."""

from __future__ import annotations

import gc

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.views.accessible import offer_spoken_words
from latent_explorer.views.text import LiveText
from tests.views.hand import Hand, settle

NAME = QAccessible.Text.Name


@pytest.fixture(autouse=True)
def offered(qapp: object) -> None:
    offer_spoken_words()
    offer_spoken_words()  # a second window is no second offer


def heard(widget: QWidget) -> str:
    """What a screen reader gets when it asks for the widget's name."""
    interface = QAccessible.queryAccessibleInterface(widget)
    assert interface is not None
    return interface.text(NAME)


def test_live_text_says_what_it_shows_when_asked(qtbot: QtBot) -> None:
    window, text = QWidget(), LiveText()
    qtbot.addWidget(window)
    QVBoxLayout(window).addWidget(text)
    Hand(window)
    for words in ("z 0.1, 0.2", "z 0.3, 0.4", ""):
        text.setText(words)
        assert heard(text) == words
    text.setAccessibleName("Epoch")
    assert heard(text) == "Epoch"
    text.setText("3 / 20")
    assert heard(text) == "Epoch: 3 / 20"
    around = QAccessible.queryAccessibleInterface(window)
    assert [around.child(k).text(NAME) for k in range(around.childCount())] == ["Epoch: 3 / 20"]
    assert around.child(0).role() == QAccessible.Role.StaticText


def test_a_change_is_told_to_nobody(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such an event would cost at every move of the mouse."""
    told: list[object] = []
    monkeypatch.setattr(QAccessible, "updateAccessibility", staticmethod(told.append))
    text, names = LiveText(), []
    qtbot.addWidget(text)
    monkeypatch.setattr(text, "setAccessibleName", names.append)
    text.setText("something")
    assert told == names == []


def test_other_widgets_have_the_interface_that_they_had(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.setAccessibleName("a window")
    assert heard(window) == "a window"


def test_interfaces_go_with_their_widgets(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    Hand(window)
    for round_ in range(20):
        texts = [LiveText() for _ in range(5)]
        for number, text in enumerate(texts):
            layout.addWidget(text)
            text.setText(f"{round_} {number}")
            assert heard(text) == f"{round_} {number}"
        for text in texts:
            text.deleteLater()
        del text, texts
        settle()
        gc.collect()
    around = QAccessible.queryAccessibleInterface(window)
    assert around.childCount() == 0
