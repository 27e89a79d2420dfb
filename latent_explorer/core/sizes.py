"""How large the networks of an architecture are, counted without building them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latent_explorer.core.config import ModelConfig

KERNEL_AREA = {"encoder": 9, "decoder": 16}  # 3 x 3 down, 4 x 4 up: see core/nn/networks.py
TORUS_FEATURES = 4  # cosine and sine of both angles
TRANSFORMER_WIDTH, TRANSFORMER_HEADS, TRANSFORMER_BLOCKS = 64, 4, 3
TRANSFORMER_INNER = 2  # times as wide are the dense layers inside a block


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
    if config.family == "transformer-vae":
        tokens = 1 + patch_count(*config.image_shape[:2])
        maps += [tokens * tokens * TRANSFORMER_HEADS, 3 * tokens * TRANSFORMER_WIDTH]
    return (config.pixels, *config.hidden, *config.decoder_widths, *maps)


def decoder_inputs(config: ModelConfig) -> int:
    """Numbers that the decoder takes: z, on the torus the cosines and sines of its angles; the class, where it is told; the lower z."""
    features = TORUS_FEATURES if config.facts.space == "torus" else config.latent_dim
    return features + (config.classes or 0) + (config.lower_dim or 0)


def encoder_outputs(config: ModelConfig) -> int:
    """Numbers that the encoder says of an image: a mean and a logarithm of a variance for each coordinate of z, or a point alone.

    With a full covariance, a mean and a triangular matrix; on the sphere, a direction and one number for the width.
    """
    d = config.latent_dim
    if config.facts.space == "sphere":
        return d + 1
    if config.family == "full-covariance-vae":
        return d + d * (d + 1) // 2
    return (2 if config.facts.spread else 1) * d


def patch_sides(height: int, width: int) -> tuple[int, int]:
    """Height and width of the patches that a transformer cuts an image into: a quarter of its side, 8 at most; 16 along a large one.

    28 x 28 is 16 patches of 7 x 7, 64 x 64 is 64 of 8 x 8.
    """
    sides = [max(min(-(-side // 4), 8), -(-side // 16)) for side in (height, width)]
    return sides[0], sides[1]


def patch_count(height: int, width: int) -> int:
    """Number of those patches, which may go beyond the border."""
    rows, columns = patch_sides(height, width)
    return -(-height // rows) * -(-width // columns)


def transformer_parameters(config: ModelConfig) -> int:
    """Weights of the transformer: patches, places, class token, blocks, and what it says at the end; see its family's file."""
    height, width, channels = config.image_shape
    rows, columns = patch_sides(height, width)
    e = TRANSFORMER_WIDTH
    block = 2 * 2 * e + (e + 1) * 3 * e + (e + 1) * e + chain_parameters((e, TRANSFORMER_INNER * e, e))
    start = (rows * columns * channels + 1) * e + (patch_count(height, width) + 2) * e
    return start + TRANSFORMER_BLOCKS * block + 2 * e + (e + 1) * encoder_outputs(config)


def reader_parameters(config: ModelConfig, outputs: int, beside: int = 0) -> int:
    """Weights of a network that reads images, the encoder or another of its kind; see `core.nn.networks.DenseEncoder`."""
    total = chain_parameters((config.inner_pixels + beside, *config.hidden, outputs), residual=config.network == "residual")
    total += sum((KERNEL_AREA["encoder"] * a + 1) * b for a, b in _steps(config))
    return total + _block_parameters(config)


def parameter_count(config: ModelConfig) -> int:
    """Number of weights and biases of all networks and the likelihood."""
    chain = (decoder_inputs(config), *config.decoder_widths, config.inner_pixels)
    total = chain_parameters(chain, residual=config.network == "residual") + _block_parameters(config)
    total += sum((KERNEL_AREA["decoder"] * b + 1) * a for a, b in _steps(config))
    if config.family == "transformer-vae":
        total += transformer_parameters(config)
    elif config.facts.encoder:
        total += reader_parameters(config, encoder_outputs(config), config.classes or 0)
    if config.facts.discriminator:
        total += reader_parameters(config, 1)
    if config.lower_dim:
        total += reader_parameters(config, 2 * config.lower_dim, config.latent_dim)
        total += chain_parameters((config.latent_dim, *config.decoder_widths[:1], 2 * config.lower_dim))
    return total + (config.likelihood in ("gaussian", "discretised_logistic") and config.sigma is None)


def _steps(config: ModelConfig) -> tuple[tuple[int, int], ...]:
    """Maps before and after each convolutional stage, from the image inward."""
    return tuple(pairwise((config.image_shape[2], *config.stages))) if config.stages else ()


def _block_parameters(config: ModelConfig) -> int:
    """Weights of the convolutions with shortcuts of one network, one for each stage."""
    return sum((KERNEL_AREA["encoder"] * b + 1) * b for b in config.stages) if config.network == "resconv" else 0
