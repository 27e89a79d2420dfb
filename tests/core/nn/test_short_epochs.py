"""Epochs that last a few milliseconds do not fill a window's time with copies of weights and state."""

from __future__ import annotations

import math

import pytest

from latent_explorer.core.nn import training
from tests.core.nn.small import architecture, settings, toy


@pytest.mark.parametrize(("snapshots", "published"), [(0.0, 6), (math.inf, 1)])
def test_a_window_gets_the_state_of_an_epoch_once_a_second(monkeypatch: pytest.MonkeyPatch, snapshots: float, published: int) -> None:
    monkeypatch.setattr(training, "EPOCHS_PER_SECOND", 1e-6)  # the first one, and then none for eleven days
    dataset = toy()
    seen = list(training.train(architecture(dataset), settings(epochs=6), dataset, device="cpu", snapshots_per_second=snapshots))
    assert sum(progress.resumable for progress in seen) == published
    assert seen[-1].outcome == "finished"
    assert seen[-1].epoch == 6
