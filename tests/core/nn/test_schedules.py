"""Learning rate, beta and clipping: the values of the functions, and that the loop uses them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from latent_explorer.core.config import TrainingConfig
from latent_explorer.core.nn import optimizer
from latent_explorer.core.nn.optimizer import Optimizer
from latent_explorer.core.nn.training import beta_at, learning_rate, train
from latent_explorer.core.types import TrainingProgress
from tests.core.nn.small import architecture, run, settings, toy, weights


def test_cosine_rises_over_two_percent_and_falls_to_nothing() -> None:
    how = TrainingConfig(lr=0.5)
    rates = np.array([learning_rate(how, step, 1000) for step in range(1000)])
    np.testing.assert_allclose(rates[:20], 0.5 * np.arange(1, 21) / 20)
    assert rates.argmax() in (19, 20)
    assert rates.max() == 0.5
    assert rates[20] == 0.5
    assert rates[510] == pytest.approx(0.25)  # half way between 20 and 1000
    assert rates[265] == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)) / 2)
    assert (np.diff(rates[20:]) < 0).all()
    assert 0 < rates[-1] < 1e-5
    assert learning_rate(how, 1000, 1000) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 3, 49, 51, 99])
def test_cosine_of_short_runs_is_above_zero_and_reaches_the_rate(steps: int) -> None:
    rates = [learning_rate(TrainingConfig(lr=0.1), step, steps) for step in range(steps)]
    assert max(rates) == pytest.approx(0.1)
    assert min(rates) > 0


def test_constant_is_constant() -> None:
    how = TrainingConfig(lr=0.01, schedule="constant")
    assert {learning_rate(how, step, 1000) for step in range(1000)} == {0.01}


def test_beta_rises_linearly_from_nothing_over_the_warm_up() -> None:
    how = TrainingConfig(beta=4.0, warmup_epochs=2.0)
    assert [beta_at(how, epoch) for epoch in (0, 0.5, 1, 1.75, 2, 2.5, 100)] == [0, 1, 2, 3.5, 4, 4, 4]


def test_beta_without_warm_up_is_beta_from_the_first_step() -> None:
    assert beta_at(TrainingConfig(beta=0.5), 0.0) == 0.5
    assert beta_at(TrainingConfig(beta=0.0, warmup_epochs=3), 1.0) == 0.0


def test_a_step_is_adam_as_torch_has_it() -> None:
    layer, twin = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    twin.load_state_dict(layer.state_dict())
    ours, reference = Optimizer(layer), torch.optim.Adam(twin.parameters(), fused=True)
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(3))
    for lr in (1e-3, 1e-2, 5e-4):
        for module in (layer, twin):
            module.zero_grad()
            module(x).square().sum().backward()
        reference.param_groups[0]["lr"] = lr
        assert ours.step(lr, 1e9)
        reference.step()
        torch.testing.assert_close(list(layer.parameters()), list(twin.parameters()), rtol=0, atol=0)


def test_the_loop_uses_the_schedules(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    step = Optimizer.step

    def listen(optimizer: Optimizer, lr: float, clip_norm: float) -> bool:
        rates.append(lr)
        return step(optimizer, lr, clip_norm)

    monkeypatch.setattr(Optimizer, "step", listen)
    how = settings(epochs=20, beta=2.0, warmup_epochs=4)  # 5 steps an epoch
    seen: list[TrainingProgress] = []
    run(toy(), how, see=seen.append)
    assert rates == [learning_rate(how, k, 100) for k in range(100)]
    betas = [progress.beta for progress in seen if progress.step and not progress.outcome]
    np.testing.assert_allclose(betas, [min(2.0, 2.0 * k / 20) for k in range(100)])


def test_the_warm_up_weighs_the_loss_that_is_minimised() -> None:
    """The first step of a warm-up has no KL in its loss."""
    last = run(toy(), settings(epochs=2, batch_size=40, beta=5.0, warmup_epochs=2))
    assert last.history is not None
    column = last.history.columns
    for row, beta in ((0, 0.0), (1, 2.5)):
        assert column["train_loss"][row] == pytest.approx(column["train_reconstruction"][row] + beta * column["train_kl"][row], rel=1e-5)


def test_one_step_of_adam_moves_every_weight_by_the_rate() -> None:
    """Adam's first step is lr * sign(gradient): the rate of the schedule reaches the weights."""
    dataset = toy()
    how = settings(epochs=1, batch_size=40, lr=1e-3)
    seen: list[dict[str, np.ndarray]] = []
    run(dataset, how, see=lambda progress: seen.append(weights(progress)) if progress.snapshot else None)
    moved = np.concatenate([np.abs(seen[-1][name] - seen[0][name]).ravel() for name in seen[0]])
    assert np.median(moved) == pytest.approx(1e-3, rel=0.01)
    assert moved.max() < 1.01e-3


def norms(monkeypatch: pytest.MonkeyPatch, clip: float) -> tuple[list[float], list[np.ndarray]]:
    found: list[float] = []
    directions: list[np.ndarray] = []

    def listen(parameters: list[torch.Tensor], gradients: list[torch.Tensor], *args: Any, **kwargs: Any) -> None:
        flat = np.concatenate([gradient.numpy().ravel() for gradient in gradients])
        found.append(float(np.linalg.norm(flat)))
        directions.append(flat / np.linalg.norm(flat))

    monkeypatch.setattr(optimizer, "adam", listen)
    dataset = toy()
    list(train(architecture(dataset), settings(epochs=1, clip_norm=clip), dataset, device="cpu"))
    return found, directions


def test_gradients_are_clipped_to_the_norm_and_keep_their_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    free, directions = norms(monkeypatch, 1e9)
    clipped, same = norms(monkeypatch, 0.01)
    loose, _ = norms(monkeypatch, 1.001 * max(free))
    assert min(free) > 0.1
    assert clipped == pytest.approx([0.01] * len(free), rel=1e-3)
    assert loose == pytest.approx(free)
    np.testing.assert_allclose(np.array(same), np.array(directions), atol=1e-5)
