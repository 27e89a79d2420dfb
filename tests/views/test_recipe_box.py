"""Recipes in the form of a run: each entry is what the command line's recipe trains, and what is changed is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from latent_explorer.cli.recipes import jobs_of
from latent_explorer.cli.train import MODEL_FIELDS, TRAINING_FIELDS, command
from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.families import FAMILIES
from latent_explorer.core.recipes import RECIPES, Part, Recipe
from latent_explorer.core.usual import with_usual
from latent_explorer.views.recipe_box import OWN, entries
from latent_explorer.views.training_panel import TrainingPanel
from tests.views.hand import Ear, Hand, Key, Modifier, settle

SHAPE, CLASSES = (28, 28, 1), 10
NAMES = [name for name, _, _ in entries()]


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[TrainingPanel]:
    panel = TrainingPanel()
    qtbot.addWidget(panel)
    panel.resize(340, 900)
    Hand(panel)
    yield panel


def box(panel: TrainingPanel) -> QComboBox:
    found = panel.findChild(QComboBox, "field_recipe")
    assert found is not None
    return found


def choose(panel: TrainingPanel, name: str) -> None:
    row = box(panel).findText(name)
    assert row >= 0
    box(panel).setCurrentIndex(row)
    box(panel).activated.emit(row)
    settle()


def changed(panel: TrainingPanel) -> str:
    label = panel.findChild(QLabel, "recipe_changed")
    assert label is not None
    return label.text() if not label.isHidden() else ""


def by_command_line(recipe: Recipe, part: Part) -> tuple[ModelConfig, TrainingConfig]:
    """What ``train --recipe NAME`` makes of it, by the command's own defaults."""
    options = {param.name: param.get_default(_context()) for param in command.params if param.name}
    options |= {"recipe": recipe.name, "name": None}
    job = next(job for job, one in zip(jobs_of(options, frozenset(), Path("m.safetensors")), recipe.parts, strict=True) if one is part)
    filled = with_usual(job.options["family"], job.options, job.chosen)
    classes = CLASSES if FAMILIES[filled["family"]].conditional else None
    model = ModelConfig(SHAPE, **{field: filled[field] for field in MODEL_FIELDS}, classes=classes)
    return model, TrainingConfig(**{field: filled[field] for field in TRAINING_FIELDS}).for_model(model)


def _context() -> object:
    import click

    return click.Context(command)


@pytest.mark.parametrize("name", NAMES)
def test_each_entry_fills_the_form_with_the_settings_of_the_command_line(panel: TrainingPanel, name: str) -> None:
    _, recipe, part = next(entry for entry in entries() if entry[0] == name)
    choose(panel, "posterior-collapse / beta-100")  # what another one has set does not stay
    choose(panel, name)
    model, settings = by_command_line(recipe, part)
    found = panel.model_config(SHAPE, CLASSES)
    assert found == model
    assert panel.training_config().for_model(found) == settings
    assert panel.problem() == "" and changed(panel) == ""
    assert " ".join(box(panel).toolTip().split()).startswith(recipe.sentence)


def test_every_model_of_every_recipe_is_listed_with_its_sentence(panel: TrainingPanel) -> None:
    assert len(NAMES) == sum(len(recipe.parts) for recipe in RECIPES.values()) == box(panel).count() - 1
    assert "autoencoder-against-vae / vae" in NAMES and "quadrature" in NAMES
    for row, (_, recipe, _) in enumerate(entries(), 1):
        assert recipe.sentence in " ".join(box(panel).itemData(row, Qt.ItemDataRole.ToolTipRole).split())


def test_what_is_changed_after_it_is_named_and_the_form_before_it_comes_back(panel: TrainingPanel) -> None:
    hand = Hand(panel)
    lr, epochs = (panel.findChild(QLineEdit, f"field_{name}") for name in ("lr", "epochs"))
    assert lr is not None and epochs is not None
    hand.type(lr, "0.003")
    before = panel.model_config(SHAPE), panel.training_config()
    ear = Ear(panel, "settingsChanged")
    choose(panel, "posterior-collapse / beta-10")
    assert ear.heard[-1] == ("settingsChanged", "") and lr.text() == "0.001"
    panel.suggest_epochs(300)
    assert epochs.text() == "10"  # a recipe's own
    hand.type(epochs, "12")
    hand.type(lr, "0.002")
    assert changed(panel) == "Changed: Epochs, Learning rate."
    assert panel.training_config().epochs == 12
    hand.type(epochs, "10")
    assert changed(panel) == "Changed: Learning rate."
    choose(panel, "posterior-collapse / beta-10")  # the same once more
    assert changed(panel) == "" and lr.text() == "0.001"
    choose(panel, OWN)
    assert (panel.model_config(SHAPE), panel.training_config()) == before
    panel.suggest_epochs(300)
    assert epochs.text() == "300"


def pick(panel: TrainingPanel, name: str) -> None:
    """With the mouse, from the list that a key has opened: one that a press has opened takes no click for a moment."""
    view = box(panel).view()
    box(panel).setFocus()
    QTest.keyClick(box(panel), Qt.Key.Key_F4)
    settle()
    row = box(panel).findText(name)
    assert row >= 0
    view.scrollTo(view.model().index(row, 0))
    settle()
    place = view.visualRect(view.model().index(row, 0)).center()
    QTest.mouseMove(view.viewport(), place)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    settle()
    assert not view.isVisible()


def listed(panel: TrainingPanel) -> list[str]:
    """Entries that are no recipes."""
    return [name for name in (box(panel).itemText(row) for row in range(box(panel).count())) if name not in NAMES]


@pytest.mark.qt_log_ignore("^This plugin does not support grabbing the keyboard", extend=True)
def test_what_is_typed_over_a_recipe_is_kept_under_its_name_when_another_one_is_looked_at(panel: TrainingPanel) -> None:
    hand = Hand(panel)
    lr, epochs = (panel.findChild(QLineEdit, f"field_{name}") for name in ("lr", "epochs"))
    assert lr is not None and epochs is not None
    hand.type(lr, "0.003")
    before = panel.model_config(SHAPE), panel.training_config()
    assert listed(panel) == [OWN]
    pick(panel, "dense-128-128")
    hand.type(epochs, "17")
    typed = panel.model_config(SHAPE), panel.training_config()
    pick(panel, "linear-encoder")
    assert epochs.text() == "10" and changed(panel) == "" and box(panel).currentText() == "linear-encoder"
    assert listed(panel) == [OWN, "dense-128-128, changed"]
    pick(panel, OWN)  # no recipe's, and as it was
    assert (panel.model_config(SHAPE), panel.training_config()) == before and box(panel).currentIndex() == 0
    pick(panel, "dense-128-128")  # the recipe is what it is
    assert epochs.text() == "10"
    pick(panel, "dense-128-128, changed")
    assert (panel.model_config(SHAPE), panel.training_config()) == typed and changed(panel) == "Changed: Epochs."
    assert box(panel).currentIndex() == box(panel).findText("dense-128-128") + 1
    hand.type(epochs, "18")  # and on
    pick(panel, OWN)
    hand.type(lr, "0.004")
    pick(panel, "dense-128-128, changed")
    assert epochs.text() == "18" and lr.text() == "0.001"
    assert listed(panel) == [OWN, "dense-128-128, changed"]
    pick(panel, OWN)
    assert lr.text() == "0.004" and changed(panel) == ""


def test_of_each_recipe_the_newest_change_is_kept_and_one_that_is_taken_back_is_not(panel: TrainingPanel) -> None:
    hand = Hand(panel)
    lr, epochs = (panel.findChild(QLineEdit, f"field_{name}") for name in ("lr", "epochs"))
    assert lr is not None and epochs is not None
    hand.type(lr, "0.003")
    for k, name in enumerate((*NAMES, NAMES[0])):
        choose(panel, name)
        hand.type(lr, f"0.0{k + 11}")
    choose(panel, OWN)
    assert lr.text() == "0.003"  # whatever has been changed since
    assert listed(panel) == [OWN, *(f"{name}, changed" for name in NAMES)]
    choose(panel, f"{NAMES[0]}, changed")
    assert lr.text() == f"0.0{len(NAMES) + 11}"
    choose(panel, f"{NAMES[1]}, changed")
    assert lr.text() == "0.012"
    choose(panel, NAMES[1])
    usual = lr.text()
    choose(panel, f"{NAMES[1]}, changed")
    hand.type(lr, usual)
    choose(panel, NAMES[2])
    assert f"{NAMES[1]}, changed" not in listed(panel) and lr.text() == usual and box(panel).currentText() == NAMES[2]


def test_a_model_that_is_opened_leaves_what_was_changed_of_recipes(panel: TrainingPanel) -> None:
    hand = Hand(panel)
    epochs = panel.findChild(QLineEdit, "field_epochs")
    assert epochs is not None
    choose(panel, "dense-128-128")
    hand.type(epochs, "17")
    choose(panel, "linear-encoder")
    panel.set_settings(ModelConfig(SHAPE, hidden=(32, 16)), TrainingConfig(epochs=3))
    assert listed(panel) == [OWN, "dense-128-128, changed"] and box(panel).currentText() == OWN
    choose(panel, "dense-128-128, changed")
    assert epochs.text() == "17"
    choose(panel, OWN)
    assert epochs.text() == "3"


def test_looking_through_the_list_by_the_keyboard_keeps_what_was_typed_once(panel: TrainingPanel) -> None:
    hand = Hand(panel)
    lr = panel.findChild(QLineEdit, "field_lr")
    assert lr is not None
    hand.type(lr, "0.003")
    box(panel).setFocus()
    for _ in range(5):
        QTest.keyClick(box(panel), Qt.Key.Key_Down)
        settle()
    assert box(panel).currentText() == NAMES[4] and listed(panel) == [OWN]
    for _ in range(5):
        QTest.keyClick(box(panel), Qt.Key.Key_Up)
        settle()
    assert box(panel).currentText() == OWN and lr.text() == "0.003"


def test_a_long_number_is_shown_short_and_trained_with_in_full_until_it_is_edited(panel: TrainingPanel) -> None:
    hand = Hand(panel)
    choose(panel, "sigma-vae / mse")
    sigma = panel.findChild(QLineEdit, "field_sigma")
    assert sigma is not None and sigma.text() == "0.7071"
    assert panel.model_config(SHAPE).sigma == 0.5**0.5 and changed(panel) == ""
    choose(panel, "quadrature")
    choose(panel, "sigma-vae / mse")
    hand.type(sigma, "0.7071")
    assert panel.model_config(SHAPE).sigma == 0.7071 and changed(panel) == "Changed: σ."
    choose(panel, "quadrature")
    choose(panel, "sigma-vae / mse, changed")
    assert panel.model_config(SHAPE).sigma == 0.7071 and sigma.text() == "0.7071"
    hand.type(sigma, "0.123456")
    choose(panel, "quadrature")
    choose(panel, "sigma-vae / mse, changed")
    assert sigma.text() == "0.123456"  # as it was typed
    model = ModelConfig(SHAPE, likelihood="gaussian", sigma=1 / 3)
    panel.set_settings(model, TrainingConfig())
    assert sigma.text() == "0.3333" and panel.model_config(SHAPE) == model


def test_a_long_number_that_is_brought_back_by_undo_means_what_it_meant(panel: TrainingPanel) -> None:
    hand = Hand(panel)
    choose(panel, "sigma-vae / mse")
    sigma = panel.findChild(QLineEdit, "field_sigma")
    assert sigma is not None
    for text in ("0.5", "0.7071"):
        hand.type(sigma, text)
        assert panel.model_config(SHAPE).sigma == float(text) and changed(panel) == "Changed: σ."
        for _ in range(12):
            hand.key(Key.Key_Z, Modifier.ControlModifier)
        assert sigma.text() == "0.7071" and panel.model_config(SHAPE).sigma == 0.5**0.5 and changed(panel) == ""


def test_a_shown_run_is_no_recipe_and_a_locked_form_takes_none(panel: TrainingPanel) -> None:
    choose(panel, "quadrature")
    model = ModelConfig(SHAPE, hidden=(32, 16), decoder_hidden=(20,))
    panel.set_settings(model, TrainingConfig(epochs=3))
    assert box(panel).currentIndex() == 0 and changed(panel) == ""
    assert panel.model_config(SHAPE) == model
    panel.set_locked(True)
    assert not box(panel).isEnabled()


def test_the_machine_s_own_rows_are_left_alone_and_no_choice_is_no_edit(panel: TrainingPanel) -> None:
    device = panel.findChild(QComboBox, "field_device")
    assert device is not None
    choose(panel, NAMES[0])
    device.setCurrentText("cpu")
    choose(panel, OWN)
    assert device.currentText() == "cpu"
    ear = Ear(panel, "settingsChanged")
    choose(panel, OWN)
    assert ear.heard == []
