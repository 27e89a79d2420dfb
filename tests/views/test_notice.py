"""A notice with a button: it says a wish, once, and is gone with what it offered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.views.notice import Notice
from tests.views.hand import Ear, Hand, settle


@pytest.fixture
def notice(qtbot: QtBot) -> Iterator[Notice]:
    ground = QWidget()
    qtbot.addWidget(ground)
    ground.resize(700, 400)
    notice = Notice(ground)
    notice.hand = Hand(ground)  # type: ignore[attr-defined]
    yield notice


def button(notice: Notice) -> QToolButton:
    found = notice.findChild(QToolButton, "notice_button")
    assert found is not None
    return found


def test_the_button_says_the_wish_and_the_notice_goes(notice: Notice) -> None:
    ear = Ear(notice, "wish")
    notice.offer("Pin 3 was removed.", "Undo", "undo", "Take it back (Ctrl+Z).")
    settle()
    assert notice.text == "Pin 3 was removed."
    assert button(notice).text() == "Undo"
    assert button(notice).focusPolicy() == Qt.FocusPolicy.NoFocus  # Space would press it
    assert notice.rect().contains(button(notice).geometry())
    notice.hand.click(button(notice))  # type: ignore[attr-defined]
    assert ear.of("wish") == [("undo",)]
    assert not notice.isVisible()


def test_what_is_only_told_has_no_button(notice: Notice) -> None:
    notice.offer("Pin 3 was removed.", "Undo", "undo")
    notice.tell("Exported.", False)
    settle()
    assert not button(notice).isVisible()


def test_only_the_offer_in_question_is_withdrawn(notice: Notice) -> None:
    notice.offer("Pin 3 was removed.", "Undo", "undo")
    notice.withdraw("other")
    assert notice.isVisible()
    notice.withdraw("undo")
    assert not notice.isVisible()
    notice.tell("Exported.", False)
    notice.withdraw("undo")
    assert notice.isVisible()


LONG = "Training stopped: the loss is not a number any more. The last good weights were kept; try a smaller learning rate, and train again."


@pytest.mark.parametrize("width", [300, 700])
@pytest.mark.parametrize("sentence", ["Exported.", LONG])
def test_it_covers_no_more_than_its_words_need(notice: Notice, sentence: str, width: int) -> None:
    ground = notice.parentWidget()
    ground.resize(width, 400)
    notice.tell(sentence, True)
    settle()
    label = notice.findChild(QLabel)
    assert label is not None
    assert label.heightForWidth(label.width()) <= label.height() < label.heightForWidth(label.width()) + 20
    assert ground.rect().contains(notice.geometry())
    assert ground.height() - notice.geometry().bottom() < 10
    if sentence != LONG:
        assert notice.width() < 160
        assert notice.height() < 45  # as high as what stands under an axis


def test_a_click_on_it_closes_it_but_words_can_be_selected(notice: Notice) -> None:
    hand: Hand = notice.hand  # type: ignore[attr-defined]
    notice.tell(LONG, False)
    settle()
    label = notice.findChild(QLabel)
    assert label is not None
    hand.drag(label, [(5, 8), (120, 8)])
    assert label.hasSelectedText()
    assert notice.isVisible()
    hand.click(notice, (4, 4))
    assert not notice.isVisible()
    notice.tell("Exported.", False)
    settle()
    hand.click(label)
    assert not notice.isVisible()
