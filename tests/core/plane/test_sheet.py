"""The sheet: every picture where its cell is, enlarged ones where there is nothing finer, and nothing where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest

from latent_explorer.core.plane.sheet import Sheet, compose, laid_over, sheet_of
from latent_explorer.core.plane.tiles import Lattice, lattice_for

Known = dict[tuple[float, float], np.ndarray]
LATTICE = lattice_for((-2.1, -1.3, 4.0, 3.0), 12)
SHAPES = [(4, 4, 1), (5, 3, 1), (6, 4, 3)]


def pictures(lattice: Lattice, shape: tuple[int, int, int], seed: int = 0) -> Known:
    """Noise for every cell; without black, so that a picture can be told from none."""
    generator = np.random.default_rng(seed)
    return {(x, y): generator.integers(60, 256, shape, dtype=np.uint8) for x, y in lattice.centres().tolist()}


def made(known: Known, shape: tuple[int, int, int], lattice: Lattice = LATTICE) -> Sheet:
    sheet = compose(lattice, shape, lambda cells: [known.get((x, y)) for x, y in cells.centres().tolist()])
    assert sheet is not None
    return sheet


def colours(sheet: Sheet) -> np.ndarray:
    """(H, W, 4), red first, not multiplied."""
    words = sheet.words
    return np.stack([words >> 16 & 255, words >> 8 & 255, words & 255, words >> 24], axis=-1).astype(np.uint8)


def in_company(known: Known, step: float) -> set[tuple[float, float]]:
    """The cells of a lattice that are shown: a picture that the next coarser lattice has too needs another one beside it."""
    cells = {(x, y) for x, y in known if x % step == 0 == y % step}
    own = {(x, y) for x, y in cells if x % (2 * step) or y % (2 * step)}
    sides = [(dx * step, dy * step) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    return {(x, y) for x, y in cells if any((x + dx, y + dy) in own for dx, dy in sides)}


def expected(lattice: Lattice, known: Known, shape: tuple[int, int, int]) -> np.ndarray:
    """Pixel by pixel: the finest picture that is shown of the cell that its middle lies in; 0 for none."""
    height, width, channels = shape
    found = np.zeros((lattice.rows * height, lattice.columns * width, channels), np.uint8)
    left, bottom, wide, high = lattice.rectangle
    steps = [lattice.step_x * by for by in (1, 2, 4, 8)]
    shown = [in_company(known, step) for step in steps[:-1]] + [{(x, y) for x, y in known if x % steps[-1] == 0 == y % steps[-1]}]
    for row in range(found.shape[0]):
        y = bottom + high - (row + 0.5) / found.shape[0] * high - 1e-9  # on an edge between two it is the lower one's
        for column in range(found.shape[1]):
            x = left + (column + 0.5) / found.shape[1] * wide + 1e-9
            for cells, step in zip(shown, steps, strict=True):
                cell = np.floor(x / step + 0.5) * step, np.floor(y / step + 0.5) * step
                if cell in cells:
                    inside = (cell[1] + step / 2 - y) / step * height, (x - cell[0] + step / 2) / step * width
                    found[row, column] = known[cell][int(inside[0]), int(inside[1])]
                    break
    return found


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_sheet_of_all_cells_shows_each_at_its_place(shape: tuple[int, int, int]) -> None:
    known = pictures(LATTICE, shape)
    sheet = made(known, shape)
    assert sheet.rectangle == LATTICE.rectangle
    found = colours(sheet)[..., : shape[2]]
    np.testing.assert_array_equal(found, expected(LATTICE, known, shape))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("by", [2, 4, 8])
def test_where_a_picture_is_missing_a_coarser_one_is_enlarged_around_its_own_centre(shape: tuple[int, int, int], by: int) -> None:
    known = pictures(LATTICE.coarser(by), shape, 1)
    known |= {(x, y): picture for (x, y), picture in pictures(LATTICE, shape).items() if x + y < 0.4 and (x, y) not in known}
    found = colours(made(known, shape))[..., : shape[2]]
    np.testing.assert_array_equal(found, expected(LATTICE, known, shape))
    assert len({picture.tobytes() for picture in known.values()}) > 50


def test_only_coarse_pictures_make_a_coarse_sheet_which_covers_as_much() -> None:
    known = pictures(LATTICE.coarser(4), (5, 5, 1))
    sheet = made(known, (5, 5, 1))
    assert sheet.rectangle == LATTICE.coarser(4).rectangle
    assert sheet.words.shape == (5 * LATTICE.coarser(4).rows, 5 * LATTICE.coarser(4).columns)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_where_nothing_is_known_nothing_is_drawn(shape: tuple[int, int, int]) -> None:
    known = {place: picture for place, picture in pictures(LATTICE, shape).items() if place[0] <= 0}
    sheet = made(known, shape)
    cells = sheet.words.reshape(LATTICE.rows, shape[0], LATTICE.columns, shape[1])
    assert (cells[:, :, LATTICE.x <= 0] >> 24 != 0).all()
    assert (cells[:, :, LATTICE.x > 4 * LATTICE.step_x] == 0).all()  # an enlarged picture may reach a bit beyond
    assert compose(LATTICE, shape, lambda cells: [None] * (cells.columns * cells.rows)) is None


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pictures_that_come_later_take_their_places_and_the_sheet_before_stays_as_it_was(shape: tuple[int, int, int]) -> None:
    before = made(pictures(LATTICE, shape), shape)
    kept = before.words.copy()
    newer = pictures(LATTICE, shape, 9)
    places = np.array(list(newer))[[0, 7, 30, -1]]
    after = laid_over(before, LATTICE, places, np.stack([newer[x, y] for x, y in places.tolist()]))
    known = pictures(LATTICE, shape) | {(x, y): newer[x, y] for x, y in places.tolist()}
    np.testing.assert_array_equal(after.words, made(known, shape).words)
    np.testing.assert_array_equal(before.words, kept)


def test_grey_is_white_ink_colours_are_light_or_full() -> None:
    grey = sheet_of(np.array([[[0], [128], [255]]], np.uint8), (0, 0, 1, 1))
    assert grey.words.tolist() == [[0, 0x80808080, 0xFFFFFFFF]]
    assert (grey.grey, grey.full) == (True, False)
    dark = np.zeros((20, 20, 3), np.uint8)
    dark[3, 3] = 200, 100, 50
    light = sheet_of(dark, (0, 0, 1, 1))
    assert (light.grey, light.full) == (False, False)
    assert light.words[3, 3] == 0xC8C86432 and light.words[0, 0] == 0  # black is clear
    bright = sheet_of(np.full((20, 20, 3), 90, np.uint8), (0, 0, 1, 1))
    assert bright.full and (bright.words == 0xFF5A5A5A).all()
