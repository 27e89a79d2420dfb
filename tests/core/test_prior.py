"""The prior's density against torch.distributions, and against a sum over the whole space."""

from __future__ import annotations

import math

import numpy as np
import pytest

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.prior import density_unit, log_prior_density


@pytest.mark.parametrize("d", [1, 2, 7])
def test_the_normal_density_is_that_of_torch(d: int) -> None:
    import torch
    from torch.distributions import Normal

    z = np.random.default_rng(d).standard_normal(d)
    expected = Normal(0.0, 1.0).log_prob(torch.from_numpy(z)).sum().item()
    assert log_prior_density(ModelConfig((28, 28, 1), d), z) == pytest.approx(expected, abs=1e-6)


def test_it_is_even_over_the_globe_and_over_the_torus_and_integrates_to_one() -> None:
    sphere, torus = ModelConfig((28, 28, 1), family="hyperspherical-vae"), ModelConfig((28, 28, 1), family="qlvm-torus")
    on_sphere = log_prior_density(sphere, np.array([0.6, 0.0, 0.8]))
    assert on_sphere is not None
    polar = (np.arange(1000) + 0.5) * math.pi / 1000
    steradians = 2 * math.pi * (np.sin(polar) * math.pi / 1000).sum()
    assert steradians * math.exp(on_sphere) == pytest.approx(1, abs=1e-5)
    assert on_sphere == pytest.approx(-math.log(4 * math.pi))
    assert log_prior_density(torus, np.array([0.3, 0.9])) == 0.0


def test_a_family_without_a_prior_has_no_density() -> None:
    assert log_prior_density(ModelConfig((28, 28, 1), family="autoencoder"), np.zeros(2)) is None


@pytest.mark.parametrize(
    ("space", "d", "words"),
    [
        ("plane", 1, "per unit"),
        ("line", 2, "per unit"),
        ("plane", 2, "per unit²"),
        ("torus", 2, "per unit²"),
        ("plane", 12, "per unit¹²"),
        ("sphere", 3, "per steradian"),
    ],
)
def test_a_density_says_what_it_is_counted_by(space: str, d: int, words: str) -> None:
    assert density_unit(space, d) == words
