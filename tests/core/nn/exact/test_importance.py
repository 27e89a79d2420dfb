"""The importance-weighted bounds: against closed forms, and in their order with ELBO and exact likelihood on a shipped model."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from latent_explorer.core.checkpoint.weights import load_model
from latent_explorer.core.data.builtin import digits
from latent_explorer.core.nn.evaluation import image_terms
from latent_explorer.core.nn.exact.importance import bound_of, iwae_by_encoder, iwae_by_posterior
from latent_explorer.core.nn.exact.many import log_likelihoods
from latent_explorer.core.nn.likelihoods import fixed_binary_draw
from latent_explorer.core.resources import resource_folder
from tests.core.nn.exact.linear import linear_gaussian
from tests.core.nn.exact.lively import binary_images, lively


@pytest.mark.parametrize(("latent_dim", "side"), [(2, 128), (1, 32)])
def test_it_finds_the_closed_form(latent_dim: int, side: int) -> None:
    exact = linear_gaussian(0.05, latent_dim)
    images = exact.draw(5)
    found = iwae_by_posterior(exact.handle, images, 2000, side)
    truth = np.array([exact.evidence(x) for x in images.reshape(5, -1).astype(float)])
    assert found.se.max() < 0.05
    np.testing.assert_array_less(np.abs(found.value - truth), 4 * found.se + 1e-3)


def test_it_is_right_also_where_the_grid_is_too_coarse() -> None:
    """A posterior of half a cell's width: the grid errs, the bound does not."""
    exact = linear_gaussian(0.01)
    images = exact.draw(6, 1)
    truth = np.array([exact.evidence(x) for x in images.reshape(6, -1).astype(float)])
    found = iwae_by_posterior(exact.handle, images, 4000, 64)
    grid = log_likelihoods(exact.handle, images, 64)
    assert np.abs(grid - truth).max() > 0.05
    np.testing.assert_array_less(np.abs(found.value - truth), 5 * found.se + 1e-2)


def test_on_the_torus_too() -> None:
    _, handle = lively("qlvm-torus")
    images = binary_images(4)
    found = iwae_by_posterior(handle, images, 3000, 64)
    np.testing.assert_array_less(np.abs(found.value - log_likelihoods(handle, images, 128)), 5 * found.se + 2e-3)


def test_a_bound_is_the_logarithm_of_the_mean_weight() -> None:
    weights = torch.tensor([0.5, 1.5, 2.0, 4.0]).double()
    value, se = bound_of((weights.log() - 300).float())
    assert value == pytest.approx(math.log(2.0) - 300, abs=1e-4)
    assert se == pytest.approx(float(weights.std()) / 2.0 / 2.0, rel=1e-4)


def test_elbo_bound_and_exact_likelihood_are_in_their_order_on_a_shipped_model() -> None:
    """Three standard errors for the noise of the draws."""
    handle = load_model(resource_folder("models") / "digits.safetensors").handle
    dataset = digits()
    images = dataset.images[dataset.split.test][:40]
    binary = fixed_binary_draw(images)
    exact = log_likelihoods(handle, binary, 128)
    reconstruction, kl = image_terms(handle, images, lambda what, part: None, samples=64)
    elbo = -(reconstruction + kl)
    few, more = iwae_by_encoder(handle, binary, 8), iwae_by_encoder(handle, binary, 512)

    def below(low: np.ndarray, high: np.ndarray) -> bool:
        gain = high - low
        return bool(gain.mean() > -3 * gain.std(ddof=1) / math.sqrt(len(gain)))

    assert below(elbo, few.value)
    assert below(few.value, more.value)
    assert below(more.value, exact)
    assert (exact - elbo).mean() > 0.01
    cells = iwae_by_posterior(handle, binary[:6], 2000, 128)
    np.testing.assert_array_less(np.abs(cells.value - exact[:6]), 5 * cells.se + 1e-3)
