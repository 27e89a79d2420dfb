"""Generated images with known factors: one light shape on a dark ground.

Position dominates on purpose. A VAE with diagonal posteriors turns its axes onto the principal directions of its
decoder, the strongest first (Rolinek, Zietlow and Martius, "Variational Autoencoders Pursue PCA Directions (by
Accident)", CVPR 2019). Where two directions are equally strong, nothing fixes the turn between them. So x runs twice
as wide as y, and y changes more pixels than all the rest: a plane of two dimensions then has x along one axis and y
along the other, and size, rotation, form and hue, which vary mildly, are what it leaves out.

The shapes are large beside the way they go, so that images of neighbouring places share pixels. In trials with smaller
shapes on a longer way (size 0.11 to 0.14, x 0.25 to 0.75, y 0.36 to 0.64) dense networks folded y, and it was no axis.
"""

from __future__ import annotations

import math
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.data.builtin import SPLIT_SEED, stratified_test
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.types import Floats, ImageDataset, Images, Split, freeze

FORMS = ("disc", "square", "triangle", "cross")

# Lowest and highest value of each factor, drawn uniformly. Lengths are parts of the side, y points upward as on the
# plane, `size` is the radius of the disc of equal area (so the form does not change the amount of light), `rotation`
# runs counter-clockwise and stays within half of each form's symmetry (45 degrees of square and cross, 60 of the
# triangle), so that no two rotations look alike; `hue` runs from red to yellow in turns of the colour circle.
# The corner of the largest triangle, with its soft edge of at most one pixel of 28, leaves the border dark.
RANGES = MappingProxyType(
    {"x": (0.33, 0.67), "y": (0.42, 0.58), "size": (0.155, 0.18), "rotation": (-math.pi / 12, math.pi / 12), "hue": (0.0, 1 / 6)}
)
SATURATION = 0.7
SIZES = (28, 256)  # smallest and largest side in pixels
USUAL = 32  # the side of those that are called "shapes" alone
TEST_PART = 1 / 6

CHUNK = 1 << 18  # pixels drawn at once: a few megabytes of float32, which stay in the processor's cache

# Outlines for size 1, all of area pi: half the square's side, the radius of the circle inside the triangle, half the
# length of the cross (its bars are a third as wide as long).
SQUARE = math.sqrt(math.pi) / 2
TRIANGLE = math.sqrt(math.pi / math.sqrt(27))
CROSS = math.sqrt(math.pi * 9 / 20)


def shapes(count: int = 12_000, size: int = USUAL, colour: bool = False, seed: int = 0) -> ImageDataset:
    """Images of discs, squares, triangles and crosses whose factors are known.

    Parameters
    ----------
    count : int
        Images, 1 or more. Image k does not depend on it.
    size : int
        Height and width in pixels, 28 to 256.
    colour : bool
        Three channels with a hue of its own for each image, else grey.
    seed : int
        Which images, 0 or more. Image k has the same factors at every size, in grey and in colour.

    Returns
    -------
    ImageDataset
        Named "shapes", with "-64" for a size other than 32 and "-colour". Labels are the forms, in turn. The columns
        are the factors of `RANGES` ("hue" in colour only) and "form". A sixth of each form is the test part, and a
        tenth of the rest the validation part.

    Raises
    ------
    DatasetError
        A count, size or seed out of range.
    """
    low, high = SIZES
    if count < 1 or not low <= size <= high or seed < 0:
        raise DatasetError(f"shapes needs 1 image or more, a size of {low} to {high} pixels and a seed of 0 or more.")
    labels = np.arange(count, dtype=np.int64) % len(FORMS)
    columns = draw_factors(labels, seed)
    if not colour:
        del columns["hue"]
    test = stratified_test(labels, TEST_PART, SPLIT_SEED)
    return ImageDataset(
        name="shapes" + (f"-{size}" if size != USUAL else "") + ("-colour" if colour else ""),
        images=draw_images(columns, labels, size),
        labels=labels,
        class_names=FORMS,
        split=Split(freeze(np.flatnonzero(~test)), freeze(np.empty(0, np.int64)), freeze(np.flatnonzero(test))),
        columns=columns,
        source="built in",
    ).with_validation(None)


def draw_factors(labels: NDArray[np.int64], seed: int) -> dict[str, Floats]:
    """The factors of images with these forms, float32 (N,) each; row k takes the k-th few numbers of the generator."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    parts = generator.random((len(labels), len(RANGES)))  # 0..1
    columns = {name: (low + parts[:, place] * (high - low)).astype(np.float32) for place, (name, (low, high)) in enumerate(RANGES.items())}
    columns["rotation"][labels == FORMS.index("disc")] = 0  # a turned disc is the same disc
    columns["form"] = labels.astype(np.float32)
    return columns


def draw_images(columns: dict[str, Floats], labels: NDArray[np.int64], size: int) -> Images:
    """The images of these factors, uint8 (N, size, size, C): C is 3 where there is a column "hue", else 1."""
    hue = columns.get("hue")
    images = np.empty((len(labels), size, size, 1 if hue is None else 3), np.uint8)
    for form in range(len(FORMS)):
        rows = np.flatnonzero(labels == form)
        for start in range(0, len(rows), max(1, CHUNK // size**2)):
            chunk = rows[start : start + max(1, CHUNK // size**2)]
            light = _light(form, *(columns[name][chunk] for name in ("x", "y", "size", "rotation")), size=size)
            if hue is None:
                images[chunk, :, :, 0] = np.rint(light * 255)
            else:
                images[chunk] = np.rint(light[..., np.newaxis] * _rgb(hue[chunk])[:, np.newaxis, np.newaxis])
    return images


def _light(form: int, x: Floats, y: Floats, radius: Floats, rotation: Floats, *, size: int) -> Floats:
    """How much of each pixel one form covers, 0..1, float32 (N, size, size), from the signed distance to its edge."""
    pixels = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    right = (pixels - x[:, np.newaxis])[:, np.newaxis, :]  # (N, 1, W)
    up = (1 - pixels - y[:, np.newaxis])[:, :, np.newaxis]  # (N, H, 1); row 0 is the top
    cos, sin, unit = (v[:, np.newaxis, np.newaxis] for v in (np.cos(rotation), np.sin(rotation), radius))
    along, across = cos * right + sin * up, cos * up - sin * right  # in the shape's own directions, (N, H, W)
    distance = _DISTANCES[form](along, across, unit)
    distance *= -size
    distance += 0.5  # the edge's pixel is covered as far as a straight edge through it would
    return np.clip(distance, 0, 1, out=distance)


def _disc(along: Floats, across: Floats, unit: Floats) -> Floats:
    distance: Floats = np.sqrt(along * along + across * across)
    distance -= unit
    return distance


def _square(along: Floats, across: Floats, unit: Floats) -> Floats:
    distance: Floats = np.maximum(np.abs(along), np.abs(across))
    distance -= SQUARE * unit
    return distance


def _triangle(along: Floats, across: Floats, unit: Floats) -> Floats:
    """Equilateral about its centre of mass, a corner upward: the farthest of three edges."""
    upper = np.abs(along) * np.float32(math.sqrt(3) / 2) + across * np.float32(0.5)
    distance: Floats = np.maximum(upper, -across)
    distance -= TRIANGLE * unit
    return distance


def _cross(along: Floats, across: Floats, unit: Floats) -> Floats:
    """The nearer of two bars: past the ends of the longer direction, or beside the shorter one."""
    one, other = np.abs(along), np.abs(across)
    distance: Floats = np.maximum(np.maximum(one, other) - CROSS * unit, np.minimum(one, other) - CROSS / 3 * unit)
    return distance


_DISTANCES = (_disc, _square, _triangle, _cross)  # in the order of FORMS; parts of the side, below zero inside


def _rgb(hue: Floats) -> Floats:
    """Red, green and blue of full brightness, 0..255, float32 (N, 3); between red and yellow only green changes."""
    dark = 1 - SATURATION
    green = dark + SATURATION * hue * 6
    return np.stack([np.ones_like(hue), green, np.full_like(hue, dark)], axis=1) * np.float32(255)
