"""The posterior with a full covariance, against torch's multivariate normal distribution."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import MultivariateNormal, kl_divergence

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.full_covariance import FullCovarianceVAE, FullNormal, factor_of
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import DiagonalNormal


def some(d: int, count: int = 5) -> FullNormal:
    generator = torch.Generator().manual_seed(d)
    mu = 2 * torch.randn((count, d), generator=generator, dtype=torch.float64)
    numbers = torch.randn((count, d * (d + 1) // 2), generator=generator, dtype=torch.float64)
    return FullNormal(mu, factor_of(numbers, d))


@pytest.mark.parametrize("d", [1, 2, 5])
def test_factors_are_lower_triangular_with_a_positive_diagonal_and_use_every_number(d: int) -> None:
    numbers = torch.randn((3, d * (d + 1) // 2), generator=torch.Generator().manual_seed(0))
    factor = factor_of(numbers, d)
    assert torch.equal(factor, factor.tril())
    assert (factor.diagonal(dim1=1, dim2=2) > 0).all()
    for k in range(numbers.shape[1]):
        moved = numbers.clone()
        moved[:, k] += 1
        assert not torch.equal(factor_of(moved, d), factor)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_kl_and_ratio_are_those_of_torch(d: int) -> None:
    q = some(d)
    ours = MultivariateNormal(q.mu, scale_tril=q.factor)
    prior = MultivariateNormal(torch.zeros(d, dtype=torch.float64), torch.eye(d, dtype=torch.float64))
    torch.testing.assert_close(q.kl(), kl_divergence(ours, prior))
    z = q.sample(torch.Generator().manual_seed(1), 6)
    torch.testing.assert_close(q.log_ratio(z), ours.log_prob(z) - prior.log_prob(z))


def test_draws_have_mean_and_covariance() -> None:
    q = some(2, 3)
    z = q.sample(torch.Generator().manual_seed(2), 60_000)
    torch.testing.assert_close(z.mean(0), q.mu, atol=0.06, rtol=0)
    for n in range(3):
        torch.testing.assert_close(torch.cov(z[:, n].T), q.covariance[n], rtol=0.05, atol=0.03)
    assert len(torch.unique(q.sample(torch.Generator().manual_seed(3), None) - q.mu)) == 6  # no image shares its noise


def test_a_diagonal_factor_is_the_vaes_posterior() -> None:
    mu = torch.randn((4, 3), generator=torch.Generator().manual_seed(4))
    log_var = torch.randn((4, 3), generator=torch.Generator().manual_seed(5))
    full, diagonal = FullNormal(mu, torch.diag_embed(torch.exp(log_var / 2))), DiagonalNormal(mu, log_var)
    torch.testing.assert_close(full.kl(), diagonal.kl())
    z = diagonal.sample(torch.Generator().manual_seed(6), 5)
    torch.testing.assert_close(full.log_ratio(z), diagonal.log_ratio(z))
    torch.testing.assert_close(full.sample(torch.Generator().manual_seed(6), 5), z)


def test_codes_have_the_whole_covariance_and_its_diagonal() -> None:
    module = build(ModelConfig((4, 3, 1), hidden=(6,), family="full-covariance-vae"), 0)
    assert isinstance(module, FullCovarianceVAE)
    mu, columns = module.read(torch.rand((7, 12), generator=torch.Generator().manual_seed(0)))
    assert mu.shape == (7, 2) and columns["cov"].shape == (7, 2, 2)
    torch.testing.assert_close(columns["cov"].diagonal(dim1=1, dim2=2), columns["log_var"].exp())
    assert (torch.linalg.eigvalsh(columns["cov"]) > 0).all()
    ours = MultivariateNormal(mu, columns["cov"])
    torch.testing.assert_close(columns["kl"], kl_divergence(ours, MultivariateNormal(torch.zeros(2), torch.eye(2))), atol=1e-4, rtol=1e-4)
    assert (columns["cov"][:, 0, 1].abs() > 1e-4).any()
