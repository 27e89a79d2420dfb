"""The globe: what would move a plane turns it, and it turns to a place that is looked for on its far side."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from latent_explorer.app.session import Session
from latent_explorer.core.plane.globe import facing, turned
from latent_explorer.core.scene import Scene
from latent_explorer.views.main_window import MainWindow


class TurningFeature(QObject):
    """Changes the scene's globe; `UniformFeature` makes the frame of it. The held probe may turn away with the globe."""

    def __init__(self, session: Session, window: MainWindow) -> None:
        super().__init__(window)
        self._session = session
        self._probe = session.scene.probe
        window.plane.turnRequested.connect(self._turn)
        session.sceneChanged.connect(self._scene_changed)

    @property
    def _on(self) -> bool:
        slot = self._session.slot
        return slot is not None and slot.frame.kind == "sphere"

    def _turn(self, right: float, up: float) -> None:
        if self._on:
            self._session.set_scene(globe=turned(self._session.scene.globe, right, up))

    def _scene_changed(self, scene: Scene) -> None:
        """A probe that was put behind the globe, as at a class or a pin, brings its side to the front."""
        put, self._probe = scene.probe != self._probe, scene.probe
        slot = self._session.slot
        if put and scene.probe is not None and len(scene.probe) == 3 and slot is not None and self._on:
            front = self._session.displayed(slot).frame.origin  # of the scene as it is now
            if float(front @ np.array(scene.probe)) < 0:
                self._session.set_scene(globe=facing(scene.probe))
