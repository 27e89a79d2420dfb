"""The smaller parts of the window: transport, layers, model and data, status line, notice."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from latent_explorer.core.palette import GREY_MAPS
from latent_explorer.core.scene import Layers
from latent_explorer.core.types import TrainingProgress
from latent_explorer.views.glossary import explain
from latent_explorer.views.layers_panel import LayersPanel
from latent_explorer.views.model_panel import FACTS, QUALITY, RARE, ModelPanel
from latent_explorer.views.notice import Notice
from latent_explorer.views.place import PlaceText
from latent_explorer.views.status import StatusLine
from latent_explorer.views.style import DARK, LIGHT
from latent_explorer.views.text import LiveText, time_left, tip
from latent_explorer.views.transport import Transport
from tests.views.hand import Ear, Hand, Key, look, settle, texts

Show = Callable[[QWidget], Hand]


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    def put(widget: QWidget) -> Hand:
        qtbot.addWidget(widget)
        widget.resize(320, 300)
        return Hand(widget)

    return put


def button(widget: QWidget, name: str) -> QAbstractButton:
    found = widget.findChild(QAbstractButton, name)
    assert found is not None
    return found


# --- transport ---------------------------------------------------------------------------------------------------------------

STATES = [
    # state, can be continued; text of the big button, its wish; step and stop enabled
    ("idle", False, "Train", "trainRequested", True, False),
    ("idle", True, "Continue", "trainRequested", True, False),
    ("running", False, "Pause", "pauseRequested", True, True),
    ("paused", False, "Resume", "resumeRequested", True, True),
    ("stopping", False, "Stopping", None, False, False),
]
WISHES = ("trainRequested", "pauseRequested", "resumeRequested", "stepRequested", "stopRequested")


@pytest.mark.parametrize("row", STATES, ids=[f"{s[0]} {s[2]}" for s in STATES])
def test_each_state_of_a_run_has_its_buttons(show: Show, row: tuple[str, bool, str, str | None, bool, bool]) -> None:
    state, can_continue, text, wish, step, stop = row
    transport = Transport()
    hand, ear = show(transport), Ear(transport, *WISHES)
    transport.set_state(state, can_continue=can_continue)
    play = button(transport, "train_button")
    assert play.text() == text
    assert [button(transport, f"{name}_button").isEnabled() for name in ("train", "step", "stop")] == [wish is not None, step, stop]
    for name in ("train", "step", "stop"):
        hand.click(button(transport, f"{name}_button"))
    assert ear.names() == [*([wish] if wish else []), *(["stepRequested"] if step else []), *(["stopRequested"] if stop else [])]


@pytest.mark.parametrize(("state", "can_continue", "text"), [s[:3] for s in STATES])
def test_another_theme_leaves_the_state_as_it_is(show: Show, state: str, can_continue: bool, text: str) -> None:
    transport = Transport()
    show(transport)
    transport.set_state(state, can_continue=can_continue)
    for theme in (LIGHT, DARK):
        transport.set_theme(theme)
        assert button(transport, "train_button").text() == text
        assert button(transport, "stop_button").isEnabled() == (state in ("running", "paused"))


def progress(**changes: Any) -> TrainingProgress:
    values = {"epoch": 3, "epochs": 20, "step": 150, "steps": 1000, "seconds": 9.0, "loss": 140.0}
    return TrainingProgress(**{**values, "steps_per_second": 1234.4, "seconds_left": 171.0, **changes})


def test_counters_of_a_run(show: Show) -> None:
    transport = Transport()
    show(transport)
    transport.set_progress(progress())
    found = texts(transport)
    assert "3 / 20" in found
    assert "2 min 51 s" in found
    assert "1,234" in found and "Steps/s" in found
    transport.set_progress(progress(seconds_left=math.nan, steps_per_second=0.0))
    assert texts(transport).count("–") == 2
    transport.set_progress(progress(epoch=20, step=1000, outcome="finished"))
    assert "20 / 20" in texts(transport)
    assert "2 min 51 s" not in texts(transport)
    transport.set_progress(None)
    assert texts(transport).count("–") == 3
    transport.set_word("Stopped in epoch 4.")
    assert "Stopped in epoch 4." in texts(transport)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (math.nan, ""),
        (-1.0, ""),
        (0.2, "0 s"),
        (45.4, "45 s"),
        (59.6, "1 min 00 s"),
        (171.0, "2 min 51 s"),
        (683.0, "11 min"),
        (3599.7, "1 h 00 min"),
        (4800.0, "1 h 20 min"),
        (360000.0, "100 h 00 min"),
    ],
)
def test_time_left_as_people_say_it(seconds: float, text: str) -> None:
    assert time_left(seconds) == text


# --- layers ------------------------------------------------------------------------------------------------------------------


def slider(panel: LayersPanel, name: str) -> QSlider:
    found = panel.findChild(QSlider, f"slider_{name}")
    assert found is not None
    return found


MOVES = [
    ("point_opacity", 40, {"point_opacity": 0.4}),
    ("point_opacity", 0, {"point_opacity": 0.0, "points": False}),
    ("point_size", 9, {"point_size": 9.0}),
    ("mosaic_opacity", 75, {"mosaic_opacity": 0.75}),
    ("mosaic_opacity", 0, {"mosaic_opacity": 0.0, "mosaic": False}),
    ("mosaic_n", 12, {"mosaic_n": 12}),
]


@pytest.mark.parametrize(("name", "value", "changes"), MOVES, ids=[f"{m[0]}={m[1]}" for m in MOVES])
def test_each_slider_changes_its_own_part(show: Show, name: str, value: int, changes: dict[str, Any]) -> None:
    panel = LayersPanel()
    show(panel)
    ear = Ear(panel, "layersRequested")
    slider(panel, name).setValue(value)
    assert ear.of("layersRequested") == [(replace(Layers(), **changes),)]
    slider(panel, name).setValue(value)
    assert len(ear.heard) == 1


def test_sliders_follow_the_keyboard_and_the_mouse(show: Show) -> None:
    panel = LayersPanel()
    hand, ear = show(panel), Ear(panel, "layersRequested")
    moved = slider(panel, "mosaic_opacity")
    moved.setFocus()
    hand.key(Key.Key_Right)
    assert ear.of("layersRequested")[-1][0].mosaic_opacity == pytest.approx(Layers().mosaic_opacity + 0.01)
    hand.drag(moved, [(moved.width() * x, moved.height() / 2) for x in (0.3, 0.6, 0.95)])
    assert ear.of("layersRequested")[-1][0].mosaic_opacity > 0.5


def test_smooth_and_grey_map(show: Show) -> None:
    panel = LayersPanel()
    hand, ear = show(panel), Ear(panel, "layersRequested")
    smooth, grey = panel.findChild(QCheckBox, "smooth"), panel.findChild(QComboBox, "grey_map")
    assert smooth is not None and grey is not None
    hand.click(smooth, (8, smooth.height() / 2))
    assert ear.of("layersRequested") == [(replace(Layers(), smooth=True),)]
    grey.setFocus()
    hand.key(Key.Key_Down)
    assert ear.of("layersRequested")[-1] == (replace(Layers(), smooth=True, grey_map=GREY_MAPS[1]),)


def test_the_colour_of_points_is_chosen_among_what_is_known_of_them(show: Show) -> None:
    panel = LayersPanel()
    hand, ear = show(panel), Ear(panel, "layersRequested")
    colour = panel.findChild(QComboBox, "point_colour")
    assert colour is not None
    assert [colour.itemText(k) for k in range(colour.count())] == ["Class", "Density"]
    panel.set_values(("kl", "<b>age</b>"))
    assert [colour.itemText(k) for k in range(colour.count())] == ["Class", "Density", "KL (nats)", "<b>age</b>"]
    colour.setFocus()
    hand.key(Key.Key_Down)
    hand.key(Key.Key_Down)
    assert [layers.point_colour for (layers,) in ear.of("layersRequested")] == ["density", "kl"]
    panel.set_layers(replace(Layers(), point_colour="<b>age</b>"))
    assert colour.currentText() == "<b>age</b>"


def test_a_colour_that_this_model_lacks_is_kept_for_the_next(show: Show) -> None:
    panel = LayersPanel()
    hand, ear = show(panel), Ear(panel, "layersRequested")
    colour = panel.findChild(QComboBox, "point_colour")
    assert colour is not None
    panel.set_layers(replace(Layers(), point_colour="kl"))
    assert colour.currentText() == "Class"
    moved = slider(panel, "mosaic_opacity")
    moved.setFocus()
    hand.key(Key.Key_Right)
    assert ear.of("layersRequested")[-1][0].point_colour == "kl"
    panel.set_values(("kl",))
    assert colour.currentText() == "KL (nats)"
    colour.setFocus()
    hand.key(Key.Key_Home)
    assert ear.of("layersRequested")[-1][0].point_colour == "class"


@pytest.mark.parametrize(
    "layers",
    [
        Layers(),
        Layers(points=False, point_opacity=0.0),
        Layers(mosaic=False, mosaic_opacity=0.0, mosaic_n=60),
        Layers(smooth=True, grey_map="ink", point_size=16.0),
    ],
)
def test_showing_layers_is_no_wish_and_loses_nothing(show: Show, layers: Layers) -> None:
    panel = LayersPanel()
    hand, ear = show(panel), Ear(panel, "layersRequested")
    panel.set_layers(layers)
    assert ear.heard == []
    smooth = panel.findChild(QCheckBox, "smooth")
    assert smooth is not None
    hand.click(smooth, (8, smooth.height() / 2))
    assert ear.of("layersRequested") == [(replace(layers, smooth=not layers.smooth),)]


# --- model and data ----------------------------------------------------------------------------------------------------------

NAMES = [("/m/a", "first"), ("/m/b", "<b>second</b>"), ("/m/c", "third " * 20)]


def test_choosing_a_model_or_data_is_a_wish(show: Show) -> None:
    panel = ModelPanel()
    hand, ear = show(panel), Ear(panel, "modelPicked", "dataPicked", "openRequested", "openDataRequested")
    panel.set_models(NAMES, "/m/b")
    panel.set_data([("digits", "digits (built in)"), ("", "Open…")], "digits")
    assert ear.heard == []  # being filled is none
    models, data = panel.findChild(QComboBox, "models"), panel.findChild(QComboBox, "data")
    assert models is not None and data is not None
    assert models.currentText() == "<b>second</b>"
    assert models.toolTip() == tip("<b>second</b>\n" + explain("model"))
    assert data.currentText() == "digits (built in)"
    models.setFocus()
    hand.key(Key.Key_Down)
    data.setFocus()
    hand.key(Key.Key_Down)
    assert ear.heard == [("modelPicked", "/m/c"), ("dataPicked", "")]
    panel.set_models(NAMES, "not there")
    assert models.currentText() == ""
    for tool in panel.findChildren(QToolButton):
        hand.click(tool)
    assert ear.names()[2:] == ["openRequested", "openDataRequested"]


def test_while_a_run_is_on_its_data_stay(show: Show) -> None:
    panel = ModelPanel()
    hand, ear = show(panel), Ear(panel, "dataPicked", "openDataRequested")
    panel.set_data([("digits", "digits"), ("mnist", "mnist")], "digits")
    panel.set_offer("Something is missing.")
    panel.set_locked(True)
    data = panel.findChild(QComboBox, "data")
    assert data is not None and not data.isEnabled()
    for pressed in panel.findChildren(QPushButton):
        if pressed.isVisible():
            hand.click(pressed)
    assert ear.heard == []
    panel.set_locked(False)
    assert data.isEnabled()


def test_a_table_has_facts_of_its_own(show: Show) -> None:
    panel = ModelPanel()
    show(panel)
    panel.set_facts({"rows": "1,000,000", "coordinates": "x, y", "columns": "error"}, table=True)
    assert {"Rows", "1,000,000", "x, y", "error"} <= set(texts(panel))
    assert "Network" not in texts(panel)
    panel.set_facts({"network": "dense 16"})
    assert {"Network", "dense 16"} <= set(texts(panel))
    assert not {"Rows", "x, y"} & set(texts(panel))


def test_a_family_has_one_figure_and_says_which_it_lacks(show: Show) -> None:
    panel = ModelPanel()
    show(panel)
    panel.set_facts({"ll": "−120.00 nats", "family": "QLVM"}, quality="ll")
    assert {"Validation log p(x)", "−120.00 nats", "QLVM"} <= set(texts(panel))
    assert not {"Validation ELBO", "Validation loss"} & set(texts(panel))
    panel.set_facts({"loss": "90.00 nats"}, quality="loss", lacks="It has no prior.")
    assert {"Validation loss", "90.00 nats", "It has no prior."} <= set(texts(panel))
    panel.set_facts({"elbo": "−99.00 nats", "levels": "3.10, 0.40"})
    assert {"Validation ELBO", "KL above, below", "3.10, 0.40"} <= set(texts(panel))
    assert "It has no prior." not in texts(panel)


def test_facts_and_what_is_missing(show: Show) -> None:
    panel = ModelPanel()
    show(panel)
    assert texts(panel).count("–") == len(FACTS) - len(RARE) - len(QUALITY) + 1  # a family has one of these figures
    panel.set_facts({"points": "10,000", "trained_for": "20 epochs"})
    assert {"10,000", "20 epochs"} <= set(texts(panel))
    assert texts(panel).count("–") == len(FACTS) - len(RARE) - len(QUALITY) - 1
    panel.set_facts({})
    assert texts(panel).count("–") == len(FACTS) - len(RARE) - len(QUALITY) + 1
    panel.set_offer("These images are not here.")
    assert "These images are not here." in texts(panel)
    panel.set_offer("")
    assert not any(child.isVisible() for child in panel.findChildren(QPushButton))


# --- status line -------------------------------------------------------------------------------------------------------------


def test_text_that_lives_lays_out_nothing(show: Show, qtbot: QtBot) -> None:
    outside, text, asked = QWidget(), LiveText("sample"), []

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.LayoutRequest:
                asked.append(watched)
            return False

    layout = QVBoxLayout(outside)
    layout.addWidget(text)
    show(outside)
    QApplication.processEvents()
    watch = Watch()
    outside.installEventFilter(watch)
    text.setText("something much longer than the sample")
    QApplication.processEvents()
    assert text.text() == "something much longer than the sample"
    assert asked == []


@pytest.mark.parametrize("lines", [1, 3])
def test_what_is_cut_is_in_the_tooltip(show: Show, lines: int) -> None:
    text = LiveText(lines=lines)
    text.setToolTip("How the run stands.")
    show(text)
    text.resize(200, 60)
    text.setText("short")
    assert text.fits()
    assert text.hint() == "How the run stands."
    text.setText("a sentence of many words " * 12)
    assert not text.fits()
    assert text.hint().split() == [*text.text().split(), "How", "the", "run", "stands."]
    assert max(map(len, text.hint().split("\n"))) < 80
    text.setToolTip("")
    assert text.hint().split() == text.text().split()


def test_the_status_line(show: Show) -> None:
    status = StatusLine()
    show(status)
    status.set_points(10000, 0)
    assert "10,000 points" in texts(status)
    status.set_points(10000, 1234)
    assert "10,000 points, 1,234 hidden" in texts(status)
    status.set_place((0.5, -1.0))
    assert any("0.500" in text and "1.000" in text for text in texts(status))
    status.set_mosaic(28, 17)
    assert "mosaic 28 × 17" in texts(status)
    status.set_work("training: loss 140.1")
    assert "training: loss 140.1" in texts(status)
    status.set_decode(0.1234)
    assert "decode 0.12 ms" in texts(status)
    status.set_place(None)
    status.set_mosaic(0, 0)
    status.set_work("")
    status.set_decode(None)
    assert texts(status) == ["10,000 points, 1,234 hidden"]


# --- notice ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ground(qtbot: QtBot) -> QWidget:
    ground = QWidget()
    qtbot.addWidget(ground)
    ground.resize(700, 400)
    return ground


def running(notice: Notice) -> bool:
    timer = notice.findChild(QTimer)
    assert timer is not None
    return timer.isActive()


def test_a_notice_goes_away_by_itself_and_trouble_when_it_is_over(ground: QWidget) -> None:
    notice = Notice(ground)
    Hand(ground)
    assert not notice.isVisible()
    notice.tell("Exported.", False)
    assert notice.isVisible()
    assert running(notice)
    notice.tell("The file is damaged; choose another one.", True)
    assert notice.text == "The file is damaged; choose another one."
    notice.settle()
    assert not notice.isVisible()
    notice.tell("Saved.", False)
    notice.settle()
    assert notice.isVisible()
    timer = notice.findChild(QTimer)
    assert timer is not None
    timer.timeout.emit()
    assert not notice.isVisible()


def test_a_notice_can_be_closed(ground: QWidget) -> None:
    notice, hand = Notice(ground), Hand(ground)
    notice.tell("Trouble.", True)
    settle()
    close = notice.findChild(QToolButton)
    assert close is not None
    assert close.focusPolicy() == Qt.FocusPolicy.NoFocus
    hand.click(close)
    assert not notice.isVisible()


@pytest.mark.parametrize("size", [(380, 300), (700, 400), (2000, 900)], ids=str)
@pytest.mark.parametrize("words", [3, 40], ids=["short", "long"])
def test_a_notice_is_whole_and_within_its_ground(ground: QWidget, size: tuple[int, int], words: int) -> None:
    ground.resize(*size)
    notice = Notice(ground)
    Hand(ground)
    notice.tell("word " * words + "end.", True)
    look(ground)
    assert ground.rect().contains(notice.geometry())
    label = notice.findChild(QLabel)
    assert label is not None
    assert label.height() >= label.heightForWidth(label.width())


def test_a_notice_reads_nothing_as_markup(ground: QWidget) -> None:
    notice = Notice(ground)
    Hand(ground)
    notice.tell("The file <img src='x'> is <b>damaged</b>.", True)
    label = notice.findChild(QLabel)
    assert label is not None
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_what_runs_can_be_cancelled_where_it_says_so(show: Show) -> None:
    status = StatusLine()
    hand, ear = show(status), Ear(status, "cancelRequested")
    button = next(button for button in status.findChildren(QToolButton) if button.text() == "Cancel")
    assert not button.isVisible()
    status.set_cancellable(True)
    assert button.isVisible()
    hand.click(button)
    assert ear.of("cancelRequested") == [()]
    status.set_cancellable(False)
    assert not button.isVisible()


def test_large_coordinates_have_room(show: Show) -> None:
    status = StatusLine()
    show(status)
    status.set_place((-1234.5, 100.046))
    settle()
    place = status.findChild(PlaceText)
    assert place is not None
    assert place.fontMetrics().horizontalAdvance("z −1234.500, 100.046") <= place.width()
    wide = place.sizeHint().width()
    status.set_place((0.0, 0.0))
    assert place.sizeHint().width() == wide
    for z, axes in (((-20.5,) * 3, None), ((-2.5,) * 200, (104, 190)), ((0.5, -12345.678), None)):
        status.set_place(z, axes)
        settle()
        assert place.fits(), place.text()


def test_on_a_globe_the_status_line_tells_its_degrees_where_there_is_room(show: Show) -> None:
    status = StatusLine()
    show(status)
    status.set_place((0.6, -0.8, 0.0), globe=True)
    settle()
    place = status.findChild(PlaceText)
    assert place is not None
    least = place.minimumSizeHint().width()
    place.resize(place.sizeHint())
    assert place.text() == "z 0.600, −0.800, 0.000 · 0.0°, 53.1° W" and place.fits()
    place.resize(least, place.height())
    assert place.text() == "z 0.600, −0.800, 0.000" and place.fits()
    place.resize(place.sizeHint())
    status.set_place((0.0, 0.0, 1.0), globe=True)
    assert place.text() == "z 0.000, 0.000, 1.000 · 90.0° N"
    status.set_place((0.0, 0.0, 1.0))  # a table of three columns has none
    assert place.text() == "z 0.000, 0.000, 1.000"
    assert place.sizeHint().width() == place.minimumSizeHint().width() == least
