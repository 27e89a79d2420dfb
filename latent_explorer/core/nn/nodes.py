"""Places at which a decoder is asked when an integral over latent space is done as a sum, with the logarithms of their weights.

Two kinds: fixed midpoints of a grid, to read a model; and nodes shifted and jittered anew at each step, to train one, so that
no place is left out and none is learned by heart. Sources: Martinez & Williams 2026 (arXiv 2601.18676); for shifted lattices
Dick, Kuo & Sloan 2013.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latent_explorer.core.config import ModelConfig

RADIUS = 4.5  # of the square that midpoints fill; outside it N(0, I_2) has 1e-5 of its mass
LEAST = 1e-6  # of a prior quantile, that it has a finite place
LOG_2_PI = math.log(2 * math.pi)


def midpoints(config: ModelConfig, side: int, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Midpoints of `side` cells along each axis, z (side^d, d), with the logarithms of the prior's mass of their cells (side^d,).

    On the plane they fill [-4.5, 4.5]^d, weighed by ``N(z; 0, I) h^d``; on the torus [0, 1)^2, evenly.
    """
    torus = config.facts.space == "torus"
    low, width = (0.0, 1.0) if torus else (-RADIUS, 2 * RADIUS)
    h = width / side
    along = low + h * (torch.arange(side, dtype=torch.float64, device=device) + 0.5)
    z = torch.cartesian_prod(*([along] * config.latent_dim)).reshape(-1, config.latent_dim)
    if torus:
        log_weight = torch.full((len(z),), config.latent_dim * math.log(h), dtype=torch.float64, device=device)
    else:
        log_weight = -0.5 * z.square().sum(1) + config.latent_dim * (math.log(h) - 0.5 * LOG_2_PI)
    return z.float(), log_weight.float()


def shifted_nodes(config: ModelConfig, side: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """`side`^d places of equal prior mass, as a whole shifted at random and each moved within its cell; as of `midpoints`.

    On the plane they lie at prior quantiles, ``z = Phi^-1(u)``. The mean of a function over them is an unbiased estimate of
    its mean over the prior.
    """
    d, device = config.latent_dim, generator.device
    along = torch.arange(side, device=device) / side
    lattice = torch.cartesian_prod(*([along] * d)).reshape(-1, d)
    shift = torch.rand(d, generator=generator, device=device)
    u = (lattice + shift + torch.rand(lattice.shape, generator=generator, device=device) / side) % 1
    z = u if config.facts.space == "torus" else torch.special.ndtri(u.clamp(LEAST, 1 - LEAST))
    return z, torch.full((len(z),), -d * math.log(side), device=device)
