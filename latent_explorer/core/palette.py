"""Class colours and grey maps, shared by the plane, the figures and the style."""

from __future__ import annotations

import colorsys
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Found by annealing the smallest OKLab distance between any two, seen normally and with simulated protanopia,
# deuteranopia and tritanopia (Machado et al. 2009), with contrasts of at least 3.2 to a dark and 2.1 to a white ground,
# and none of them nearly grey. The order keeps digits that look alike (4 7 9, 3 5 8) far apart.
# tests/core/test_palette.py holds what was reached.
CLASS_COLOURS = ("#bb9aff", "#1088d7", "#a99705", "#f211bf", "#36c6bd", "#2c763b", "#8c5083", "#db0100", "#ff8782", "#8b09ff")
NO_LABEL = "#8a919c"
GREY_MAPS = ("grey", "inverted", "ink")

GOLDEN_ANGLE = 0.381966  # of a full turn: consecutive hues lie far apart
LUMINANCES = (0.13, 0.23, 0.40)  # of colours beyond the ten: seen on dark and on white grounds
SATURATION = 0.75


@lru_cache(maxsize=4096)
def class_colour(index: int) -> str:
    """The colour of a class, "#rrggbb"; beyond ten, hues by the golden angle in three luminances; -1 has no label."""
    if index < 0:
        return NO_LABEL
    if index < len(CLASS_COLOURS):
        return CLASS_COLOURS[index]
    hue, wanted, low, high = index * GOLDEN_ANGLE % 1.0, LUMINANCES[index % len(LUMINANCES)], 0.0, 1.0
    for _ in range(12):  # a lightness of HLS says little of how light a hue is seen
        middle = (low + high) / 2
        low, high = (middle, high) if _luminance(colorsys.hls_to_rgb(hue, middle, SATURATION)) < wanted else (low, middle)
    red, green, blue = colorsys.hls_to_rgb(hue, low, SATURATION)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance of sRGB in 0..1 (WCAG 2)."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def rgb(colour: str) -> tuple[int, int, int]:
    """Three bytes from "#rrggbb"."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def class_table(classes: int) -> NDArray[np.uint8]:
    """Colours of all classes, uint8 (classes + 1, 3); the last row is for label -1, so that ``table[labels]`` works."""
    return np.array([rgb(class_colour(k)) for k in (*range(classes), -1)], dtype=np.uint8)


# Violet, blue, teal, green, straw: lighter all the way, tellable without any one kind of cone, seen on dark and on light planes.
VALUE_COLOURS = ("#6a3fb5", "#4666d0", "#2c8fae", "#3bb07f", "#93c44f", "#e6d75b")


@lru_cache(maxsize=4)
def value_table(count: int) -> NDArray[np.uint8]:
    """Colours for continuous values from low to high, uint8 (count, 3), read-only: any two neighbours look equally far apart.

    Steps are equal in OKLab (Ottosson 2020) along the line through `VALUE_COLOURS`.
    """
    corners = _oklab(np.array([rgb(colour) for colour in VALUE_COLOURS]) / 255.0)
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
    places = np.linspace(0.0, way[-1], count)
    lab = np.stack([np.interp(places, way, corners[:, axis]) for axis in range(3)], axis=1)
    table: NDArray[np.uint8] = np.rint(_from_oklab(lab) * 255).astype(np.uint8)
    table.setflags(write=False)
    return table


TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _oklab(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB in 0..1 to OKLab, (n, 3)."""
    light = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    lab: NDArray[np.float64] = np.cbrt(light @ TO_CONES.T) @ TO_LAB.T
    return lab


def _from_oklab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """OKLab to sRGB in 0..1, (n, 3)."""
    light = np.clip((lab @ np.linalg.inv(TO_LAB).T) ** 3 @ np.linalg.inv(TO_CONES).T, 0.0, 1.0)
    colours: NDArray[np.float64] = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return colours


def apply_grey_map(image: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """A grey image (H, W, 1) or (H, W) through a map, as uint8 (H, W, 3).

    "grey" leaves it as it is, "inverted" is dark on light, "ink" blue-black on paper.
    """
    grey = image.reshape(*image.shape[:2])
    if name == "inverted":
        grey = 255 - grey
    if name == "ink":
        paper, ink = np.array([250.0, 245.0, 232.0]), np.array([24.0, 32.0, 72.0])
        part = grey[..., None] / 255.0
        coloured: NDArray[np.uint8] = np.rint(paper + (ink - paper) * part).astype(np.uint8)
        return coloured
    return np.repeat(grey[..., None], 3, axis=2)
