"""The formulas, against torch.distributions and against integrals; errors that circulating code makes are named."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn.functional import softplus

from latent_explorer.core.nn.families.vae import gaussian_kl, reparameterize
from latent_explorer.core.nn.likelihoods import Bernoulli as BernoulliPixels
from latent_explorer.core.nn.likelihoods import bernoulli_log_prob, binarize

SMALL = st.floats(-3, 3, width=32)


def draws(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# --- the KL term --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 5, 40])
def test_kl_is_that_of_torch_distributions_summed_over_dimensions(d: int) -> None:
    mu, log_var = 2 * draws(7, d), draws(7, d, seed=1)
    expected = kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(gaussian_kl(mu, log_var), expected)


@given(SMALL, SMALL)
def test_kl_of_one_dimension_is_the_integral(mu: float, log_var: float) -> None:
    std = math.exp(log_var / 2)
    x = np.linspace(mu - 12 * std, mu + 12 * std, 4001)
    log_q = -0.5 * ((x - mu) / std) ** 2 - math.log(std) - 0.5 * math.log(2 * math.pi)
    log_p = -0.5 * x**2 - 0.5 * math.log(2 * math.pi)
    integral = float((np.exp(log_q) * (log_q - log_p)).sum() * (x[1] - x[0]))
    found = gaussian_kl(torch.tensor([mu], dtype=torch.float64), torch.tensor([log_var], dtype=torch.float64))
    assert found.item() == pytest.approx(integral, abs=1e-6)


def test_kl_is_summed_not_averaged_over_dimensions() -> None:
    """Averaged: an effective beta of 1/d."""
    mu, log_var = draws(4, 1), draws(4, 1, seed=1)
    one = gaussian_kl(mu, log_var)
    torch.testing.assert_close(gaussian_kl(mu.repeat(1, 5), log_var.repeat(1, 5)), 5 * one)


def test_kl_is_zero_at_the_prior_and_nowhere_less() -> None:
    assert gaussian_kl(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0
    assert gaussian_kl(3 * draws(1000, 2), 3 * draws(1000, 2, seed=1)).min() > 0


def test_kl_has_no_log_gamma_and_grows_with_the_square_of_mu() -> None:
    """A Gaussian KL by some circulating code has a log-gamma in it, or no mu at all."""
    found = gaussian_kl(torch.tensor([[0.0], [1.0], [2.0], [10.0]]), torch.zeros(4, 1))
    torch.testing.assert_close(found, torch.tensor([0.0, 0.5, 2.0, 50.0]))


# --- the draw from q -----------------------------------------------------------------------------------------------------------


def test_reparameterize_has_std_exp_of_half_log_var() -> None:
    """Circulating: std = exp(log_var), z = mu * exp(sigma)."""
    mu = torch.tensor([[3.0, -1.0]])
    log_var = torch.tensor([[-4.0, 2.0]])
    n = 100_000
    z = reparameterize(mu, log_var, torch.Generator().manual_seed(0), n)[:, 0]
    std = np.exp([-2.0, 1.0])
    error = z.mean(0).numpy() - mu[0].numpy()
    assert (np.abs(error) < 5 * std / math.sqrt(n)).all()
    assert z.std(0).numpy() == pytest.approx(std, rel=5 / math.sqrt(2 * n))
    # The shape too: a Gaussian has a kurtosis of 3.
    normal = ((z - mu[0]) / torch.exp(log_var[0] / 2)).double()
    assert normal.pow(4).mean(0).numpy() == pytest.approx([3, 3], abs=5 * math.sqrt(96 / n))


def test_reparameterize_without_spread_is_the_mean_exactly() -> None:
    mu = draws(6, 2)
    assert torch.equal(reparameterize(mu, torch.full((6, 2), -400.0, dtype=torch.float64)), mu)


def test_reparameterize_is_affine_in_its_noise() -> None:
    """The same noise for other parameters: z = mu + std * eps, so gradients flow to both."""
    eps = reparameterize(torch.zeros(5, 2), torch.zeros(5, 2), torch.Generator().manual_seed(3))
    mu, log_var = draws(5, 2).float(), draws(5, 2, seed=1).float()
    z = reparameterize(mu, log_var, torch.Generator().manual_seed(3))
    torch.testing.assert_close(z, mu + torch.sqrt(torch.exp(log_var)) * eps)


def test_every_image_and_dimension_has_noise_of_its_own() -> None:
    """Noise of shape (1, d), or one draw for the whole batch, correlates the gradients."""
    n, d = 4000, 3
    z = reparameterize(torch.zeros(n, d), torch.zeros(n, d), torch.Generator().manual_seed(1))
    assert z.shape == (n, d)
    assert len(np.unique(z.numpy())) > 0.99 * n * d
    correlation = np.corrcoef(np.concatenate([z[: n // 2].numpy(), z[n // 2 :].numpy()], 1), rowvar=False)
    assert np.abs(correlation - np.eye(2 * d)).max() < 5 / math.sqrt(n / 2)


def test_several_draws_have_noise_of_shape_k_b_d() -> None:
    z = reparameterize(torch.zeros(5, 2), torch.zeros(5, 2), torch.Generator().manual_seed(1), 7)
    assert z.shape == (7, 5, 2)
    assert len(np.unique(z.numpy())) == 70


def test_the_draw_is_the_generators_alone() -> None:
    def draw(seed: int) -> torch.Tensor:
        torch.manual_seed(seed + 1000)
        return reparameterize(torch.zeros(4, 2), torch.zeros(4, 2), torch.Generator().manual_seed(seed))

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


# --- the Bernoulli likelihood ----------------------------------------------------------------------------------------------------


def test_bernoulli_is_that_of_torch_distributions_summed_over_pixels() -> None:
    """A sigmoid before BCE-with-logits, or a mean over pixels, would differ."""
    logits = 4 * draws(6, 30)
    x = (draws(6, 30, seed=1) > 0).double()
    torch.testing.assert_close(bernoulli_log_prob(x, logits), Bernoulli(logits=logits).log_prob(x).sum(-1))


def test_bernoulli_sums_to_one_over_all_binary_images() -> None:
    images = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4)), dtype=torch.float64)
    for seed in range(5):
        logits = 3 * draws(4, seed=seed)
        total = bernoulli_log_prob(images, logits.expand(16, 4)).exp().sum().item()
        assert total == pytest.approx(1, abs=1e-12)


def test_bernoulli_on_grey_pixels_is_x_a_minus_softplus() -> None:
    logits, grey = 4 * draws(6, 30), torch.rand(6, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    expected = (grey * logits - torch.log1p(torch.exp(logits))).sum(-1)
    torch.testing.assert_close(bernoulli_log_prob(grey, logits), expected)


def test_bernoulli_on_grey_pixels_is_no_likelihood() -> None:
    """Why it is called "BCE (grey)": as a density over grey values it does not integrate to one."""
    x = torch.linspace(0, 1, 2001, dtype=torch.float64)[:, None]
    density = bernoulli_log_prob(x, torch.full((2001, 1), 2.0, dtype=torch.float64)).exp()
    assert abs(torch.trapezoid(density, x[:, 0]).item() - 1) > 0.1


def test_bernoulli_stays_finite_for_large_logits() -> None:
    logits = torch.tensor([[1e4, -1e4]])
    assert bernoulli_log_prob(torch.tensor([[1.0, 0.0]]), logits).item() == 0
    assert bernoulli_log_prob(torch.tensor([[0.0, 1.0]]), logits).item() == -2e4


def test_bernoulli_of_one_image_under_many_points() -> None:
    """x (B, D) against logits (K, B, D): the bound of K samples needs no copies of the images."""
    logits, x = draws(3, 5, 8), (draws(5, 8, seed=1) > 0).double()
    found = bernoulli_log_prob(x, logits)
    assert found.shape == (3, 5)
    torch.testing.assert_close(found[1], bernoulli_log_prob(x, logits[1]))


@pytest.mark.parametrize("leading", [(), (5,), (3, 5)])
def test_bernoulli_gradients_are_those_of_autograd(leading: tuple[int, ...]) -> None:
    """Ours are written by hand, x - sigmoid(a); also with several draws of z for each image."""
    logits = (4 * draws(*leading, 8)).requires_grad_()
    x = torch.rand((*leading[-1:], 8), dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    weights = draws(*leading, seed=3)
    (ours,) = torch.autograd.grad((weights * bernoulli_log_prob(x, logits)).sum(), logits)
    (theirs,) = torch.autograd.grad((weights[..., None] * (x * logits - softplus(logits))).sum(), logits)
    torch.testing.assert_close(ours, theirs)
    assert torch.autograd.gradcheck(lambda a: bernoulli_log_prob(x, a), logits)


def test_bernoulli_gradients_of_large_logits_are_finite_and_leave_their_inputs_alone() -> None:
    logits = torch.tensor([[1e4, -1e4, 1e4, -1e4]], requires_grad=True)
    x = torch.tensor([[1.0, 0.0, 0.0, 1.0]])
    before = logits.detach().clone()
    found = bernoulli_log_prob(x, logits)
    found.backward()
    assert logits.grad is not None
    assert logits.grad.tolist() == [[0.0, 0.0, -1.0, 1.0]]
    assert torch.equal(logits, before)
    assert x.tolist() == [[1.0, 0.0, 0.0, 1.0]]


def test_the_mean_is_the_probability() -> None:
    logits = 3 * draws(50)
    torch.testing.assert_close(BernoulliPixels().mean(logits), Bernoulli(logits=logits).mean)


def test_binarization_is_one_with_the_probability_of_the_grey_level() -> None:
    grey = torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0]).repeat(20_000, 1)
    drawn = binarize(grey, torch.Generator().manual_seed(0))
    assert set(np.unique(drawn.numpy())) == {0.0, 1.0}
    share = drawn.mean(0).numpy()
    assert share[0] == 0
    assert share[-1] == 1
    assert share == pytest.approx([0, 0.1, 0.5, 0.9, 1], abs=5 * 0.5 / math.sqrt(20_000))
