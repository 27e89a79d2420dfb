"""An even sample of many rows, for what need not be known exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GOLDEN = 0.6180339887498949


def sample_rows(count: int, most: int) -> NDArray[np.int64] | slice:
    """Which of `count` rows to look at: all, or about `most` of them, the same at every call.

    Not every k-th row: where rows go round in a circle of k classes, that would see only one of them. Multiples of the golden
    ratio are as even, and in step with nothing.
    """
    if count <= most:
        return slice(None)
    return (np.arange(most) * GOLDEN % 1.0 * count).astype(np.int64)
