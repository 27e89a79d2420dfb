"""Small untrained models whose pictures depend on z, for any family and likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import publish
from latent_explorer.core.types import ModelHandle

SHAPE = (4, 5, 1)


def lively(family: str = "vae", *, scale: float = 3.0, seed: int = 1, **more: Any) -> tuple[Model, ModelHandle]:
    """Published networks with a last layer so large that pictures differ."""
    config = ModelConfig(SHAPE, family=family, hidden=(16,), **more)
    module = build(config, seed).eval().requires_grad_(False)
    layers = [layer for layer in module.decoder.modules() if isinstance(layer, nn.Linear)]
    layers[-1].weight.mul_(scale)
    layers[0].weight.mul_(2.0)
    handle = ModelHandle(f"lively-{family}-{seed}-{sorted(more.items())}-{scale}", config)
    publish(handle, module)
    return module, handle


def binary_images(count: int, seed: int = 0) -> NDArray[np.float32]:
    return (np.random.default_rng(seed).random((count, *SHAPE)) < 0.5).astype(np.float32)


def grey_images(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, *SHAPE), dtype=np.uint8)


def flat(images: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(images.reshape(len(images), -1).astype(np.float32) / (255 if images.dtype == np.uint8 else 1))
