"""The ELBO is a bound: against log p(x) and the exact posterior by quadrature, an implementation of the tests' own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.types import ImageDataset
from tests.core.nn.small import Doubles, architecture, numpy_encode, numpy_log_prob, numpy_logits, run, settings, to_torch

SIDE, REACH = 200, 6.0
IMAGES, SAMPLES = 8, 2000


@dataclass(frozen=True)
class Truth:
    """By quadrature in float64: log p(x), E_q[log p(x|z)] and KL(q || p(z|x)); and samples by the program."""

    x: Doubles
    log_p: Doubles
    expected_log_likelihood: Doubles
    gap: Doubles
    kl_to_prior: Doubles
    reconstruction: Doubles  # (images, samples)
    kl: Doubles


def integrate(module: VAE, x: Doubles) -> dict[str, Doubles]:
    axis = (np.arange(SIDE) + 0.5) * (2 * REACH / SIDE) - REACH
    z = np.stack([grid.ravel() for grid in np.meshgrid(axis, axis)], 1)
    cell = (2 * REACH / SIDE) ** 2
    logits = numpy_logits(module, z)
    log_prior = -0.5 * (z**2).sum(1) - np.log(2 * np.pi)
    mu, log_var = numpy_encode(module, x)
    out: dict[str, list[float]] = {"log_p": [], "expected_log_likelihood": [], "gap": [], "kl_to_prior": []}
    for image, m, v in zip(x, mu, log_var, strict=True):
        log_likelihood = numpy_log_prob(image, logits)
        joint = log_likelihood + log_prior
        log_p = joint.max() + np.log(np.exp(joint - joint.max()).sum() * cell)
        log_q = (-0.5 * (z - m) ** 2 / np.exp(v) - 0.5 * v - 0.5 * np.log(2 * np.pi)).sum(1)
        q = np.exp(log_q) * cell
        assert q.sum() == pytest.approx(1, abs=1e-3)  # the grid is fine and wide enough
        out["log_p"].append(log_p)
        out["expected_log_likelihood"].append((q * log_likelihood).sum())
        out["gap"].append((q * (log_q - (joint - log_p))).sum())
        out["kl_to_prior"].append((q * (log_q - log_prior)).sum())
    return {name: np.array(values) for name, values in out.items()}


@pytest.fixture(scope="module")
def truth(digits: ImageDataset) -> Truth:
    how = settings(epochs=12, batch_size=64, lr=5e-3)
    last = run(digits, how, architecture(digits, 2, (32,)))
    assert last.snapshot is not None
    module = module_of(last.snapshot)
    grey = digits.images[digits.split.test[:IMAGES]].reshape(IMAGES, -1) / 255
    x = (np.random.default_rng(0).random(grey.shape) < grey).astype(float)
    with torch.inference_mode():
        terms = module.terms(to_torch(np.repeat(x, SAMPLES, axis=0)), torch.Generator().manual_seed(0))
    samples = [part.double().numpy().reshape(IMAGES, SAMPLES) for part in terms]
    return Truth(x, **integrate(module, x), reconstruction=samples[0], kl=samples[1])


def standard_error(samples: Doubles) -> Doubles:
    error: Doubles = samples.std(1, ddof=1) / np.sqrt(samples.shape[1])
    return error


def test_the_model_has_learnt_something(truth: Truth) -> None:
    """Else the bounds below say little: the posteriors are narrow and apart."""
    assert truth.kl_to_prior.mean() > 1.0
    assert truth.kl_to_prior.std() > 0.1


def test_elbo_is_not_above_the_exact_log_likelihood(truth: Truth) -> None:
    elbo = -(truth.reconstruction + truth.kl)
    assert (elbo.mean(1) <= truth.log_p + 3 * standard_error(elbo)).all()


def test_one_sample_elbo_is_unbiased(truth: Truth) -> None:
    """Its mean over draws is the integral E_q[log p(x|z)] - KL."""
    elbo = -(truth.reconstruction + truth.kl)
    error = np.abs(elbo.mean(1) - (truth.expected_log_likelihood - truth.kl_to_prior))
    assert (error < 4 * standard_error(elbo)).all()


def test_kl_is_the_integral_over_the_plane(truth: Truth) -> None:
    np.testing.assert_allclose(truth.kl[:, 0], truth.kl_to_prior, atol=2e-3)
    assert (np.ptp(truth.kl, axis=1) < 1e-5).all()  # closed form: no noise


def test_the_gap_is_the_divergence_from_the_exact_posterior(truth: Truth) -> None:
    """log p(x) - ELBO = KL(q(z|x) || p(z|x)), which is never negative."""
    elbo = -(truth.reconstruction + truth.kl)
    assert (truth.gap > 0).all()
    assert (np.abs(truth.log_p - elbo.mean(1) - truth.gap) < 4 * standard_error(elbo) + 2e-3).all()


def test_a_one_sample_elbo_is_no_log_likelihood(truth: Truth) -> None:
    """Single draws lie on both sides of the ELBO by nats; the bound holds for their mean."""
    elbo = -(truth.reconstruction + truth.kl)
    assert (elbo.std(1) > 0.2).all()
    assert (elbo > truth.log_p[:, None]).any()
