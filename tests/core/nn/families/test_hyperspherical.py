"""The von Mises-Fisher distribution on S2: density, divergence, moments and draws against integrals over the sphere."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import kstest, vonmises_fisher

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.hyperspherical import (
    SMALL,
    HypersphericalVAE,
    VonMisesFisher,
    log_scale,
    mean_length,
    mises_fisher_kl,
)
from latent_explorer.core.nn.families.registry import build

KAPPAS = [1e-3, 0.05, SMALL - 1e-6, SMALL + 1e-6, 1.0, 7.0, 60.0, 500.0]
MU = torch.nn.functional.normalize(torch.tensor([[0.2, -0.7, 0.4]], dtype=torch.float64), dim=-1)


def posterior(kappa: float, count: int = 1) -> VonMisesFisher:
    return VonMisesFisher(MU.expand(count, 3), torch.full((count,), kappa, dtype=torch.float64))


def over_the_sphere(kappa: float, value: object) -> float:
    """Integral over w = mu.z of a function of (w, density against the even prior); the prior of w is even on -1..1."""
    low = max(-1.0, 1 - 60 / kappa)

    def density(w: float) -> float:
        return math.exp(kappa * (w - 1) + log_scale(torch.tensor(kappa, dtype=torch.float64)).item())

    parts = [quad(lambda w: 0.5 * density(w) * value(w, density(w)), a, b)[0] for a, b in ((-1.0, low), (low, 1.0))]  # type: ignore[operator]
    return sum(parts)


@pytest.mark.parametrize("kappa", KAPPAS)
def test_density_divergence_and_moments_are_the_integrals(kappa: float) -> None:
    assert over_the_sphere(kappa, lambda w, d: 1.0) == pytest.approx(1, abs=1e-8)
    q = posterior(kappa)
    assert q.kl().item() == pytest.approx(over_the_sphere(kappa, lambda w, d: math.log(d) if d else 0.0), abs=1e-7)
    assert mean_length(q.kappa).item() == pytest.approx(over_the_sphere(kappa, lambda w, d: w), abs=1e-8)
    assert q.log_var.exp()[0, 0].item() == pytest.approx(over_the_sphere(kappa, lambda w, d: (1 - w * w) / 2), rel=1e-7)


def test_the_density_is_scipys() -> None:
    z = torch.nn.functional.normalize(torch.randn((20, 3), generator=torch.Generator().manual_seed(0), dtype=torch.float64), dim=-1)
    for kappa in (0.1, 3.0, 40.0):
        expected = vonmises_fisher(MU[0].numpy(), kappa).logpdf(z.numpy()) + math.log(4 * math.pi)
        np.testing.assert_allclose(posterior(kappa, 20).log_ratio(z), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kappa", [0.01, 0.8, 5.0, 300.0])
def test_draws_have_the_moments_and_the_distribution(kappa: float) -> None:
    q = posterior(kappa)
    z = q.sample(torch.Generator().manual_seed(1), 40_000)[:, 0]
    torch.testing.assert_close(z.norm(dim=-1), torch.ones(len(z), dtype=torch.float64))
    mean, error = z.mean(0), z.std(0) / math.sqrt(len(z))
    assert ((mean - mean_length(q.kappa) * MU[0]).abs() < 4.5 * error).all()
    w = (z @ MU[0]).numpy()
    # The distribution function of w is (e^(k (w - 1)) - e^-2k) / (1 - e^-2k).
    assert kstest(w, lambda v: (np.exp(kappa * (v - 1)) - np.exp(-2 * kappa)) / -np.expm1(-2 * kappa)).pvalue > 1e-3
    across = z.numpy() - w[:, None] * MU[0].numpy()
    basis = np.linalg.svd(MU.numpy())[2][1:]
    angle = np.arctan2(*(across @ basis.T).T)
    assert kstest(angle, lambda v: (v + math.pi) / (2 * math.pi)).pvalue > 1e-3
    tangential = (across @ basis.T).var(axis=0)
    np.testing.assert_allclose(tangential, q.log_var.exp()[0, 0].item(), rtol=0.03)


def test_each_image_and_draw_has_noise_of_its_own() -> None:
    z = posterior(3.0, 4).sample(torch.Generator().manual_seed(2), 5)
    assert z.shape == (5, 4, 3)
    assert len(torch.unique(z.reshape(-1, 3), dim=0)) == 20
    assert posterior(3.0, 4).sample(torch.Generator().manual_seed(2), None).shape == (4, 3)


def test_derivatives_are_those_of_finite_differences_and_finite_at_both_ends() -> None:
    for function in (mises_fisher_kl, log_scale, mean_length):
        k = torch.tensor(KAPPAS, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(function, k, eps=1e-7, atol=1e-5)
    mu = torch.nn.functional.normalize(torch.randn((6, 3)), dim=-1).requires_grad_()
    kappa = torch.tensor([1e-3, 1e-2, 1.0, 1e3, 1e5, 1e7]).requires_grad_()
    q = VonMisesFisher(mu, kappa)
    z = q.sample(torch.Generator().manual_seed(3), 100)
    (z.sum() + q.kl().sum() + q.log_ratio(z).sum()).backward()
    for tensor in (mu, kappa):
        assert tensor.grad is not None and torch.isfinite(tensor.grad).all()
    assert torch.isfinite(q.log_var).all()


def test_draws_move_with_their_parameters() -> None:
    """Reparameterised: the derivative of the expectation of a function is that of its draws' mean."""
    kappa = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    z = VonMisesFisher(MU, kappa).sample(torch.Generator().manual_seed(5), 100_000)
    (z[:, 0] @ MU[0]).mean().backward()
    step = 1e-5
    slope = (mean_length(kappa.detach() + step) - mean_length(kappa.detach() - step)) / (2 * step)
    assert kappa.grad is not None
    assert kappa.grad.item() == pytest.approx(slope.item(), rel=0.02)


def test_single_precision_agrees_with_double() -> None:
    k = torch.logspace(-3, 5, 2000)
    for function in (mises_fisher_kl, log_scale, mean_length):
        torch.testing.assert_close(function(k).double(), function(k.double()), rtol=3e-5, atol=1e-6)


def test_codes_are_unit_vectors_with_a_kappa() -> None:
    module = build(ModelConfig((4, 3, 1), hidden=(6,), family="hyperspherical-vae"), 0)
    assert isinstance(module, HypersphericalVAE)
    x = torch.rand((9, 12), generator=torch.Generator().manual_seed(0))
    mu, columns = module.read(x)
    torch.testing.assert_close(mu.norm(dim=-1), torch.ones(9))
    assert columns["kappa"].shape == (9,) and (columns["kappa"] > 0).all()
    assert columns["log_var"].shape == (9, 3)
    torch.testing.assert_close(columns["kl"], mises_fisher_kl(columns["kappa"]))
    zero = module.posterior(torch.zeros(2, 12))
    assert torch.isfinite(zero.mu).all()


def test_an_exactly_even_direction_is_no_division_by_zero() -> None:
    module = build(ModelConfig((4, 3, 1), hidden=(6,), family="hyperspherical-vae"), 0)
    for weights in module.encoder.parameters():
        weights.data.zero_()
    terms = module.terms(torch.zeros(3, 12), torch.Generator().manual_seed(0))
    (terms.reconstruction + terms.kl).sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in module.parameters())
