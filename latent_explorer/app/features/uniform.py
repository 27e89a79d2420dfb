"""How the scene asks for the slot to be shown: coordinates Phi(z), in which the prior is uniform, a globe's turn, a class, a draw.

All that is on the screen goes through the slot, so another one of them is another slot of the same model.
"""

from __future__ import annotations

from PySide6.QtCore import QObject

from latent_explorer.app.session import Session
from latent_explorer.core.scene import Scene
from latent_explorer.core.types import Slot
from latent_explorer.views.main_window import MainWindow


class UniformFeature(QObject):
    """Gives the model another slot when the person chooses otherwise. Made after the features that draw.

    They hear of the choice first, as of any other change of the scene, and then of the slot.
    """

    def __init__(self, session: Session, window: MainWindow) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        session.slotChanged.connect(self._slot_changed)
        session.sceneChanged.connect(self._scene_changed)
        window.layers.set_uniform_offered(False)

    def _slot_changed(self, slot: Slot) -> None:
        self._window.layers.set_uniform_offered(slot.evens_out)
        self._window.plane.set_shape(slot.frame)

    def _scene_changed(self, scene: Scene) -> None:
        slot = self._session.slot
        if slot is not None:
            shown = self._session.displayed(slot)
            if shown is not slot:
                self._session.put_slot(slot.on(shown.frame, self._session.new_generation()))
