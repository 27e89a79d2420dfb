"""The mosaic as one picture: pictures that are there, laid on their lattice, over enlarged ones of coarser lattices."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.plane.tiles import Lattice, assemble

COARSER = (2, 4, 8)  # whose pictures stand in, enlarged, for those that are not there yet
BLACK, SAMPLE = 40, 5  # a channel below this is dark; of the pixels, every so many along both sides are looked at
# Where a pixel's bytes lie in a word 0xAARRGGBB of this machine.
BLUE, GREEN, RED, ALPHA = (0, 1, 2, 3) if sys.byteorder == "little" else (3, 2, 1, 0)
TIE = 1e-6  # pixels: what lies on an edge between two belongs to the right or lower one, however numbers were rounded
WHITE_INK = np.arange(256, dtype=np.uint32) * np.uint32(0x01010101)

Pixels = NDArray[np.uint8]
Words = NDArray[np.uint32]
Mask = NDArray[np.bool_]
NEVER: Pixels = np.zeros((0, 0, 0), np.uint8)  # where a cell means no latent point
Find = Callable[[Lattice], Sequence[Pixels | None]]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A picture that fills a rectangle of the plane, ready to be drawn.

    Parameters
    ----------
    words : uint32 array, shape (H, W)
        0xAARRGGBB, colours multiplied by alpha; 0 where nothing is known. Grey pictures as white ink: the value is the opacity,
        so that dark and light planes both stay calm. Colour pictures on a dark ground as light: the brightest channel is the
        opacity, which leaves their ground out for the same reason.
    rectangle : (left, bottom, width, height), plane units
    grey : bool
        White ink, which may be given another colour.
    full : bool
        Colour pictures that fill their squares, grounds and all.
    """

    words: Words
    rectangle: tuple[float, float, float, float]
    grey: bool
    full: bool = False


def on_black(pixels: Pixels) -> bool:
    """Whether colour pictures (..., H, W, 3) show something on a dark ground: most of their pixels are dark."""
    return bool((pixels[..., ::SAMPLE, ::SAMPLE, :].max(axis=-1) < BLACK).mean() > 0.5)


def sheet_of(pixels: Pixels, rectangle: tuple[float, float, float, float]) -> Sheet:
    """Pixels (H, W, 1 or 3) as a sheet."""
    grey = pixels.shape[2] == 1
    full = not grey and not on_black(pixels)
    return Sheet(_words(pixels, full), rectangle, grey, full)


def _words(pixels: Pixels, full: bool) -> Words:
    """Pixels (..., 1 or 3) as words (...)."""
    if pixels.shape[-1] == 1:
        found: Words = np.take(WHITE_INK, pixels[..., 0], mode="clip")  # a byte is never out of range; without a mode it would buffer
        return found
    words = np.empty(pixels.shape[:-1], np.uint32)
    parts = words.view(np.uint8).reshape(*words.shape, 4)
    for channel, place in enumerate((RED, GREEN, BLUE)):
        parts[..., place] = pixels[..., channel]
    if full:
        parts[..., ALPHA] = 255
    else:
        np.maximum(pixels[..., 0], pixels[..., 1], out=parts[..., ALPHA])
        np.maximum(parts[..., ALPHA], pixels[..., 2], out=parts[..., ALPHA])
    return words


@dataclass(frozen=True, eq=False)
class _Level:
    """What is known on one lattice: pictures (n, H, W, C), 0 where there is none; where there is one, or never will be, (n,)."""

    lattice: Lattice
    images: Pixels
    there: Mask
    never: Mask

    def words(self, full: bool) -> Words:
        """Side by side, 0 where there is no picture."""
        words = _words(assemble(self.images, self.lattice.columns), full)
        if full and (self.never.any() or not self.there.all()):
            words[~self.spread(self.there & ~self.never)] = 0
        return words

    def spread(self, cells: Mask) -> Mask:
        """Of cells (n,), all their pixels."""
        height, width = self.images.shape[1:3]
        return cells.reshape(self.lattice.rows, self.lattice.columns).repeat(height, axis=0).repeat(width, axis=1)


def _level(lattice: Lattice, shape: tuple[int, int, int], find: Find) -> _Level:
    pictures = find(lattice)
    never = np.array([picture is NEVER for picture in pictures])
    there = np.array([picture is not None for picture in pictures]) & ~never
    found = [picture for picture in pictures if picture is not None and picture is not NEVER]
    if len(found) == len(pictures):
        return _Level(lattice, np.stack(found), there, never)
    images = np.zeros((len(pictures), *shape), np.uint8)
    if found:
        images[there] = found
    return _Level(lattice, images, there | never, never)


def _in_company(level: _Level) -> _Level:
    """Without pictures of the next coarser lattice that have none beside them: there they are shown larger."""
    lattice = level.lattice
    there = np.zeros((lattice.rows + 2, lattice.columns + 2), np.bool_)
    inner = there[1:-1, 1:-1]
    inner[:] = (level.there & ~level.never).reshape(lattice.rows, lattice.columns)
    inner[(lattice.bottom + lattice.rows - 1) % 2 :: 2, lattice.left % 2 :: 2] = False
    beside = there[:, :-2] | there[:, 1:-1] | there[:, 2:]
    beside = beside[:-2] | beside[1:-1] | beside[2:]
    return replace(level, there=level.there & beside.ravel() | level.never)


def compose(lattice: Lattice, shape: tuple[int, int, int], find: Find) -> Sheet | None:
    """The sheet of what is known on a lattice; None where that is nothing.

    A cell that has no picture shows what the coarser lattices know about its place, each picture enlarged around its own centre;
    and so does one that would stand alone amid its own enlarged picture.

    Parameters
    ----------
    shape : (H, W, C) of the pictures
    find : callable(lattice) -> the pictures of its cells
        From the upper left along rows; None for those that are not known, and `NEVER` where there are none to know.
    """
    levels: list[_Level] = []
    for by in (1, *COARSER):
        level = _level(lattice.coarser(by), shape, find)
        complete = level.there.all()
        levels.append(level if complete or by == COARSER[-1] else _in_company(level))
        if complete or levels[-1].there.all():
            break
    levels = [level for level in levels if (level.there & ~level.never).any()]
    if not levels:
        return None
    first, grey = levels[0], shape[2] == 1
    full = not grey and not on_black(first.images[first.there & ~first.never])
    if first.there.all():  # as where only every fourth is known: whoever draws it enlarges it anyway
        return Sheet(first.words(full), first.lattice.rectangle, grey, full)
    words = np.zeros((lattice.rows * shape[0], lattice.columns * shape[1]), np.uint32)
    for level in levels[::-1]:
        rows, columns = _enlarged(lattice, level.lattice, shape[0], shape[1])
        own = level.words(full)
        if level.lattice != lattice:
            own = own.take(columns, axis=1).take(rows, axis=0)
        if level.there.all():
            words = own
        else:
            np.copyto(words, own, where=level.spread(level.there).take(columns, axis=1).take(rows, axis=0))
    return Sheet(words, lattice.rectangle, grey, full)


def _enlarged(fine: Lattice, coarse: Lattice, height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """In which row and column of the coarse pictures, side by side, lies the middle of each row and column of the fine ones."""
    by = coarse.step_x / fine.step_x
    x = (np.arange(fine.columns * width) + 0.5) / width + fine.left - 0.5  # in cells of the fine lattice, as is y, from 0 up
    y = fine.bottom + fine.rows - 0.5 - (np.arange(fine.rows * height) + 0.5) / height
    columns, rows = (x / by + 0.5 - coarse.left) * width, (coarse.bottom + coarse.rows - 0.5 - y / by) * height
    return (rows + TIE).astype(np.intp), (columns + TIE).astype(np.intp)


def laid_over(sheet: Sheet, lattice: Lattice, places: NDArray[np.float64], images: Pixels) -> Sheet:
    """Another sheet, with pictures (n, H, W, C) in the place of what was at these centres (n, 2) of cells of its lattice."""
    height, width = images.shape[1:3]
    columns = np.rint(places[:, 0] / lattice.step_x).astype(np.intp) - lattice.left
    rows = lattice.bottom + lattice.rows - 1 - np.rint(places[:, 1] / lattice.step_y).astype(np.intp)
    words = sheet.words.copy()
    words.reshape(lattice.rows, height, lattice.columns, width)[rows, :, columns] = _words(images, sheet.full)
    return replace(sheet, words=words)
