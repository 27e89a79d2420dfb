"""Numbers out: codes as CSV or npz, decoded images as npz."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.files.atomic import atomic_write
from latent_explorer.core.types import Codes


def codes_csv(codes: Codes) -> bytes:
    """One line for each image: ``index,label,z0,z1,...``, with the shortest decimals that give back the same float32."""
    columns = ["index", "label", *(f"z{k}" for k in range(codes.z.shape[1]))]
    # str of a numpy float32 is its shortest round-trip form, whatever the locale.
    rows = (
        f"{index},{label},{','.join(map(str, point))}"
        for index, label, point in zip(codes.index.tolist(), codes.labels.tolist(), codes.z, strict=True)
    )
    return "\n".join([",".join(columns), *rows, ""]).encode("ascii")


def npz(**arrays: Any) -> bytes:
    """Named arrays as the bytes of a compressed npz archive."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def save_codes(path: str | Path, codes: Codes) -> None:
    """Write codes by the file's ending: ``.csv``, or ``.npz`` with ``z``, ``label`` and ``index``.

    Raises
    ------
    ExportError
        The file cannot be written.
    """
    if Path(path).suffix.lower() == ".csv":
        atomic_write(path, codes_csv(codes))
    else:
        atomic_write(path, npz(z=codes.z, label=codes.labels, index=codes.index))


def save_decoded(path: str | Path, z: NDArray[np.float32], images: NDArray[np.float32]) -> None:
    """Write an npz with ``z`` (n, d) and ``images``, float32 (n, H, W, C) in 0..1.

    Raises
    ------
    ExportError
        The file cannot be written.
    """
    atomic_write(path, npz(z=np.asarray(z, np.float32), images=np.asarray(images, np.float32)))
