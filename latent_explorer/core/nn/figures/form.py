"""The form of a quoted figure: value, standard error, unit, number of images, protocol, seed; or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Figures = dict[str, dict[str, Any]]
Progress = Callable[[str, float], None]


def figure(value: float, *, n: int, protocol: str, unit: str, se: float | None = None, seed: int | None = None) -> dict[str, Any]:
    """One figure."""
    return {"value": value, "se": se, "unit": unit, "n": n, "protocol": protocol, "seed": seed}


def mean_figure(values: NDArray[np.float64], **more: Any) -> dict[str, Any]:
    """Mean over images with its standard error."""
    se = float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else None
    return figure(float(values.mean()), se=se, n=len(values), **more)


def absent(reason: str, *keys: str, unit: str = "") -> Figures:
    """Figures that are not defined, with the sentence why."""
    one = {"value": None, "se": None, "unit": unit, "n": 0, "protocol": "", "seed": None, "reason": reason}
    return {key: dict(one) for key in keys}
