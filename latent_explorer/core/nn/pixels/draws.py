"""How grey pixels become black or white ones: anew at each visit, or once and for all."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

TEST_DRAW_SEED = 20250101


def binarize(grey: Tensor, generator: torch.Generator) -> Tensor:
    """Fresh binary pixels: 1 with probability `grey` (dynamic binarisation), same shape and dtype."""
    return torch.rand(grey.shape, generator=generator, device=grey.device).lt(grey).to(grey.dtype)


class FixedDraw:
    """The one binary draw on which figures are quoted: ``random(images.shape) < images / 255`` in float64, in file order.

    Images may be drawn piece by piece, one piece after the other; the numbers are the same.
    """

    def __init__(self, seed: int = TEST_DRAW_SEED) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))

    def of(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The next images (n, H, W, C), as 0 and 1."""
        return (self._generator.random(images.shape) < images / 255).astype(np.float32)


def fixed_binary_draw(images: NDArray[np.uint8], seed: int = TEST_DRAW_SEED) -> NDArray[np.float32]:
    """All images of `FixedDraw` at once."""
    return FixedDraw(seed).of(images)
