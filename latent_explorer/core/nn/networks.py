"""Encoder and decoder networks: numbers in, parameters of a distribution out.

All take and give pixels as rows of numbers, in the order height, width, channel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from latent_explorer.core.config import CONVOLUTIONAL, ModelConfig
from latent_explorer.core.nn.pixels.continuous import continuous_logit
from latent_explorer.core.sizes import decoder_inputs, encoder_outputs, stage_sizes

ACTIVATION_LAYERS: dict[str, type[nn.Module]] = {"silu": nn.SiLU, "relu": nn.ReLU, "tanh": nn.Tanh}


class ResidualLayer(nn.Module):
    """``x + act(W x + b)`` (He et al. 2016, arXiv 1512.03385); where the widths differ, a matrix takes the place of the first x."""

    def __init__(self, inputs: int, outputs: int, activation: str) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.activation = ACTIVATION_LAYERS[activation]()
        self.shortcut = nn.Identity() if inputs == outputs else nn.Linear(inputs, outputs, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Numbers (..., inputs) to (..., outputs)."""
        y: Tensor = self.shortcut(x) + self.activation(self.linear(x))
        return y


class ResidualConv(nn.Module):
    """``x + act(conv(x))``, 3 x 3, as many maps out as in: a shortcut around a convolution that keeps the size."""

    def __init__(self, channels: int, activation: str) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.activation = ACTIVATION_LAYERS[activation]()

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, channels, H, W) to maps of the same shape."""
        y: Tensor = x + self.activation(self.conv(x))
        return y


def dense_layers(sizes: Sequence[int], activation: str, *, residual: bool = False) -> nn.Sequential:
    """Linear layers from ``sizes[0]`` to ``sizes[-1]``, an activation after each but the last.

    ``residual`` puts shortcuts around all but the first and the last.
    """
    layers: list[nn.Module] = []
    for k, (inputs, outputs) in enumerate(pairwise(sizes)):
        if residual and 0 < k < len(sizes) - 2:
            layers.append(ResidualLayer(inputs, outputs, activation))
        else:
            layers += [nn.Linear(inputs, outputs), ACTIVATION_LAYERS[activation]()]
    return nn.Sequential(*layers[:-1])


class Encoder(nn.Module):
    """q(z|x) = N(mu, diag(exp(log_var))), or another posterior by as many numbers as it takes: separate weights for each of them."""

    def numbers(self, x: Tensor, beside: Tensor | None = None) -> Tensor:
        """Pixels (B, D) in 0..1, and what comes beside them, to the numbers of the last layer, without any bound."""
        raise NotImplementedError  # each kind of network has its own

    def forward(self, x: Tensor, beside: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pixels (B, D) in 0..1 to mu (B, d) and log_var (B, d), both without any bound."""
        mu, log_var = self.numbers(x, beside).chunk(2, dim=-1)
        return mu, log_var


class DenseEncoder(Encoder):
    """Dense layers from the pixels inward.

    `outputs` is for networks that say something else of an image; None takes what the family's encoder says. `beside` numbers
    come to the dense layers beside the image, such as which class it is.
    """

    def __init__(self, config: ModelConfig, outputs: int | None = None, beside: int = 0) -> None:
        super().__init__()
        sizes = (config.inner_pixels + beside, *config.hidden, encoder_outputs(config) if outputs is None else outputs)
        self.layers = dense_layers(sizes, config.activation, residual=config.network == "residual")

    def inner(self, x: Tensor) -> Tensor:
        """Pixels (B, D) in 0..1 to what the dense layers are given."""
        return x

    def numbers(self, x: Tensor, beside: Tensor | None = None) -> Tensor:
        """As of `Encoder`."""
        inner = self.inner(x)
        found: Tensor = self.layers(inner if beside is None else torch.cat([inner, beside.to(inner.dtype)], dim=-1))
        return found


class DenseDecoder(nn.Module):
    """p(x|z) by one number for each pixel, a parameter of the likelihood."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.torus, self.classes = config.facts.space == "torus", config.classes
        sizes = (decoder_inputs(config), *config.decoder_widths, config.inner_pixels)
        self.layers = dense_layers(sizes, config.activation, residual=config.network == "residual")

    def features(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """What the layers are given: z, on the torus the cosines and sines of its angles; and the class, where it is told."""
        parts = [z]
        if self.torus:
            angles = 2 * math.pi * z
            parts = [torch.cos(angles), torch.sin(angles)]
        if self.classes is not None:
            if labels is None:
                raise ValueError("a conditional decoder needs classes")
            parts.append(nn.functional.one_hot(labels, self.classes).to(z.dtype).expand(*z.shape[:-1], -1))
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latent points (..., d) and, for a conditional family, classes (...) to numbers (..., D)."""
        numbers: Tensor = self.layers(self.features(z, labels))
        return numbers

    def last_bias(self) -> nn.Parameter:
        """One number for each pixel (dense) or channel (conv), added at the very end."""
        last = self.layers[-1]
        assert isinstance(last, nn.Linear)
        return last.bias


class ConvEncoder(DenseEncoder):
    """Stages of 3 x 3 convolutions with stride 2 that halve the image, then the dense layers.

    With "resconv", a convolution with a shortcut around it follows each of them.
    """

    def __init__(self, config: ModelConfig, outputs: int | None = None, beside: int = 0) -> None:
        super().__init__(config, outputs, beside)
        self.shape = config.image_shape
        stages: list[nn.Module] = []
        for before, after in pairwise((config.image_shape[2], *config.stages)):
            stages += [nn.Conv2d(before, after, 3, stride=2, padding=1), ACTIVATION_LAYERS[config.activation]()]
            if config.network == "resconv":
                stages.append(ResidualConv(after, config.activation))
        self.stages = nn.Sequential(*stages)

    def inner(self, x: Tensor) -> Tensor:
        """As of `DenseEncoder`."""
        images = x.unflatten(-1, self.shape).movedim(-1, -3)  # B, C, H, W; in memory still H, W, C
        maps: Tensor = self.stages(images)
        return maps.flatten(1)


class ConvDecoder(DenseDecoder):
    """Dense layers, then stages of transposed 4 x 4 convolutions that double the image and cut it to the encoder's sizes.

    With "resconv", a convolution with a shortcut around it comes before each of them.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        height, width, channels = config.image_shape
        self.pixels = config.pixels
        self.sizes = stage_sizes(height, width, len(config.stages))[::-1]
        self.activation = ACTIVATION_LAYERS[config.activation]()
        self.stages = nn.ModuleList(
            nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1) for inputs, outputs in pairwise((*config.stages[::-1], channels))
        )
        blocks = config.stages[::-1] if config.network == "resconv" else ()
        self.blocks = nn.ModuleList(ResidualConv(count, config.activation) for count in blocks)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """As of `DenseDecoder`; equal points of a batch give equal pictures, whatever its shape."""
        flat = self.features(z, labels)
        inner = self.activation(self.layers(flat.reshape(-1, flat.shape[-1])))
        maps = inner.unflatten(-1, (-1, *self.sizes[0]))
        for k, (stage, (height, width)) in enumerate(zip(self.stages, self.sizes[1:], strict=True)):
            maps = self.activation(maps) if k else maps
            maps = stage(self.blocks[k](maps) if self.blocks else maps)[..., :height, :width]
        pixels: Tensor = maps.movedim(-3, -1).reshape(*z.shape[:-1], self.pixels)
        return pixels

    def last_bias(self) -> nn.Parameter:
        """As of `DenseDecoder`."""
        bias = self.stages[-1].bias
        assert isinstance(bias, nn.Parameter)
        return bias


def encoder_of(config: ModelConfig, outputs: int | None = None, beside: int = 0) -> DenseEncoder:
    """New encoder for an architecture; with `outputs` or `beside`, another network of its kind: see `DenseEncoder`."""
    return (ConvEncoder if config.network in CONVOLUTIONAL else DenseEncoder)(config, outputs, beside)


def decoder_of(config: ModelConfig) -> DenseDecoder:
    """New decoder for an architecture."""
    return ConvDecoder(config) if config.network in CONVOLUTIONAL else DenseDecoder(config)


def constant_picture(mean: Tensor, config: ModelConfig) -> Tensor:
    """What the last bias alone can show of a mean image (D,): each pixel, or each channel's mean where a convolution shares it."""
    if config.network not in CONVOLUTIONAL:
        return mean
    channels: Tensor = mean.unflatten(0, config.image_shape).mean((0, 1))
    return channels.expand(config.image_shape).flatten()


def picture_to_bias(picture: Tensor, config: ModelConfig) -> Tensor:
    """The last bias that shows a constant picture (D,), or nearly: a number for each pixel (dense) or channel (conv)."""
    count = config.image_shape[2] if config.network in CONVOLUTIONAL else config.pixels
    inside = picture[:count] * 0.98 + 0.01
    if config.likelihood == "continuous_bernoulli":
        return continuous_logit(inside)
    return 4 * inside - 2 if config.likelihood == "discretised_logistic" else torch.logit(inside)
