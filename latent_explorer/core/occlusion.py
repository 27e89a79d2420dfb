"""Which pixels of an image are known, where a person hides the rest."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

WHOLE = "whole"
PARTS: Mapping[str, str] = MappingProxyType(
    {WHOLE: "All of it", "upper": "Upper half", "lower": "Lower half", "left": "Left half", "right": "Right half"}
)


def known_pixels(part: str, height: int, width: int) -> NDArray[np.bool_] | None:
    """The pixels of a part, bool (height, width); None where all are known. Of an odd number, a half is the smaller one.

    Parameters
    ----------
    part : of `PARTS`
    """
    if part == WHOLE:
        return None
    known = np.zeros((height, width), np.bool_)
    rows, columns = height // 2, width // 2
    areas = {
        "upper": (slice(0, rows), slice(None)),
        "lower": (slice(height - rows, None), slice(None)),
        "left": (slice(None), slice(0, columns)),
        "right": (slice(None), slice(width - columns, None)),
    }
    known[areas[part]] = True
    return known
