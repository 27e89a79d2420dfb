"""ELBO <= IWAE of K draws <= log p(x) for every posterior, and weights whose mean is p(x) itself."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.nn.families.base import Batch
from latent_explorer.core.nn.families.conditional import ConditionalVAE
from latent_explorer.core.nn.families.hierarchical import HierarchicalVAE
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import VAE, several_draws

FAMILIES = ["vae", "full-covariance-vae", "conditional-vae", "transformer-vae", "hyperspherical-vae", "hierarchical-vae"]
COUNT, DRAWS = 4, 20_000


def model(family: str, **more: object) -> VAE:
    """Untrained networks with enlarged weights: posteriors apart from the prior, pictures that depend on z."""
    changes: dict[str, object] = {"classes": 3} if family == "conditional-vae" else {}
    if family == "hierarchical-vae":
        changes = {"latent_dim": 1, "lower_dim": 1}  # both levels together lie on a plane
    module = build(ModelConfig((3, 3, 1), hidden=(10,), family=family, **{**changes, **more}), 4)  # type: ignore[arg-type]
    assert isinstance(module, VAE)
    with torch.no_grad():
        for name, weights in module.named_parameters():
            if "log_" not in name and not (family == "transformer-vae" and "encoder" in name):
                weights.mul_(2.0)
    return module.eval().requires_grad_(False)


def images() -> tuple[Tensor, Tensor]:
    x = torch.rand((COUNT, 9), generator=torch.Generator().manual_seed(7)).gt(0.5).float()
    return x, torch.tensor([0, 1, 2, 1])


def evidence(module: VAE, x: Tensor, labels: Tensor) -> Tensor:
    """log p(x) by a fine sum over latent space, (B,)."""
    line = torch.linspace(-7, 7, 561)
    plane = torch.cartesian_prod(line, line)
    log_weight = torch.distributions.Normal(0.0, 1.0).log_prob(plane).sum(1) + 2 * math.log(14 / 560)
    if module.config.facts.space == "sphere":
        count = 100_000
        golden = torch.arange(count, dtype=torch.float64) * math.pi * (3 - math.sqrt(5))
        height = 1 - (2 * torch.arange(count, dtype=torch.float64) + 1) / count
        ring = (1 - height**2).sqrt()
        plane = torch.stack([ring * golden.cos(), ring * golden.sin(), height], dim=1).float()
        log_weight = torch.full((count,), -math.log(count))
    if isinstance(module, HierarchicalVAE):
        z, lower = plane[:, :1], plane[:, 1:]
        mu, log_var = module.below(z)
        log_p = torch.distributions.Normal(mu, (log_var / 2).exp()).log_prob(lower).sum(1)
        log_weight = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1) + log_p + 2 * math.log(14 / 560)
        return torch.logsumexp(module.likelihood.table(x, module.together(z, lower)) + log_weight, dim=1)
    found = []
    for image, y in zip(x, labels, strict=True):
        numbers = module.decode(plane, y.expand(len(plane)) if isinstance(module, ConditionalVAE) else None)
        found.append(torch.logsumexp(module.likelihood.table(image[None], numbers)[0] + log_weight, dim=0))
    return torch.stack(found)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_mean_weight_of_draws_is_the_likelihood(family: str) -> None:
    """q, its density, prior and decoder fit each other: p(x) = E_q [p(x|z) p(z) / q(z|x)]."""
    module, (x, labels) = model(family), images()
    likelihood, ratio = module.importance(x, torch.Generator().manual_seed(1), DRAWS, labels)
    assert likelihood.shape == ratio.shape == (DRAWS, COUNT)
    exact = evidence(module, x, labels)
    weights = (likelihood - ratio - exact).exp()
    error = weights.std(0) / math.sqrt(DRAWS)
    assert (error < 0.05).all()
    assert ((weights.mean(0) - 1).abs() < 4 * error + 2e-3).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_bounds_are_in_their_order_and_the_kl_is_the_mean_ratio(family: str) -> None:
    module, (x, labels) = model(family), images()
    likelihood, ratio = module.importance(x, torch.Generator().manual_seed(1), DRAWS, labels)
    terms = module.terms(x, torch.Generator().manual_seed(2), 4000, labels)
    se = (likelihood - ratio).std(0) / math.sqrt(DRAWS)
    torch.testing.assert_close(terms.kl, ratio.mean(0), rtol=0, atol=5 * (ratio.std(0).max() / math.sqrt(4000)).item() + 1e-4)
    elbo = -(terms.reconstruction + terms.kl)
    assert ((elbo - (likelihood - ratio).mean(0)).abs() < 10 * se + 1e-3).all()
    bounds = [elbo]
    for k in (5, 100):
        parts = [several_draws(a, b) for a, b in zip(likelihood.split(k), ratio.split(k), strict=True)]
        bounds.append(torch.stack(parts).mean(0))
    bounds.append(evidence(module, x, labels))
    for lower, upper in pairwise(bounds):
        assert (lower < upper + 3 * se).all()
    assert (bounds[0] < bounds[-1] - 0.01).all()


def test_the_bound_of_several_draws_is_the_formula() -> None:
    likelihood, ratio = torch.randn((5, 3), dtype=torch.float64), torch.randn((5, 3), dtype=torch.float64)
    expected = torch.log(torch.exp(likelihood - ratio).mean(0))
    torch.testing.assert_close(several_draws(likelihood, ratio), expected)
    torch.testing.assert_close(several_draws(likelihood[:1], ratio[:1]), likelihood[0] - ratio[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_training_makes_the_bound_that_it_names_large(family: str) -> None:
    module, (x, labels) = model(family), images()
    told = labels if family == "conditional-vae" else None

    def loss(objective: str, samples: int, beta: float = 1.0) -> float:
        module.configure(TrainingConfig(objective=objective, samples=samples).for_model(module.config))
        return module.loss(Batch(x, told, torch.Generator().manual_seed(3), beta, 1.0))[0].item()

    likelihood, ratio = module.importance(x, torch.Generator().manual_seed(3), 6, told)
    assert loss("iwae", 6) == pytest.approx(-several_draws(likelihood, ratio).mean().item(), rel=1e-5)
    assert loss("iwae", 6, 3.0) == pytest.approx(-several_draws(likelihood, 3 * ratio).mean().item(), rel=1e-5)
    several = module.terms(x, torch.Generator().manual_seed(3), 6, told)
    assert loss("elbo", 6) == pytest.approx((several.reconstruction + several.kl).mean().item(), rel=1e-5)
    assert loss("elbo", 6, 3.0) == pytest.approx((several.reconstruction + 3 * several.kl).mean().item(), rel=1e-5)
    assert loss("iwae", 1) != pytest.approx(loss("iwae", 6), rel=1e-3)
