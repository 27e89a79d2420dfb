"""A decoder whose mean is linear in z, so that evidence and posterior under a Gaussian likelihood have a closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import publish
from latent_explorer.core.types import ModelHandle

Doubles = NDArray[np.float64]


class Straight(nn.Module):
    """Numbers whose sigmoid is ``middle + matrix z``."""

    def __init__(self, matrix: Doubles, middle: Doubles) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.from_numpy(matrix).float())
        self.middle = nn.Parameter(torch.from_numpy(middle).float())

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.logit((z @ self.matrix.T + self.middle).double()).float()


@dataclass(frozen=True)
class LinearGaussian:
    handle: ModelHandle
    matrix: Doubles
    middle: Doubles
    sigma: float

    def posterior(self, x: Doubles) -> tuple[Doubles, Doubles]:
        """Mean (d,) and covariance (d, d): precision I + M'M / sigma^2 (Bishop 2006, section 12.2)."""
        covariance = np.linalg.inv(np.eye(self.matrix.shape[1]) + self.matrix.T @ self.matrix / self.sigma**2)
        return covariance @ self.matrix.T @ (x - self.middle) / self.sigma**2, covariance

    def evidence(self, x: Doubles) -> float:
        """log N(x; middle, M M' + sigma^2 I)."""
        spread = self.matrix @ self.matrix.T + self.sigma**2 * np.eye(len(x))
        away = x - self.middle
        return float(-0.5 * (away @ np.linalg.solve(spread, away) + np.linalg.slogdet(2 * math.pi * spread)[1]))

    def draw(self, count: int, seed: int = 0) -> NDArray[np.float32]:
        """Images from the model, clipped to 0..1, float32 (count, 5, 8, 1)."""
        generator = np.random.default_rng(seed)
        z = generator.standard_normal((count, self.matrix.shape[1]))
        x = self.middle + z @ self.matrix.T + self.sigma * generator.standard_normal((count, len(self.middle)))
        return np.clip(x, 0, 1).astype(np.float32).reshape(count, 5, 8, 1)


def linear_gaussian(
    sigma: float = 0.05, latent_dim: int = 2, slope: float = 0.05, ridge: tuple[float, float] | None = None
) -> LinearGaussian:
    """With ``ridge``: its likelihood's widths along two directions that lie askew to the axes."""
    generator = np.random.default_rng(3)
    matrix = slope * generator.uniform(-1, 1, (40, latent_dim))
    if ridge is not None:
        turn = np.array([[math.cos(0.3), math.sin(0.3)], [-math.sin(0.3), math.cos(0.3)]])
        matrix = np.linalg.qr(generator.standard_normal((40, 2)))[0] @ np.diag(sigma / np.array(ridge)) @ turn
    middle = generator.uniform(0.48, 0.52, 40)
    config = ModelConfig((5, 8, 1), latent_dim, (4,), likelihood="gaussian", sigma=sigma)
    module = build(config, 0).eval().requires_grad_(False)
    module.decoder = Straight(matrix, middle).requires_grad_(False)  # type: ignore[assignment]
    handle = ModelHandle(f"linear-{sigma}-{latent_dim}-{slope}-{ridge}", config)
    publish(handle, module)
    return LinearGaussian(handle, matrix, middle, sigma)
