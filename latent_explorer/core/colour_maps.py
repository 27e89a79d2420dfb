"""Colour maps for numbers: steps of equal size are seen as equal steps, since the maps are even in OKLab.

Each map has two forms. On a dark plane little is dark, on a light plane little is light, so that a map begins at the plane's
own colour: nothing there, nothing seen.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

ENTRIES = 256
FINE = 4096  # places at which a map's length is measured

# Stops as (lightness 0..1, chroma, hue in degrees) in OKLCh (Ottosson 2020); lightness rises or falls all along.
STOPS: dict[str, tuple[tuple[tuple[float, float, float], ...], ...]] = {
    "depth-dark": (((0.185, 0.010, 255), (0.40, 0.105, 265), (0.64, 0.115, 225), (0.82, 0.105, 180), (0.95, 0.070, 130)),),
    "depth-light": (((1.0, 0.0, 130), (0.86, 0.070, 165), (0.68, 0.100, 215), (0.45, 0.120, 262), (0.27, 0.090, 275)),),
    # Two arms of equal length from the middle.
    "balance-dark": (
        ((0.78, 0.105, 232), (0.50, 0.130, 255), (0.185, 0.010, 255)),
        ((0.185, 0.010, 255), (0.50, 0.125, 50), (0.78, 0.130, 70)),
    ),
    "balance-light": (
        ((0.40, 0.130, 262), (0.68, 0.100, 235), (1.0, 0.0, 235)),
        ((1.0, 0.0, 60), (0.72, 0.120, 62), (0.44, 0.120, 40)),
    ),
}
MAPS = ("depth", "balance")


@lru_cache(maxsize=16)
def colour_table(name: str, *, dark: bool) -> NDArray[np.uint8]:
    """The colours of a map of `MAPS`, uint8 (256, 3), from its lowest number to its highest; read-only.

    "depth" is for amounts, "balance" for what lies on two sides of a middle.
    """
    arms = STOPS[f"{name}-{'dark' if dark else 'light'}"]
    # Both arms of a map share their middle, so an arm of 129 leaves one of its ends to the other.
    parts = [_even(arm, ENTRIES if len(arms) == 1 else ENTRIES // 2 + 1) for arm in arms]
    lab = parts[0] if len(parts) == 1 else np.concatenate([parts[0][:-1], parts[1][1:]])
    table = to_bytes(lab)
    table.setflags(write=False)
    return table


def _even(stops: tuple[tuple[float, float, float], ...], count: int) -> NDArray[np.float64]:
    """So many colours in OKLab (count, 3) along the path through the stops, equally far apart."""
    lightness, chroma, hue = np.array(stops).T
    angle = np.radians(hue)
    lab = np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], axis=1)
    place = np.linspace(0, len(stops) - 1, FINE)
    path = np.stack([np.interp(place, np.arange(len(stops)), column) for column in lab.T], axis=1)
    path = _inside(path)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    wanted = np.linspace(0, length[-1], count)
    return np.stack([np.interp(wanted, length, column) for column in path.T], axis=1)


def _inside(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours that a screen can show: chroma is taken back until all of red, green and blue lie in 0..1."""
    low, high = np.zeros(len(lab)), np.ones(len(lab))
    for _ in range(20):
        part = (low + high) / 2
        linear = oklab_to_linear(lab * np.stack([np.ones_like(part), part, part], axis=1))
        fits = ((linear > -1e-6) & (linear < 1 + 1e-6)).all(axis=1)
        low, high = np.where(fits, part, low), np.where(fits, high, part)
    part = np.where(high == 1.0, 1.0, low)
    return lab * np.stack([np.ones_like(part), part, part], axis=1)


def oklab_to_linear(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """OKLab (n, 3) to linear sRGB (n, 3), which may lie outside 0..1 (Ottosson 2020, "A perceptual color space")."""
    root = lab @ np.array([[1.0, 1.0, 1.0], [0.3963377774, -0.1055613458, -0.0894841775], [0.2158037573, -0.0638541728, -1.2914855480]])
    matrix = np.array(
        [
            [4.0767416621, -1.2684380046, -0.0041960863],
            [-3.3077115913, 2.6097574011, -0.7034186147],
            [0.2309699292, -0.3413193965, 1.7076147010],
        ]
    )
    linear: NDArray[np.float64] = root**3 @ matrix
    return linear


def to_bytes(lab: NDArray[np.float64]) -> NDArray[np.uint8]:
    """OKLab (n, 3) to bytes of sRGB (n, 3)."""
    linear = np.clip(oklab_to_linear(lab), 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    found: NDArray[np.uint8] = np.rint(255 * encoded).astype(np.uint8)
    return found


def nice_ticks(low: float, high: float, most: int = 6) -> tuple[float, ...]:
    """Round numbers from `low` to `high`, at most so many, a step of 1, 2 or 5 times a power of ten apart."""
    if not (np.isfinite([low, high]).all() and high > low):
        return ()
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough * (1 - 1e-9))
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return tuple(float(f"{k * step:.12g}") for k in range(first, last + 1))


def positions(values: ArrayLike, low: float, high: float) -> NDArray[np.float32]:
    """Where numbers lie in a map, 0 at `low` and 1 at `high`, those beyond at its ends; NaN stays NaN."""
    span = high - low
    part = (np.asarray(values, np.float32) - np.float32(low)) * np.float32(1.0 / span if span > 0 else 0.0)
    found: NDArray[np.float32] = np.clip(part, np.float32(0), np.float32(1))
    return found
