"""Decoders in numpy: few matrix products, so they answer before torch is loaded.

The same mathematics as in core/nn (networks.py, likelihoods.py), on the weights as the file has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.sizes import decoder_inputs, stage_sizes

NETWORKS = ("dense", "residual", "conv")
LIKELIHOODS = ("bernoulli", "continuous_bernoulli", "gaussian", "discretised_logistic")
OTHERS = ("pca", "conditional-vae", "hierarchical-vae")  # families whose picture is not that of one decoder that is told z alone
SMALL = 0.5  # logits of a continuous Bernoulli that go by series, as in core/nn/pixels/continuous.py
LEAST_SCALE = 1e-3  # of a discretised logistic, as in core/nn/pixels/logistic.py
NUMBERS = 1 << 22  # of the largest array between two layers

Floats = NDArray[np.float32]


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)); far below zero the exponential is infinite and the result 0, as it should be."""
    found: Floats = np.exp(-x)
    found += 1
    return np.reciprocal(found, out=found)


def softplus(x: Floats) -> Floats:
    """log(1 + exp(x))."""
    found: Floats = np.logaddexp(x, np.float32(0))
    return found


def continuous_mean(a: Floats) -> Floats:
    """Expected pixel of a continuous Bernoulli, ``1 / (1 - e^-a) - 1 / a``; see core/nn/pixels/continuous.py."""
    size = np.maximum(np.abs(a), np.float32(SMALL))
    above = -1 / np.expm1(-size) - 1 / size
    c = np.square(np.clip(a, -SMALL, SMALL))
    near = 0.5 + a * (1 / 12 + c * (-1 / 720 + c * (1 / 30240 + c * (-1 / 1209600 + c / 47900160))))
    found: Floats = np.where(np.abs(a) < SMALL, near, np.where(a > 0, above, 1 - above)).astype(np.float32, copy=False)
    return found


def logistic_mean(numbers: Floats, scale: float) -> Floats:
    """Expected pixel of a discretised logistic around ``1/2 + a/4``; see core/nn/pixels/logistic.py."""
    place, s = np.float32(0.5) + np.float32(0.25) * numbers, np.float32(max(scale, LEAST_SCALE))
    found: Floats = np.clip(s * (softplus(place / s) - softplus((place - 1) / s)), 0, 1)
    return found


def _silu(x: Floats) -> Floats:
    return x * sigmoid(x)


def _relu(x: Floats) -> Floats:
    return np.maximum(x, np.float32(0))


def _tanh(x: Floats) -> Floats:
    found: Floats = np.tanh(x)
    return found


ACTIVATIONS: Mapping[str, Callable[[Floats], Floats]] = {"silu": _silu, "relu": _relu, "tanh": _tanh}


@dataclass(frozen=True, eq=False)
class _Layer:
    """Weight (outputs, inputs), bias (outputs,), and what is added after the activation: nothing, the input, or a matrix times it."""

    weight: Floats
    bias: Floats
    residual: bool = False
    shortcut: Floats | None = None


@dataclass(frozen=True, eq=False)
class _Stage:
    """A transposed 4 x 4 convolution that doubles its maps: weight (inputs, 4 * 4 * outputs), bias (outputs,), and the size it cuts to."""

    weight: Floats
    bias: Floats
    height: int
    width: int

    def double(self, maps: Floats) -> Floats:
        """Maps (n, H, W, inputs) to (n, height, width, outputs)."""
        n, height, width, inputs = maps.shape
        spread = (maps.reshape(-1, inputs) @ self.weight).reshape(n, height, width, 4, 4, len(self.bias))
        found = np.zeros((n, 2 * height + 2, 2 * width + 2, len(self.bias)), np.float32)
        for row in range(4):
            for column in range(4):
                found[:, row : row + 2 * height : 2, column : column + 2 * width : 2] += spread[:, :, :, row, column]
        cut: Floats = found[:, 1 : 1 + self.height, 1 : 1 + self.width] + self.bias
        return cut


@dataclass(frozen=True, eq=False)
class QuickDecoder:
    """A decoder by its weights, which nobody may change any more. Any thread."""

    architecture: ModelConfig
    layers: tuple[_Layer, ...]
    stages: tuple[_Stage, ...] = ()
    scale: float = 1.0  # of a discretised logistic

    def decode(self, z: NDArray[np.floating]) -> Floats:
        """Expected pixels in 0..1 at latent points: (n, d) to float32 (n, H, W, C), as `core.nn.inference.decode` up to rounding."""
        points = np.array(z, np.float32, ndmin=2)
        widest = max(len(layer.bias) for layer in self.layers)
        widest = max([widest, *(4 * stage.height * stage.width * len(stage.bias) for stage in self.stages)])
        batch = max(1, NUMBERS // widest)
        with np.errstate(over="ignore", invalid="ignore"):  # weights without bounds: torch says nothing either
            parts = [self._decode(points[start : start + batch]) for start in range(0, max(1, len(points)), batch)]
        return np.concatenate(parts)

    def _mean(self, x: Floats) -> Floats:
        """Expected pixels by the decoder's numbers."""
        if self.architecture.likelihood == "continuous_bernoulli":
            return continuous_mean(x)
        return logistic_mean(x, self.scale) if self.architecture.likelihood == "discretised_logistic" else sigmoid(x)

    def _decode(self, x: Floats) -> Floats:
        if self.architecture.facts.space == "torus":
            angles = np.float32(2 * np.pi) * x
            x = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
        activation = ACTIVATIONS[self.architecture.activation]
        for layer in self.layers[:-1]:
            y = activation(x @ layer.weight.T + layer.bias)
            if layer.residual:
                y += x if layer.shortcut is None else x @ layer.shortcut.T
            x = y
        x = x @ self.layers[-1].weight.T + self.layers[-1].bias
        if self.stages:
            height, width = stage_sizes(*self.architecture.image_shape[:2], len(self.stages))[-1]
            x = x.reshape(len(x), self.architecture.stages[-1], height, width).transpose(0, 2, 3, 1)
            for stage in self.stages:
                x = stage.double(activation(x))
        return self._mean(x).reshape(-1, *self.architecture.image_shape)


def quick_decoder(architecture: ModelConfig, weights: Mapping[str, NDArray[Any]]) -> QuickDecoder | None:
    """The decoder for a file's weights (names without "model."); None where torch must answer, or where they do not fit."""
    known = architecture.network in NETWORKS and architecture.likelihood in LIKELIHOODS
    if not known or architecture.family in OTHERS:
        return None
    try:
        scale = architecture.sigma or 1.0
        if architecture.likelihood == "discretised_logistic" and architecture.sigma is None:
            scale = float(np.exp(_array(weights, "likelihood.log_scale", ())))
        return QuickDecoder(architecture, _layers(architecture, weights), _stages(architecture, weights), scale)
    except KeyError:
        return None  # torch, once it is there, says in a sentence what is wrong


def _layers(architecture: ModelConfig, weights: Mapping[str, NDArray[Any]]) -> tuple[_Layer, ...]:
    sizes = (decoder_inputs(architecture), *architecture.decoder_widths, architecture.inner_pixels)
    layers: list[_Layer] = []
    number = 0  # of the module in core.nn.networks.dense_layers, where an activation counts as one
    for k, (inputs, outputs) in enumerate(pairwise(sizes)):
        residual = architecture.network == "residual" and 0 < k < len(sizes) - 2
        name = f"decoder.layers.{number}"
        linear = f"{name}.linear" if residual else name
        weight = _array(weights, f"{linear}.weight", (outputs, inputs))
        bias = _array(weights, f"{linear}.bias", (outputs,))
        shortcut = _array(weights, f"{name}.shortcut.weight", (outputs, inputs)) if residual and inputs != outputs else None
        layers.append(_Layer(weight, bias, residual, shortcut))
        number += 1 if residual else 2
    return tuple(layers)


def _stages(architecture: ModelConfig, weights: Mapping[str, NDArray[Any]]) -> tuple[_Stage, ...]:
    height, width, channels = architecture.image_shape
    sizes = stage_sizes(height, width, len(architecture.stages))[::-1]
    stages: list[_Stage] = []
    for k, (inputs, outputs) in enumerate(pairwise((*architecture.stages[::-1], channels))):
        kernel = _array(weights, f"decoder.stages.{k}.weight", (inputs, outputs, 4, 4))
        matrix = np.ascontiguousarray(kernel.transpose(0, 2, 3, 1)).reshape(inputs, -1)
        stages.append(_Stage(matrix, _array(weights, f"decoder.stages.{k}.bias", (outputs,)), *sizes[k + 1]))
    return tuple(stages)


def _array(weights: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> Floats:
    array = weights[name]
    if array.shape != shape:
        raise KeyError(name)
    return np.asarray(array, np.float32)


def as_bytes(images: Floats) -> NDArray[np.uint8]:
    """Pixels in 0..1 to the nearest of 256 levels; what is no number, as weights without bounds can bring, to 0."""
    levels = np.rint(images * 255)
    pixels: NDArray[np.uint8] = np.nan_to_num(levels, copy=False).astype(np.uint8)
    return pixels
