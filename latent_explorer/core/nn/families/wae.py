"""The Wasserstein autoencoder with the maximum mean discrepancy (Tolstikhin et al. 2018, arXiv 1711.01558, algorithm 2)."""

from __future__ import annotations

import torch
from torch import Tensor

from latent_explorer.core.nn.families.autoencoder import Autoencoder
from latent_explorer.core.nn.families.base import Terms
from latent_explorer.core.nn.pixels.base import exact_products

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # of the kernel's width, added up: as in the authors' code


def kernel(squares: Tensor, latent_dim: int) -> Tensor:
    """The inverse multiquadratics kernel, ``sum over s of C_s / (C_s + |a - b|^2)`` with ``C_s = 2 d s``, of squared distances.

    ``2 d`` is the mean squared distance of two draws of N(0, I). Source: section 4 of the paper; the scales are its code's.
    """
    found = torch.zeros_like(squares)
    for scale in SCALES:
        width = 2.0 * latent_dim * scale
        found = found + width / (width + squares)
    return found


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """Squared Euclidean distances, (n, d) and (m, d) to (n, m): ``|a|^2 + |b|^2 - 2 a.b``, so that no array of (n, m, d) is held."""
    centre = a.detach().mean(0)  # near which the squares lose least to rounding
    a, b = a - centre, b - centre
    with exact_products(a):
        squares = a.square().sum(1)[:, None] + b.square().sum(1) - 2 * (a @ b.T)
    return squares.clamp_min(0.0)


def maximum_mean_discrepancy(codes: Tensor, prior: Tensor) -> Tensor:
    """The unbiased estimate of MMD^2 between what the codes (n, d) and the draws of the prior (n, d) are drawn from, a scalar.

    ``sum over l != j of [k(z_l, z_j) + k(p_l, p_j)] / (n (n - 1)) - 2 sum over l, j of k(z_l, p_j) / n^2``: 0 in expectation
    where both are equal, and then below 0 as often as above. Of a single code it says nothing: 0.
    """
    count, latent_dim = codes.shape
    if count < 2:
        return 0.0 * codes.sum()
    within = torch.zeros((), device=codes.device)
    for z in (codes, prior):
        table = kernel(squared_distances(z, z), latent_dim)
        within = within + (table.sum() - table.diagonal().sum()) / (count * (count - 1))
    across: Tensor = kernel(squared_distances(codes, prior), latent_dim).mean()
    return within - 2 * across


class WAE(Autoencoder):
    """An autoencoder whose loss has, besides -log p(x|z), beta times the MMD^2 between a batch's codes and N(0, I)."""

    def terms(self, x: Tensor, generator: torch.Generator | None = None, samples: int | None = None, labels: Tensor | None = None) -> Terms:
        """-log p(x|z) of each image, nats (B,), and the batch's MMD^2, the same for each of its images; only the prior is drawn."""
        z = self.encoder.numbers(x)
        reconstruction = -self.likelihood.log_prob(x, self.decode(z).float())
        prior = torch.randn(z.shape, generator=generator, device=x.device if generator is None else generator.device)
        penalty = maximum_mean_discrepancy(z.float(), prior.to(x.device))
        return Terms(reconstruction, penalty.expand(len(x)))
