"""The plane in the coordinates Phi(z), in which the prior is uniform: all that is on the screen goes through the slot's frame."""

from __future__ import annotations

from PySide6.QtCore import QObject

from latent_explorer.app.session import Session
from latent_explorer.core.scene import Scene
from latent_explorer.core.types import Slot
from latent_explorer.views.main_window import MainWindow


class UniformFeature(QObject):
    """Gives the slot another frame when the person chooses other coordinates. Made after the features that draw.

    They hear of the choice first, as of any other change of the scene, and then of the slot in its new coordinates.
    """

    def __init__(self, session: Session, window: MainWindow) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        session.slotChanged.connect(self._slot_changed)
        session.sceneChanged.connect(self._scene_changed)
        window.layers.set_uniform_offered(False)

    def _slot_changed(self, slot: Slot) -> None:
        self._window.layers.set_uniform_offered(slot.evens_out)
        self._window.plane.set_display(slot.frame.display)

    def _scene_changed(self, scene: Scene) -> None:
        slot = self._session.slot
        if slot is not None:
            frame = self._session.displayed(slot).frame
            if frame is not slot.frame:
                self._session.put_slot(slot.on(frame, self._session.new_generation()))
