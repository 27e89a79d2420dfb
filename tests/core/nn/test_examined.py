"""What a run brings for the model doctor: codes of validation images; and a model that has really collapsed."""

from __future__ import annotations

import numpy as np
import pytest

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.data.registry import load_dataset
from latent_explorer.core.doctor import diagnose
from latent_explorer.core.nn import live
from latent_explorer.core.nn.live import LiveCodes, examined_rows
from latent_explorer.core.symptoms import codes as symptoms
from latent_explorer.core.types import Codes, TrainingProgress
from tests.core.nn.small import architecture, module_for, run, settings, toy


@pytest.mark.parametrize("validation", [8, 0])
def test_the_test_part_is_never_examined(validation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation images at the ends of epochs; training images where none are set aside; 2,000 at most."""
    monkeypatch.setattr(symptoms, "LEAST_STEPS", 0)
    dataset, seen = toy(), list[Codes]()
    parted = dataset.with_validation(validation)

    def see(progress: TrainingProgress) -> None:
        if progress.examined is not None:
            seen.append(progress.examined)

    last = run(dataset, settings(validation=validation), see=see)
    assert len(seen) >= 2 and last.examined is seen[-1]
    for codes in seen:
        np.testing.assert_array_equal(codes.index, parted.split.validation if validation else parted.split.train)
        assert "log_var" in codes.columns
    assert len(examined_rows(toy(3000).with_validation(2500))) == live.EXAMINED


@pytest.mark.parametrize("least", [3, 4])
def test_codes_of_a_runs_start_are_not_brought(least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """They lie together as those of a collapsed model, and would be taken for newer ones if they came late; the end always has some."""
    monkeypatch.setattr(symptoms, "LEAST_STEPS", least)
    seen: list[tuple[int, str]] = []

    def see(progress: TrainingProgress) -> None:
        if progress.examined is not None:
            seen.append((progress.step, progress.outcome))

    last = run(toy(40), settings(epochs=5, batch_size=32, validation=8), see=see)  # a step an epoch
    assert last.step == 5 and seen[-1] == (5, "finished")
    assert next(step for step, outcome in seen if not outcome) == least


def test_examining_has_a_small_share_of_the_time() -> None:
    dataset = toy()
    module, _ = module_for(architecture(dataset))
    examined = LiveCodes(dataset, examined_rows(dataset))
    assert examined.all_if_due(module, 0.0) is not None
    assert examined.all_if_due(module, 0.0) is None  # it has had its share
    assert examined.all_if_due(module, 1e9) is not None


def test_a_collapsed_model_is_recognised() -> None:
    """Three epochs with beta 50."""
    digits = load_dataset("digits")
    model, how = ModelConfig((8, 8, 1), 2, (32,)), settings(epochs=3, batch_size=64, beta=50.0, lr=0.005, validation=150)
    last = run(digits, how, model)
    found = {finding.key: finding for finding in diagnose(model, how, last.history, last.examined, outcome=last.outcome)}
    assert found["collapse"].severity == "problem" and "say nothing" in found["collapse"].sentence
    assert "Beta is 50" in found["beta"].sentence
    sound = run(digits, settings(epochs=8, batch_size=32, lr=0.005, validation=150), model)
    assert "collapse" not in {finding.key for finding in diagnose(model, how, sound.history, sound.examined)}
