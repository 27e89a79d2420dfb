"""The VAE-GAN: a VAE whose pictures are judged by a discriminator (Larsen et al. 2016, arXiv 1512.09300, algorithm 1)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.base import Batch, Terms
from latent_explorer.core.nn.families.vae import VAE, gaussian_kl, reparameterize
from latent_explorer.core.nn.networks import encoder_of

LIKENESS = 0.1  # the paper's gamma: what a nat of likeness weighs in the decoder, against fooling the discriminator
LEAST_SPREAD = 1e-3  # of a batch, that equal images do not divide by nothing


def part_of_spread(wanted: Tensor, found: Tensor) -> Tensor:
    """Squared distance of each row (B, F), as a part of the mean squared distance of the wanted rows from their mean: (B,)."""
    spread = (wanted - wanted.mean(0)).square().sum(-1).mean().detach()
    return (wanted - found).square().sum(-1) / spread.clamp_min(LEAST_SPREAD)


def likeness(x: Tensor, pictures: Tensor, features: Tensor, again: Tensor) -> Tensor:
    """How unlike images (B, D) and pictures are, in pixels and in features (B, F), nats (B,).

    Half the squared distance, as of a Gaussian of which each pixel is one number, measured by what the batch spreads: a mean of
    both, near D/2 for pictures that are all the same. The paper has the features alone, of convolutions with a fixed scale; those
    of small networks change their scale and forget the image while the discriminator learns, and the pixels hold them. A batch of a
    single image, as the last of an epoch may be, spreads nothing, so nothing can be said of it: 0.
    """
    if len(x) < 2:
        return torch.zeros_like(pictures[..., 0])
    return 0.25 * x.shape[-1] * (part_of_spread(x, pictures) + part_of_spread(features.float(), again.float()))


class Discriminator(nn.Module):
    """Tells pictures of the data from the decoder's: a network of the encoder's kind with one number at its end, a logit."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.network = encoder_of(config, outputs=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels (B, D) in 0..1 to the logit of being of the data (B,), and the features (B, F) that it is a weighted sum of."""
        features = self.network.layers[:-1](self.network.inner(x))
        return self.network.layers[-1](features).squeeze(-1), features


class VAEGAN(VAE):
    """Three players, each of which is moved by its own loss alone.

    Encoder: ``likeness + beta KL``, the `likeness` of an image to its reconstruction x~ in the place of -log p(x|z). Decoder:
    ``LIKENESS * likeness`` and to pass x~ and pictures of the prior for the data's, in the form that does not saturate (Goodfellow
    et al. 2014, section 3). Discriminator: to tell the data's pictures from both. A learned sigma follows the pixels' error, and
    moves nobody.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.discriminator = Discriminator(config)

    def groups(self) -> Iterator[list[nn.Parameter]]:
        """The weights that each number of `loss` moves: of encoder, decoder, discriminator, and likelihood where it has any."""
        for part in (self.encoder, self.decoder, self.discriminator, self.likelihood):
            if weights := list(part.parameters()):
                yield weights

    def terms(self, x: Tensor, generator: torch.Generator | None = None, samples: int | None = None, labels: Tensor | None = None) -> Terms:
        """What the encoder pays, for each image (B,): likeness and the KL.

        The features change while the discriminator learns, so likeness is comparable within a few epochs at most.
        """
        mu, log_var = (parameters.float() for parameters in self.encode(x))
        pictures = self.mean_image(reparameterize(mu, log_var, generator, samples)).float()
        unlike = likeness(x, pictures, self.discriminator(x)[1], self.discriminator(pictures)[1])
        return Terms(unlike if samples is None else unlike.mean(0), gaussian_kl(mu, log_var))

    def loss(self, batch: Batch) -> tuple[Tensor, Terms]:
        """One number for each of `groups`, and the encoder's two terms."""
        x = batch.x
        mu, log_var = (parameters.float() for parameters in self.encode(x))
        kl = gaussian_kl(mu, log_var)
        numbers = self.decode(reparameterize(mu, log_var, batch.generator))
        drawn = torch.randn(mu.shape, generator=batch.generator, device=batch.generator.device).to(x.device)
        pictures = self.likelihood.mean(numbers).float()
        (real, seen), (rebuilt, again), (made, _) = (self.discriminator(some) for some in (x, pictures, self.mean_image(drawn)))
        unlike = likeness(x, pictures, seen, again)
        encoder = unlike.mean() + batch.beta * kl.mean()
        decoder = LIKENESS * unlike.mean() + functional.softplus(-rebuilt).mean() + functional.softplus(-made).mean()
        discriminator = functional.softplus(-real).mean() + functional.softplus(rebuilt).mean() + functional.softplus(made).mean()
        losses = [encoder, decoder, discriminator]
        if next(self.likelihood.parameters(), None) is not None:
            losses.append(-self.likelihood.log_prob(x, numbers.detach().float()).mean())
        return torch.stack(losses), Terms(unlike, kl)

    def backward(self, loss: Tensor) -> None:
        """Each number's gradient goes to its own group, though all three networks take part in each."""
        groups = list(self.groups())
        for k, weights in enumerate(groups):
            gradients = torch.autograd.grad(loss[k], weights, retain_graph=k < len(groups) - 1)
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = gradient
