"""The words on the screen are explained: one sentence each, in one place, on every label."""

from __future__ import annotations

from collections.abc import Iterator

import pyqtgraph as pg
import pytest
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QFormLayout, QLabel, QLayout, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.views.glossary import GLOSSARY, explain
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.text import LiveText, tip


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    window = MainWindow()
    window.may_close = True
    qtbot.addWidget(window)
    yield window


@pytest.mark.parametrize("term", GLOSSARY)
def test_a_sentence_is_short_and_ends(term: str) -> None:
    words = GLOSSARY[term]
    assert 15 <= len(words) <= 240
    assert words.endswith(".")
    assert words == words.strip()
    assert "\n" not in words and "  " not in words
    assert explain(term).split() == words.split()


def test_no_sentence_stands_twice() -> None:
    assert len(set(GLOSSARY.values())) == len(GLOSSARY)


WORDS = "kl beta posterior prior elbo reconstruction latent z binarize epoch batch_size lr warmup_epochs clip_norm validation mosaic"


@pytest.mark.parametrize(
    "term", [*WORDS.split(), "prior_density", "decode", "weights", "likelihood", "seed", "schedule", "nearest", "trust"]
)
def test_what_learners_ask_is_there(term: str) -> None:
    assert term in GLOSSARY


def forms(window: QWidget) -> Iterator[QFormLayout]:
    for layout in window.findChildren(QLayout):
        if isinstance(layout, QFormLayout):
            yield layout


def test_every_label_of_a_form_explains_itself(window: MainWindow) -> None:
    seen = 0
    for form in forms(window):
        for row in range(form.rowCount()):
            item = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
            if item is None or item.widget() is None:
                continue
            label = item.widget()
            assert isinstance(label, QLabel)
            assert label.toolTip(), label.text()
            field = form.itemAt(row, QFormLayout.ItemRole.FieldRole).widget()
            assert field is None or field.toolTip(), label.text()
            seen += 1
    assert seen >= 25


def test_live_texts_and_buttons_explain_themselves(window: MainWindow) -> None:
    """PlaceText has its own: all coordinates."""
    for text in (text for part in (window.image, window.transport, window.status) for text in part.findChildren(LiveText)):
        assert text.toolTip() or type(text) is not LiveText, (text.accessibleName(), text.parentWidget())
    for button in window.findChildren(QAbstractButton):
        inner = button.objectName().startswith("qt_") or isinstance(button.parentWidget(), QDockWidget)
        if button.isVisibleTo(window) and not inner:
            assert button.toolTip() or button.accessibleName() or button.text(), button.objectName()


def test_the_losses_explain_their_curves_and_axes(window: MainWindow) -> None:
    labels = {label.text(): label.toolTip() for label in window.losses.findChildren(QLabel)}
    assert {labels[name] for name in ("total", "reconstruction", "KL")} == {explain(term) for term in ("total", "reconstruction", "kl")}
    assert labels["dashed: validation"] == explain("validation_loss")
    for plot in window.losses.findChildren(pg.PlotWidget):
        assert plot.toolTip() == explain("nats")
        assert plot.getPlotItem().getAxis("bottom").toolTip() == explain("loss_axis")


def test_tooltips_are_in_lines_that_are_read(window: MainWindow) -> None:
    """Qt does not wrap plain ones: a sentence would reach beyond the screen."""
    long = {widget.toolTip() for widget in window.findChildren(QWidget) if max(map(len, widget.toolTip().split("\n"))) > 100}
    assert long == set()


@pytest.mark.parametrize("text", ["a <b>bold</b> name", "<img src='x'>", "1 < 2 and 3 > 2", "a & b", "plain"])
def test_a_tooltip_reads_nothing_as_markup(text: str) -> None:
    document = QTextDocument()
    shown = tip(text)
    if "<" in shown:
        document.setHtml(shown)
        assert document.toPlainText() == text
    else:
        assert shown == text
