"""End to end on the real MNIST, where it is there: an epoch on a part of it reaches a sane ELBO."""

from __future__ import annotations

from dataclasses import replace

import pytest

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.nn.evaluation import evaluate
from latent_explorer.core.types import ImageDataset, Split
from tests.core.nn.small import run


def test_an_epoch_on_real_digits_reaches_a_sane_elbo(mnist: ImageDataset) -> None:
    """The best constant image scores about -206, a 2-D VAE after twenty epochs about -140."""
    part = replace(mnist, split=Split(mnist.split.train[:12_000], mnist.split.validation[:0], mnist.split.test[:2000]))
    settings = TrainingConfig(epochs=1, batch_size=64, lr=2e-3, validation=1000)
    last = run(part, settings, ModelConfig((28, 28, 1), 2, (128, 128)))
    assert last.outcome == "finished"
    assert last.snapshot is not None
    assert last.history is not None
    figures = evaluate(last.snapshot, part, quick=True)
    elbo = figures["elbo"]["value"]
    assert -190 < elbo < -120
    assert figures["active_units"]["value"] == 2
    assert figures["knn5"]["value"] > 0.4
    assert 2 < figures["kl"]["value"] < 12
    assert -last.history.columns["validation_loss"][-1] == pytest.approx(elbo, abs=12)  # of other images
