"""The mosaic: what the decoder says all over the visible plane, decoded again after every move and every snapshot."""

from __future__ import annotations

import math
import time
from functools import partial

from PySide6.QtCore import QObject, QTimer

from latent_explorer.app.session import Session
from latent_explorer.core.plane.tiles import Lattice, lattice_for
from latent_explorer.core.types import DecodeRequest, Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.decoding import MosaicAnswer, decode_mosaic, lattice_codes
from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.task import Task

LEAST_CELL = 26  # pixels of the screen; smaller pictures cannot be told apart
MOST_PIXELS = 1 << 24
REST = 0.3  # seconds from one snapshot's mosaic to the next, at least, and
RESTS = 4  # times as long as the last one took: a slow decoder must not fill a trained model's time with mosaics
TINY, TINY_CELL = 16, 48  # images of so few pixels have no margin and fill their cell, so they get larger cells


class MosaicFeature(QObject):
    """One request at a time in the tiles lane, the newest waiting; nothing is asked twice.

    What the person does is answered at once. A newer snapshot of a model in training, over the same lattice, waits its turn;
    the last one of a run does not. Another model or other axes take the old picture away before theirs is there.
    """

    def __init__(self, session: Session, window: MainWindow, lane: NewestLane) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self._asked: tuple[int, int, Lattice] | None = None
        self._asked_slice = session.scene.slice
        self._shown: tuple[int, int, Lattice] | None = None
        self._shown_slot: Slot | None = None
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
        return self._asked == self._shown and not self._turn.isActive()

    def _ask(self) -> None:
        self._turn.stop()
        slot, layers = self._session.slot, self._session.scene.layers
        if slot is None or slot.handle is None or not slot.decodes or not layers.mosaic:
            self._asked = None
            self._clear()
            return
        if self._shown_slot is not None and not _alike(self._shown_slot, slot):
            self._clear()
        height, width, _ = slot.handle.architecture.image_shape
        plane = self._window.plane
        least = TINY_CELL if max(width, height) <= TINY else LEAST_CELL
        cells = min(layers.mosaic_n, max(plane.width(), plane.height()) // least)
        # However large the images are, the sheet stays below MOST_PIXELS.
        cells = min(cells, max(1, math.isqrt(MOST_PIXELS // (2 * width * height))))
        lattice = lattice_for(plane.window_rectangle(), cells, width / height)
        key = slot.generation, slot.revision, lattice
        if key == self._asked:
            return
        rest = self._next_snapshot - time.monotonic()
        if rest > 0 and self._asked is not None and self._session.run_state == "running":
            generation, revision, same = self._asked
            # A plane that follows the mean of the codes has a new generation with every snapshot; the person's slice is the scene's.
            unmoved = lattice == same and self._session.scene.slice == self._asked_slice
            if unmoved and slot.takes(generation) and slot.revision != revision:
                self._turn.start(math.ceil(1000 * rest))
                return
        self._asked, self._asked_slice = key, self._session.scene.slice
        self._next_snapshot = time.monotonic() + max(REST, RESTS * self._seconds)
        request = DecodeRequest(slot.slot_id, slot.generation, slot.handle, lattice_codes(lattice, slot.frame), quick=slot.quick)
        self._lane.submit(Task("", partial(decode_mosaic, request, slot.revision, lattice), self._show, torch=slot.quick is None))

    def _clear(self) -> None:
        self._shown = self._shown_slot = None
        self._window.plane.set_mosaic(None)
        self._window.status.set_mosaic(0, 0)

    def _show(self, answer: MosaicAnswer) -> None:
        slot = self._session.slot
        if slot is None or not slot.takes(answer.generation) or self._asked is None:
            return
        self._shown, self._shown_slot = (answer.generation, answer.revision, answer.lattice), slot
        self._seconds = answer.milliseconds / 1000
        self._window.plane.set_mosaic(answer.pixels, answer.lattice.rectangle)
        self._window.status.set_mosaic(answer.lattice.columns, answer.lattice.rows)


def _alike(shown: Slot, slot: Slot) -> bool:
    """Whether what is drawn of one may stay under the other's points: a revision, or the same model on the same axes."""
    same = shown.handle is not None and slot.handle is not None and shown.handle.id == slot.handle.id
    return slot.takes(shown.generation) or (same and slot.frame.parallel_to(shown.frame))
