"""Every family is chosen in the form, trained on the digits in the window, and explored there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLineEdit

from latent_explorer.core.families import FAMILIES
from latent_explorer.core.plane.field import kinds_for
from tests.app.conftest import Desk

KINDS = {"plane": "affine", "torus": "torus", "sphere": "sphere"}
SHORT = {"epochs": "2", "hidden": "16", "nodes": "8"}


def choose_family(desk: Desk, family: str) -> None:
    desk.window.raise_panel("training")
    box = desk.box("field_family")
    desk.choose("family", box.findData(family))


@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_family_is_trained_and_explored(opened: Desk, family: str) -> None:
    facts = FAMILIES[family]
    choose_family(opened, family)
    for name, text in SHORT.items():
        field = opened.window.findChild(QLineEdit, f"field_{name}")
        if field is not None and field.isVisibleTo(opened.window.training):
            opened.set_field(name, text)
    assert opened.window.training.problem() == ""
    opened.press("train")
    opened.wait(lambda: opened.session.run_state == "idle" and opened.slot.record is not None and opened.slot.name != "small")
    opened.away()
    opened.rest()
    slot = opened.slot
    assert slot.handle is not None and slot.handle.architecture.family == family
    assert slot.frame.kind == KINDS[facts.space]
    assert slot.points is not None and np.isfinite(slot.points.z).all()
    z = opened.program.probe.where()
    assert z is not None and opened.image() is not None
    assert opened.shows(z)
    assert ("prior" in kinds_for(slot)) == (facts.prior and facts.space == "plane")
    assert opened.says(facts.title)
    if facts.lacks:
        assert opened.says(facts.lacks)
    figure = {"elbo": "Validation ELBO", "ll": "Validation log p(x)", "": "Validation loss"}[facts.bound]
    assert opened.says(figure)
    even = {"sphere": "−2.53 per steradian", "torus": "0.00 per unit²"}.get(facts.space, " per unit²")
    assert opened.says(even) == facts.prior
    levels = [text for text in opened.texts() if re.fullmatch(r"[\d.]+, [\d.]+ \(grey\)", text)]
    assert len(levels) == facts.levels  # the encoder saw grey pixels, and not the binary ones of the bound
    assert opened.window.plane.told.isVisible() == (facts.conditional or facts.levels)


def test_quadrature_starts_from_the_decoder_that_is_shown_or_says_that_it_cannot(opened: Desk) -> None:
    """The small model's decoder has other widths than the form first asks for."""
    choose_family(opened, "qlvm")
    opened.set_field("nodes", "8")
    opened.set_field("epochs", "1")
    opened.set_field("hidden", "24")
    opened.choose("start", 2)
    opened.press("train")
    opened.wait(lambda: opened.notice and opened.session.run_state == "idle")
    assert opened.slot.name == "small"
    opened.set_field("hidden", "16")
    opened.press("train")
    opened.wait(lambda: opened.session.run_state == "idle" and opened.slot.record is not None and opened.slot.name != "small")
    assert opened.slot.record is not None and opened.slot.record.training is not None
    assert opened.slot.record.training.start == "model"


def levels_of(desk: Desk) -> tuple[float, float] | None:
    """The mean KL of either level as the window says it."""
    found = [re.fullmatch(r"([\d.]+), ([\d.]+) \(grey\)", text) for text in desk.texts()]
    return next(((float(one[1]), float(one[2])) for one in found if one), None)


def test_the_kl_of_both_levels_is_shown_while_they_train_and_after_opening(opened: Desk, models: dict[str, Path]) -> None:
    choose_family(opened, "hierarchical-vae")
    opened.train(epochs=400)
    opened.window.raise_panel("model")
    opened.wait(lambda: opened.session.run_state == "running" and levels_of(opened) is not None)
    first = levels_of(opened)
    opened.wait(lambda: levels_of(opened) != first)  # it follows the weights
    opened.press("stop")
    opened.wait(lambda: opened.session.run_state == "idle" and opened.slot.record is not None)
    opened.rest()
    record = opened.slot.record
    assert record is not None and record.path is not None
    columns = record.codes["mean"].columns
    means = tuple(round(float(columns[name].mean()), 2) for name in ("kl_top", "kl_lower"))
    assert levels_of(opened) == pytest.approx(means, abs=0.011)
    opened.open(models["small"])
    assert levels_of(opened) is None
    opened.open(record.path)
    assert levels_of(opened) == pytest.approx(means, abs=0.011)
