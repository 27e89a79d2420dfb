"""Where the points lie: at the encoder's means, or at modes or means of exact posteriors, which are computed when a person asks.

Which kind is shown is a choice of the scene (``Layers.codes``), so it can be undone; the codes themselves belong to the slot.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject

from latent_explorer.app.session import Session
from latent_explorer.core.checkpoint.library import my_models_folder
from latent_explorer.core.checkpoint.record import write_checkpoint
from latent_explorer.core.checkpoint.tensors import Arrays
from latent_explorer.core.errors import LatentExplorerError
from latent_explorer.core.nn.exact.grids import why_not
from latent_explorer.core.scene import Scene
from latent_explorer.core.types import Codes, ModelRecord, Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.exact_codes import with_exact_codes
from latent_explorer.workers.lanes import Lane
from latent_explorer.workers.task import Context, Task

EXACT = {"exact_mode": "Exact modes", "exact_mean": "Exact means"}
FIRST = "exact_mode"
TITLE = "Exact codes"


class ExactCodesFeature(QObject):
    """The switch in the panel of layers, and Model > Exact codes."""

    def __init__(self, session: Session, window: MainWindow, lane: Lane) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self._stop: threading.Event | None = None  # of the job that is on or waits
        self._then: Callable[[], None] | None = None  # what is to follow it
        self._told: tuple[object, ...] = ()
        self._wanted = session.scene.layers.codes
        window.wish.connect(self._wished)
        window.status.cancelRequested.connect(self._cancel)
        lane.progressed.connect(self._progressed)
        session.slotChanged.connect(self._slot_changed)
        session.sceneChanged.connect(self._scene_changed)

    def _wished(self, wish: str) -> None:
        slot = self._session.slot
        if wish != "exact_codes":
            return
        if slot is not None and FIRST in slot.codes:
            self._choose(slot.kind if slot.kind in EXACT else FIRST)
            self._session.notice("The exact codes are there already; the switch Codes (Layers) chooses which are shown.")
        else:
            self.compute(partial(self._choose, FIRST))

    def _choose(self, kind: str) -> None:
        self._session.set_scene(layers=replace(self._session.scene.layers, codes=kind))

    # The job

    def compute(self, then: Callable[[], None]) -> bool:
        """Begin, or say why not; `then` is called when the codes are there. Whether it has begun."""
        slot = self._session.slot
        problem = self._problem(slot)
        if problem or slot is None or slot.handle is None:
            self._session.notice(problem, trouble=True)
            return False
        self._then = then
        if self._stop is not None:
            return True  # it is on
        dataset = self._session.dataset_of(slot)
        assert dataset is not None
        self._stop = threading.Event()
        work = partial(with_exact_codes, slot.handle, slot.codes, dataset, self._stop)
        stopped = partial(self._failed, self._stop)
        self._lane.submit(Task(TITLE, work, partial(self._computed, slot, self._stop), stopped))
        return True

    def _problem(self, slot: Slot | None) -> str:
        """Why exact codes cannot be computed now; "" where they can."""
        if slot is None or slot.handle is None or not slot.ready:
            return "Only a model that is open and loaded has exact codes."
        reason = why_not(slot.handle.architecture)
        if reason:
            return reason
        if slot.in_training:
            return "Exact codes are computed when the run has ended, since every step changes the model."
        codes, dataset = slot.points, self._session.dataset_of(slot)
        if codes is None or not len(codes.z) or dataset is None:
            return "The data set of this model is not open; open it first (File menu), then its exact codes can be computed."
        if not 0 <= codes.index.min() <= codes.index.max() < len(dataset.images):
            return "The codes do not belong to the images that are open, so exact ones cannot be computed."
        return ""

    def _progressed(self, title: str, what: str, part: float) -> None:
        if title == TITLE and what and self._stop is not None:
            self._window.status.set_cancellable(True)

    def _cancel(self) -> None:
        if self._stop is not None and not self._stop.is_set():
            self._stop.set()
            self._window.status.set_cancellable(False)
            self._over()
            self._session.notice("Exact codes were cancelled; nothing has changed.")

    def _over(self) -> None:
        """The job has ended without codes: the switch goes back to what is shown."""
        self._stop = self._then = None
        slot = self._session.slot
        if slot is not None:
            self._choose(slot.kind)

    def _failed(self, stop: threading.Event, error: Exception) -> None:
        if stop is self._stop:
            self._window.status.set_cancellable(False)
            self._over()
        if not isinstance(error, LatentExplorerError):
            raise error
        self._session.notice(str(error), trouble=True)

    def _computed(self, asked: Slot, stop: threading.Event, codes: dict[str, Codes]) -> None:
        if stop is not self._stop:
            return  # cancelled
        then, self._stop, self._then = self._then, None, None
        slot = self._session.slot
        self._window.status.set_cancellable(False)
        if slot is None or slot.handle is not asked.handle or slot.codes is not asked.codes:
            self._over()  # another model, or newer codes
            return
        record = None if slot.record is None else replace(slot.record, codes=codes)
        self._session.revise_slot(codes=codes, record=record)
        kept = record is not None and self._keep(record)
        where = "they are kept in the model's file" if kept else "Save model as (File menu) keeps them"
        self._session.notice(f"The exact codes are there, and {where}. Points can be coloured by surprise (Layers).")
        if then is not None:
            then()

    def _keep(self, record: ModelRecord) -> bool:
        """Write an own model's file anew, with the codes; whether it is one."""
        from latent_explorer.core.nn.handles import state_of, weights_of

        if record.path is None or record.path.parent != my_models_folder():
            return False
        state = state_of(record.handle) if record.resumable else None
        work = partial(_write, record, weights_of(record.handle), state)
        self._lane.submit(Task(f"Saving {record.path.name}", work, self._written, self._not_written, torch=False, must_finish=True))
        return True

    def _written(self, record: ModelRecord) -> None:
        self._session.modelsChanged.emit()

    def _not_written(self, error: Exception) -> None:
        if not isinstance(error, LatentExplorerError):
            raise error
        self._session.notice(f"The exact codes are shown, but could not be kept: {error}", trouble=True)

    # The switch

    def _scene_changed(self, scene: Scene) -> None:
        slot, wanted = self._session.slot, scene.layers.codes
        chosen, self._wanted = wanted != self._wanted, wanted
        if slot is None or not chosen or wanted == slot.kind:
            return
        if wanted in slot.codes:
            self._session.revise_slot()
        elif self._stop is None and wanted in EXACT and not self.compute(partial(self._choose, wanted)):
            self._choose(slot.kind)

    def _slot_changed(self, slot: Slot) -> None:
        model = slot.handle.architecture if slot.handle is not None else None
        kinds = {"mean": "Encoder" if model is None or model.facts.encoder else "64 × 64 nodes"} if "mean" in slot.codes else {}
        if model is not None and not slot.in_training and not why_not(model):
            kinds |= {kind: words if kind in slot.codes else f"{words} …" for kind, words in EXACT.items()}
        told = tuple(kinds.items()), slot.kind
        if told != self._told:
            self._told = told
            self._window.layers.set_codes(kinds, slot.kind)
        if self._stop is None and self._session.scene.layers.codes != slot.kind:
            self._choose(slot.kind)  # nothing heavy begins by itself


def _write(record: ModelRecord, weights: Arrays, state: Arrays | None, context: Context) -> ModelRecord:
    assert record.path is not None
    return write_checkpoint(record.path, record, weights, state)
