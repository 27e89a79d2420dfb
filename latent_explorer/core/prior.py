"""Draws from a model's prior: numpy only, and the same ones for the same seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import SettingError


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
