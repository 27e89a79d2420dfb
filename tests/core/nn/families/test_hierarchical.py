"""Two levels: both divergences are counted, the upper one rises slowly, and below a point lie many images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.base import Batch
from latent_explorer.core.nn.families.hierarchical import TOP_RISE, HierarchicalVAE, normal_kl, normal_ratio
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import ModelHandle, publish
from latent_explorer.core.nn.inference import decode


def model(**more: object) -> HierarchicalVAE:
    module = build(ModelConfig((4, 4, 1), hidden=(8,), family="hierarchical-vae", lower_dim=3, **more), 0)  # type: ignore[arg-type]
    assert isinstance(module, HierarchicalVAE)
    return module


def draws(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


X = torch.rand((5, 16), generator=torch.Generator().manual_seed(0))


def test_the_lower_terms_are_those_of_torch() -> None:
    mu, log_var, mu_p, log_var_p, z = (draws(6, 4, seed=k) for k in range(5))
    q, p = Normal(mu, (log_var / 2).exp()), Normal(mu_p, (log_var_p / 2).exp())
    torch.testing.assert_close(normal_kl(mu, log_var, mu_p, log_var_p), kl_divergence(q, p).sum(-1))
    torch.testing.assert_close(normal_ratio(z, mu, log_var, mu_p, log_var_p), (q.log_prob(z) - p.log_prob(z)).sum(-1))


@torch.no_grad()
def test_the_kl_is_that_of_both_levels() -> None:
    module = model()
    reconstruction, top, lower = module.levels(X, torch.Generator().manual_seed(1))
    terms = module.terms(X, torch.Generator().manual_seed(1))
    torch.testing.assert_close(terms.kl, top + lower)
    torch.testing.assert_close(terms.reconstruction, reconstruction)
    assert (top > 0).all() and (lower > 0).all()
    mu, columns = module.read(X)
    assert mu.shape == (5, 2)
    torch.testing.assert_close(columns["kl_top"], top)
    several = module.levels(X, torch.Generator().manual_seed(1), 500)[2]
    torch.testing.assert_close(columns["kl_lower"], several, rtol=0.2, atol=0.02)


@pytest.mark.parametrize(("part", "rise"), [(0.0, 0.0), (TOP_RISE / 4, 0.25), (TOP_RISE, 1.0), (1.0, 1.0)])
@pytest.mark.parametrize("objective", ["elbo", "iwae"])
def test_the_upper_kl_rises_over_the_first_half_of_the_run(part: float, rise: float, objective: str) -> None:
    """It would be given up first; what is reported has it in full."""
    module = model()
    module.objective, module.samples = objective, 1
    loss, terms = module.loss(Batch(X, None, torch.Generator().manual_seed(1), 2.0, part))
    if objective == "elbo":
        reconstruction, top, lower = module.levels(X, torch.Generator().manual_seed(1))
    else:
        likelihood, top, lower = (values[0] for values in module._two_ratios(X, torch.Generator().manual_seed(1), 1))
        reconstruction = -likelihood
    assert loss.item() == pytest.approx((reconstruction + 2 * (rise * top + lower)).mean().item(), rel=1e-5)
    torch.testing.assert_close(terms.kl, top + lower)


@torch.no_grad()
def test_a_point_has_its_mean_picture_and_many_others() -> None:
    module = model().eval().requires_grad_(False)
    for weights in module.parameters():
        weights.mul_(3.0)
    z = torch.randn((7, 2), generator=torch.Generator().manual_seed(2))
    mu, log_var = module.below(z)
    torch.testing.assert_close(module.decode(z), module.together(z, mu))
    one, two = module.resample(z, 1), module.resample(z, 2)
    assert torch.equal(one, module.resample(z, 1))
    assert not torch.allclose(one, two) and not torch.allclose(one, module.mean_image(z))
    torch.testing.assert_close(module.resample(z[3:4], 1), one[3:4])  # one seed is one style, wherever it is asked
    eps = torch.randn(3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(one, module.likelihood.mean(module.together(z, mu + (log_var / 2).exp() * eps)))
    handle = ModelHandle("two levels", module.config)
    publish(handle, module)
    np.testing.assert_allclose(decode(handle, z.numpy(), seed=1).reshape(7, -1), one, atol=1e-6)
    np.testing.assert_allclose(decode(handle, z.numpy()).reshape(7, -1), module.mean_image(z), atol=1e-6)


def test_all_weights_of_both_levels_learn() -> None:
    module = model(network="conv", channels=(3,))
    loss, _ = module.loss(Batch(X, None, torch.Generator().manual_seed(1), 1.0, 1.0))
    loss.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters())
