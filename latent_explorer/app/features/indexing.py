"""The index of the shown points, made on a worker, and which of them can be seen: what hover and selection look things up in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, Signal

from latent_explorer.app.session import Session
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.index import Mask, PlaneIndex
from latent_explorer.core.plane.selecting import visible_mask
from latent_explorer.core.plane.tiling import TorusIndex
from latent_explorer.core.scene import Scene, unseen_classes
from latent_explorer.core.types import Codes, Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.task import Context, Task


@dataclass(frozen=True, eq=False)
class Indexed:
    """Codes and how they lie on a plane: rows of the index are rows of the codes."""

    codes: Codes
    frame: PlaneFrame
    index: PlaneIndex


class IndexFeature(QObject):
    """Keeps the newest index. While codes move, the one before answers until the next has come.

    Signals
    -------
    indexed() : there is another index, or none any more.
    visibleChanged() : other points can be seen.
    """

    indexed = Signal()  # Qt's manner
    visibleChanged = Signal()

    def __init__(self, session: Session, window: MainWindow, lane: NewestLane) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self.shown: Indexed | None = None
        self.visible: Mask | None = None
        self._codes: Codes | None = None
        self._frame: PlaneFrame | None = None
        self._hiding: tuple[object, ...] = ()
        session.slotChanged.connect(self._slot_changed)
        session.sceneChanged.connect(self._scene_changed)

    @property
    def settled(self) -> bool:
        """Whether the index is that of the shown codes."""
        return self._codes is None or (self.shown is not None and self.shown.codes is self._codes and self.shown.frame is self._frame)

    def _slot_changed(self, slot: Slot) -> None:
        codes = slot.points
        if codes is self._codes and slot.frame is self._frame:
            self._see()  # another class may count now
            return
        others = codes is None or not codes.same_images(self._codes)
        parallel = self._frame is not None and slot.frame.parallel_to(self._frame)
        if codes is self._codes and parallel and self.shown is not None and self.shown.frame is self._frame:
            self._frame = slot.frame
            self.shown = replace(self.shown, frame=slot.frame)  # a slice has moved: points fall on the same places
            return
        self._codes, self._frame = codes, slot.frame
        if others:  # rows of these codes are other images
            scene = self._session.scene
            if scene.selection is not None or scene.shown is not None or scene.concealed is not None:
                self._session.set_scene(selection=None, shown=None, concealed=None)
        if others or not parallel:
            self.shown = None
            self.indexed.emit()
        self._see()
        if codes is not None:
            self._lane.submit(Task("", partial(_build, codes, slot.frame), self._take, torch=False, kind="index"))

    def _take(self, indexed: Indexed) -> None:
        if indexed.codes is self._codes and indexed.frame is self._frame:
            self.shown = indexed
            self.indexed.emit()

    def _scene_changed(self, scene: Scene) -> None:
        self._see()

    def _see(self) -> None:
        """What is hidden, or from which points, is another now."""
        scene, codes = self._session.scene, self._codes
        slot = self._session.slot
        unseen = scene.hidden_classes if slot is None else scene.hidden_classes | unseen_classes(scene, slot)
        hiding = codes, unseen, scene.shown, scene.concealed
        if hiding == self._hiding:
            return
        self._hiding = hiding
        if codes is None:
            self.visible = None
        else:
            self.visible = visible_mask(codes.labels, unseen, scene.shown, scene.concealed)
            # The layer knows of classes itself.
            self._window.plane.set_visible(visible_mask(codes.labels, frozenset(), scene.shown, scene.concealed))
        self.visibleChanged.emit()


def _build(codes: Codes, frame: PlaneFrame, context: Context) -> Indexed:
    """In the lane. Codes along axes of z need no more than their own precision."""
    kind = TorusIndex if frame.kind == "torus" else PlaneIndex
    if codes.z.shape[1] == 2 and kind is PlaneIndex:
        _ = codes.finder  # the probe, too, looks around with it
    if frame.shows_z:
        return Indexed(codes, frame, codes.finder)
    points = frame.to_plane(codes.z)
    small = points.astype(codes.z.dtype)
    return Indexed(codes, frame, kind(small if np.array_equal(small, points, equal_nan=True) else points))
