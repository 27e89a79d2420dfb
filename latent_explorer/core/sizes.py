"""How large the networks of an architecture are, counted without building them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latent_explorer.core.config import ModelConfig

KERNEL_AREA = {"encoder": 9, "decoder": 16}  # 3 x 3 down, 4 x 4 up: see core/nn/networks.py
TORUS_FEATURES = 4  # cosine and sine of both angles


def stage_sizes(height: int, width: int, stages: int) -> tuple[tuple[int, int], ...]:
    """Heights and widths before, between and after the stages of a convolutional network: each halves them, rounded up."""
    sizes = [(height, width)]
    for _ in range(stages):
        height, width = (height + 1) // 2, (width + 1) // 2
        sizes.append((height, width))
    return tuple(sizes)


def chain_parameters(sizes: tuple[int, ...], *, residual: bool = False) -> int:
    """Weights and biases of dense layers from ``sizes[0]`` to ``sizes[-1]``; residual: and of the shortcuts between unequal widths."""
    weights = sum((a + 1) * b for a, b in pairwise(sizes))
    return weights + (sum(a * b for a, b in pairwise(sizes[1:-1]) if a != b) if residual else 0)


def layer_sizes(config: ModelConfig) -> tuple[int, ...]:
    """Numbers in each layer for one image."""
    sizes = stage_sizes(*config.image_shape[:2], len(config.stages))
    maps = [height * width * count for (height, width), count in zip(sizes[1:], config.stages, strict=True)]
    return (config.pixels, *config.hidden, *config.decoder_widths, *maps)


def decoder_inputs(config: ModelConfig) -> int:
    """Numbers that the decoder takes: z, on the torus the cosines and sines of its angles; and which class, where it is told."""
    features = TORUS_FEATURES if config.facts.space == "torus" else config.latent_dim
    return features + (config.classes or 0)


def encoder_outputs(config: ModelConfig) -> int:
    """Numbers that the encoder says of an image: a mean and a logarithm of a variance for each coordinate of z, or a point alone."""
    return (2 if config.facts.spread else 1) * config.latent_dim


def parameter_count(config: ModelConfig) -> int:
    """Number of weights and biases of all networks and the likelihood."""
    residual = config.network == "residual"
    down = tuple(pairwise((config.image_shape[2], *config.stages))) if config.stages else ()
    total = chain_parameters((decoder_inputs(config), *config.decoder_widths, config.inner_pixels), residual=residual)
    total += sum((KERNEL_AREA["decoder"] * b + 1) * a for a, b in down)
    readers = [encoder_outputs(config)] if config.facts.encoder else []
    readers += [1] if config.facts.discriminator else []
    for outputs in readers:
        total += chain_parameters((config.inner_pixels, *config.hidden, outputs), residual=residual)
        total += sum((KERNEL_AREA["encoder"] * a + 1) * b for a, b in down)
    return total + (config.likelihood in ("gaussian", "discretised_logistic") and config.sigma is None)
