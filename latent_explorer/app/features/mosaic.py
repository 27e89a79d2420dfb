"""The mosaic: what the decoder says all over the visible plane, decoded again after every move and every snapshot."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import QObject, QTimer

from latent_explorer.app.session import Session
from latent_explorer.core.plane.tiles import Lattice, lattice_for, reduction_for
from latent_explorer.core.types import Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.mosaic import MosaicAnswer, MosaicWish, Tiles, may_stay
from latent_explorer.workers.task import Context, Task

LEAST_CELL = 22  # pixels of the window; smaller pictures cannot be told apart
MOST_PIXELS = 1 << 24
REST = 0.3  # seconds from one snapshot's mosaic to the next, at least, and
RESTS = 4  # times as long as the last one took: a slow decoder must not fill a trained model's time with mosaics
TINY, TINY_CELL = 16, 40  # images of so few pixels have no margin and fill their cell, so they get larger cells


_Key = tuple[int, int, Lattice, int]  # generation, revision, where, reduction


class MosaicFeature(QObject):
    """One wish at a time in the tiles lane, the newest waiting; nothing is asked twice.

    Where the window moves, what the lane is at is dropped, and what it has decoded is used again. A newer snapshot of a model in
    training, or a slice that moves under a window at rest, waits until the wish before is fulfilled, so that a slow decoder comes
    to an end, too; snapshots also wait their turn, but for the last one of a run. Another model or other axes take the old
    picture away before theirs is there.
    """

    def __init__(self, session: Session, window: MainWindow, lane: NewestLane) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self._tiles = Tiles()
        self._asked: _Key | None = None
        self._asked_slice = session.scene.slice
        self._shown: _Key | None = None
        self._shown_slot: Slot | None = None
        self._again = False  # there is something newer than what was asked
        self._next_snapshot = -math.inf  # when the next one may be asked for
        self._seconds = 0.0  # what the last one took
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._ask)
        session.slotChanged.connect(self._ask)
        session.sceneChanged.connect(self._ask)
        session.runStateChanged.connect(self._ask)
        window.plane.cameraPicked.connect(self._ask)

    @property
    def settled(self) -> bool:
        """Whether the newest wish is what is shown."""
        return self._asked == self._shown and not self._again and not self._turn.isActive()

    @property
    def shown(self) -> Lattice | None:
        """Where the pictures that are shown lie, once all are there."""
        return None if self._shown is None else self._shown[2]

    def _ask(self) -> None:
        self._turn.stop()
        slot, layers = self._session.slot, self._session.scene.layers
        if slot is None or slot.handle is None or not slot.decodes or not layers.mosaic:
            self._asked = None
            self._clear()
            return
        if self._shown_slot is not None and not may_stay(self._shown_slot, slot):
            self._clear()
        lattice, reduction = self._lattice(slot.handle.architecture.image_shape, layers.mosaic_n)
        key = slot.generation, slot.revision, lattice, reduction
        self._again = False
        if key == self._asked or (self._asked is not None and self._waits(slot, key, self._asked)):
            return
        self._asked, self._asked_slice = key, self._session.scene.slice
        self._next_snapshot = time.monotonic() + max(REST, RESTS * self._seconds)
        work = partial(_decode, self._tiles, MosaicWish(slot, lattice, reduction))
        self._lane.submit(Task("", work, self._show, torch=slot.quick is None))

    def _lattice(self, shape: tuple[int, int, int], cells: int) -> tuple[Lattice, int]:
        """What covers the window now, and by how much the pictures are larger than they are drawn."""
        height, width, _ = shape
        plane = self._window.plane
        longer = max(plane.window_pixels()) / plane.devicePixelRatioF()
        least = TINY_CELL if max(width, height) <= TINY else LEAST_CELL
        cells = max(1, min(cells, int(longer / least)))
        reduction = reduction_for(height, width, longer / cells * plane.devicePixelRatioF())
        # Whatever the images are, the sheet stays below MOST_PIXELS.
        most = max(1, math.isqrt(MOST_PIXELS * reduction**2 // (2 * width * height)))
        return lattice_for(plane.window_rectangle(), min(cells, most), width / height, min(int(longer / least), most)), reduction

    def _waits(self, slot: Slot, key: _Key, asked: _Key) -> bool:
        """Whether this stays unasked for now, since only the weights or the slice are newer."""
        # A plane that follows the mean of the codes has a new generation with every snapshot; the person's slice is the scene's.
        if key[2:] != asked[2:] or not slot.takes(asked[0]):
            return False
        rest = self._next_snapshot - time.monotonic()
        if self._session.run_state == "running" and self._session.scene.slice == self._asked_slice and rest > 0:
            self._turn.start(math.ceil(1000 * rest))
            return True
        self._again = self._asked != self._shown
        return self._again

    def _clear(self) -> None:
        self._shown = self._shown_slot = None
        self._again = False
        self._window.plane.set_mosaic(None)
        self._window.status.set_mosaic(0, 0)

    def _show(self, answer: MosaicAnswer) -> None:
        slot, wish = self._session.slot, answer.wish
        if slot is None or not slot.takes(wish.slot.generation) or self._asked is None:
            return
        self._shown_slot = slot
        self._window.plane.set_mosaic(answer.sheet)
        self._window.status.set_mosaic(wish.lattice.columns, wish.lattice.rows)
        if answer.complete:
            self._shown = wish.slot.generation, wish.slot.revision, wish.lattice, wish.reduction
            self._seconds = answer.seconds
            if self._again:
                self._ask()


def _decode(tiles: Tiles, wish: MosaicWish, context: Context) -> Iterator[MosaicAnswer | None]:
    """In the tiles lane, which alone uses the tiles."""
    return tiles.answers(wish)
