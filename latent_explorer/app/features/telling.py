"""What a model is told besides the place: the class of a conditional one, and a draw of what lies below the plane.

Both are part of the scene. `UniformFeature` makes the slot of them, through which all that decodes hears of it.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from latent_explorer.app.session import Session
from latent_explorer.core.scene import Scene
from latent_explorer.core.types import Slot
from latent_explorer.views.main_window import MainWindow


class TellingFeature(QObject):
    """Digits, comma and full stop choose the class, B draws anew; the bar under the modes says what is told."""

    def __init__(self, session: Session, window: MainWindow) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        plane = window.plane
        plane.told.conditionRequested.connect(self._tell)
        plane.told.othersRequested.connect(self._set_others)
        plane.told.resampleRequested.connect(self.resample)
        plane.told.meanRequested.connect(self._mean)
        plane.classJumpRequested.connect(self._tell)
        plane.classStepRequested.connect(self._step)
        plane.resampleRequested.connect(self.resample)
        session.slotChanged.connect(self._slot_changed)
        session.sceneChanged.connect(self._scene_changed)

    def _tell(self, label: int) -> None:
        slot = self._session.slot
        if slot is not None and slot.handle is not None and label < (slot.handle.architecture.classes or 0):
            self._session.set_scene(condition=label)

    def _step(self, by: int) -> None:
        slot = self._session.slot
        if slot is not None and slot.condition is not None and slot.handle is not None:
            self._tell((slot.condition + by) % (slot.handle.architecture.classes or 1))

    def _set_others(self, how: str) -> None:
        self._session.set_scene(layers=replace(self._session.scene.layers, others=how))

    def resample(self) -> None:
        """Another draw below the plane, the same for all places."""
        slot = self._session.slot
        if slot is not None and slot.handle is not None and slot.handle.architecture.facts.levels:
            self._session.set_scene(below=self._session.scene.below + 1)

    def _mean(self) -> None:
        self._session.set_scene(below=0)

    def _slot_changed(self, slot: Slot) -> None:
        levels = slot.handle is not None and slot.handle.architecture.facts.levels
        told, others = self._window.plane.told, self._session.scene.layers.others
        classes = slot.handle.architecture.classes or 0 if slot.handle is not None else 0
        told.set_condition(tuple(slot.class_name(label) for label in range(classes)), slot.condition, others)
        told.set_draw(slot.seed if levels else None)
        self._window.plane.set_singled(slot.condition, others)

    def _scene_changed(self, scene: Scene) -> None:
        slot = self._session.slot
        if slot is not None:
            self._slot_changed(self._session.displayed(slot))
