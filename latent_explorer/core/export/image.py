"""Pictures out: PNG files that remember which latent point and which model they came from."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from latent_explorer import __version__
from latent_explorer.core.errors import ExportError
from latent_explorer.core.files.atomic import atomic_write

KEY = "latent_explorer"  # the name of the text chunk
SCHEMA = 1
MAX_SCALE = 64
MAX_PIXELS = 1 << 26  # of the written picture; Pillow itself warns from 89 million on


def short(value: float) -> float:
    """The number whose decimals are the shortest that give back the same float32: 0.1 rather than 0.10000000149."""
    return float(str(np.float32(value)))


def image_metadata(z: ArrayLike | None, name: str, content_hash: str, family: str, **more: Any) -> dict[str, Any]:
    """What an exported picture remembers.

    Parameters
    ----------
    z : array, shape (d,) for one picture or (n, d) for a strip, or None
        None for a grid, which says in `more` where its points lie.
    name, content_hash, family : str
        Of the model.
    **more
        Further plain JSON values.

    Returns
    -------
    dict
        ``schema``, ``z`` (shortest round-trip decimals of float32), ``model``, ``family``, ``version``.
    """
    points: Any = None
    if z is not None:
        array = np.asarray(z, np.float32)
        points = [short(v) for v in array] if array.ndim == 1 else [[short(v) for v in row] for row in array]
    model = {"name": name, "hash": content_hash}
    return {"schema": SCHEMA, "z": points, "model": model, "family": family, "version": __version__, **more}


def told_metadata(condition: int | None, seed: int = 0) -> dict[str, int]:
    """What a model was told besides z, for `image_metadata`: its class, and the draw of what lies below; nothing where it is told none."""
    return ({} if condition is None else {"class": condition}) | ({"seed": seed} if seed else {})


def sheet(images: NDArray[np.uint8], columns: int, gap: int = 0) -> NDArray[np.uint8]:
    """Pictures side by side, row by row from the top left.

    Parameters
    ----------
    images : uint8 array, shape (n, H, W, C)
    columns : int
        Pictures in a row.
    gap : int
        Black pixels between pictures.

    Returns
    -------
    uint8 array, shape (rows * (H + gap) - gap, columns * (W + gap) - gap, C)
    """
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    page = np.zeros((rows, columns, height + gap, width + gap, channels), np.uint8)
    page.reshape(-1, height + gap, width + gap, channels)[:count, :height, :width] = images
    whole = page.transpose(0, 2, 1, 3, 4).reshape(rows * (height + gap), columns * (width + gap), channels)
    return np.ascontiguousarray(whole[: whole.shape[0] - gap, : whole.shape[1] - gap])


def check_size(height: int, width: int, scale: int) -> None:
    """Refuse an enlargement out of range or a picture too large to write; sizes in pixels before enlargement.

    Raises
    ------
    ExportError
        One sentence.
    """
    if not 1 <= scale <= MAX_SCALE:
        raise ExportError(f"scale is {scale}; it must be a whole number from 1 to {MAX_SCALE}.")
    if height * width * scale * scale > MAX_PIXELS:
        raise ExportError(
            f"The picture would have {width * scale:,} x {height * scale:,} pixels, more than {MAX_PIXELS:,} in all;"
            " choose a smaller scale or fewer images."
        )


def to_png(image: NDArray[np.uint8], *, scale: int = 1, metadata: Mapping[str, Any] | None = None) -> bytes:
    """A PNG file as bytes.

    Parameters
    ----------
    image : uint8 array, shape (H, W, C), C 1 (grey) or 3 (RGB)
    scale : int
        Each pixel becomes a square of `scale` x `scale` equal pixels.
    metadata : mapping or None
        Plain JSON values for the text chunk ``latent_explorer``.

    Raises
    ------
    ExportError
        As `check_size`.
    """
    from PIL import Image  # here, since the window imports this module at its start
    from PIL.PngImagePlugin import PngInfo

    height, width, channels = image.shape
    if image.dtype != np.uint8 or channels not in (1, 3):
        raise ValueError(f"a picture is uint8 (H, W, 1 or 3), not {image.dtype} {image.shape}")
    check_size(height, width, scale)
    large = image.repeat(scale, axis=0).repeat(scale, axis=1)
    info = None
    if metadata is not None:
        info = PngInfo()
        info.add_text(KEY, json.dumps(metadata, allow_nan=False))  # ASCII, as the chunk tEXt wants it
    buffer = io.BytesIO()
    Image.fromarray(large[..., 0] if channels == 1 else large).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def save_png(path: str | Path, image: NDArray[np.uint8], *, scale: int = 1, metadata: Mapping[str, Any] | None = None) -> None:
    """Write `to_png`'s bytes; the old file or the new one is there at any moment, whole.

    Raises
    ------
    ExportError
        The picture is too large or the file cannot be written.
    """
    atomic_write(path, to_png(image, scale=scale, metadata=metadata))
