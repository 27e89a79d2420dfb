"""The quadrature-trained decoder: its sums against numerical integrals, its gradient against autograd's of the whole sum."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.base import Batch
from latent_explorer.core.nn.families.qlvm import QLVM, parabola, posterior
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.nodes import midpoints, shifted_nodes

SMALL = ModelConfig((2, 3, 1), family="qlvm", hidden=(16, 16))


def lively(config: ModelConfig) -> QLVM:
    """A decoder whose pictures differ from place to place."""
    module = build(config, 3)
    assert isinstance(module, QLVM)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(2.5)
    return module


def pixels(count: int, dim: int = 6) -> torch.Tensor:
    return torch.from_numpy(np.random.Generator(np.random.PCG64(1)).integers(0, 2, (count, dim)).astype(np.float32))


@pytest.mark.parametrize("family", ["qlvm", "qlvm-torus"])
def test_weights_of_midpoints_are_the_priors_mass(family: str) -> None:
    z, log_weight = midpoints(ModelConfig((2, 3, 1), family=family), 64)
    assert z.shape == (4096, 2)
    assert log_weight.exp().sum().item() == pytest.approx(1, abs=2e-5)
    second = (log_weight.exp()[:, None] * z.square()).sum(0)
    torch.testing.assert_close(second, torch.full((2,), 1.0 if family == "qlvm" else 1 / 3), atol=1e-3, rtol=0)


def test_log_likelihood_is_the_integral_over_the_plane() -> None:
    module, x = lively(SMALL), pixels(3)
    found = module.terms(x)

    def likelihood(b: float, a: float, row: int) -> float:
        z = torch.tensor([[a, b]], dtype=torch.float32)
        prior = math.exp(-0.5 * (a * a + b * b)) / (2 * math.pi)
        return math.exp(module.likelihood.log_prob(x[row : row + 1], module.decode(z)).item()) * prior

    with torch.no_grad():
        for row in range(3):
            expected, _ = integrate.dblquad(likelihood, -6, 6, -6, 6, args=(row,), epsabs=1e-6)
            assert -(found.reconstruction + found.kl)[row].item() == pytest.approx(math.log(expected), abs=1e-3)


def test_both_terms_are_those_of_the_exact_posterior() -> None:
    module, x = lively(SMALL), pixels(4)
    z, log_weight = midpoints(SMALL, 32)
    joint = module.joint(x, z, log_weight)
    share, terms = posterior(joint, log_weight)
    p = torch.softmax(joint.double(), dim=1)
    torch.testing.assert_close(share.double(), p, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(terms.kl.double(), (p * (p.log() - log_weight)).sum(1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        terms.reconstruction.double(), -(p * module.likelihood.table(x, module.decode(z))).sum(1), atol=1e-4, rtol=1e-4
    )
    assert (terms.kl >= 0).all()


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("family", ["qlvm", "qlvm-torus"])
def test_the_gradient_is_that_of_the_whole_sum(family: str, likelihood: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fisher's identity: the same as autograd through logsumexp over all nodes."""
    monkeypatch.setattr("latent_explorer.core.nn.families.qlvm.LEAST_SHARE", 0.0)
    config = ModelConfig((2, 3, 1), family=family, hidden=(16, 16), likelihood=likelihood)
    module, x = lively(config), pixels(5)
    module.nodes = (4, 9)
    loss, terms = module.loss(Batch(x, None, torch.Generator().manual_seed(5), 1.0, part=0.7))
    loss.backward()
    found = {name: parameter.grad.clone() for name, parameter in module.named_parameters() if parameter.grad is not None}
    module.zero_grad()
    z, log_weight = shifted_nodes(config, 9, torch.Generator().manual_seed(5))
    whole = -torch.logsumexp(module.joint(x, z, log_weight), dim=1).mean()
    whole.backward()
    assert (terms.reconstruction + terms.kl).mean().item() == pytest.approx(whole.item(), abs=1e-4)
    assert found.keys() == {name for name, _ in module.named_parameters()}
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, atol=1e-5, rtol=1e-3)


def test_shifted_nodes_estimate_the_priors_mean_without_bias() -> None:
    generator = torch.Generator().manual_seed(0)
    sums = torch.zeros(3)
    for _ in range(500):
        z, log_weight = shifted_nodes(SMALL, 9, generator)
        weight = log_weight.exp()
        sums += torch.stack([weight.sum(), (weight * z[:, 0].square()).sum(), (weight * torch.cos(3 * z[:, 1])).sum()]) / 500
    assert sums[0].item() == pytest.approx(1, abs=1e-5)
    assert sums[1].item() == pytest.approx(1, abs=0.02)
    assert sums[2].item() == pytest.approx(math.exp(-4.5), abs=0.01)


def test_encoding_gives_the_posteriors_mean_and_variance() -> None:
    module, x = lively(SMALL), pixels(4)
    z, log_weight = midpoints(SMALL, 200)
    share = torch.softmax(module.joint(x, z, log_weight), dim=1)
    mean = share @ z
    variance = share @ z.square() - mean.square()
    found, log_var = module.encode(x)
    torch.testing.assert_close(found, mean, atol=2e-3, rtol=0)
    torch.testing.assert_close(log_var.exp(), variance, atol=1e-2, rtol=0)


@pytest.mark.parametrize("torus", [False, True])
@pytest.mark.parametrize("width", [0.25, 0.7])
def test_a_narrow_posterior_is_found_between_the_nodes(torus: bool, width: float) -> None:
    """Of a normal density the paraboloid is exact: place and width, wherever the peak lies."""
    side = 9
    peaks = torch.tensor([[4.3, 3.8], [2.6, 6.45], [7.9, 8.2], [0.1, 0.4]], dtype=torch.float64)
    along = torch.arange(side, dtype=torch.float64)
    place = torch.cartesian_prod(along, along)
    away = place[None] - peaks[:, None]
    away = (away + side / 2) % side - side / 2 if torus else away
    correlation = 0.3
    form = torch.tensor([[1.0, -correlation], [-correlation, 1.0]], dtype=torch.float64) / ((1 - correlation**2) * width**2)
    table = -0.5 * torch.einsum("bgi,ij,bgj->bg", away, form, away)
    best = table.argmax(1)
    shift, variance, peaked = parabola(table.unflatten(1, (side, side)), best, torus=torus)
    assert peaked.all()
    torch.testing.assert_close(variance, torch.full((4, 2), width**2, dtype=torch.float64), rtol=1e-6, atol=0)
    found = place[best] + shift
    torch.testing.assert_close(found, peaks, rtol=0, atol=1e-6)


def test_on_the_torus_both_ends_are_one_place() -> None:
    module = lively(ModelConfig((2, 3, 1), family="qlvm-torus", hidden=(16, 16)))
    z = torch.tensor([[0.0, 0.3], [1.0, 0.3], [-2.0, 1.3]])
    one, two, three = module.decode(z)
    torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(one, three, atol=1e-4, rtol=1e-4)


def test_its_parameters_are_counted_without_building_it() -> None:
    for family in ("qlvm", "qlvm-torus"):
        config = ModelConfig((5, 4, 1), family=family)
        assert sum(parameter.numel() for parameter in build(config).parameters()) == config.parameters
