"""Arrays to pictures of Qt and back: the one place where bytes become a QImage."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

_FORMATS = {1: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888, 4: QImage.Format.Format_RGBA8888}


def to_qimage(array: NDArray[Any]) -> QImage:
    """A picture that owns its pixels.

    Parameters
    ----------
    array : uint8 array, shape (H, W), (H, W, 1) grey, (H, W, 3) RGB or (H, W, 4) RGBA, not premultiplied

    Raises
    ------
    ValueError
        Another dtype or shape.
    """
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or 0 in array.shape:
        raise ValueError(f"a picture needs bytes of shape (H, W[, C]), not {array.dtype} {array.shape}")
    channels = 1 if array.ndim == 2 else array.shape[2]
    if channels not in _FORMATS:
        raise ValueError(f"a picture has 1, 3 or 4 channels, not {channels}")
    array = np.ascontiguousarray(array)
    height, width = array.shape[:2]
    # The copy outlives the array; without bytesPerLine Qt would assume rows padded to 4 bytes.
    return QImage(array.data, width, height, width * channels, _FORMATS[channels]).copy()


def from_qimage(picture: QImage, most: int) -> NDArray[np.uint8]:
    """A copy of a picture's colours and alpha (h, w, 4), not premultiplied; made smaller where a side is longer than `most`.

    Raises
    ------
    ValueError
        It is empty.
    """
    if max(picture.width(), picture.height()) > most:
        picture = picture.scaled(most, most, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    picture = picture.convertToFormat(QImage.Format.Format_RGBA8888)
    if picture.isNull():
        raise ValueError("there is nothing in the picture")
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    return rows[:, : 4 * picture.width()].reshape(picture.height(), picture.width(), 4).copy()


def blank_picture(width: int, height: int, before: QImage | None = None) -> tuple[QImage, NDArray[np.uint32]]:
    """A picture to be drawn by numpy, and its pixels, not yet set: words 0xAARRGGBB (H, W), colours multiplied by alpha.

    The pixels are the picture's own memory: they must not be used any more once it is let go. A picture that is not needed
    any more is drawn over, where it has the size: fresh memory costs more than what is written into it.
    """
    format_ = QImage.Format.Format_ARGB32_Premultiplied
    fits = before is not None and (before.width(), before.height(), before.format()) == (width, height, format_)
    picture = before if before is not None and fits else QImage(width, height, format_)
    picture.setDevicePixelRatio(1.0)
    return picture, np.frombuffer(picture.bits(), np.uint32).reshape(height, width)


def wrap_words(words: NDArray[np.uint32]) -> QImage:
    """A picture on the memory of words 0xAARRGGBB (H, W), colours multiplied by alpha: they must live as long as it does."""
    height, width = words.shape
    if words.dtype != np.uint32 or not words.flags.c_contiguous or 0 in words.shape:
        raise ValueError(f"a picture is wrapped around whole rows of uint32, not {words.dtype} {words.shape}")
    return QImage(words.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
