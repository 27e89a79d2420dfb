"""What all families have in common: the networks by their names, and what training and reading ask of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.nn.likelihoods import likelihood_of
from latent_explorer.core.nn.networks import DenseDecoder, constant_picture, decoder_of, picture_to_bias


class Terms(NamedTuple):
    """The two terms of the loss for each image, nats, shape (B,).

    ``reconstruction`` is -log p(x|z), a mean over draws of z; ``kl`` is what beta multiplies: the KL, or for a WAE the same
    share of the batch's penalty for each image. Where a family has none it is 0.
    """

    reconstruction: Tensor
    kl: Tensor


@dataclass(frozen=True, eq=False)
class Batch:
    """What a step is computed of.

    Parameters
    ----------
    x : Tensor, shape (B, D)
        Pixels in 0..1.
    labels : Tensor or None, shape (B,)
        Classes, for a conditional family.
    generator : torch.Generator
        Of all noise but that of the pixels.
    beta : float
        The weight of the KL at this step.
    part : float
        How much of the run is over, 0 to 1.
    places : Tensor or None, shape (B, d)
        Where training by quadrature is to begin to put the images; None where it is to find that by itself.
    """

    x: Tensor
    labels: Tensor | None
    generator: torch.Generator
    beta: float
    part: float = 0.0
    places: Tensor | None = None


class Model(nn.Module):
    """A decoder and a likelihood; families add what they have besides.

    z has the shape (..., d): points of the plane, on the torus [0, 1)^2, on the sphere unit vectors.
    """

    decoder: DenseDecoder

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.decoder = decoder_of(config)
        self.likelihood = likelihood_of(config)
        self.objective = config.facts.objectives[0]
        self.samples = 1

    def configure(self, settings: TrainingConfig) -> None:
        """Take from a run's settings, as `TrainingConfig.for_model` gives them, what the loss depends on."""
        self.objective = settings.objective or self.objective
        self.samples = settings.samples

    def encode(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pixels (B, D) in 0..1 to the posterior's mean (B, d) and logarithm of its variance (B, d).

        The logarithm is -inf where the encoder gives points.
        """
        raise NotImplementedError  # each family has its own

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latent points (..., d) to the decoder's numbers, one for each pixel (..., D): parameters of `likelihood`.

        Parameters
        ----------
        labels : int64 Tensor or None, shape (...)
            Classes, for a conditional family.
        """
        numbers: Tensor = self.decoder(z, labels)
        return numbers

    def read(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        """Codes of pixels (B, D): the posterior's mean (B, d), and what else the family says, columns of the codes, (B, ...) each."""
        mu, log_var = self.encode(x, labels)
        return mu, {"log_var": log_var} if self.config.facts.spread else {}

    def mean_image(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latent points (..., d) to expected pixels (..., D) in 0..1."""
        return self.likelihood.mean(self.decode(z, labels))

    def resample(self, z: Tensor, seed: int) -> Tensor:
        """As `mean_image`, with what lies below z drawn anew by `seed`, one draw for all points; only where there are levels."""
        raise NotImplementedError  # each family has its own

    def terms(self, x: Tensor, generator: torch.Generator | None = None, samples: int | None = None, labels: Tensor | None = None) -> Terms:
        """Both terms of the loss of each image, with all noise from `generator`; the first a mean over `samples` draws of z."""
        raise NotImplementedError  # each family has its own

    def loss(self, batch: Batch) -> tuple[Tensor, Terms]:
        """What is made small, a mean over the batch only, with its terms."""
        terms = self.terms(batch.x, batch.generator, self.samples if self.samples > 1 else None, labels=batch.labels)
        return terms.reconstruction.mean() + batch.beta * terms.kl.mean(), terms

    def backward(self, loss: Tensor) -> None:
        """Give every weight the gradient of `loss`, as the method of that name gave it."""
        torch.autograd.backward(loss)

    @torch.no_grad()
    def start_at(self, mean: Tensor, square: Tensor) -> None:
        """Start at the best constant picture for pixels of this mean and mean square (D,), in 0..1.

        The decoder's last bias shows it, and a learned sigma is what it leaves.
        """
        picture = constant_picture(mean, self.config)
        self.decoder.last_bias().copy_(picture_to_bias(picture, self.config))
        self.likelihood.start_at((square - 2 * mean * picture + picture.square()).mean().item())
