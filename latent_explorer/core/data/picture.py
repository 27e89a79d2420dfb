"""One picture of a person's own: a PNG, JPEG, BMP, GIF or WebP file becomes bytes of red, green and blue.

Pillow's decoders are written in C, so a file is decoded in a process of its own (`core.files.apart`), which sends a picture of at
most `MOST_SIDE` pixels a side: models are smaller than that. What is done, each once: the first frame is taken; 16 bits become 8;
palettes, greys and CMYK become colours, profiles are not applied; the camera's orientation (EXIF) is applied; what is transparent
lies over black (`flat`).
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.errors import DatasetError
from latent_explorer.core.files.apart import ApartError, Message, read_apart
from latent_explorer.core.files.gate import HEAD, open_file, shown, sniff

Bytes = NDArray[np.uint8]

CAP = 1 << 27  # bytes of a file
MOST_PIXELS = 1 << 26  # of a picture, before it is made smaller; Pillow itself warns from 89 million on
MOST_SIDE = 1024  # pixels of what comes out
FORMATS = {"png": "PNG", "jpeg": "JPEG", "bmp": "BMP", "gif": "GIF", "webp": "WEBP"}  # as `sniff` and as Pillow call them
ENDINGS = ("png", "jpg", "jpeg", "bmp", "gif", "webp")
DAMAGED = "is damaged, or cut short; copy or download it again, or choose another file"
DARK_INK = 64  # of 255: ink below this on a transparent ground is not seen on black

_MESSAGES = "latent_explorer.core.data.picture:messages"


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, and what it was.

    Parameters
    ----------
    name : str
        For people: the file's, or where it came from.
    pixels : uint8 array, shape (h, w, 3)
        Red, green and blue, `MOST_SIDE` a side at most.
    width, height : int
        Before it was made smaller; upright.
    """

    name: str
    pixels: Bytes
    width: int
    height: int


def picture_kind(path: str | os.PathLike[str]) -> str:
    """Which of `FORMATS` a file is by its first bytes; "" for all else, also for what cannot be read."""
    try:
        with open_file(path, cap=CAP) as file:
            kind = sniff(file.read(HEAD) or b"")
    except DatasetError:
        return ""
    return kind if kind in FORMATS else ""


def read_picture(path: str | os.PathLike[str], poll: Callable[[], None] = lambda: None) -> Picture:
    """Read one picture, in a process of its own.

    Parameters
    ----------
    path : str or path
    poll : callable
        Called about ten times a second; what it raises ends the reading.

    Raises
    ------
    DatasetError
        The file cannot be read or is no picture, in one sentence.
    """
    who = f"The image {shown(path)}"
    with open_file(path, cap=CAP, what="image") as file:
        head = file.read(HEAD) or b""
        file.seek(0)
        if not head:
            raise DatasetError(f"{who} is empty; choose another file.")
        if sniff(head) not in FORMATS:
            raise DatasetError(f"{who} is no PNG, JPEG, BMP, GIF or WebP file; save it as PNG and open that.")
        try:
            with closing(read_apart(_MESSAGES, file, poll)) as messages:
                width, height = _size(next(messages, ({}, [])))
                if width * height > MOST_PIXELS:
                    raise DatasetError(
                        f"{who} has {width:,} × {height:,} pixels, and at most {MOST_PIXELS / 1e6:.0f} million are opened;"
                        " save it smaller and open that."
                    )
                answer = next(messages, ({}, []))
                width, height = _size(answer)
                pixels = _pixels(answer)
        except ApartError as problem:
            raise DatasetError(f"{who} {problem}.") from problem
    return Picture(shown(Path(path).name), flat(pixels), width, height)


# What the process says is looked at as if it were the file's own.


def _size(message: Message) -> tuple[int, int]:
    size = message[0].get("size")
    if not isinstance(size, list) or len(size) != 2 or not all(type(side) is int and side > 0 for side in size):
        raise ApartError(DAMAGED)
    return size[0], size[1]


def _pixels(message: Message) -> Bytes:
    for array in message[1]:
        if (
            array.dtype == np.uint8
            and array.ndim == 3
            and array.shape[2] in (3, 4)
            and min(array.shape) > 0
            and max(array.shape) <= MOST_SIDE
        ):
            return array
    raise ApartError(DAMAGED)


def flat(pixels: Bytes) -> Bytes:
    """Colours (h, w, 3) of a picture with an alpha (h, w, 4), over black; with `DARK_INK`, which black would hide, over white."""
    if pixels.shape[2] == 3:
        return pixels
    colour, alpha = pixels[..., :3].astype(np.float32), pixels[..., 3:].astype(np.float32) / 255
    over_black = colour * alpha
    ink, area = float(over_black.mean(axis=2).sum()), float(alpha.sum())
    white = alpha.min() < 0.5 and area > 0 and ink / area < DARK_INK
    return np.rint(over_black + 255 * (1 - alpha) if white else over_black).astype(np.uint8)


# In the process


def messages(file: io.FileIO) -> Iterator[Message]:
    """The size of the first frame, then that of the upright one with its pixels, colours (h, w, 3) or with alpha (h, w, 4)."""
    from PIL import Image, ImageOps

    kind = sniff(file.read(HEAD) or b"")
    file.seek(0)
    Image.MAX_IMAGE_PIXELS = None  # ours holds, and refuses in words of its own
    try:
        with Image.open(io.BufferedReader(file), formats=[FORMATS[kind]]) as image:
            yield {"size": list(image.size)}, []
            if image.width * image.height > MOST_PIXELS:
                return
            image.load()
            upright = ImageOps.exif_transpose(image)
            yield {"size": list(upright.size)}, [_bytes_of(upright)]
    except MemoryError:
        raise
    except Exception:
        # Damaged files make Pillow raise OSError, SyntaxError, ValueError, struct.error and more: all are the file's fault.
        yield {}, []


def _bytes_of(image: Any) -> Bytes:
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits of grey: 65535 / 257 = 255
        levels = np.asarray(image).astype(np.float32)
        image = Image.fromarray(np.rint(np.clip(levels / 257, 0, 255)).astype(np.uint8))
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    scale = MOST_SIDE / max(image.size)
    if scale < 1:
        image = image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.BOX)
    return np.asarray(image)
