"""The loss that training minimises: sums over pixels and dimensions, a mean over the batch, beta as it is written."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import silu

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.nn.noise import StepNoise
from latent_explorer.core.nn.optimizer import Optimizer
from latent_explorer.core.nn.training import train
from latent_explorer.core.types import ImageDataset, Split
from tests.core.nn.small import architecture, by_autograd, settings, toy, watch_steps, weights

# Latent sizes and image shapes over which circulating scalings (1/d, 784, 784/d) would show.
SIZES = [(2, (1, 1, 1)), (5, (1, 1, 1)), (2, (28, 28, 1)), (5, (28, 28, 1)), (2, (4, 5, 3))]


class Seen:
    """What went into the first step: pixels, gradients, and what was said of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, model: ModelConfig, how: TrainingConfig, dataset: ImageDataset) -> None:
        self.pixels = torch.zeros(0)
        self.gradients: dict[str, Tensor] = {}

        def listen(x: Tensor) -> None:
            self.pixels = x.clone()

        def keep(optimizer: Optimizer, lr: float, clip_norm: float) -> bool:
            self.gradients = {
                name: p.grad.clone() for name, p in zip(optimizer.names, optimizer.parameters, strict=True) if p.grad is not None
            }
            return True

        watch_steps(monkeypatch, listen)
        monkeypatch.setattr(Optimizer, "step", keep)
        progresses = train(model, how, dataset, device="cpu")
        self.weights = weights(next(progresses))
        self.progress = next(progresses)
        progresses.close()


def own_loss(table: dict[str, Tensor], x: Tensor, eps: Tensor, d: int, beta: float) -> Tensor:
    """The negative ELBO by hand, float64: networks with one hidden layer."""
    out = silu(x @ table["encoder.layers.0.weight"].T + table["encoder.layers.0.bias"])
    out = out @ table["encoder.layers.2.weight"].T + table["encoder.layers.2.bias"]
    mu, log_var = out[:, :d], out[:, d:]
    z = mu + torch.exp(log_var / 2) * eps
    a = silu(z @ table["decoder.layers.0.weight"].T + table["decoder.layers.0.bias"])
    a = a @ table["decoder.layers.2.weight"].T + table["decoder.layers.2.bias"]
    total = torch.zeros((), dtype=torch.float64)
    for image in range(len(x)):
        total = total + (torch.log(1 + torch.exp(a[image])) - x[image] * a[image]).sum()
        total = total + beta * 0.5 * (mu[image] ** 2 + torch.exp(log_var[image]) - 1 - log_var[image]).sum()
    return total / len(x)


@pytest.mark.parametrize(("d", "shape"), SIZES)
@pytest.mark.parametrize("beta", [1.0, 4.0])
@pytest.mark.parametrize("written", [True, False], ids=["written out", "autograd"])
def test_beta_is_the_effective_beta(
    monkeypatch: pytest.MonkeyPatch, d: int, shape: tuple[int, int, int], beta: float, written: bool
) -> None:
    """Mean instead of sum in either term gives an effective beta of 1/d, of the pixels, or of the pixels by d."""
    if not written:
        by_autograd(monkeypatch)
    dataset = toy(20, 4, shape, binary=True)
    how = settings(batch_size=20, beta=beta, binarize="none", clip_norm=1e9)
    seen = Seen(monkeypatch, architecture(dataset, d), how, dataset)
    table = {name: torch.tensor(array, dtype=torch.float64, requires_grad=True) for name, array in seen.weights.items()}
    noise = StepNoise(how.seed, torch.device("cpu"))
    noise.begin(0)
    eps = torch.randn((20, d), generator=noise.generator).double()
    loss = own_loss(table, seen.pixels.double(), eps, d, beta)
    loss.backward()
    assert seen.progress.loss == pytest.approx(loss.item(), rel=1e-5)
    for name, tensor in table.items():
        assert tensor.grad is not None
        np.testing.assert_allclose(seen.gradients[name], tensor.grad, rtol=2e-4, atol=1e-5 * float(tensor.grad.abs().max()), err_msg=name)


def test_there_is_a_kl_term_and_beta_weighs_it_alone() -> None:
    dataset = toy(20, 4, binary=True)

    def first(beta: float) -> tuple[float, float, float]:
        how = settings(epochs=1, batch_size=20, binarize="none", beta=beta)
        last = list(train(architecture(dataset), how, dataset, device="cpu"))[-1]
        assert last.history is not None
        loss, reconstruction, kl = (float(last.history.columns[f"train_{name}"][0]) for name in ("loss", "reconstruction", "kl"))
        return loss, reconstruction, kl

    none, one, ten = first(0.0), first(1.0), first(10.0)
    assert none[1:] == one[1:] == ten[1:]
    assert one[2] > 0
    assert none[0] == pytest.approx(none[1])
    assert one[0] == pytest.approx(one[1] + one[2])
    assert ten[0] == pytest.approx(one[1] + 10 * one[2])


def test_a_twice_larger_batch_of_the_same_images_has_the_same_loss() -> None:
    """Means over the batch, not sums."""
    one = toy(1, 1, binary=True)

    def loss(copies: int) -> float:
        images = np.repeat(one.images[:1], copies + 1, axis=0)
        rows = np.arange(copies + 1)
        dataset = ImageDataset("same", images, None, (), Split(rows[:copies], rows[:0], rows[copies:]))
        how = settings(epochs=1, batch_size=copies, binarize="none", beta=0.0)
        progress = list(train(architecture(dataset), how, dataset, device="cpu"))[1]
        return progress.loss

    # Differs by the noise in z only; the untrained decoder hardly depends on z.
    assert loss(400) == pytest.approx(loss(100), rel=0.05)


def test_the_untrained_loss_is_that_of_the_constant_picture() -> None:
    """Nats per image, summed over pixels: near the entropy of the mean image, not near 0.7."""
    dataset = toy(200, 4, (8, 8, 1), binary=True)
    p = np.clip(dataset.images[:200].reshape(200, -1).mean(0) / 255, 0.01, 0.99)
    entropy = -(p * np.log(p) + (1 - p) * np.log(1 - p)).sum()
    how = settings(epochs=1, batch_size=200, binarize="none", beta=0.0)
    progress = list(train(architecture(dataset), how, dataset, device="cpu"))[1]
    assert progress.loss == pytest.approx(entropy, rel=0.1)


def test_grey_training_sees_grey_pixels_and_dynamic_training_fresh_binary_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """`none` is the BCE on grey pixels; `dynamic` is a likelihood of binary ones, drawn anew at every visit."""
    dataset = toy(30, 4)
    seen: list[Tensor] = []
    watch_steps(monkeypatch, lambda x: seen.append(x.clone()))
    config = architecture(dataset)
    list(train(config, settings(epochs=1, batch_size=30, binarize="none"), dataset, device="cpu"))
    grey = np.sort(seen[0].numpy(), axis=0)
    np.testing.assert_allclose(grey, np.sort(dataset.images[:30].reshape(30, -1) / 255, axis=0), atol=1e-6)

    seen.clear()
    epochs = 200
    list(train(config, settings(epochs=epochs, batch_size=30, binarize="dynamic", lr=1e-9), dataset, device="cpu"))
    draws = torch.stack([x.sum(0) for x in seen])
    assert set(np.unique(torch.cat(seen).numpy())) == {0.0, 1.0}
    assert len(np.unique(draws.numpy(), axis=0)) > epochs * 0.9
    expected = dataset.images[:30].reshape(30, -1).sum(0) / 255
    error = np.abs(draws.mean(0).numpy() - expected)
    assert error.max() < 5 * math.sqrt(30 * 0.25 / epochs)
