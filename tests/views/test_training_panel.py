"""The form of a run: what it refuses as it is typed, and what it makes of good values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.errors import SettingError
from latent_explorer.core.families import FAMILIES
from latent_explorer.views.training_panel import TrainingPanel
from tests.views.hand import Ear, Hand, Key

SHAPE = (8, 8, 1)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[TrainingPanel]:
    panel = TrainingPanel()
    qtbot.addWidget(panel)
    panel.resize(340, 900)
    Hand(panel).click(more(panel))
    yield panel


def more(panel: TrainingPanel) -> QPushButton:
    """Unfolds the rows that are rarely wanted."""
    found = panel.findChild(QPushButton, "training_more")
    assert found is not None
    return found


def field(panel: TrainingPanel, name: str) -> QLineEdit:
    found = panel.findChild(QLineEdit, f"field_{name}")
    assert found is not None
    return found


def said(panel: TrainingPanel) -> str:
    """The sentence under the form; "" when there is none to see."""
    label = panel.findChild(QLabel, "settings_problem")
    assert label is not None
    return label.text() if not label.isHidden() else ""


BAD = [
    # field, what is typed, the option's name on the command line, a part of the range
    ("epochs", "0", "epochs", "from 1 to"),
    ("epochs", "-3", "epochs", "from 1 to"),
    ("epochs", "1.5", "epochs", "whole number from 1"),
    ("epochs", "1e3", "epochs", "whole number from 1"),
    ("epochs", "100001", "epochs", "100000"),
    ("epochs", "", "epochs", "from 1 to"),
    ("epochs", "many", "epochs", "from 1 to"),
    ("epochs", "1_0", "epochs", "from 1 to"),
    ("epochs", "9" * 30, "epochs", "from 1 to"),
    ("batch_size", "0", "batch-size", "from 1 to"),
    ("batch_size", "x", "batch-size", "from 1 to"),
    ("lr", "0", "lr", "above 0 up to 1"),
    ("lr", "-0.1", "lr", "above 0 up to 1"),
    ("lr", "1.01", "lr", "above 0 up to 1"),
    ("lr", "nan", "lr", "above 0 up to 1"),
    ("lr", "inf", "lr", "above 0 up to 1"),
    ("lr", "1e-3x", "lr", "above 0 up to 1"),
    ("lr", "0,001", "lr", "above 0 up to 1"),
    ("beta", "-1", "beta", "from 0 up to 10000"),
    ("beta", "1e5", "beta", "from 0 up to 10000"),
    ("warmup_epochs", "-0.5", "warmup", "from 0 up to"),
    ("clip_norm", "0", "clip", "above 0"),
    ("validation", "-1", "validation", "from 0 to"),
    ("validation", "1.5", "validation", "whole number"),
    ("seed", "-1", "seed", "from 0 to"),
    ("seed", "9223372036854775808", "seed", "from 0 to 9223372036854775807"),
    ("hidden", "0", "hidden", "from 1 to 8192"),
    ("hidden", "512,-1", "hidden", "from 1 to 8192"),
    ("hidden", "512,9000", "hidden", "from 1 to 8192"),
    ("hidden", "512;256", "hidden", "512,512"),
    ("hidden", "512,2.5", "hidden", "512,512"),
    ("hidden", ",".join(["8"] * 17), "hidden", "16"),
]


@pytest.mark.parametrize(("name", "text", "option", "limit"), BAD, ids=[f"{name}={text[:12]}" for name, text, *_ in BAD])
def test_impossible_settings_are_refused_with_the_option_and_the_range(
    panel: TrainingPanel, name: str, text: str, option: str, limit: str
) -> None:
    ear, hand = Ear(panel, "settingsChanged"), Hand(panel)
    good = field(panel, name).text()
    hand.type(field(panel, name), text)
    sentence = said(panel)
    assert option in panel.problem()
    assert limit in sentence.replace(",000", "000")
    assert panel.problem().startswith((f"{option} ", f"a width of {option} "))
    assert sentence.split(" is ")[0].removeprefix("a width of ") in {label.text() for label in panel.findChildren(QLabel)}
    assert len(sentence) < 200
    assert sentence.count("\n") == 0
    assert sentence == panel.sentence(ear.heard[-1][1])
    assert panel.problem() == ear.heard[-1][1]
    with pytest.raises(SettingError) as refused:
        panel.model_config(SHAPE)
        panel.training_config()
    assert panel.sentence(str(refused.value)) == sentence
    marked = [child.objectName() for child in panel.findChildren(QLineEdit) if child.property("bad")]
    assert marked == [f"field_{name}"]
    # And all is well again when it is put right.
    hand.type(field(panel, name), good)
    assert said(panel) == panel.problem() == ear.heard[-1][1] == ""
    assert not any(child.property("bad") for child in panel.findChildren(QLineEdit))


def test_the_form_starts_with_the_programs_defaults(panel: TrainingPanel) -> None:
    assert panel.problem() == ""
    assert panel.training_config() == TrainingConfig()
    assert panel.model_config(SHAPE) == ModelConfig(SHAPE)


GOOD = [
    ({"epochs": "7"}, {"epochs": 7}),
    ({"epochs": " 7 "}, {"epochs": 7}),
    ({"batch_size": "64"}, {"batch_size": 64}),
    ({"lr": "3e-4"}, {"lr": 3e-4}),
    ({"lr": "1"}, {"lr": 1.0}),
    ({"beta": "0"}, {"beta": 0.0}),
    ({"beta": "4.5"}, {"beta": 4.5}),
    ({"warmup_epochs": "2.5"}, {"warmup_epochs": 2.5}),
    ({"clip_norm": "1e9"}, {"clip_norm": 1e9}),
    ({"validation": "0"}, {"validation": 0}),
    ({"validation": "250"}, {"validation": 250}),
    ({"validation": ""}, {"validation": None}),
    ({"seed": "9223372036854775807"}, {"seed": 2**63 - 1}),
    ({"epochs": "3", "lr": "0.01", "seed": "5"}, {"epochs": 3, "lr": 0.01, "seed": 5}),
]


@pytest.mark.parametrize(("typed", "expected"), GOOD, ids=[str(typed) for typed, _ in GOOD])
def test_good_values_become_settings(panel: TrainingPanel, typed: dict[str, str], expected: dict[str, object]) -> None:
    hand = Hand(panel)
    for name, text in typed.items():
        hand.type(field(panel, name), text)
    assert panel.training_config() == replace(TrainingConfig(), **expected)  # type: ignore[arg-type]
    assert said(panel) == ""


@pytest.mark.parametrize(("text", "hidden"), [("32", (32,)), ("64,32", (64, 32)), ("64, 32 ,16", (64, 32, 16)), ("64 32", (64, 32))])
def test_hidden_widths(panel: TrainingPanel, text: str, hidden: tuple[int, ...]) -> None:
    Hand(panel).type(field(panel, "hidden"), text)
    assert panel.model_config((28, 28, 1)) == ModelConfig((28, 28, 1), hidden=hidden)


def test_networks_too_large_for_these_images_are_refused(panel: TrainingPanel) -> None:
    Hand(panel).type(field(panel, "hidden"), "8192")
    assert panel.problem() == ""  # for small images it would do
    with pytest.raises(SettingError, match="smaller"):
        panel.model_config((1024, 1024, 3))


@pytest.mark.parametrize(
    "settings",
    [
        TrainingConfig(),
        TrainingConfig(epochs=3, batch_size=32, lr=0.01, schedule="constant", beta=4.0, warmup_epochs=1.5, validation=0, binarize="none"),
        TrainingConfig(lr=0.00012345678901, beta=1 / 3, clip_norm=123456789.0, warmup_epochs=0.1 + 0.2),
        TrainingConfig(lr=1e-12, seed=2**63 - 1, validation=12345678),
    ],
    ids=["defaults", "others", "awkward numbers", "ends"],
)
def test_the_form_can_show_a_models_settings_exactly(panel: TrainingPanel, settings: TrainingConfig) -> None:
    """A run goes on only when the form still says what the run was started with."""
    model = ModelConfig(SHAPE, hidden=(48, 24))
    assert not panel.shows(model, settings)
    panel.set_settings(model, settings)
    assert panel.training_config() == settings
    assert panel.model_config(SHAPE) == model
    assert panel.shows(model, settings)
    assert not panel.shows(model, replace(settings, seed=7))
    assert not panel.shows(ModelConfig(SHAPE, hidden=(48,)), settings)
    assert said(panel) == ""


def choose(panel: TrainingPanel, name: str, value: str) -> None:
    """By the keyboard, as a person does."""
    box = panel.findChild(QComboBox, f"field_{name}")
    assert isinstance(box, QComboBox)
    hand, down = Hand(panel), box.findData(value) > box.currentIndex()
    box.setFocus()
    while box.currentData() != value:
        hand.key(Key.Key_Down if down else Key.Key_Up)


def shown_rows(panel: TrainingPanel) -> set[str]:
    widgets: list[QWidget] = [*panel.findChildren(QLineEdit), *panel.findChildren(QComboBox)]
    return {widget.objectName().removeprefix("field_") for widget in widgets if widget.isVisibleTo(panel)}


def test_a_choice_is_a_setting_too(panel: TrainingPanel) -> None:
    for name, value in (
        ("schedule", "constant"),
        ("binarize", "none"),
        ("precision", "bfloat16"),
        ("network", "residual"),
        ("device", "cpu"),
    ):
        choose(panel, name, value)
    settings = panel.training_config()
    assert (settings.schedule, settings.binarize, settings.precision) == ("constant", "none", "bfloat16")
    assert panel.model_config(SHAPE).network == "residual"
    assert panel.device() == "cpu"


def test_a_choice_is_told_as_a_typed_value_is(panel: TrainingPanel) -> None:
    """Whoever asks whether the form still says what a run was started with needs to hear of it."""
    ear, hand = Ear(panel, "settingsChanged"), Hand(panel)
    for count, name in enumerate(("network", "schedule", "binarize", "precision", "device", "likelihood"), 1):
        box = panel.findChild(QComboBox, f"field_{name}")
        assert isinstance(box, QComboBox)
        box.setFocus()
        hand.key(Key.Key_Down)
        assert ear.of("settingsChanged") == [("",)] * count


def test_settings_are_there_only_where_they_mean_something(panel: TrainingPanel) -> None:
    assert not {"channels", "sigma"} & shown_rows(panel)
    assert "binarize" in shown_rows(panel)
    choose(panel, "network", "conv")
    choose(panel, "likelihood", "gaussian")
    assert {"channels", "sigma"} <= shown_rows(panel)
    assert "binarize" not in shown_rows(panel)
    model = panel.model_config(SHAPE)
    assert (model.network, model.likelihood, model.channels, model.sigma) == ("conv", "gaussian", (32, 64), None)
    assert panel.training_config().binarize == "none"  # there is nothing to binarise
    Hand(panel).type(field(panel, "channels"), "8 16")
    Hand(panel).type(field(panel, "sigma"), "0.2")
    assert panel.model_config(SHAPE).channels == (8, 16)
    assert panel.model_config(SHAPE).sigma == 0.2
    choose(panel, "likelihood", "bernoulli")
    choose(panel, "network", "dense")
    assert panel.model_config(SHAPE) == ModelConfig(SHAPE)
    assert panel.training_config() == TrainingConfig()


def test_the_widths_follow_the_network_unless_they_were_typed(panel: TrainingPanel) -> None:
    choose(panel, "network", "conv")
    assert panel.model_config(SHAPE).hidden == (256,)
    Hand(panel).type(field(panel, "hidden"), "64")
    choose(panel, "network", "dense")
    assert panel.model_config(SHAPE).hidden == (64,)


@pytest.mark.parametrize(
    "model",
    [
        ModelConfig(SHAPE, latent_dim=32),
        ModelConfig(SHAPE, network="residual", hidden=(64, 64)),
        ModelConfig(SHAPE, network="conv", channels=(4, 8), hidden=(20,), likelihood="gaussian"),
        ModelConfig(SHAPE, likelihood="gaussian", sigma=0.1),
    ],
)
def test_every_kind_of_model_can_be_shown(panel: TrainingPanel, model: ModelConfig) -> None:
    settings = TrainingConfig(precision="bfloat16").for_model(model)
    panel.set_settings(model, settings)
    assert panel.model_config(SHAPE) == model
    assert panel.training_config().for_model(model) == settings
    assert panel.shows(model, settings)
    assert not panel.shows(ModelConfig(SHAPE), settings)


def test_the_form_says_what_a_run_will_take(panel: TrainingPanel) -> None:
    needs = panel.findChild(QLabel, "training_needs")
    assert isinstance(needs, QLabel)
    assert needs.text() == ""
    panel.set_data((28, 28, 1), 60_000)
    assert needs.text().startswith(f"{ModelConfig((28, 28, 1)).parameters:,} weights, about ")
    small = needs.text()
    Hand(panel).type(field(panel, "hidden"), "4096,4096")
    assert needs.text() != small
    Hand(panel).type(field(panel, "hidden"), "x")
    assert needs.text() == ""


def test_the_form_says_the_effective_beta_of_a_fixed_sigma(panel: TrainingPanel) -> None:
    needs = panel.findChild(QLabel, "training_needs")
    assert isinstance(needs, QLabel)
    panel.set_data((28, 28, 1), 60_000)
    choose(panel, "likelihood", "gaussian")
    assert "effective" not in needs.text()  # a learned one follows the error
    Hand(panel).type(field(panel, "sigma"), "0.2")
    Hand(panel).type(field(panel, "beta"), "2")
    assert "With sigma fixed at 0.2, beta 2 is an effective beta of 0.08:" in needs.text()
    assert " weights, about " in needs.text()
    Hand(panel).type(field(panel, "sigma"), "")
    assert "effective" not in needs.text()


def test_suggested_epochs_give_way_to_typed_ones(panel: TrainingPanel) -> None:
    panel.suggest_epochs(300)
    assert panel.training_config().epochs == 300
    Hand(panel).type(field(panel, "epochs"), "5")
    panel.suggest_epochs(300)
    assert panel.training_config().epochs == 5


def test_suggested_epochs_do_not_change_the_settings_of_a_shown_run(panel: TrainingPanel) -> None:
    model, settings = ModelConfig(SHAPE), TrainingConfig(epochs=40)
    panel.set_settings(model, settings)
    panel.suggest_epochs(300)
    assert panel.shows(model, settings)


def test_a_locked_form_takes_nothing(panel: TrainingPanel) -> None:
    hand, before = Hand(panel), panel.training_config()
    panel.set_locked(True)
    inputs: list[QWidget] = [*panel.findChildren(QLineEdit), *panel.findChildren(QComboBox)]
    assert not any(widget.isEnabled() for widget in inputs)
    hand.type(field(panel, "epochs"), "7")
    assert panel.training_config() == before
    panel.set_locked(False)
    hand.type(field(panel, "epochs"), "7")
    assert panel.training_config().epochs == 7


def test_every_field_explains_itself(panel: TrainingPanel) -> None:
    for widget in [*panel.findChildren(QLineEdit), *panel.findChildren(QComboBox)]:
        assert len(widget.toolTip()) > 20


# Families


def test_a_family_brings_what_is_usual_for_it(panel: TrainingPanel) -> None:
    choose(panel, "family", "beta-vae")
    assert panel.model_config(SHAPE) == ModelConfig(SHAPE, family="beta-vae")
    assert (panel.training_config().beta, panel.training_config().warmup_epochs) == (4.0, 10.0)
    choose(panel, "family", "qlvm")
    settings = panel.training_config()
    assert (settings.batch_size, settings.clip_norm, settings.weight_decay, settings.average) == (500, 20.0, 0.01, 0.98)
    assert panel.model_config(SHAPE).hidden == (768, 768, 768, 768)
    assert settings.beta == 1.0
    choose(panel, "family", "vae")
    assert panel.training_config() == TrainingConfig()
    assert panel.model_config(SHAPE) == ModelConfig(SHAPE)


def test_what_the_person_typed_stays_with_another_family(panel: TrainingPanel) -> None:
    hand = Hand(panel)
    hand.type(field(panel, "batch_size"), "64")
    hand.type(field(panel, "hidden"), "32,16")
    choose(panel, "family", "qlvm")
    assert panel.training_config().batch_size == 64
    assert panel.model_config(SHAPE).hidden == (32, 16)
    assert panel.training_config().average == 0.98


def test_rows_are_those_of_the_family(panel: TrainingPanel) -> None:
    assert not {"nodes", "start", "samples", "lower_dim"} & shown_rows(panel)
    choose(panel, "objective", "iwae")
    assert "samples" in shown_rows(panel)
    assert panel.training_config().objective == "iwae"
    choose(panel, "family", "autoencoder")
    assert not {"beta", "warmup_epochs", "objective", "samples"} & shown_rows(panel)
    choose(panel, "family", "hierarchical-vae")
    assert "lower_dim" in shown_rows(panel)
    choose(panel, "family", "qlvm-torus")
    assert {"nodes", "start"} <= shown_rows(panel)
    assert not {"beta", "warmup_epochs", "latent_dim", "objective"} & shown_rows(panel)
    choose(panel, "family", "pca")
    assert not {"epochs", "batch_size", "lr", "hidden", "network"} & shown_rows(panel)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_family_is_offered_with_settings_that_it_takes(panel: TrainingPanel, family: str) -> None:
    """Also after another one whose network and likelihood it does not take."""
    panel.set_data((28, 28, 1), 60_000, 10)
    choose(panel, "network", "resconv")
    choose(panel, "likelihood", "discretised_logistic")
    choose(panel, "family", family)
    assert said(panel) == panel.problem() == ""
    model = panel.model_config((28, 28, 1), 10)
    assert model.family == family
    assert panel.training_config().for_model(model).objective == FAMILIES[family].objectives[0]
    for name, allowed in (("network", FAMILIES[family].networks), ("likelihood", FAMILIES[family].likelihoods)):
        box = panel.findChild(QComboBox, f"field_{name}")
        assert box is not None
        assert tuple(box.itemData(k) for k in range(box.count())) == allowed
    box = panel.findChild(QComboBox, "field_family")
    assert box is not None
    assert FAMILIES[family].sentence[:40] in box.toolTip().replace("\n", " ").replace("<br>", " ")


def test_a_family_that_the_data_do_not_suit_is_refused_under_its_own_field(panel: TrainingPanel) -> None:
    panel.set_data((8, 8, 1), 100, None)
    choose(panel, "family", "conditional-vae")
    assert "no labels" in said(panel) and "family vae" in said(panel)
    box, label = panel.findChild(QComboBox, "field_family"), panel.findChild(QLabel, "settings_problem")
    assert box is not None and label is not None
    assert box.property("bad")
    assert 0 < label.y() - box.geometry().bottom() < 20
    panel.set_data((8, 8, 1), 100, 3)
    assert said(panel) == ""
    assert not box.property("bad")
    assert panel.model_config((8, 8, 1), 3).classes == 3


def test_rare_rows_are_folded_away_unless_they_say_something_unusual(panel: TrainingPanel) -> None:
    hand = Hand(panel)
    hand.type(field(panel, "seed"), "7")
    assert {"seed", "clip_norm", "device"} <= shown_rows(panel)
    hand.click(more(panel))
    assert "seed" in shown_rows(panel)
    assert not {"clip_norm", "device", "precision", "weight_decay"} & shown_rows(panel)
    assert panel.training_config().seed == 7
    hand.click(more(panel))
    hand.type(field(panel, "clip_norm"), "0")
    hand.click(more(panel))
    assert "clip_norm" in shown_rows(panel)  # it is at fault, so it must be seen
    assert said(panel)


@pytest.mark.parametrize("family", ["qlvm", "beta-vae", "hyperspherical-vae", "hierarchical-vae"])
def test_a_run_of_any_family_can_be_shown_and_continued(panel: TrainingPanel, family: str) -> None:
    model = ModelConfig(SHAPE, family=family, hidden=(24,))
    settings = TrainingConfig(epochs=9, beta=2.0, nodes=(8, 16), average=0.5, samples=1).for_model(model)
    panel.set_settings(model, settings)
    assert panel.shows(model, settings)
    assert panel.model_config(SHAPE) == model
    again = panel.training_config().for_model(model)
    assert (again.epochs, again.average) == (9, 0.5)
