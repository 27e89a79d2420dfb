"""The gradient that is written out is autograd's, for every network that it says it fits, and only for those."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from latent_explorer.core.config import ACTIVATIONS, ModelConfig
from latent_explorer.core.nn.families.base import Batch
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.gradient import AutogradGradient, gradient_for
from latent_explorer.core.nn.optimizer import Optimizer
from latent_explorer.core.nn.written_gradient import WrittenGradient
from tests.core.nn.small import by_autograd, history_table, run, same_bits, settings, toy, weights

CPU = torch.device("cpu")
SHAPES: dict[str, dict[str, Any]] = {
    "one layer": {"hidden": (7,)},
    "three layers": {"hidden": (9, 5, 7)},
    "another decoder": {"hidden": (5,), "decoder_hidden": (4, 6)},
    "five dimensions": {"hidden": (6, 4), "latent_dim": 5},
}


def gradients(config: ModelConfig, x: Tensor, beta: float, *, written: bool) -> tuple[tuple[float, float], dict[str, Tensor]]:
    module = build(config, 3)
    # Logits and log variances far from nothing, so that no term hides.
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(2.5)
    optimizer = Optimizer(module)
    gradient = WrittenGradient(module, optimizer) if written else AutogradGradient(module, optimizer, "float32")
    losses = gradient(Batch(x, None, torch.Generator().manual_seed(5), beta))
    found = {name: parameter.grad for name, parameter in module.named_parameters()}
    return losses, {name: grad.double().clone() for name, grad in found.items() if grad is not None}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("beta", "count"), [(1.0, 11), (0.0, 4), (4.0, 1)])
@pytest.mark.parametrize("grey", [True, False], ids=["grey", "binary"])
def test_it_is_the_gradient_of_autograd(shape: str, activation: str, beta: float, count: int, grey: bool) -> None:
    config = ModelConfig((3, 4, 1), activation=activation, **SHAPES[shape])
    x = torch.rand((count, 12), generator=torch.Generator().manual_seed(1))
    x = x if grey else x.gt(0.5).float()
    ours, one = gradients(config, x, beta, written=True)
    theirs, two = gradients(config, x, beta, written=False)
    assert ours == pytest.approx(theirs, rel=2e-6)
    assert set(one) == set(two)
    for name, expected in two.items():
        torch.testing.assert_close(one[name], expected, rtol=1e-4, atol=1e-6 * float(expected.abs().max()), msg=name)


def test_a_run_goes_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partial batches, warm-up, clipping, binarisation and all: equal losses but for rounding."""
    dataset, how = toy(43), settings(epochs=3, warmup_epochs=1, clip_norm=3.0, binarize="dynamic", validation=4)
    config = ModelConfig(dataset.image_shape, hidden=(6, 6))
    written = run(dataset, how, config)
    by_autograd(monkeypatch)
    plain = run(dataset, how, config)
    for name, column in history_table(plain).items():
        torch.testing.assert_close(torch.tensor(history_table(written)[name]), torch.tensor(column), rtol=1e-3, atol=1e-4, equal_nan=True)
    assert not same_bits(weights(written), weights(plain))  # or both were the same way


def test_logits_beyond_all_exponentials_are_finite() -> None:
    config = ModelConfig((2, 2, 1), hidden=(3,))
    module = build(config, 0)
    optimizer = Optimizer(module)
    with torch.no_grad():
        module.decoder.last_bias().copy_(torch.tensor([500.0, -500.0, 500.0, -500.0]))
    batch = Batch(torch.tensor([[1.0, 0.0, 0.0, 1.0]]), None, torch.Generator().manual_seed(0), 1.0)
    reconstruction, _ = WrittenGradient(module, optimizer)(batch)
    assert reconstruction == pytest.approx(1000, rel=0.01)
    assert optimizer.step(1e-3, 1e9)


class Child(VAE):
    """A family of its own, whose terms may be others."""


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"network": "residual", "hidden": (6, 6)}, False),
        ({"network": "conv", "channels": (2,)}, False),
        ({"likelihood": "gaussian"}, False),
    ],
)
def test_what_it_fits(changes: dict[str, Any], fits: bool) -> None:
    config = ModelConfig((4, 4, 1), **{"hidden": (6,), **changes})
    module = build(config)
    assert WrittenGradient.fits(module) == fits
    assert not WrittenGradient.fits(Child(config))
    optimizer = Optimizer(module)
    plain = settings().for_model(config)
    assert isinstance(gradient_for(module, optimizer, plain, CPU), WrittenGradient) == fits
    assert isinstance(gradient_for(module, optimizer, plain, torch.device("cuda")), AutogradGradient)
    for other in ({"precision": "bfloat16"}, {"samples": 2}, {"objective": "iwae"}):
        assert isinstance(gradient_for(module, optimizer, replace(plain, **other), CPU), AutogradGradient)
