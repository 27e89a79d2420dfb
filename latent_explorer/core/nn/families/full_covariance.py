"""The VAE whose posterior is a normal distribution with any covariance, by its Cholesky factor: q = N(mu, L L')."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latent_explorer.core.nn.families.vae import VAE


@dataclass(frozen=True, eq=False)
class FullNormal:
    """N(mu, L L') with mu (B, d) and L (B, d, d) lower triangular, its diagonal above 0; against the prior N(0, I)."""

    mu: Tensor
    factor: Tensor

    @property
    def log_determinant(self) -> Tensor:
        """log det L, half that of the covariance, (B,)."""
        return self.factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    @property
    def covariance(self) -> Tensor:
        """S = L L', (B, d, d)."""
        found: Tensor = self.factor @ self.factor.mT
        return found

    @property
    def log_var(self) -> Tensor:
        """Logarithm of the variance along each axis, (B, d)."""
        found: Tensor = self.factor.square().sum(-1).log()
        return found

    def sample(self, generator: torch.Generator | None, samples: int | None) -> Tensor:
        """``z = mu + L eps``, with an eps of its own for each image and draw."""
        shape = self.mu.shape if samples is None else (samples, *self.mu.shape)
        device = self.mu.device if generator is None else generator.device
        eps = torch.randn(shape, generator=generator, device=device, dtype=self.mu.dtype).to(self.mu.device)
        return self.mu + (self.factor @ eps.unsqueeze(-1)).squeeze(-1)

    def log_ratio(self, z: Tensor) -> Tensor:
        """``1/2 [|z|^2 - |L^-1 (z - mu)|^2] - log det L``."""
        away = torch.linalg.solve_triangular(self.factor, (z - self.mu).unsqueeze(-1), upper=False).squeeze(-1)
        ratio: Tensor = 0.5 * (z.square() - away.square()).sum(-1) - self.log_determinant
        return ratio

    def kl(self) -> Tensor:
        """``1/2 (tr S + mu'mu - d - log det S)``; tr S is the sum of the squares of L."""
        squares = self.factor.square().sum((-2, -1)) + self.mu.square().sum(-1)
        return 0.5 * (squares - self.mu.shape[-1]) - self.log_determinant


def factor_of(numbers: Tensor, d: int) -> Tensor:
    """Numbers (B, d (d + 1) / 2) to lower triangular matrices (B, d, d): logarithms of the diagonal, then the rows below it."""
    row, column = torch.tril_indices(d, d, -1, device=numbers.device)
    factor = torch.diag_embed(torch.exp(numbers[:, :d]))
    factor[:, row, column] = numbers[:, d:]
    return factor


class FullCovarianceVAE(VAE):
    """As the VAE, with `FullNormal`: its ellipses may be tilted."""

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> FullNormal:
        """As of `VAE`."""
        d = self.config.latent_dim
        numbers = self.encoder.numbers(x).float()
        return FullNormal(numbers[:, :d], factor_of(numbers[:, d:], d))

    def encode(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pixels (B, D) in 0..1 to mu (B, d) and the logarithms of the variances along the axes (B, d)."""
        q = self.posterior(x)
        return q.mu, q.log_var

    def read(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        """As of `Model`, with ``cov``: the covariance of q(z|x), (B, d, d), and ``kl`` (B,), nats."""
        q = self.posterior(x)
        return q.mu, {"log_var": q.log_var, "cov": q.covariance, "kl": q.kl()}
