"""A model's prior: draws from it, the same ones for the same seed, and its density; numpy only."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import SettingError

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def prior_draws(model: ModelConfig, count: int, seed: int) -> NDArray[np.float32]:
    """Latent points (count, d) from the prior: N(0, I) on the plane, even over the torus [0, 1)^d or over the sphere.

    Raises
    ------
    SettingError
        The family has no prior.
    """
    facts = model.facts
    if not facts.prior:
        raise SettingError(f"{facts.title}: {facts.lacks} Choose another family to sample.")
    generator = np.random.Generator(np.random.PCG64(seed))
    if facts.space == "torus":
        return generator.random((count, model.latent_dim), np.float32)
    z = generator.standard_normal((count, model.latent_dim), np.float32)
    if facts.space == "sphere":
        z /= np.linalg.norm(z, axis=1, keepdims=True)
    return z


def log_prior_density(model: ModelConfig, z: NDArray[np.floating]) -> float | None:
    """Logarithm of the prior's density at a latent point (d,), nats; None for a family without a prior.

    ``log N(z; 0, I) = -|z|^2 / 2 - d/2 log(2 pi)`` on the plane; even over the sphere, whose surface is 4 pi in three dimensions
    (``2 pi^(d/2) / Gamma(d/2)`` in d), and over the torus, whose size is 1. See `density_unit` for what it is counted by.
    """
    facts = model.facts
    if not facts.prior:
        return None
    if facts.space == "torus":
        return 0.0
    d = model.latent_dim
    if facts.space == "sphere":
        return math.lgamma(d / 2) - math.log(2) - d / 2 * math.log(math.pi)
    point = np.asarray(z, np.float64)
    return -0.5 * float(point @ point) - 0.5 * d * math.log(2 * math.pi)


def density_unit(space: str, latent_dim: int = 2) -> str:
    """What a density over latent space is counted by: "per unit²", and "per steradian" on the sphere in three dimensions.

    ``space`` is a family's, or "line" for a plane of one dimension.
    """
    if space == "sphere":
        return "per steradian"
    exponent = "" if space == "line" else str(latent_dim).translate(SUPERSCRIPTS)
    return "per unit" + ("" if exponent == "¹" else exponent)
