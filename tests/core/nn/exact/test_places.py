"""One image's posterior anywhere, and the encoder's beside it: against closed forms and draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.exact.places import encoded, log_density_at, normal_rule
from latent_explorer.core.nn.exact.posterior import posterior
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.handles import publish
from latent_explorer.core.types import ModelHandle
from tests.core.nn.exact.linear import linear_gaussian
from tests.core.nn.exact.lively import SHAPE, flat, grey_images, lively


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_the_density_of_a_linear_decoder_is_normal(latent_dim: int) -> None:
    exact = linear_gaussian(0.05, latent_dim)
    image = exact.draw(1)[0]
    mean, covariance = exact.posterior(image.reshape(-1).astype(float))
    found = posterior(exact.handle, image, 128)
    z = np.random.default_rng(0).multivariate_normal(mean, covariance, 700)
    away = z - mean
    square = np.einsum("ni,ij,nj->n", away, np.linalg.inv(covariance), away)
    wanted = -0.5 * (square + np.linalg.slogdet(2 * math.pi * covariance)[1])
    np.testing.assert_allclose(log_density_at(exact.handle, image, z, found), wanted, atol=0.01)


def test_with_a_mask_the_density_is_that_of_the_known_pixels() -> None:
    _, handle = lively()
    image = grey_images(1)[0]
    mask = np.zeros(SHAPE[:2], np.bool_)
    mask[:2] = True
    found = posterior(handle, image, 64, mask)
    logs = log_density_at(handle, image, found.z.astype(float), found, mask)
    np.testing.assert_allclose(np.exp(logs).sum() * found.h**2, 1, atol=1e-3)
    np.testing.assert_allclose(np.exp(logs) * found.h**2, found.probability.ravel(), atol=1e-5)


@pytest.mark.parametrize("family", ["vae", "full-covariance-vae"])
def test_the_elbo_is_that_of_many_draws_and_below_the_evidence(family: str) -> None:
    module, handle = lively(family)
    assert isinstance(module, VAE)
    image = grey_images(1)[0]
    said = encoded(handle, image)
    assert said is not None
    x = flat(image[None])
    terms = module.terms(x, torch.Generator().manual_seed(0), 20_000)
    assert said.elbo == pytest.approx(-float(terms.reconstruction + terms.kl), abs=0.05)
    draws = module.posterior(x).sample(torch.Generator().manual_seed(1), 20_000)[:, 0].numpy().astype(float)
    np.testing.assert_allclose(said.mean, draws.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(said.covariance, np.cov(draws.T), atol=0.05)
    found = posterior(handle, image, 128)
    # The gap is KL(q || p(z|x)), by a sum over the grid.
    away = found.z - said.mean
    log_q = -0.5 * (
        np.einsum("ni,ij,nj->n", away, np.linalg.inv(said.covariance), away) + np.linalg.slogdet(2 * np.pi * said.covariance)[1]
    )
    q = np.exp(log_q) * found.h**2
    kl = float((q * (log_q - log_density_at(handle, image, found.z.astype(float), found))).sum())
    assert found.log_evidence - said.elbo == pytest.approx(kl, abs=0.01)
    assert kl > 0


@pytest.mark.parametrize("log_width", [-4.0, -12.0, -25.0])
def test_the_elbo_falls_on_as_a_tilted_posterior_becomes_a_line(log_width: float) -> None:
    """q = N(0, L L') with L = [[e, 0], [1, w]]: the KL is 1/2 (tr - d) - log det L, however small w."""
    handle = ModelHandle("nearly a line", ModelConfig(SHAPE, hidden=(), family="full-covariance-vae"))
    module = build(handle.architecture, 0)
    for weights in (*module.encoder.parameters(), *module.decoder.parameters()):
        torch.nn.init.zeros_(weights)
    with torch.no_grad():
        module.encoder.layers[-1].bias.copy_(torch.tensor([0.0, 0.0, 1.0, log_width, 1.0]))
    publish(handle, module.eval().requires_grad_(False), None)
    said = encoded(handle, np.zeros(SHAPE, np.uint8))
    assert said is not None
    kl = 0.5 * (math.exp(2) + 1 + math.exp(2 * log_width) - 2) - 1 - log_width
    assert said.elbo == pytest.approx(-math.prod(SHAPE) * math.log(2) - kl, abs=1e-3)  # every pixel is as often black as white


def test_without_a_normal_encoder_nothing_is_said() -> None:
    for family in ("qlvm", "hyperspherical-vae"):
        _, handle = lively(family)
        assert encoded(handle, grey_images(1)[0]) is None


def test_the_rule_integrates_polynomials_exactly() -> None:
    places, shares = normal_rule(2)
    x, y = places.T
    assert shares.sum() == pytest.approx(1)
    assert shares @ (x**2 * y**4) == pytest.approx(3)
    assert shares @ x**6 == pytest.approx(15)
    assert shares @ (x * y) == pytest.approx(0, abs=1e-12)
