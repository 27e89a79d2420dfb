"""The hierarchical VAE of two levels: the plane above, a lower level for what the plane leaves open.

``p(z) p(z1|z) p(x|z, z1)`` with ``q(z|x) q(z1|x, z)``, all normal with diagonal covariances (Sonderby et al. 2016, arXiv 1602.02282,
with the decoder told both levels). The negative ELBO is ``E[-log p(x|z, z1)] + KL(q(z|x) || p(z)) + E KL(q(z1|x, z) || p(z1|z))``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.base import Batch, Terms
from latent_explorer.core.nn.families.vae import VAE, gaussian_kl, reparameterize, several_draws
from latent_explorer.core.nn.networks import dense_layers, encoder_of

TOP_RISE = 0.5  # of the run: until then the weight of the upper KL rises from 0, and the plane is the cheap place for what is learned


def normal_kl(mu: Tensor, log_var: Tensor, mu_p: Tensor, log_var_p: Tensor) -> Tensor:
    """KL(N(mu, s^2) || N(mu_p, s_p^2)) = ``1/2 sum_j [log s_p^2 - log s^2 + (s^2 + (mu - mu_p)^2) / s_p^2 - 1]``: (..., d) to (...)."""
    return 0.5 * (log_var_p - log_var + (log_var.exp() + (mu - mu_p).square()) * torch.exp(-log_var_p) - 1).sum(-1)


def normal_ratio(z: Tensor, mu: Tensor, log_var: Tensor, mu_p: Tensor, log_var_p: Tensor) -> Tensor:
    """log N(z; mu, s^2) - log N(z; mu_p, s_p^2), nats: (..., d) to (...)."""
    ours, theirs = ((z - m).square() * torch.exp(-v) + v for m, v in ((mu, log_var), (mu_p, log_var_p)))
    return 0.5 * (theirs - ours).sum(-1)


class HierarchicalVAE(VAE):
    """As the VAE on the plane, with a level of ``lower_dim`` dimensions below it.

    The upper KL would be given up first, since the lower level can say all by itself. So while training, its weight rises from 0
    over the first half of the run, on top of the warm-up that both have; the losses that are reported have it in full.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        assert config.lower_dim is not None
        self.lower_encoder = encoder_of(config, 2 * config.lower_dim, config.latent_dim)
        self.lower_prior = dense_layers((config.latent_dim, *config.decoder_widths[:1], 2 * config.lower_dim), config.activation)

    def below(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Points of the plane (..., d) to mean and logarithm of the variance of p(z1|z), (..., lower_dim) each."""
        mu, log_var = self.lower_prior(z).chunk(2, dim=-1)
        return mu, log_var

    def together(self, z: Tensor, lower: Tensor) -> Tensor:
        """Both levels to the decoder's numbers (..., D)."""
        numbers: Tensor = self.decoder(torch.cat([z, lower.to(z.dtype)], dim=-1))
        return numbers

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """As of `Model`, with the lower level at the mean of p(z1|z)."""
        return self.together(z, self.below(z)[0])

    def resample(self, z: Tensor, seed: int) -> Tensor:
        """As of `Model`, with z1 drawn from p(z1|z): the same noise for all points, so that one seed is one style over the plane."""
        mu, log_var = self.below(z)
        eps = torch.randn(mu.shape[-1], generator=torch.Generator().manual_seed(seed)).to(mu)
        return self.likelihood.mean(self.together(z, mu + torch.exp(0.5 * log_var) * eps))

    def _read(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """q(z1|x, z) of pixels (B, D) and points (..., B, d)."""
        inner = self.lower_encoder.inner(x)
        numbers = self.lower_encoder.layers(torch.cat([inner.expand(*z.shape[:-1], -1), z.to(inner.dtype)], dim=-1))
        mu, log_var = numbers.float().chunk(2, dim=-1)
        return mu, log_var

    def levels(self, x: Tensor, generator: torch.Generator | None = None, samples: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruction, upper KL and lower KL of each image, nats (B,); the first and the last are means over `samples` draws."""
        q = self.posterior(x)
        z = q.sample(generator, samples)
        mu, log_var = self._read(x, z)
        mu_p, log_var_p = (numbers.float() for numbers in self.below(z))
        numbers = self.together(z, reparameterize(mu, log_var, generator)).float()
        reconstruction, lower = -self.likelihood.log_prob(x, numbers), normal_kl(mu, log_var, mu_p, log_var_p)
        if samples is not None:
            reconstruction, lower = reconstruction.mean(0), lower.mean(0)
        return reconstruction, q.kl(), lower

    def terms(self, x: Tensor, generator: torch.Generator | None = None, samples: int | None = None, labels: Tensor | None = None) -> Terms:
        """As of `VAE`; the KL is the sum of both levels'."""
        reconstruction, top, lower = self.levels(x, generator, samples)
        return Terms(reconstruction, top + lower)

    def _two_ratios(self, x: Tensor, generator: torch.Generator | None, samples: int) -> tuple[Tensor, Tensor, Tensor]:
        """log p(x|z, z1), and log q - log p of the upper and of the lower level, (samples, B) each."""
        q = self.posterior(x)
        z = q.sample(generator, samples)
        mu, log_var = self._read(x, z)
        mu_p, log_var_p = (numbers.float() for numbers in self.below(z))
        lower = reparameterize(mu, log_var, generator)
        likelihood = self.likelihood.log_prob(x, self.together(z, lower).float())
        return likelihood, q.log_ratio(z), normal_ratio(lower, mu, log_var, mu_p, log_var_p)

    def importance(self, x: Tensor, generator: torch.Generator | None, samples: int, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As of `VAE`, over both levels."""
        likelihood, top, lower = self._two_ratios(x, generator, samples)
        return likelihood, top + lower

    def loss(self, batch: Batch) -> tuple[Tensor, Terms]:
        """As of `VAE`, with the upper KL at ``part / TOP_RISE`` of its weight until that part of the run is over."""
        rise = min(1.0, batch.part / TOP_RISE)
        if self.objective == "iwae":
            likelihood, top, lower = self._two_ratios(batch.x, batch.generator, self.samples)
            terms = Terms(-likelihood.detach().mean(0), (top + lower).detach().mean(0))
            return -several_draws(likelihood, batch.beta * (rise * top + lower)).mean(), terms
        reconstruction, top, lower = self.levels(batch.x, batch.generator, self.samples if self.samples > 1 else None)
        loss = reconstruction.mean() + batch.beta * (rise * top + lower).mean()
        return loss, Terms(reconstruction, top + lower)

    def read(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        """As of `Model`, with ``kl_top`` and ``kl_lower``: the KL of each level, nats (B,); that of the lower one at the mean of q(z|x)."""
        mu, log_var = self.encode(x)
        lower = normal_kl(*self._read(x, mu), *(numbers.float() for numbers in self.below(mu)))
        return mu, {"log_var": log_var, "kl_top": gaussian_kl(mu, log_var), "kl_lower": lower}
