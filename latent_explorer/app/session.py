"""What is open and how it is arranged: the one place of truth in the GUI thread."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.scene import Scene
from latent_explorer.core.types import ImageDataset, Slot, main_kind

RUN_STATES = ("idle", "running", "paused", "stopping")


class Session(QObject):
    """Facts, and one signal for each. Only features change it; GUI thread only.

    Signals
    -------
    slotChanged(Slot) : the active slot was replaced or revised.
    sceneChanged(Scene) : what the person arranged.
    datasetChanged(ImageDataset or None) : the data that Train would train on.
    loadingChanged(str) : the name of the data that are being loaded; "" when none are, or are no longer.
    runStateChanged(str) : one of `RUN_STATES`.
    modelsChanged() : the list of models to choose from may be another one.
    noticed(str, bool) : a sentence for the person; True when something went wrong.
    """

    slotChanged = Signal(object)  # Qt's manner, here and below
    sceneChanged = Signal(object)
    datasetChanged = Signal(object)
    loadingChanged = Signal(str)
    runStateChanged = Signal(str)
    modelsChanged = Signal()
    noticed = Signal(str, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.slots: tuple[Slot, ...] = ()
        self.active = 0
        self.scene = Scene()
        self.dataset: ImageDataset | None = None
        self.loading = ""
        self.run_state = "idle"
        self._generations = itertools.count(1)

    @property
    def slot(self) -> Slot | None:
        """The active slot; None before the first model."""
        return next((slot for slot in self.slots if slot.slot_id == self.active), None)

    def dataset_of(self, slot: Slot) -> ImageDataset | None:
        """The open data set, where it is the one that the slot's codes come from."""
        dataset = self.dataset
        if dataset is None or slot.data is None or slot.data.content_hash != dataset.content_hash:
            return None
        return dataset if slot.handle is None or slot.handle.architecture.image_shape == dataset.image_shape else None

    def new_generation(self) -> int:
        """A number that no slot has had."""
        return next(self._generations)

    def put_slot(self, slot: Slot, **arranged: Any) -> None:
        """Replace the slot with the same id, or add it; it becomes the active one.

        Fields of the scene that belong to it, such as a probe on its plane, change before anybody hears of the slot. Its plane is
        shown in the coordinates that the scene asks for, where it can be.
        """
        slot = self.displayed(slot)
        if self.slot is not None and _rows(self.slot) != _rows(slot):  # what was selected are rows of other codes
            arranged = {"selection": None, "shown": None, "concealed": None, **arranged}
        self.slots = (*(other for other in self.slots if other.slot_id != slot.slot_id), slot)
        self.active = slot.slot_id
        before, self.scene = self.scene, replace(self.scene, **arranged)
        changed = self.scene != before
        self.slotChanged.emit(slot)
        if changed:
            self.sceneChanged.emit(self.scene)

    def displayed(self, slot: Slot) -> Slot:
        """The slot as the scene asks for: its coordinates, its globe's turn, its class, what lies below its plane, its kind of codes."""
        scene, frame, condition, seed = self.scene, slot.frame, None, 0
        if frame.kind == "sphere":
            turned = PlaneFrame.globe(*scene.globe)
            frame = frame if frame.same_as(turned) else turned
        else:
            frame = frame.shown_as("phi" if scene.layers.uniform and slot.evens_out else "identity")
        if slot.handle is not None:
            model = slot.handle.architecture
            condition = min(scene.condition, model.classes - 1) if model.classes is not None else None
            seed = scene.below if model.facts.levels else 0
        kind = scene.layers.codes if scene.layers.codes in slot.codes else main_kind(slot.codes)
        same = frame is slot.frame and (condition, seed, kind) == (slot.condition, slot.seed, slot.kind)
        return slot if same else replace(slot, frame=frame, condition=condition, seed=seed, kind=kind)

    def revise_slot(self, **changes: Any) -> None:
        """Change fields of the active slot."""
        if self.slot is not None:
            self.put_slot(replace(self.slot, **changes))

    def set_scene(self, **changes: Any) -> None:
        """Change fields of the scene; nothing happens when they are equal."""
        scene = replace(self.scene, **changes)
        if scene != self.scene:
            self.scene = scene
            self.sceneChanged.emit(scene)

    def set_dataset(self, dataset: ImageDataset | None) -> None:
        """The data to train on; those that were being loaded have come."""
        self.dataset = dataset
        loading, self.loading = self.loading, ""
        self.datasetChanged.emit(dataset)
        if loading != self.loading:
            self.loadingChanged.emit(self.loading)

    def set_loading(self, name: str) -> None:
        """Data are on their way, and Train waits for them; "" when they will not come."""
        if name != self.loading:
            self.loading = name
            self.loadingChanged.emit(name)

    def set_run_state(self, state: str) -> None:
        """How the run stands."""
        if state != self.run_state:
            self.run_state = state
            self.runStateChanged.emit(state)

    def notice(self, sentence: str, *, trouble: bool = False) -> None:
        """Tell the person something in one sentence."""
        self.noticed.emit(sentence, trouble)


def _rows(slot: Slot) -> int:
    codes = slot.points
    return 0 if codes is None else len(codes.z)
