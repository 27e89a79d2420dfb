"""Decoders in numpy: a dense one is a few matrix products, so it answers before torch is loaded.

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

NETWORKS = ("dense", "residual")  # convolutions are left to torch
LIKELIHOODS = ("bernoulli", "gaussian")  # those whose expected pixel is the sigmoid of the decoder's number

Floats = NDArray[np.float32]


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)); far below zero the exponential is infinite and the result 0, as it should be."""
    found: Floats = np.exp(-x)
    found += 1
    return np.reciprocal(found, out=found)


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
class QuickDecoder:
    """A dense decoder by its weights, which nobody may change any more. Any thread."""

    architecture: ModelConfig
    layers: tuple[_Layer, ...]

    def decode(self, z: NDArray[np.floating]) -> Floats:
        """Expected pixels in 0..1 at latent points: (n, d) to float32 (n, H, W, C), as `core.nn.inference.decode` up to rounding."""
        activation = ACTIVATIONS[self.architecture.activation]
        x = np.array(z, np.float32, ndmin=2)
        with np.errstate(over="ignore"):
            for layer in self.layers[:-1]:
                y = activation(x @ layer.weight.T + layer.bias)
                if layer.residual:
                    y += x if layer.shortcut is None else x @ layer.shortcut.T
                x = y
            last = self.layers[-1]
            images = sigmoid(x @ last.weight.T + last.bias)
        return images.reshape(-1, *self.architecture.image_shape)


def quick_decoder(architecture: ModelConfig, weights: Mapping[str, NDArray[Any]]) -> QuickDecoder | None:
    """The decoder for a file's weights (names without "model."); None where torch must answer, or where they do not fit."""
    if architecture.network not in NETWORKS or architecture.likelihood not in LIKELIHOODS:
        return None
    sizes = (architecture.latent_dim, *architecture.decoder_widths, architecture.pixels)
    layers: list[_Layer] = []
    number = 0  # of the module in core.nn.networks.dense_layers, where an activation counts as one
    try:
        for k, (inputs, outputs) in enumerate(pairwise(sizes)):
            residual = architecture.network == "residual" and 0 < k < len(sizes) - 2
            name = f"decoder.layers.{number}" + (".linear" if residual else "")
            shortcut = residual and inputs != outputs
            layers.append(
                _Layer(
                    _array(weights, f"{name}.weight", (outputs, inputs)),
                    _array(weights, f"{name}.bias", (outputs,)),
                    residual,
                    _array(weights, f"decoder.layers.{number}.shortcut.weight", (outputs, inputs)) if shortcut else None,
                )
            )
            number += 1 if residual else 2
    except KeyError:
        return None  # torch, once it is there, says in a sentence what is wrong
    return QuickDecoder(architecture, tuple(layers))


def _array(weights: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> Floats:
    array = weights[name]
    if array.shape != shape:
        raise KeyError(name)
    return np.asarray(array, np.float32)


def as_bytes(images: Floats) -> NDArray[np.uint8]:
    """Pixels in 0..1 to the nearest of 256 levels."""
    pixels: NDArray[np.uint8] = np.rint(images * 255).astype(np.uint8)
    return pixels
