"""The Gaussian likelihood: against torch.distributions, at the optimum of a learned sigma, and as "SSE/2 + beta KL"."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from latent_explorer.core.config import ModelConfig, effective_beta_words
from latent_explorer.core.nn.evaluation import evaluate
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import VAE, Terms
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.nn.likelihoods import Gaussian, gaussian_log_prob
from tests.core.nn.small import architecture, history_table, module_for, numpy_encode, numpy_logits, run, settings, toy, weights


def draws(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# --- the density -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.01, 0.3, 1.0, 40.0])
@pytest.mark.parametrize("leading", [(), (5,), (3, 5)])
def test_it_is_that_of_torch_distributions_summed_over_pixels(sigma: float, leading: tuple[int, ...]) -> None:
    """x (5, 30) against means (3, 5, 30) too: several draws of z for each image."""
    mean, x = draws(*leading, 30), draws(*leading[-1:], 30, seed=1)
    found = gaussian_log_prob(x, mean, torch.tensor(math.log(sigma), dtype=torch.float64))
    assert found.shape == leading
    torch.testing.assert_close(found, Normal(mean, sigma).log_prob(x).sum(-1), rtol=1e-12, atol=1e-9)


def test_its_gradients_are_its_derivatives() -> None:
    x, mean = draws(4, 6, seed=1), draws(2, 4, 6).requires_grad_()
    log_sigma = torch.tensor(-0.7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda mean, log_sigma: gaussian_log_prob(x, mean, log_sigma), (mean, log_sigma))


def test_it_is_a_density_and_may_be_positive() -> None:
    """It is not bounded from below by a floor on sigma, nor cut at zero."""
    assert gaussian_log_prob(torch.zeros(1, 10), torch.zeros(1, 10), torch.tensor(math.log(0.01))).item() == pytest.approx(
        10 * (math.log(100) - 0.5 * math.log(2 * math.pi)), rel=1e-6
    )


@pytest.mark.parametrize("sigma", [None, 0.2])
def test_the_mean_is_the_sigmoid_of_the_decoders_number(sigma: float | None) -> None:
    likelihood, logits, x = Gaussian(sigma), draws(4, 6).float(), torch.rand(4, 6, generator=torch.Generator().manual_seed(1))
    mean = 1 / (1 + torch.exp(-logits))
    torch.testing.assert_close(likelihood.mean(logits), mean)
    torch.testing.assert_close(likelihood.log_prob(x, logits), Normal(mean, sigma or 1.0).log_prob(x).sum(-1))


def test_a_fixed_sigma_is_of_the_record_and_a_learned_one_of_the_weights() -> None:
    fixed, learned = Gaussian(0.25), Gaussian(None)
    assert list(fixed.parameters()) == []
    assert dict(fixed.state_dict()) == {}
    assert fixed.log_sigma.item() == pytest.approx(math.log(0.25))
    fixed.start_at(4.0)
    assert fixed.log_sigma.item() == pytest.approx(math.log(0.25))
    assert list(learned.state_dict()) == ["log_sigma"]
    assert learned.log_sigma.shape == ()
    learned.start_at(0.09)
    assert learned.log_sigma.item() == pytest.approx(math.log(0.3))
    for nothing in (0.0, -1e-18):  # images that are all alike, and rounding
        learned.start_at(nothing)
        assert learned.log_sigma.item() == pytest.approx(math.log(1e-3))


# --- a learned sigma -----------------------------------------------------------------------------------------------------------------


def test_the_best_sigma_is_the_root_of_the_mse() -> None:
    """sigma^2 = MSE; there the negative log density is D/2 (log 2 pi MSE + 1) (Rybkin et al. 2021), and it is more elsewhere."""
    x, mean = draws(50, 12), draws(50, 12, seed=1)
    mse = (x - mean).square().mean()

    def nll(log_sigma: Tensor) -> Tensor:
        return -gaussian_log_prob(x, mean, log_sigma).mean()

    best = (0.5 * mse.log()).requires_grad_()
    (slope,) = torch.autograd.grad(nll(best), best)
    assert slope.item() == pytest.approx(0, abs=1e-9)
    assert nll(best).item() == pytest.approx(12 / 2 * (math.log(2 * math.pi * mse.item()) + 1))
    for step in (-0.1, 0.1):
        assert nll(best + step) > nll(best)


def test_training_finds_the_best_sigma() -> None:
    dataset = toy(40, 4)
    config = architecture(dataset, likelihood="gaussian")
    last = run(dataset, settings(epochs=150, batch_size=10, lr=0.02), config)
    assert last.snapshot is not None
    module = module_of(last.snapshot)
    x = torch.from_numpy(dataset.images[:40].reshape(40, -1) / 255).float()
    terms = module.terms(x, torch.Generator().manual_seed(1), 200)
    mu, log_var = module.encode(x)
    z = mu + torch.exp(log_var / 2) * torch.randn((200, *mu.shape), generator=torch.Generator().manual_seed(2))
    mse = (torch.sigmoid(module.decode(z)) - x).square().mean().item()
    start = (x - x.mean(0)).square().mean().item()
    assert mse < 0.8 * start
    assert weights(last)["likelihood.log_sigma"].shape == ()
    assert np.exp(2 * weights(last)["likelihood.log_sigma"]) == pytest.approx(mse, rel=0.03)
    assert terms.reconstruction.mean().item() == pytest.approx(12 / 2 * (math.log(2 * math.pi * mse) + 1), abs=0.05)


def test_a_learned_sigma_starts_at_what_the_mean_picture_leaves() -> None:
    dataset = toy(40, 4)
    first: list[float] = []
    run(
        dataset,
        settings(epochs=1),
        architecture(dataset, likelihood="gaussian"),
        stop_at=0,
        see=lambda progress: first.append(float(weights(progress)["likelihood.log_sigma"])),
    )
    x = dataset.images[:40] / 255
    assert math.exp(first[0]) == pytest.approx(math.sqrt(x.var(axis=0).mean()), rel=1e-5)


# --- a fixed sigma is a beta -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sigma", "beta"), [(0.1, 1.0), (0.5, 4.0), (1.0, 1.0), (3.0, 0.2)])
def test_a_fixed_sigma_is_an_effective_beta(sigma: float, beta: float) -> None:
    """SSE / (2 sigma^2) + beta KL has the gradients of SSE / 2 + sigma^2 beta KL, divided by sigma^2."""
    module = build(ModelConfig((3, 4, 1), hidden=(8,), likelihood="gaussian", sigma=sigma), 0)
    x = torch.rand((10, 12), generator=torch.Generator().manual_seed(1))
    table = dict(module.named_parameters())
    terms = module.terms(x, torch.Generator().manual_seed(2))
    ours = torch.autograd.grad((terms.reconstruction + beta * terms.kl).mean(), list(table.values()))
    mu, log_var = module.encode(x)
    z = mu + torch.exp(log_var / 2) * torch.randn(mu.shape, generator=torch.Generator().manual_seed(2))
    sse = (torch.sigmoid(module.decode(z)) - x).square().sum(1)
    kl = 0.5 * (mu**2 + torch.exp(log_var) - 1 - log_var).sum(1)
    theirs = torch.autograd.grad((sse / 2 + sigma**2 * beta * kl).mean(), list(table.values()))
    for name, one, two in zip(table, ours, theirs, strict=True):
        torch.testing.assert_close(sigma**2 * one, two, rtol=1e-4, atol=1e-5 * two.abs().max().item(), msg=name)


def test_the_effective_beta_is_said_where_sigma_is_fixed() -> None:
    model = ModelConfig((3, 4, 1), likelihood="gaussian", sigma=0.1)
    words = effective_beta_words(model, settings(beta=4.0))
    assert words.startswith("With sigma fixed at 0.1, beta 4 is an effective beta of 0.04:")
    assert "SSE/2 + 0.04 KL" in words
    assert words.endswith(".")
    assert effective_beta_words(replace(model, sigma=None), settings(beta=4.0)) == ""
    assert effective_beta_words(ModelConfig((3, 4, 1)), settings(beta=4.0)) == ""


# --- pixels as they are --------------------------------------------------------------------------------------------------------------


def test_training_and_validation_see_the_pixels_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the settings say of binarisation, which is the Bernoulli likelihood's."""
    dataset = toy(30, 4, (3, 4, 3))
    seen: list[Tensor] = []
    terms = VAE.terms

    def listen(module: VAE, x: Tensor, *args: Any, **more: Any) -> Terms:
        seen.append(x.clone())
        return terms(module, x, *args, **more)

    monkeypatch.setattr(VAE, "terms", listen)
    how = settings(epochs=1, batch_size=30, validation=10, binarize="dynamic")
    run(dataset, how, architecture(dataset, likelihood="gaussian"))
    split = dataset.with_validation(10).split
    for x, rows in zip(seen, (split.train, split.validation), strict=True):
        expected = dataset.images[rows].reshape(len(rows), -1) / 255
        np.testing.assert_allclose(np.sort(x.numpy(), axis=0), np.sort(expected, axis=0), atol=1e-6)


@pytest.mark.parametrize("sigma", [None, 0.3])
def test_training_lowers_the_loss(sigma: float | None) -> None:
    dataset = toy(120, 4, (6, 6, 1))
    config = architecture(dataset, likelihood="gaussian", sigma=sigma)
    losses = history_table(run(dataset, settings(epochs=15, batch_size=20), config))["train_loss"]
    assert losses[-6:].mean() < losses[:6].mean() - 1


@pytest.mark.parametrize("shape", [(3, 4, 1), (3, 4, 3)], ids=["grey", "colour"])
@pytest.mark.parametrize("sigma", [None, 0.2])
def test_figures_are_of_the_pixels_as_they_are(sigma: float | None, shape: tuple[int, int, int]) -> None:
    dataset = toy(60, 30, shape)
    module, handle = module_for(architecture(dataset, likelihood="gaussian", sigma=sigma), seed=4)
    for part in ("encoder", "decoder"):  # codes far apart, pictures that depend on them
        module.get_parameter(f"{part}.layers.2.weight").mul_(5)
    if sigma is None:
        module.likelihood.start_at(0.09)
    scale = sigma or 0.3
    figures = evaluate(handle, dataset, quick=True)
    x = dataset.images[60:].reshape(30, -1) / 255
    mu, log_var = numpy_encode(module, x)
    kl = 0.5 * (mu**2 + np.exp(log_var) - 1 - log_var).sum(1)
    assert figures["kl"]["value"] == pytest.approx(kl.mean(), rel=1e-4)
    z = mu + np.exp(log_var / 2) * np.random.default_rng(0).standard_normal((400, *mu.shape))
    mean = 1 / (1 + np.exp(-numpy_logits(module, z)))
    density = (-0.5 * ((x - mean) / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi)).sum(-1)
    error = 5 * (density.std(0) / math.sqrt(16)).mean() / math.sqrt(30)
    assert figures["reconstruction"]["value"] == pytest.approx(-density.mean(), abs=error)
    assert figures["elbo"]["value"] == pytest.approx((density.mean(0) - kl).mean(), abs=error)
    assert figures["elbo"]["value"] == pytest.approx(-figures["reconstruction"]["value"] - figures["kl"]["value"])
    for key in ("elbo", "reconstruction", "kl"):
        assert "pixels in 0..1 as they are" in figures[key]["protocol"]
        assert "binary" not in figures[key]["protocol"]
    assert "log density" in figures["reconstruction"]["protocol"]
    kind = "grey" if shape[2] == 1 else "colour"
    picture = 1 / (1 + np.exp(-numpy_logits(module, mu)))
    assert figures["mse"]["value"] == pytest.approx(((picture - x) ** 2).mean(), rel=1e-4)
    assert figures["mse"]["protocol"] == f"per pixel, {kind} image against the decoded posterior mean of the {kind} image"
    assert figures["mse"]["unit"] == f"squared {kind} level, 0..1"
    assert figures["knn5"]["protocol"].endswith(f"60 training images ({kind})")
