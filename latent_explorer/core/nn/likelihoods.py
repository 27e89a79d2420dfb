"""p(x|z) for one image, given what the decoder says: log probability, mean, and how training images are drawn."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

TEST_DRAW_SEED = 20250101


def bernoulli_log_prob(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x|z) = sum_i [x_i a_i - softplus(a_i)] in nats, summed over pixels.

    A true likelihood for binary x only; on grey pixels it is called "BCE (grey)".

    Parameters
    ----------
    x : Tensor, shape (..., D), in 0..1
    logits : Tensor, shape (..., D)

    Returns
    -------
    Tensor, shape (...)
    """
    return -functional.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)


def bernoulli_mean(logits: Tensor) -> Tensor:
    """E[x|z] in 0..1, the picture that is shown."""
    return torch.sigmoid(logits)


def binarize(grey: Tensor, generator: torch.Generator) -> Tensor:
    """Fresh binary pixels: 1 with probability `grey` (dynamic binarisation), same shape and dtype."""
    return torch.rand(grey.shape, generator=generator, device=grey.device).lt(grey).to(grey.dtype)


def fixed_binary_draw(images: NDArray[np.uint8], seed: int = TEST_DRAW_SEED) -> NDArray[np.float32]:
    """The one binary draw on which figures are quoted: ``random(images.shape) < images / 255`` in float64, in file order."""
    draw = np.random.Generator(np.random.PCG64(seed)).random(images.shape) < images / 255
    return draw.astype(np.float32)
