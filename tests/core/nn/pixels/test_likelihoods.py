"""Each likelihood adds up to 1, has the mean that it says, and its derivatives, tables and expectations agree with each other."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch import Tensor
from torch.distributions import ContinuousBernoulli as TorchContinuous

from latent_explorer.core.config import LIKELIHOODS, ModelConfig
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.likelihoods import ContinuousBernoulli, DiscretisedLogistic, Gaussian, Likelihood, likelihood_of
from latent_explorer.core.nn.pixels.continuous import (
    SMALL,
    continuous_log_prob,
    continuous_logit,
    continuous_mean,
    continuous_variance,
    log_normaliser,
)
from latent_explorer.core.nn.pixels.logistic import LEAST_SCALE, level_log_prob, place_of

LOGITS = [-300.0, -40.0, -3.0, -SMALL - 1e-6, -SMALL + 1e-6, -0.1, -1e-4, 0.0, 1e-4, 0.1, SMALL - 1e-6, SMALL + 1e-6, 3.0, 40.0, 300.0]
LEVELS = torch.arange(256, dtype=torch.float64) / 255


def kind(likelihood: str, sigma: float | None = None) -> Likelihood:
    return likelihood_of(ModelConfig((2, 3, 1), likelihood=likelihood, sigma=sigma)).double()


def double(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


# --- continuous Bernoulli ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("a", LOGITS)
def test_a_continuous_bernoulli_integrates_to_one_and_has_its_mean_and_variance(a: float) -> None:
    def density(x: float) -> float:
        return math.exp(continuous_log_prob(double(x), double(a)).item())

    edges = [0.0, min(1.0, 20 / max(1e-9, abs(a))), 1.0] if a < 0 else [0.0, max(0.0, 1 - 20 / max(1e-9, abs(a))), 1.0]

    def integral(power: int, centre: float = 0.0) -> float:
        return sum(quad(lambda x: (x - centre) ** power * density(x), low, high)[0] for low, high in pairwise(edges))

    mean = continuous_mean(double(a)).item()
    assert integral(0) == pytest.approx(1, abs=1e-7)
    assert mean == pytest.approx(integral(1), abs=1e-7)
    assert continuous_variance(double(a)).item() == pytest.approx(integral(2, mean), rel=1e-5)


@pytest.mark.parametrize("a", [a for a in LOGITS if abs(a) < 16])  # torch clamps its probabilities
def test_it_is_the_one_of_torch(a: float) -> None:
    torchs = TorchContinuous(logits=double(a))
    for x in (0.0, 0.2, 0.9, 1.0):
        assert continuous_log_prob(double(x), double(a)).item() == pytest.approx(torchs.log_prob(double(x)).item(), abs=1e-5)
    assert continuous_mean(double(a)).item() == pytest.approx(torchs.mean.item(), abs=1e-5)


def test_it_is_exact_in_single_precision_too_and_never_overflows() -> None:
    a = torch.cat([torch.linspace(-2, 2, 4001), torch.tensor([-1e6, -1e4, 1e4, 1e6])])
    for function in (log_normaliser, continuous_mean, continuous_variance):
        wide = function(a.double())
        assert torch.isfinite(function(a)).all()
        torch.testing.assert_close(function(a).double(), wide, rtol=2e-6, atol=2e-6)


def test_the_logit_of_a_mean_is_found() -> None:
    mean = torch.tensor([0.01, 0.2, 0.5, 0.77, 0.99])
    torch.testing.assert_close(continuous_mean(continuous_logit(mean)), mean, rtol=0, atol=1e-6)


def test_the_picture_is_the_mean_and_not_the_parameter() -> None:
    """The circulating error: the sigmoid of the logit shown in the place of E[x]."""
    a = torch.tensor([-4.0, 4.0])
    shown = ContinuousBernoulli().mean(a)
    assert torch.allclose(shown, TorchContinuous(logits=a).mean, atol=1e-5)
    assert (shown - torch.sigmoid(a)).abs().min() > 0.2


# --- discretised logistic --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [LEAST_SCALE, 0.004, 0.05, 0.5, 10.0])
@pytest.mark.parametrize("number", [-40.0, -2.1, 0.0, 1.3, 2.0, 50.0])
def test_256_levels_add_up_to_one_and_have_the_mean_that_is_shown(number: float, scale: float) -> None:
    likelihood = kind("discretised_logistic", scale)
    logs = likelihood.log_prob(LEVELS[:, None], double(number).expand(256, 1))
    assert logs.max() <= 0
    assert logs.exp().sum().item() == pytest.approx(1, abs=1e-9)
    expected = (logs.exp() @ LEVELS).item()
    assert likelihood.mean(double(number)).item() == pytest.approx(expected, abs=2e-7 / scale + 1e-9)


def test_levels_are_differences_of_the_logistic_distribution_with_the_tails_at_both_ends() -> None:
    place, scale = double(0.42), double(0.08)

    def below(edge: float) -> float:
        return torch.sigmoid((edge - place) / scale).item()

    for level in (0, 1, 100, 254, 255):
        low = 0.0 if level == 0 else below((level - 0.5) / 255)
        high = 1.0 if level == 255 else below((level + 0.5) / 255)
        assert level_log_prob(double(level), place, scale).exp().item() == pytest.approx(high - low, rel=1e-9)


def test_levels_far_out_are_exact() -> None:
    """Naive differences of sigmoids are 0 there, and their logarithm infinite."""
    far = level_log_prob(double(200.0), double(-3.0), double(0.01))
    u, step = (199.5 / 255 + 3) / 0.01, 1 / 2.55
    assert far.item() == pytest.approx(-u + math.log(1 - math.exp(-step)), rel=1e-12)
    number = torch.tensor([-500.0, 500.0], requires_grad=True)
    level_log_prob(torch.tensor([255.0, 0.0]), place_of(number), torch.tensor(LEAST_SCALE)).sum().backward()
    assert number.grad is not None and torch.isfinite(number.grad).all()


def test_a_learned_scale_is_a_weight_and_starts_at_what_the_mean_picture_leaves() -> None:
    learned, fixed = DiscretisedLogistic(None), DiscretisedLogistic(0.3)
    assert [name for name, _ in learned.named_parameters()] == ["log_scale"]
    assert not dict(fixed.named_parameters()) and not fixed.state_dict()
    learned.start_at(0.04)
    assert (math.pi * learned.scale.item()) ** 2 / 3 == pytest.approx(0.04, rel=1e-5)
    learned.start_at(0.0)
    assert learned.scale.item() == pytest.approx(LEAST_SCALE)


# --- all of them -------------------------------------------------------------------------------------------------------------------


def some(count: int, seed: int, *, levels: bool = True) -> Tensor:
    x = torch.rand((count, 6), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (x * 255).round() / 255 if levels else x


def numbers(count: int) -> Tensor:
    return 3 * torch.randn((count, 6), generator=torch.Generator().manual_seed(9), dtype=torch.float64)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_derivatives_are_those_of_finite_differences(likelihood: str) -> None:
    model, x = kind(likelihood), some(4, 1)
    a = numbers(4).requires_grad_()
    weights = [a, *model.parameters()]
    assert torch.autograd.gradcheck(lambda *_: model.log_prob(x, a), weights, eps=1e-6, atol=1e-5)
    slope = (model.mean(a + 1e-6) - model.mean(a - 1e-6)) / 2e-6
    torch.testing.assert_close(model.slope(a), slope, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("count", [1, 5])
def test_a_table_has_the_log_probability_of_each_image_at_each_place(likelihood: str, count: int) -> None:
    model, x, a = kind(likelihood).float(), some(count, 2).float(), numbers(7).float()
    table = model.table(x, a)
    assert table.dtype == torch.float32
    expected = torch.stack([model.log_prob(image, a) for image in x])
    torch.testing.assert_close(table, expected, rtol=1e-4, atol=1e-4)
    mask = torch.tensor([True, False, True, True, False, False])
    part = torch.stack([model.log_prob(image[mask], a[:, mask]) for image in x])
    torch.testing.assert_close(model.table(x, a, mask), part, rtol=1e-4, atol=1e-4)


def test_a_long_table_of_levels_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    model, x, a = kind("discretised_logistic").float(), some(5, 2).float(), numbers(7).float()
    whole = model.table(x, a)
    monkeypatch.setattr("latent_explorer.core.nn.pixels.logistic.BLOCK", 1)
    torch.testing.assert_close(model.table(x, a), whole, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_expectation_over_places_is_that_of_the_table_with_its_derivatives(likelihood: str) -> None:
    model, x = kind(likelihood).float(), some(5, 3).float()
    share = torch.softmax(torch.randn((5, 7), generator=torch.Generator().manual_seed(4)), dim=1)
    found = []
    for way in (lambda a: model.expected(a, share, x), lambda a: (share * model.table(x, a)).sum()):
        a = numbers(7).float().requires_grad_()
        value = way(a)
        found.append([value, *torch.autograd.grad(value, [a, *model.parameters()])])
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_all_pictures_are_in_0_to_1(likelihood: str) -> None:
    a = torch.tensor([-1e5, *torch.linspace(-60, 60, 601), 1e5])
    for sigma in (None, 0.01) if likelihood in ("gaussian", "discretised_logistic") else (None,):
        shown = likelihood_of(ModelConfig((2, 3, 1), likelihood=likelihood, sigma=sigma)).mean(a)
        assert shown.min() >= 0 and shown.max() <= 1
        assert (shown.diff() >= -1e-6).all()  # brighter with the number


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("network", ["dense", "conv"])
@torch.no_grad()
def test_training_starts_at_the_mean_picture(likelihood: str, network: str) -> None:
    config = ModelConfig((4, 5, 1), hidden=(6,), network=network, channels=(3,) if network == "conv" else None, likelihood=likelihood)
    module = build(config, 0)
    mean = torch.linspace(0, 1, 20)
    module.start_at(mean, mean**2 + 1e-4)
    for name, weights in module.decoder.named_parameters():
        if "weight" in name:
            weights.zero_()
    for name, weights in module.decoder.named_parameters():
        if "bias" in name and weights is not module.decoder.last_bias():
            weights.zero_()
    expected = mean if network == "dense" else mean.mean().expand(20)
    np.testing.assert_allclose(
        module.mean_image(torch.randn(3, 2)), expected.expand(3, 20), atol=0.08 if "logistic" in likelihood else 0.011
    )


def test_a_gaussian_density_integrates_to_one() -> None:
    likelihood = Gaussian(0.3).double()
    area = quad(lambda x: math.exp(likelihood.log_prob(double(x), double(0.4)).item()), -3, 4)[0]
    assert area == pytest.approx(1, abs=1e-8)


def test_expected_logistic_terms_and_their_gradient_are_those_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """In pieces of two pixels, with images that share levels, and a learned scale."""
    from latent_explorer.core.nn.pixels import logistic

    monkeypatch.setattr(logistic, "BLOCK", 2 * 5 * 9)
    likelihood = logistic.DiscretisedLogistic(None)
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 4, (9, 11), generator=generator) / 3
    share = torch.rand(9, 5, generator=generator)
    found = []
    for way in ("expected", "table"):
        numbers = torch.randn(5, 11, generator=torch.Generator().manual_seed(1), requires_grad=True)
        likelihood.log_scale.grad = None
        value = likelihood.expected(numbers, share, x) if way == "expected" else (share * likelihood.table(x, numbers)).sum()
        value.backward()
        found.append((value.detach(), numbers.grad, likelihood.log_scale.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)


def test_expected_logistic_terms_keep_nothing_large_for_the_gradient() -> None:
    """What autograd keeps is counted as it is kept: far less than the table's numbers of each level, place and pixel."""
    likelihood = DiscretisedLogistic(0.05)
    generator = torch.Generator().manual_seed(0)
    x, share = torch.rand(64, 40, generator=generator), torch.rand(64, 512, generator=generator)
    kept = []
    for way in ("expected", "table"):
        numbers, sizes = torch.randn(512, 40, requires_grad=True), []
        with torch.autograd.graph.saved_tensors_hooks(lambda tensor: sizes.append(tensor.numel()) or tensor, lambda tensor: tensor):  # noqa: B023
            likelihood.expected(numbers, share, x) if way == "expected" else (share * likelihood.table(x, numbers)).sum()
        kept.append(sum(sizes))
    assert 10 * kept[0] < kept[1]
