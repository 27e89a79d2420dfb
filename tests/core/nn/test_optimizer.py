"""Adam's own rooms: clipping, what is not finite, and a state that travels."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.optimizer import Optimizer
from tests.core.nn.small import same_bits

KINDS: dict[str, dict[str, Any]] = {
    "dense": {},
    "residual": {"network": "residual", "hidden": (6, 6, 4)},
    "conv": {"network": "conv", "channels": (2, 3)},
    "gaussian": {"likelihood": "gaussian"},
}


def with_gradients(kind: str, factor: float = 1.0) -> VAE:
    """Networks of a kind, with the gradients of their own loss."""
    module = build(ModelConfig((4, 5, 1), **{"hidden": (6,), **KINDS[kind]}), 0)
    x = (torch.rand((8, 20), generator=torch.Generator().manual_seed(1)) > 0.5).float()
    terms = module.terms(x, torch.Generator().manual_seed(2))
    (factor * (terms.reconstruction + terms.kl).mean()).backward()
    return module


def gradients(module: nn.Module) -> list[torch.Tensor]:
    return [parameter.grad.clone() for parameter in module.parameters() if parameter.grad is not None]


def norm(parts: list[torch.Tensor]) -> float:
    return math.sqrt(sum(float(part.double().square().sum()) for part in parts))


def bits(module: nn.Module) -> dict[str, Any]:
    return {name: tensor.detach().numpy().copy() for name, tensor in module.named_parameters()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_takes_part(kind: str) -> None:
    module = with_gradients(kind)
    found = gradients(module)
    assert len(found) == len(list(module.parameters()))
    assert all((gradient != 0).any() for gradient in found)


@pytest.mark.parametrize("kind", KINDS)
def test_clipping_shortens_all_gradients_together(kind: str) -> None:
    """One norm over all weights, a learned sigma among them; below it they are not touched."""
    module = with_gradients(kind)
    before = gradients(module)
    length = norm(before)
    assert Optimizer(module).step(1e-3, 1.0001 * length)
    assert all(torch.equal(one, two) for one, two in zip(before, gradients(module), strict=True))
    assert Optimizer(module).step(1e-3, 0.25 * length)
    for one, two in zip(before, gradients(module), strict=True):
        torch.testing.assert_close(two, 0.25 * one)
    assert norm(gradients(module)) == pytest.approx(0.25 * length, rel=1e-5)


def test_clipping_is_that_of_torch() -> None:
    ours, theirs = with_gradients("dense"), with_gradients("dense")
    assert Optimizer(ours).step(1e-3, 0.5)
    nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
    for one, two in zip(gradients(ours), gradients(theirs), strict=True):
        torch.testing.assert_close(one, two)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", ["dense", "gaussian"])
def test_a_gradient_that_is_not_finite_changes_nothing(kind: str, bad: float) -> None:
    module = with_gradients(kind)
    optimizer = Optimizer(module)
    assert optimizer.step(1e-3, 1.0)
    before, state = bits(module), optimizer.state()
    last = list(module.parameters())[-1]
    assert last.grad is not None
    last.grad.view(-1)[0] = bad
    assert not optimizer.step(1e-3, 1.0)
    assert same_bits(bits(module), before)
    assert same_bits(optimizer.state(), state)


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_travels(kind: str) -> None:
    module = with_gradients(kind)
    optimizer = Optimizer(module)
    assert set(optimizer.state()) == {"optim.step"}
    for _ in range(3):
        assert optimizer.step(1e-2, 1.0)
    state = optimizer.state()
    kept = copy.deepcopy(state)
    assert state["optim.step"].tolist() == [3.0]
    shapes = {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}
    for moment in ("exp_avg", "exp_avg_sq"):
        assert {name: state[f"optim.{moment}.{name}"].shape for name in shapes} == shapes
    twin = copy.deepcopy(module)
    for parameter, other in zip(module.parameters(), twin.parameters(), strict=True):
        assert parameter.grad is not None
        other.grad = parameter.grad.clone()
    other_optimizer = Optimizer(twin)
    other_optimizer.load(state)
    assert same_bits(other_optimizer.state(), state)
    assert optimizer.step(1e-2, 1.0) and other_optimizer.step(1e-2, 1.0)
    assert same_bits(bits(module), bits(twin))
    assert same_bits(state, kept)  # what was given away is a copy
    assert not same_bits(optimizer.state(), kept)


@pytest.mark.parametrize("steps", [math.nan, math.inf, -1.0])
def test_a_number_of_steps_that_is_none_is_refused(steps: float) -> None:
    optimizer = Optimizer(with_gradients("dense"))
    with pytest.raises(ValueError, match="steps"):
        optimizer.load({"optim.step": np.array([steps], np.float32)})


def test_a_weight_without_a_gradient_is_a_bug() -> None:
    module = with_gradients("dense")
    next(module.parameters()).grad = None
    with pytest.raises(RuntimeError, match="takes no part in the loss"):
        Optimizer(module).step(1e-3, 1.0)
