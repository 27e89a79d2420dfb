"""Encode and decode: numpy in, numpy out. Eval mode and no_grad are hidden here; no Qt, any worker thread."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.families.conditional import ConditionalVAE
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.quick import as_bytes
from latent_explorer.core.types import Codes, ImageDataset, ModelHandle

BATCH = 2048
NUMBERS = 1 << 24  # of the largest layer, for all images that are computed at once


Pixels = NDArray[np.uint8] | NDArray[np.float32]  # 0..255, or 0..1


def device_of(module: Model) -> torch.device:
    """Where the weights are, and so where the module computes."""
    return next(module.parameters()).device


def grey_tensor(images: Pixels) -> torch.Tensor:
    """Images (N, H, W, C), bytes or float32 in 0..1, to float32 pixels (N, D) in 0..1."""
    flat = np.ascontiguousarray(images).reshape(len(images), math.prod(images.shape[1:]))
    pixels = torch.from_numpy(flat.astype(np.float32))  # a copy, writable
    return pixels.mul_(1 / 255) if images.dtype == np.uint8 else pixels


@contextmanager
def eval_mode(module: Model) -> Iterator[None]:
    """Inside, dropout and batch statistics are off; afterwards the module is in the mode it was in."""
    before = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(before)


def _chunks(module: Model, images: Pixels, labels: NDArray[np.int64] | None) -> Iterator[tuple[torch.Tensor, torch.Tensor | None]]:
    """Pixels of some images at once, where the weights are, with their classes where the family is told them; at least once."""
    device = device_of(module)
    batch = max(1, min(BATCH, NUMBERS // module.config.widest))
    told = None if labels is None or not module.config.facts.conditional else torch.from_numpy(np.array(labels, np.int64))
    for start in range(0, max(1, len(images)), batch):
        some = slice(start, start + batch)
        yield grey_tensor(images[some]).to(device), None if told is None else told[some].to(device)


def encode_with(module: Model, images: Pixels, labels: NDArray[np.int64] | None = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """As `encode`, for a module in hand on any device."""
    with torch.inference_mode(), eval_mode(module):
        found = [module.encode(*chunk) for chunk in _chunks(module, images, labels)]
        means, log_vars = ([part.cpu().numpy() for part in parts] for parts in zip(*found, strict=True))
    return np.concatenate(means), np.concatenate(log_vars)


def encode(handle: ModelHandle, images: Pixels, labels: NDArray[np.int64] | None = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Posterior mean and log variance of each image, from the grey picture.

    Parameters
    ----------
    images : uint8 array, or float32 array in 0..1, shape (N, H, W, C)
    labels : int64 array (N,) or None
        The classes that a conditional model is told; -1, or None, where nobody knows: then the likeliest. Others take no notice.

    Returns
    -------
    mu, log_var : float32 arrays, shape (N, d)
    """
    return encode_with(module_of(handle), images, labels)


def all_told(config: ModelConfig, labels: NDArray[np.int64] | None) -> bool:
    """Whether every image has a class that the model knows; True for a model that is told none."""
    return not config.facts.conditional or (labels is not None and bool(((labels >= 0) & (labels < (config.classes or 0))).all()))


def classes_for(handle: ModelHandle, images: Pixels, labels: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    """Each image's class, int64 (N,), as `encode` takes it: the likeliest where nobody knows; None for a model that is told none."""
    if all_told(handle.architecture, labels):
        return labels if handle.architecture.facts.conditional else None
    module = module_of(handle)
    assert isinstance(module, ConditionalVAE)
    with torch.inference_mode(), eval_mode(module):
        return np.concatenate([module.known(*chunk).cpu().numpy() for chunk in _chunks(module, images, labels)])


def read_with(
    module: Model, images: Pixels, labels: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Codes of images, with all that the family says of them: z (N, d), and columns by name (N, ...)."""
    with torch.inference_mode(), eval_mode(module):
        found = [module.read(*chunk) for chunk in _chunks(module, images, labels)]
        columns = {name: np.concatenate([part[name].cpu().numpy() for _, part in found]) for name in found[0][1]}
        return np.concatenate([mu.cpu().numpy() for mu, _ in found]), columns


def decode_with(
    module: Model, z: NDArray[np.floating], condition: int | NDArray[np.int64] | None = None, seed: int = 0
) -> NDArray[np.float32]:
    """As `decode`, for a module in hand: all by the same weights, also when a newer snapshot comes meanwhile."""
    device, batch = device_of(module), batch_of(module.config)
    points = torch.from_numpy(np.array(z, dtype=np.float32, ndmin=2))  # an own, writable copy
    told = None
    if module.config.facts.conditional:
        told = torch.from_numpy(np.broadcast_to(np.int64(0) if condition is None else condition, len(points)).astype(np.int64))
    drawn = bool(seed) and module.config.facts.levels
    parts = []
    with torch.inference_mode():
        for start in range(0, max(1, len(points)), batch):
            chunk = points[start : start + batch].to(device)
            labels = None if told is None else told[start : start + batch].to(device)
            pictures = module.resample(chunk, seed) if drawn else module.mean_image(chunk, labels)
            parts.append(pictures.cpu().numpy().reshape(-1, *module.config.image_shape))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def decode(
    handle: ModelHandle, z: NDArray[np.floating], condition: int | NDArray[np.int64] | None = None, seed: int = 0
) -> NDArray[np.float32]:
    """Expected pixels in 0..1 at latent points: (n, d) to float32 (n, H, W, C).

    Parameters
    ----------
    condition : int, int64 array (n,), or None
        The class that a conditional model is told, or each point's own; None is class 0. Others take no notice.
    seed : int
        Of what lies below the plane of a hierarchical model, one draw for all points; 0 is its mean.
    """
    return decode_with(module_of(handle), z, condition, seed)


def batch_of(config: ModelConfig, samples: int = 1) -> int:
    """Images to compute at once: `BATCH` of MNIST's size, fewer of larger ones, so that memory stays bounded."""
    return max(1, min(BATCH, NUMBERS // (config.widest * samples)))


def decode_bytes(
    handle: ModelHandle, z: NDArray[np.floating], condition: int | NDArray[np.int64] | None = None, seed: int = 0
) -> NDArray[np.uint8]:
    """Expected pixels for display: as `decode`, but uint8 (n, H, W, C), rounded to the nearest level."""
    return as_bytes(decode(handle, z, condition, seed))


def codes_of(handle: ModelHandle, dataset: ImageDataset, rows: NDArray[np.int64]) -> Codes:
    """The posterior means (never samples) of some rows of a data set, with what else the family says: log variances, mostly."""
    labels = np.full(len(rows), -1, np.int64) if dataset.labels is None else dataset.labels[rows]
    mu, columns = read_with(module_of(handle), dataset.images[rows], labels)
    return Codes("mean", mu, rows.copy(), labels, columns)
