"""What lies nearest to the probe: real images where their data set is open, else the decoder's pictures of those codes.

Which codes lie near is what the probe's lane finds out, and real images are gathered with it. Decodes are asked for afterwards, in
the tiles lane, so that the probe's own picture never waits for them; the strip keeps what it shows until they are there.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QObject

from latent_explorer.app.features.probe import ProbeFeature
from latent_explorer.app.session import Session
from latent_explorer.core.data.registry import available
from latent_explorer.core.scene import Rows, Scene
from latent_explorer.core.types import DataReference, DecodeRequest, DecodeResult, ImageDataset, Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.neighbour_strip import Neighbour
from latent_explorer.workers.decoding import PlaceAnswer, decode
from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.task import Context, Task

REAL, DECODED, CODES = "Nearest images", "Nearest codes, decoded", "Nearest codes"


class NeighboursFeature(QObject):
    """Fills the strip under the trust sentence."""

    def __init__(self, session: Session, window: MainWindow, lane: NewestLane, probe: ProbeFeature) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self._answer: PlaceAnswer | None = None
        self._asked: tuple[Any, ...] | None = None  # whose images are shown, or whose decodes are on their way
        self._about: tuple[DataReference | None, ImageDataset | None] | None = None
        probe.answered.connect(self._answered)
        window.image.nearest.shown.connect(self._shown)
        window.image.nearest.picked.connect(self._picked)
        session.slotChanged.connect(self._tell)
        session.datasetChanged.connect(self._dataset_changed)
        session.sceneChanged.connect(self._scene_changed)

    def _answered(self, answer: PlaceAnswer) -> None:
        slot, around = self._session.slot, answer.around
        self._answer = answer
        if slot is None or not self._window.image.nearest.isVisible():
            return
        if around is None or answer.codes is None or not around.nearest:
            self._asked = None
            self._window.image.nearest.set_neighbours(None)
        elif answer.nearest is not None:
            asked = answer.codes, around.nearest
            if self._asked is None or self._asked[:2] != asked:  # most moves are too small to bring others
                self._asked = *asked, answer.nearest
            self._window.image.nearest.set_neighbours(self._asked[2], self._words(answer, slot))
        elif slot.handle is not None and slot.decodes:
            self._decode(answer, slot)
        else:
            self._asked = None
            self._window.image.nearest.set_neighbours(None, self._words(answer, slot))

    def _picked(self, number: int) -> None:
        """Select the point of an image that was clicked."""
        answer, slot = self._answer, self._session.slot
        if slot is None or answer is None or answer.codes is not slot.points or answer.around is None:
            return
        if number < len(answer.around.nearest):
            self._session.set_scene(selection=Rows(np.array(answer.around.nearest[number : number + 1], np.int64)))

    def _decode(self, answer: PlaceAnswer, slot: Slot) -> None:
        assert answer.codes is not None and answer.around is not None and slot.handle is not None
        asked = slot.generation, slot.revision, answer.around.nearest
        if asked == self._asked:  # most moves are too small to bring others
            return
        self._asked = asked
        rows = list(answer.around.nearest)
        request = slot.ask(answer.codes.z[rows], answer.codes.labels[rows])
        self._lane.submit(
            Task("", partial(_decode, request), partial(self._decoded, answer, asked), torch=request.quick is None, kind="nearest")
        )

    def _decoded(self, answer: PlaceAnswer, asked: tuple[object, ...], result: DecodeResult) -> None:
        slot = self._session.slot
        if slot is not None and asked == self._asked:
            self._window.image.nearest.set_neighbours(result.images, self._words(answer, slot))

    def _words(self, answer: PlaceAnswer, slot: Slot) -> list[Neighbour]:
        codes, around = answer.codes, answer.around
        assert codes is not None and around is not None
        found = []
        for row, distance in zip(around.nearest, around.distances, strict=True):
            label = int(codes.labels[row])
            name = slot.class_name(label) if label >= 0 else ""
            what = "Image" if slot.table is None else "Index"
            words = f"{what} {codes.index[row]:,}" + (f", class {name}" if name else "") + f": its code lies {distance:.3f} away"
            found.append(Neighbour(label, name, words))
        return found

    def _shown(self) -> None:
        """The strip has room again."""
        answer, slot = self._answer, self._session.slot
        if answer is not None and slot is not None and slot.takes(answer.generation):
            self._asked = None
            self._answered(answer)

    def _dataset_changed(self, dataset: ImageDataset | None) -> None:
        if self._session.slot is not None:
            self._tell(self._session.slot)

    def _tell(self, slot: Slot) -> None:
        """Say which of the two the strip shows, and why."""
        dataset, strip = self._session.dataset, self._window.image.nearest
        if slot.handle is not None:
            strip.set_shape(*slot.handle.architecture.image_shape[:2])
        elif slot.table is not None:
            strip.set_shape(1, 24)  # a line of colour instead of images
        if self._about is not None and self._about[0] is slot.data and self._about[1] is dataset:
            return  # snapshots of a model in training come many times a second
        self._about = slot.data, dataset
        strip.set_class_names(slot.data.class_names if slot.data is not None else ())
        if slot.table is not None:
            strip.set_heading(CODES, "a table has no images")
        elif self._session.dataset_of(slot) is not None:
            assert dataset is not None
            strip.set_heading(REAL, f"of the open data set, {dataset.name}")
        elif dataset is not None and slot.data is not None and slot.data.name in available():
            strip.set_heading(DECODED, f"its data set, {slot.data.name}, is not the open one")
        else:
            strip.set_heading(DECODED, "images not on this computer" if dataset is not None else "no data set is open yet")

    def _scene_changed(self, scene: Scene) -> None:
        self._window.image.nearest.set_look(scene.layers.smooth, scene.layers.grey_map)


def _decode(request: DecodeRequest, context: Context) -> DecodeResult:
    return decode(request)
