"""Makes IDX files for tests."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def idx(array: NDArray[np.uint8], kind: int = 0x08, shape: tuple[int, ...] | None = None) -> bytes:
    shape = array.shape if shape is None else shape
    return bytes([0, 0, kind, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape) + array.tobytes()


def arrays(train: int = 20, test: int = 10, side: tuple[int, int] = (5, 4), classes: int = 3) -> list[NDArray[np.uint8]]:
    generator = np.random.default_rng(1)
    result = []
    for count in (train, test):
        result.append(generator.integers(0, 256, (count, *side)).astype(np.uint8))
        result.append((np.arange(count) % classes).astype(np.uint8))
    return result


def write(folder: Path, files: list[NDArray[np.uint8]], *, zipped: bool = True, mark: str = "-") -> Path:
    folder.mkdir(exist_ok=True)
    for name, array in zip(NAMES, files, strict=True):
        data = idx(array)
        marked = name.replace("-idx", f"{mark}idx")
        (folder / (marked + ".gz" if zipped else marked)).write_bytes(gzip.compress(data) if zipped else data)
    return folder
