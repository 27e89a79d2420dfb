"""NaN or infinity stops the run with the word "diverged", and the last good weights are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from latent_explorer.core.nn.families.vae import VAE, Terms
from latent_explorer.core.nn.handles import state_of
from latent_explorer.core.nn.inference import codes_of, encode
from latent_explorer.core.types import TrainingProgress
from tests.core.nn.small import architecture, by_autograd, run, same_bits, settings, toy, weights

STEPS_PER_EPOCH = 5


def break_at(monkeypatch: pytest.MonkeyPatch, step: int, how: str, *, in_validation: bool = False) -> None:
    """Spoil the loss of step `step` (counted from 0), or of the validation at that epoch."""
    terms = VAE.terms
    count = [0]

    def spoiled(module: VAE, x: Tensor, *args: Any, **more: Any) -> Terms:
        found = terms(module, x, *args, **more)
        if module.training == in_validation:
            return found
        count[0] += 1
        if count[0] != step + 1:
            return found
        reconstruction = found.reconstruction.clone()
        if how == "gradient":  # the value is finite, its derivative is 0 / 0
            reconstruction = reconstruction + (reconstruction * 0).sqrt()
        else:
            reconstruction[0] = float(how)
        return Terms(reconstruction, found.kl)

    by_autograd(monkeypatch)
    monkeypatch.setattr(VAE, "terms", spoiled)


class Watched:
    """All that a run said, and the weights at every end of an epoch."""

    def __init__(self, **changes: Any) -> None:
        self.progresses: list[TrainingProgress] = []
        self.good: list[dict[str, Any]] = []
        self.dataset = toy(40)
        self.last = run(self.dataset, settings(epochs=4, **changes), see=self._see)

    def _see(self, progress: TrainingProgress) -> None:
        self.progresses.append(progress)
        if progress.snapshot is not None and not progress.outcome:
            self.good.append(weights(progress))


@pytest.mark.parametrize("how", ["nan", "inf", "-inf", "gradient"])
@pytest.mark.parametrize(("step", "epoch"), [(0, 0), (3, 0), (5, 1), (9, 1), (12, 2), (19, 3)])
def test_a_loss_or_gradient_that_is_not_finite_goes_back_to_the_last_good_epoch(
    monkeypatch: pytest.MonkeyPatch, how: str, step: int, epoch: int
) -> None:
    break_at(monkeypatch, step, how)
    seen = Watched()
    last = seen.last
    assert last.outcome == "diverged"
    assert [progress.outcome for progress in seen.progresses[:-1]] == [""] * (step + 1)
    assert same_bits(weights(last), seen.good[epoch])
    assert len(seen.good) == epoch + 1
    assert (last.epoch, last.step) == (epoch, epoch * STEPS_PER_EPOCH)
    assert all(np.isfinite(array).all() for array in weights(last).values())


def test_what_a_diverged_run_leaves_can_be_used_and_not_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    break_at(monkeypatch, 7, "nan")
    seen = Watched()
    last = seen.last
    assert last.snapshot is not None
    assert last.codes is not None
    assert last.history is not None
    assert not last.resumable
    assert not state_of(last.snapshot)
    assert np.isfinite(last.codes.z).all()
    assert last.codes.z.tobytes() == codes_of(last.snapshot, seen.dataset, seen.dataset.split.test).z.tobytes()
    assert np.isfinite(last.history.columns["train_loss"]).all()
    assert len(last.history.epoch) == 5  # up to the weights that are kept


@pytest.mark.parametrize("how", ["nan", "inf"])
@pytest.mark.parametrize("epoch", [0, 2])
def test_validation_that_is_not_finite_is_a_divergence_too(monkeypatch: pytest.MonkeyPatch, how: str, epoch: int) -> None:
    """The training loss may still be finite; such weights are no good weights."""
    break_at(monkeypatch, epoch, how, in_validation=True)
    seen = Watched(validation=8, batch_size=8)
    last = seen.last
    assert last.outcome == "diverged"
    assert last.epoch == epoch
    assert same_bits(weights(last), seen.good[epoch])
    assert last.history is not None
    assert (~np.isnan(last.history.columns["validation_loss"])).sum() == epoch


def test_a_diverged_step_does_not_move_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is the optimiser's memory poisoned: weights are looked at, not only the ones restored."""
    moved: list[bool] = []
    from latent_explorer.core.nn.training import _Run

    take_step = _Run.take_step

    def watch(self: _Run) -> bool:
        before = [p.detach().clone() for p in self.module.parameters()]
        sound = take_step(self)
        if not sound:
            moved.append(any(not torch.equal(a, b) for a, b in zip(before, self.module.parameters(), strict=True)))
        return sound

    monkeypatch.setattr(_Run, "take_step", watch)
    break_at(monkeypatch, 4, "inf")
    Watched()
    assert moved == [False]


def test_a_learning_rate_that_is_far_too_large_ends_in_good_weights() -> None:
    dataset = toy(40, 12, (8, 8, 1), binary=True)
    last = run(dataset, settings(epochs=200, lr=1.0, schedule="constant", clip_norm=1e9), architecture(dataset, hidden=(32, 32)))
    assert last.outcome in ("diverged", "finished")
    assert last.snapshot is not None
    assert all(np.isfinite(array).all() for array in weights(last).values())
    assert np.isfinite(np.concatenate(encode(last.snapshot, dataset.images))).all()
