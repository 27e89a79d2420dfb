"""bfloat16: matrix products with 8 significant bits; weights, sums, optimiser and all that is measured stay in float32."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from latent_explorer.core.nn.families.vae import VAE, Terms, gaussian_kl
from latent_explorer.core.nn.handles import state_of
from latent_explorer.core.nn.likelihoods import bernoulli_log_prob, gaussian_log_prob
from latent_explorer.core.nn.optimizer import Optimizer
from tests.core.nn.small import architecture, history_table, run, same_bits, settings, toy, weights

DATASET = toy(120, 8, (6, 7, 1))
KINDS: dict[str, dict[str, Any]] = {
    "dense": {"hidden": (16,)},
    "residual": {"network": "residual", "hidden": (12, 12, 8)},
    "conv": {"network": "conv", "hidden": (12,), "channels": (3, 4)},
    "gaussian": {"hidden": (16,), "likelihood": "gaussian"},
}
HOW = settings(epochs=4, batch_size=20, validation=20)


@pytest.mark.parametrize("kind", KINDS)
def test_losses_are_near_those_of_float32_and_all_numbers_are_float32(kind: str) -> None:
    config = architecture(DATASET, **KINDS[kind])
    full, half = run(DATASET, HOW, config), run(DATASET, replace(HOW, precision="bfloat16"), config, snapshots_per_second=1e-9)
    assert half.outcome == "finished"
    assert not same_bits(weights(full), weights(half))
    assert {array.dtype for array in weights(half).values()} == {np.dtype(np.float32)}
    one, two = history_table(full), history_table(half)
    scale = np.abs(one["train_loss"]).max()
    for name in ("train_loss", "train_reconstruction", "validation_loss", "validation_reconstruction"):
        np.testing.assert_allclose(two[name], one[name], atol=0.02 * scale, err_msg=name)


def test_the_state_of_the_optimiser_is_float32() -> None:
    stopped = run(DATASET, replace(HOW, precision="bfloat16"), architecture(DATASET), stop_at=3)
    assert stopped.snapshot is not None
    moments = [array for name, array in state_of(stopped.snapshot).items() if "exp_avg" in name]
    assert moments
    assert {array.dtype for array in moments} == {np.dtype(np.float32)}


def test_sums_over_pixels_and_dimensions_are_not_rounded() -> None:
    """A product and its sum in one call (vecdot, matmul) would be rounded to 8 bits."""
    logits = 3 * torch.randn((9, 784), generator=torch.Generator().manual_seed(0))
    x = (torch.rand((9, 784), generator=torch.Generator().manual_seed(1)) > 0.8).float()
    log_sigma = torch.tensor(-1.0)
    expected = bernoulli_log_prob(x, logits), gaussian_log_prob(x, logits, log_sigma), gaussian_kl(logits, x)
    with torch.autocast("cpu", torch.bfloat16):
        found = bernoulli_log_prob(x, logits), gaussian_log_prob(x, logits, log_sigma), gaussian_kl(logits, x)
    for one, two in zip(found, expected, strict=True):
        assert one.dtype == torch.float32
        assert torch.equal(one, two)


class Watched:
    """What went through networks and optimiser: types of numbers, and whether products were rounded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, precision: str) -> None:
        self.terms: set[tuple[bool, torch.dtype, torch.dtype]] = set()
        self.products: set[tuple[bool, torch.dtype]] = set()
        self.gradients: set[torch.dtype] = set()
        terms, step, linear = VAE.terms, Optimizer.step, nn.Linear.forward

        def listen(module: VAE, x: Tensor, *args: Any, **more: Any) -> Terms:
            found = terms(module, x, *args, **more)
            self.terms.add((module.training, found.reconstruction.dtype, found.kl.dtype))
            return found

        def multiply(layer: nn.Linear, x: Tensor) -> Tensor:
            found = linear(layer, x)
            self.products.add((layer.training, found.dtype))
            return found

        def keep(optimizer: Optimizer, lr: float, clip_norm: float) -> bool:
            self.gradients |= {parameter.grad.dtype for parameter in optimizer.parameters if parameter.grad is not None}
            return step(optimizer, lr, clip_norm)

        monkeypatch.setattr(VAE, "terms", listen)
        monkeypatch.setattr(nn.Linear, "forward", multiply)
        monkeypatch.setattr(Optimizer, "step", keep)
        run(DATASET, replace(HOW, precision=precision, epochs=1), architecture(DATASET, network="residual", hidden=(6, 6)))


def test_products_are_rounded_while_training_and_never_while_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation losses and codes are those of the weights as they are."""
    seen = Watched(monkeypatch, "bfloat16")
    assert seen.products == {(True, torch.bfloat16), (False, torch.float32)}
    assert seen.terms == {(True, torch.float32, torch.float32), (False, torch.float32, torch.float32)}
    assert seen.gradients == {torch.float32}


def test_float32_rounds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Watched(monkeypatch, "float32").products == {(True, torch.float32), (False, torch.float32)}
