"""Where training by quadrature may begin other than at random: at the places that PCA gives the images, or at another decoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import TrainingError

Begin = tuple[ModelConfig, Mapping[str, NDArray[Any]]]  # another model's architecture and weights
SAMPLE = 10_000  # images by which the directions are found
NUMBERS = 1 << 25  # pixels that are held as numbers at once
SEED = 20250104  # of the random projections by which the directions are found


def principal_places(images: Tensor, rows: Tensor, config: ModelConfig) -> Tensor:
    """A place for each image by its scores on the first principal components: as ranks, so that all together they fill the prior.

    Parameters
    ----------
    images : uint8 Tensor, shape (N, D)
    rows : int64 Tensor, shape (n,)
        The images that train; others are left at 0.

    Returns
    -------
    Tensor, shape (N, d), float32
        On the plane ``Phi^-1((rank + 1/2) / n)``, on the torus ``(rank + 1/2) / n``. The sign of a direction is such that its
        largest number is positive.
    """
    device, pixels = images.device, images.shape[1]
    chosen = rows[: min(SAMPLE, max(config.latent_dim + 1, NUMBERS // pixels))].to(device)
    sample = images[chosen].float().mul_(1 / 255)
    mean = sample.mean(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        _, _, directions = torch.svd_lowrank(sample - mean, q=min(config.latent_dim + 6, *sample.shape), niter=4)
    directions = directions[:, : config.latent_dim]
    largest = directions.abs().argmax(0, keepdim=True)
    directions = directions * directions.gather(0, largest).sign()
    pieces = rows.to(device).split(max(1, NUMBERS // pixels))
    scores = torch.cat([(images[some].float().mul_(1 / 255) - mean) @ directions for some in pieces])
    ranks = scores.argsort(0).argsort(0)
    u = (ranks.float() + 0.5) / len(rows)
    places = torch.zeros(len(images), config.latent_dim, device=device)
    places[rows.to(device)] = u if config.facts.space == "torus" else torch.special.ndtri(u)
    return places


def decoder_words(config: ModelConfig) -> str:
    """What a decoder is, in short, such as "VAE, dense, 512,512 from the code outward, silu, bernoulli, images of 28 x 28 x 1"."""
    widths = ",".join(str(width) for width in config.decoder_widths) or "no"
    kind = f"{config.network} {','.join(map(str, config.stages))}".strip()
    shape = " x ".join(map(str, config.image_shape))
    parts = (config.facts.title, kind, f"{widths} from the code outward", config.activation, config.likelihood_words, f"images of {shape}")
    return ", ".join(parts)


def take_decoder(module: nn.Module, begin: Begin, config: ModelConfig) -> None:
    """Give a new model the decoder (and the likelihood) of another one.

    Raises
    ------
    TrainingError
        Its decoder has other shapes, or its numbers mean something else: another likelihood, or another activation between layers.
    """
    other, weights = begin
    own = {name: tensor for name, tensor in module.state_dict().items() if name.startswith(("decoder.", "likelihood."))}
    kinds = [(one.network, one.likelihood, one.activation, one.family == "pca") for one in (other, config)]  # PCA's has no sigmoid
    fits = all(name in weights and weights[name].shape == tuple(tensor.shape) for name, tensor in own.items())
    if kinds[0] != kinds[1] or not fits:
        raise TrainingError(
            f"The decoder to start from ({decoder_words(other)}) is another than that of this model ({decoder_words(config)});"
            " choose the same network, widths, activation and likelihood, or start from scratch."
        )
    module.load_state_dict({name: torch.from_numpy(np.array(weights[name], np.float32)) for name in own}, strict=False)
