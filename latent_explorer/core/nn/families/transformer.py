"""The VAE whose encoder is a transformer over patches of the image (Vaswani et al. 2017; Dosovitskiy et al. 2021, arXiv 2010.11929).

The decoder is the one that the architecture names; ``hidden`` speaks of it alone, from the image inward.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.networks import Encoder
from latent_explorer.core.sizes import (
    TRANSFORMER_BLOCKS,
    TRANSFORMER_HEADS,
    TRANSFORMER_INNER,
    TRANSFORMER_WIDTH,
    encoder_outputs,
    patch_count,
    patch_sides,
)

FIRST_SCALE = 0.02  # standard deviation of the first places and of the class token


class Block(nn.Module):
    """Each token looks at all, then goes through two dense layers by itself; both with shortcuts, each after a normalisation."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_looking, self.before_layers = nn.LayerNorm(width), nn.LayerNorm(width)
        self.looking, self.seen = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.layers = nn.Sequential(nn.Linear(width, TRANSFORMER_INNER * width), nn.GELU(), nn.Linear(TRANSFORMER_INNER * width, width))

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (B, T, width) to tokens of the same shape."""
        parts = self.looking(self.before_looking(tokens)).chunk(3, dim=-1)
        query, key, value = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)  # B, heads, T, width / heads
        seen = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        tokens = tokens + self.seen(seen)
        after: Tensor = tokens + self.layers(self.before_layers(tokens))
        return after


class TransformerEncoder(Encoder):
    """Patches to tokens, a class token in front of them, blocks, and what the class token then says of the image.

    An image whose sides are no multiples of the patch's is continued in black to the right and below.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        height, width, channels = self.shape = config.image_shape
        self.patch = patch_sides(height, width)
        self.border = (0, -width % self.patch[1], 0, -height % self.patch[0])
        e = TRANSFORMER_WIDTH
        self.embedding = nn.Linear(self.patch[0] * self.patch[1] * channels, e)
        self.class_token = nn.Parameter(FIRST_SCALE * torch.randn(e))
        self.places = nn.Parameter(FIRST_SCALE * torch.randn(1 + patch_count(height, width), e))
        self.blocks = nn.Sequential(*(Block(e, TRANSFORMER_HEADS) for _ in range(TRANSFORMER_BLOCKS)))
        self.last = nn.Sequential(nn.LayerNorm(e), nn.Linear(e, encoder_outputs(config)))

    def patches(self, x: Tensor) -> Tensor:
        """Pixels (B, D) to patches (B, patches, pixels of a patch), row by row."""
        maps = functional.pad(x.unflatten(-1, self.shape).movedim(-1, -3), self.border)  # B, C, H, W
        return functional.unfold(maps, self.patch, stride=self.patch).transpose(1, 2)

    def numbers(self, x: Tensor, beside: Tensor | None = None) -> Tensor:
        """As of `Encoder`."""
        tokens = self.embedding(self.patches(x))
        first = self.class_token.to(tokens.dtype).expand(len(x), 1, -1)
        found: Tensor = self.last(self.blocks(torch.cat([first, tokens], dim=1) + self.places)[:, 0])
        return found


class TransformerVAE(VAE):
    """As the VAE, with a `TransformerEncoder`."""

    @staticmethod
    def new_encoder(config: ModelConfig) -> Encoder:
        """As of `VAE`."""
        return TransformerEncoder(config)
