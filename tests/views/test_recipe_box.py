"""Recipes in the form of a run: each entry is what the command line's recipe trains, and what is changed is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
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
from tests.views.hand import Ear, Hand, settle

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
