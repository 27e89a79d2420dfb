"""How well the decoder gives images back: the squared error of single images, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.types import DecodeRequest, Floats, ImageDataset, Labels
from latent_explorer.workers.decoding import decode

PIECE = 256  # images between two moments at which others may take their turn


@dataclass(frozen=True, eq=False)
class Errors:
    """Mean squared difference between each image and the decode of its code, pixels in 0..1: float32, shape (n,)."""

    rows: Labels
    values: Floats


def errors_of(request: DecodeRequest, rows: Labels, dataset: ImageDataset, index: Labels) -> Iterator[Errors | None]:
    """For the images `index` (n,) and their codes in the request, (n, d); None until all are done."""
    parts: list[NDArray[np.float32]] = []
    for start in range(0, len(index), PIECE):
        cut = slice(start, start + PIECE)
        decoded = decode(replace(request, z=request.z[cut])).images
        away = decoded.astype(np.float32) - dataset.images[index[cut]]
        parts.append(np.square(away / 255.0).mean(axis=(1, 2, 3), dtype=np.float32))
        if start + PIECE < len(index):
            yield None
    yield Errors(rows, np.concatenate(parts) if parts else np.zeros(0, np.float32))
