"""A plane through three points that are clicked one after the other: the clicks select, and the third one lays the plane."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from latent_explorer.app.session import Session
from latent_explorer.core.scene import Scene
from latent_explorer.core.types import Slot
from latent_explorer.views.main_window import MainWindow

NEEDED = 3
ASKED = "Click three points, and the plane is laid through them; Esc leaves."
AGAIN = "The plane goes through these three already: click three others, and it is laid anew; Esc leaves."
NOTHING_NEW = "There is no other point. "
MORE = {1: "1 point of 3: click two more; Esc leaves.", 2: "2 points of 3: click one more; Esc leaves."}


class ThreePoints(QObject):
    """From `begin` until the third point, Esc, or another model; `lay` is called when three points are selected."""

    _complete = Signal()  # when all have heard of the third point, and not in between

    def __init__(self, session: Session, window: MainWindow, lay: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._window, self._lay = session, window, lay
        self.on = False
        self._count = 0
        self._told = ""
        self._heard = False  # of another selection since the last click
        self._model: object = None
        self._complete.connect(self._laid, Qt.ConnectionType.QueuedConnection)
        window.plane.collectingLeft.connect(self.leave)
        window.plane.areaPicked.connect(self._clicked, Qt.ConnectionType.QueuedConnection)  # when the selection has followed
        session.sceneChanged.connect(self._scene_changed)
        session.slotChanged.connect(self._slot_changed)

    def begin(self, words: str = ASKED) -> None:
        """The next clicks on points are the points; one or two that are selected already count. ``words`` say so where there is none."""
        selection = self._session.scene.selection
        if selection is not None and len(selection.rows) >= NEEDED:
            self._session.set_scene(selection=None)
        slot = self._session.slot
        self._model = None if slot is None else slot.name
        self.on, self._count, self._heard = True, self._selected(), False
        self._window.plane.set_collecting(True)
        self._window.plane.setFocus()
        self._tell(words)

    def leave(self) -> None:
        """The clicks do what they did before; what was selected stays so."""
        self.on = False
        self._window.plane.set_collecting(False)
        self._window.slice.set_collecting("")
        if self._window.notice.text == self._told:
            self._window.notice.hide()

    def _selected(self) -> int:
        selection = self._session.scene.selection
        return 0 if selection is None else len(selection.rows)

    def _tell(self, words: str = ASKED, before: str = "") -> None:
        asked = MORE.get(self._count, words)
        self._told = before + asked
        self._window.slice.set_collecting(asked)
        self._session.notice(self._told)

    def _clicked(self) -> None:
        """A click beside all points, or on one that counts already, is answered too."""
        if self.on and not self._heard:
            self._tell(before=NOTHING_NEW)
        self._heard = False

    def _scene_changed(self, scene: Scene) -> None:
        count = self._selected()
        if not self.on or count == self._count:
            return
        self._count, self._heard = count, True
        if count < NEEDED:
            self._tell()
        else:
            self._complete.emit()

    def _laid(self) -> None:
        if self.on:
            self.leave()
            self._lay()

    def _slot_changed(self, slot: Slot) -> None:
        if self.on and (slot.name != self._model or not slot.frame.sliced):
            self.leave()
