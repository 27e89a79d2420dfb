"""The mosaics that are shown, written down and held against the core."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from latent_explorer.core.plane.sheet import Sheet
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.workers.mosaic import MosaicAnswer, MosaicWish, Tiles
from tests.app.conftest import WATCHDOG, Desk

CELL = 10  # pixels of a digit of 8 x 8 on the sheet: tiny pictures have an empty pixel around them


def sheets(monkeypatch: pytest.MonkeyPatch) -> list[Sheet]:
    """Writes down every mosaic that is shown."""
    found: list[Sheet] = []
    told = PlaneView.set_mosaic

    def note(view: PlaneView, sheet: Sheet | None) -> None:
        if sheet is not None:
            found.append(sheet)
        told(view, sheet)

    monkeypatch.setattr(PlaneView, "set_mosaic", note)
    return found


def told(desk: Desk) -> tuple[int, int]:
    """Columns and rows, as the status line says."""
    found = next(found for text in desk.texts() if (found := re.fullmatch(r"mosaic (\d+) × (\d+)", text)))
    return int(found[1]), int(found[2])


class Gate:
    """Holds the mosaics back before their first picture is decoded, and writes down whose turn came."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.allowed = threading.Event(), threading.Semaphore(0)
        self.asked: list[int] = []  # generations, and
        self.revisions: list[int] = []
        real = Tiles.answers

        def answers(tiles: Tiles, wish: MosaicWish) -> Iterator[MosaicAnswer | None]:
            self.asked.append(wish.slot.generation)
            self.revisions.append(wish.slot.revision)
            self.begun.set()
            assert self.allowed.acquire(timeout=WATCHDOG / 1000)
            return real(tiles, wish)

        monkeypatch.setattr(Tiles, "answers", answers)


def check_mosaic(desk: Desk, sheet: Sheet) -> None:
    """The sheet covers the window, and cells of it are what the core decodes on the plane that is shown now."""
    rows, columns = (side // CELL for side in sheet.words.shape)
    assert sheet.words.shape == (rows * CELL, columns * CELL)
    assert (columns - 2, rows - 2) == told(desk)  # there is one more all around
    left, bottom, width, height = sheet.rectangle
    window_left, window_bottom, window_width, window_height = desk.window.plane.window_rectangle()
    assert left <= window_left and left + width >= window_left + window_width
    assert bottom <= window_bottom and bottom + height >= window_bottom + window_height
    step = width / columns, height / rows
    for row, column in ((0, 0), (rows - 1, columns - 1), (rows // 2, columns // 2), (rows // 3, 1)):
        place = left + (column + 0.5) * step[0], bottom + height - (row + 0.5) * step[1]
        cell = sheet.words[row * CELL + 1 : row * CELL + 9, column * CELL + 1 : column * CELL + 9] & 0xFF
        wanted = desk.decoded(desk.slot.frame.to_z(np.array(place)))[..., 0]
        assert np.abs(cell.astype(int) - wanted).max() <= 1
