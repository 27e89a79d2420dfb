"""Undo and redo of all that a person arranges: one gesture is one step.

The scene's changes are heard, and those of one gesture are brought together: while a button is held, in a burst of wheel turns or
of one key, and a click with the double-click that it turns out to begin. The camera also moves when the window is resized or a
model is opened: that is no step, and only what `PlaneView.viewMoved` and the wishes for a view confirm is one.
"""

from __future__ import annotations

import time
from dataclasses import fields

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from latent_explorer.app.session import Session
from latent_explorer.core.scene import Scene
from latent_explorer.core.types import Slot
from latent_explorer.core.undo import History, changed
from latent_explorer.views.main_window import MainWindow

BURST = 0.7  # seconds from one change to the next within a gesture; longer than a double-click
LOOK_MS = 50  # while a button is held, whether it still is
CONTINUOUS = frozenset(
    {"camera", "probe", "layers", "slice", "globe", "condition", "below", "hidden_classes"}
)  # what can change step by step in one gesture
OUTLIVE = ("pins",)  # a model


class UndoFeature(QObject):
    """Made after the features that change the scene, so that it hears a wish when they have fulfilled it."""

    def __init__(self, session: Session, window: MainWindow) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        self._history = History(session.scene)
        self._model: object = None
        self._last = 0.0  # when the last change was taken
        self._going = False  # the scene changes because of an undo
        self._held = QTimer(self)  # runs while a button is held that was down at a change
        self._held.setInterval(LOOK_MS)
        self._held.timeout.connect(self._look_at_the_hand)
        plane = window.plane
        plane.handDown.connect(self._history.close)
        plane.viewMoved.connect(self.view_moved)
        plane.fitRequested.connect(self.view_moved)
        window.wish.connect(self._wished)
        session.sceneChanged.connect(self._scene_changed)
        session.slotChanged.connect(self._slot_changed)

    def _wished(self, wish: str) -> None:
        if wish in ("undo", "redo"):
            self._go(self._history.back() if wish == "undo" else self._history.forward())
        elif wish == "fit":
            self.view_moved()

    # Steps

    def _scene_changed(self, scene: Scene) -> None:
        if self._going:
            return
        names = changed(self._history.scene, scene)
        if names - {"camera"}:
            self._take(scene)

    def view_moved(self) -> None:
        """The camera was moved by the person, just now."""
        if not self._going:
            self._take(self._session.scene)

    def _take(self, scene: Scene) -> None:
        names, now = changed(self._history.scene, scene), time.monotonic()
        if not names:
            return
        down = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        burst = names <= CONTINUOUS and (now - self._last < BURST or (down and self._held.isActive()))
        self._history.take(scene, join=burst)
        self._last = now
        if down:
            self._held.start()
        self._window.notice.withdraw("undo")  # what it offered would take back something else now
        self._tell()

    def _look_at_the_hand(self) -> None:
        if QGuiApplication.mouseButtons() == Qt.MouseButton.NoButton:
            self._held.stop()

    def _slot_changed(self, slot: Slot) -> None:
        model = slot.handle.id if slot.handle is not None else slot.table or slot.name  # two tables may have one name
        if model == self._model:
            return
        self._model = model
        self._history.rebase(self._session.scene, OUTLIVE)
        self._tell()

    # Back and forward

    def _go(self, scene: Scene | None) -> None:
        if scene is None:
            return
        self._going = True
        arranged = {field.name: getattr(scene, field.name) for field in fields(Scene)}
        self._session.set_scene(**arranged)
        self._session.set_scene(**arranged)  # a plane that was laid anew has been fitted into the window
        self._going = False
        self._history.amend(self._session.scene)
        self._window.notice.withdraw("undo")
        self._tell()

    def _tell(self) -> None:
        self._window.set_undo(self._history.undoes, self._history.redoes)
