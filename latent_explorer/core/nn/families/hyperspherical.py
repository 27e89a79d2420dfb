"""The VAE on the sphere S2: q is von Mises-Fisher, the prior even over all directions (Davidson et al. 2018, arXiv 1804.00891).

On S2 all of it is in closed form. With kappa = k and the mean direction mu, the density against the prior is
``k / sinh k * exp(k mu.z)``; for a large k everything goes by exp(-2k), which only vanishes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from latent_explorer.core.nn.families.vae import VAE

LEAST_KAPPA = 1e-3  # nearly even over the whole sphere
SMALL = 0.3  # kappa below which formulas go by series: their differences of near numbers would lose digits
LEAST = 1e-12  # of a squared length that is divided by
LEAST_DRAW = 1e-7  # of a uniform draw, that its logarithm is finite


def log_scale(k: Tensor) -> Tensor:
    """``k + log(k / sinh k) = log(2k / (1 - e^-2k))``, elementwise; for small k by the series ``k - k^2/6 + k^4/180 - k^6/2835``."""
    large = k.clamp_min(SMALL)
    far = torch.log(2 * large) - torch.log(-torch.expm1(-2 * large))
    b = k.clamp_max(SMALL)
    c = b.square()
    return torch.where(k < SMALL, b + c * (-1 / 6 + c * (1 / 180 - c / 2835)), far)


def _beyond(k: Tensor) -> Tensor:
    """``1 / (e^2k - 1)``, half of coth k - 1, by what vanishes for a large k: what overflows has no derivative."""
    return -torch.exp(-2 * k) / torch.expm1(-2 * k)


def mean_length(k: Tensor) -> Tensor:
    """``coth k - 1/k``, the length of E[z], elementwise; for small k by the series ``k/3 - k^3/45 + 2 k^5/945 - k^7/4725``."""
    large = k.clamp_min(SMALL)
    far = 1 - 1 / large + 2 * _beyond(large)
    b = k.clamp_max(SMALL)
    c = b.square()
    return torch.where(k < SMALL, b * (1 / 3 + c * (-1 / 45 + c * (2 / 945 - c / 4725))), far)


def mises_fisher_kl(k: Tensor) -> Tensor:
    """KL(vMF(mu, k) || even) = ``k coth k - 1 + log(k / sinh k)``, nats, elementwise; 0 for k = 0, about ``log 2k - 1`` for a large k.

    Computed as ``k (coth k - 1/k - 1) + [k + log(k / sinh k)]``, and for small k by its series k^2/6 - k^4/60 + k^6/567.
    """
    large = k.clamp_min(SMALL)
    far = 2 * large * _beyond(large) - 1 + log_scale(large)
    c = k.clamp_max(SMALL).square()
    return torch.where(k < SMALL, c * (1 / 6 + c * (-1 / 60 + c * (1 / 567 - c / 5400))), far)


@dataclass(frozen=True, eq=False)
class VonMisesFisher:
    """vMF(mu, kappa) on S2: unit vectors mu (B, 3), and kappa (B,) above 0."""

    mu: Tensor
    kappa: Tensor

    @property
    def log_var(self) -> Tensor:
        """Logarithm of the variance along any tangent, ``(coth k - 1/k) / k``, three times: (B, 3)."""
        return (mean_length(self.kappa) / self.kappa).log().unsqueeze(-1).expand_as(self.mu)

    def sample(self, generator: torch.Generator | None, samples: int | None) -> Tensor:
        """Draws by the inverse distribution function of w = mu.z, ``w = 1 + log(u + (1 - u) e^-2k) / k``, turned evenly around mu.

        Source: Davidson et al. 2018, algorithm 1; that S2 needs no rejection, Jakob 2012 (Numerically stable sampling of the vMF).
        """
        device = self.mu.device if generator is None else generator.device
        shape = self.kappa.shape if samples is None else (samples, *self.kappa.shape)
        u = torch.rand(shape, generator=generator, device=device, dtype=self.mu.dtype).to(self.mu.device).clamp_min(LEAST_DRAW)
        eps = torch.randn((*shape, 3), generator=generator, device=device, dtype=self.mu.dtype).to(self.mu.device)
        below = -torch.log1p((1 - u) * torch.expm1(-2 * self.kappa)) / self.kappa  # 1 - w, exact also where w is nearly 1
        away = (below * (2 - below)).clamp_min(LEAST).sqrt()
        around = eps - (eps * self.mu).sum(-1, keepdim=True) * self.mu
        around = around * torch.rsqrt(around.square().sum(-1, keepdim=True).clamp_min(LEAST))
        return functional.normalize((1 - below).unsqueeze(-1) * self.mu + away.unsqueeze(-1) * around, dim=-1)

    def log_ratio(self, z: Tensor) -> Tensor:
        """``k mu.z + log(k / sinh k)``, with ``mu.z = 1 - |z - mu|^2 / 2``."""
        return log_scale(self.kappa) - 0.5 * self.kappa * (z - self.mu).square().sum(-1)

    def kl(self) -> Tensor:
        """As `mises_fisher_kl`."""
        return mises_fisher_kl(self.kappa)


class HypersphericalVAE(VAE):
    """As the VAE, with z a unit vector and `VonMisesFisher` in the place of the normal distribution."""

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> VonMisesFisher:
        """As of `VAE`; the last number is log kappa, as log_var is -log of a precision: kappa in the hundreds is learned as quickly."""
        direction, width = self.encoder.numbers(x).float().split((3, 1), dim=-1)
        mu = direction * torch.rsqrt(direction.square().sum(-1, keepdim=True).clamp_min(LEAST))
        return VonMisesFisher(mu, LEAST_KAPPA + torch.exp(width.squeeze(-1)))

    def encode(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pixels (B, D) in 0..1 to the mean direction, unit vectors (B, 3), and the logarithm of the variance along any tangent.

        That variance is ``(coth k - 1/k) / k``, about 1/k; the second array has it three times, (B, 3).
        """
        q = self.posterior(x)
        return q.mu, q.log_var

    def read(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        """As of `Model`, with ``kappa`` (B,), and ``kl`` (B,), nats."""
        q = self.posterior(x)
        return q.mu, {"log_var": q.log_var, "kappa": q.kappa, "kl": q.kl()}
