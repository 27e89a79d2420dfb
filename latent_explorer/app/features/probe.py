"""The probe: the decoded image follows the pointer, and rests where it was held.

The circle: the plane says where the pointer is; the ring moves at once; a request goes to the probe's mailbox of one;
its answer is dropped when model or plane have changed meanwhile, else shown. No timer sets the pace of the picture. What
lies around the place is looked up apart from it and as often as it can be read, so that the picture never waits for that.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from latent_explorer.app.session import Session
from latent_explorer.core.plane.neighbours import MANY, densest_place, sentence
from latent_explorer.core.plane.tiling import copy_near
from latent_explorer.core.plane.trail import Trail
from latent_explorer.core.prior import density_unit, log_prior_density
from latent_explorer.core.scene import Scene
from latent_explorer.core.types import DecodeRequest, ImageDataset, Images, Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.pace import Pace
from latent_explorer.workers.decoding import Lookout, PlaceAnswer, ProbeAnswer, probe
from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.task import Context, Task

WAITING = "The decoder is loading."
SORTING = "The codes are being sorted; what lies around follows."
NO_DECODER = "A table of codes has no decoder; open a model to see images."
WORDS = 50  # milliseconds from one sentence about the surroundings to the next, at least
TRAIL_SPACING = 1 / 90  # of the plane's shorter side, between two dots


class ProbeFeature(QObject):
    """Turns picks and holds into decodes. Signals: answered(PlaceAnswer) of the shown slot."""

    answered = Signal(object)

    def __init__(self, session: Session, window: MainWindow, lane: NewestLane) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self._lookout = Lookout()
        self._look_around = Pace(self._look, WORDS, self)
        self._pointer: NDArray[np.float64] | None = None  # plane coordinates, while the pointer is on the plane
        self._held_before: tuple[float, ...] | None = None
        self._put_at: tuple[tuple[float, ...], NDArray[np.float64]] | None = None  # z and where on the plane a hand held it last
        self._trail, self._dragging = Trail(), False
        self._trail_end: NDArray[np.float64] | None = None  # where on the plane it has come to
        self._asked: tuple[float, ...] | None = None  # what was held when the last question was asked
        self.shown: tuple[tuple[float, ...], Images] | None = None  # z and picture, for export and copy
        plane = window.plane
        plane.planePointPicked.connect(self._pick)
        plane.planePointHeld.connect(self._hold)
        plane.holdUndone.connect(self._undo_hold)
        plane.holdRequested.connect(self._hold_here)
        plane.gestureBegan.connect(self._drag_began)
        plane.gestureEnded.connect(self._drag_ended)
        plane.trailClearRequested.connect(self._clear_trail)
        plane.pointerLeft.connect(self._leave)
        plane.nudgeRequested.connect(self._nudge)
        plane.classJumpRequested.connect(self._jump)
        session.slotChanged.connect(self._slot_changed)
        session.datasetChanged.connect(self._dataset_changed)
        session.sceneChanged.connect(self._scene_changed)
        window.wish.connect(self._wished)
        window.image.copyRequested.connect(self.copy)

    def _pick(self, slot_id: int, x: float, y: float) -> None:
        self._pointer = np.array([x, y])
        slot = self._session.slot
        if self._dragging and slot is not None:
            self._leave_mark(slot)
        self._ask()

    def _hold(self, slot_id: int, x: float, y: float) -> None:
        slot = self._session.slot
        if slot is not None:
            self._held_before = self._session.scene.probe
            self._hold_at(slot, np.array([x, y]))

    def _hold_at(self, slot: Slot, place: NDArray[np.float64]) -> None:
        """Hold the probe at a place of the plane, and on a torus there, not at the same place of the first cell."""
        z = _tuple(slot.frame.to_z(place))
        self._put_at = z, place
        self._session.set_scene(probe=z)

    def _on_plane(self, slot: Slot, probe: tuple[float, ...]) -> NDArray[np.float64]:
        """Where a held probe lies on the plane; of all the copies on a torus the one where a hand has put it."""
        if slot.frame.kind == "torus" and self._put_at is not None and self._put_at[0] == probe:
            return self._put_at[1]
        return slot.frame.to_plane(np.array(probe))

    def _hold_here(self) -> None:
        slot = self._session.slot
        if slot is not None:
            x, y = self._place(slot).tolist()
            if math.isfinite(x):  # else it is held already, behind a globe
                self._hold(slot.slot_id, x, y)

    def _undo_hold(self) -> None:
        self._session.set_scene(probe=self._held_before)

    def put(self, z: tuple[float, ...], near: tuple[float, float] | None = None) -> None:
        """Hold the probe at z, and show it there even while the pointer rests on the plane.

        On a torus it goes to the copy that lies nearest to `near`, a place of the plane; else to the middle of the window.
        """
        slot, camera = self._session.slot, self._session.scene.camera
        self._held_before, self._pointer = self._session.scene.probe, None
        self._clear_trail()
        if slot is not None and slot.frame.kind == "torus" and len(z) == slot.frame.latent_dim:
            self._put_at = z, np.array(copy_near(slot.frame.to_plane(np.array(z)), near or (camera.x, camera.y)))
        self._session.set_scene(probe=z)
        self._ask()  # the scene may be what it was, and the pointer elsewhere

    def where(self) -> tuple[float, ...] | None:
        """z of the place that is shown now; None before the first model."""
        slot = self._session.slot
        if slot is None:
            return None
        probe = self._held(slot)
        return probe if self._pointer is None and probe is not None else _tuple(slot.frame.to_z(self._place(slot)))

    def _leave(self) -> None:
        if self._pointer is not None:
            self._pointer = None
            self._ask()

    def _nudge(self, dx: float, dy: float) -> None:
        """From the keyboard: moves the held probe, which then shows even while the pointer rests on the plane."""
        slot = self._session.slot
        if slot is None:
            return
        place = self._place(slot)
        z = slot.frame.to_z(place)
        if not np.isfinite(place).all():
            place = np.array(slot.frame.centre)  # it lay behind the globe
        if not len(self._trail) or (self._pointer is not None and _tuple(z) != self._session.scene.probe):
            self._trail.begin(z)
        self._pointer = None
        self._hold_at(slot, place + np.array([dx, dy]))
        self._leave_mark(slot)

    def _jump(self, label: int) -> None:
        slot = self._session.slot
        if slot is not None and slot.conditional:
            return  # it is told the class instead: `TellingFeature`
        codes = slot.points if slot is not None else None
        rows = np.flatnonzero(codes.labels == label) if codes is not None else ()
        if codes is not None and len(rows):
            assert slot is not None
            self.put(_tuple(slot.frame.settled(densest_place(codes.z[rows[:: max(1, len(rows) // MANY)]]))))

    # The trail

    def _drag_began(self) -> None:
        self._dragging = True
        self._clear_trail()

    def _drag_ended(self) -> None:
        self._dragging = False

    def _leave_mark(self, slot: Slot) -> None:
        scene, place = self._session.scene, self._place(slot)
        if scene.layers.trail and self._trail.add(slot.frame.to_z(place), slot.frame, scene.camera.span * TRAIL_SPACING):
            self._trail_end = place
            self._window.plane.set_trail(self._trail.on(slot.frame, place))

    def _clear_trail(self) -> None:
        self._trail.clear()
        self._window.plane.set_trail(np.zeros((0, 2)))

    def _held(self, slot: Slot) -> tuple[float, ...] | None:
        """z of the held point; None where it is of a model of another latent size, which the scene still holds for a moment."""
        probe = self._session.scene.probe
        return probe if probe is not None and len(probe) == slot.frame.latent_dim else None

    def _place(self, slot: Slot) -> NDArray[np.float64]:
        """Where the probe is now, plane coordinates: the pointer, else the held point, else the origin."""
        if self._pointer is not None:
            return self._pointer
        probe = self._held(slot)
        return np.array(slot.frame.centre) if probe is None else self._on_plane(slot, probe)

    def _z(self, slot: Slot) -> NDArray[np.float32]:
        """Where the probe is now, z: a held one may lie where the plane does not show it, behind a globe."""
        probe = self._held(slot)
        z = slot.frame.to_z(self._place(slot)) if self._pointer is not None or probe is None else np.array(probe)
        return z.astype(np.float32)

    def _slot_changed(self, slot: Slot) -> None:
        probe = self._session.scene.probe
        if probe is not None and len(probe) != slot.frame.latent_dim:
            self._session.set_scene(probe=None)
        if len(self._trail):
            self._window.plane.set_trail(self._trail.on(slot.frame, self._trail_end))
        if slot.table is not None:
            self._show(ProbeAnswer(slot.generation, np.zeros(0, np.float32), None))  # at once: nothing has to be decoded
        self._ask()

    def look_again(self) -> None:
        """More can be known of what lies around: the codes are sorted now."""
        self._look_around.ask()

    def _dataset_changed(self, dataset: ImageDataset | None) -> None:
        """The images near the probe may be known now."""
        self._ask()

    def _scene_changed(self, scene: Scene) -> None:
        self._window.image.pixels.set_look(scene.layers.smooth, scene.layers.grey_map)
        if not scene.layers.trail and len(self._trail):
            self._clear_trail()
        if self._pointer is None and scene.probe != self._asked:
            self._ask()

    def _ask(self) -> None:
        slot = self._session.slot
        if slot is None:
            return
        self._asked = self._session.scene.probe
        place = self._place(slot)
        plane, probe = self._window.plane, self._held(slot)
        plane.set_cursor(_seen(place), held=self._pointer is None)
        plane.set_held(None if self._pointer is None or probe is None else _seen(self._on_plane(slot, probe)))
        z = self._z(slot)
        self._window.status.set_place(_tuple(z), slot.frame.pair, globe=slot.frame.kind == "sphere")
        request = None
        if slot.handle is not None and slot.decodes:
            request = slot.ask(z[None])
        work = partial(_decode, z, slot.generation, request)
        self._lane.submit(Task("", work, self._show, torch=request is not None and request.quick is None))
        self._look_around.ask()

    @property
    def settled(self) -> bool:
        """Whether all has been asked for; answers may be on their way."""
        return self._look_around.settled

    def _look(self) -> None:
        slot = self._session.slot
        if slot is not None:
            z = self._z(slot)
            work = partial(_look, self._lookout, z, slot, self._session.dataset_of(slot))
            self._lane.submit(Task("", work, self._tell_place, torch=False, kind="around"))

    def _tell_place(self, answer: PlaceAnswer) -> None:
        slot = self._session.slot
        if slot is None or not slot.takes(answer.generation):
            return
        names = slot.data.class_names if slot.data is not None else ()
        unsorted = SORTING if answer.codes is not None else ""
        trust = unsorted if answer.around is None else sentence(answer.around, names)
        model = None if slot.handle is None else slot.handle.architecture
        log_prior = None if model is None or answer.around is None else log_prior_density(model, answer.z)
        unit = "" if model is None else density_unit(model.facts.space, model.latent_dim)
        globe = slot.frame.kind == "sphere"
        self._window.image.set_place(_tuple(answer.z), trust, log_prior, slot.frame.pair, unit, globe=globe)
        self.answered.emit(answer)
        if answer.codes is not slot.points:
            self._look_around.ask()  # there are newer ones

    def _show(self, answer: ProbeAnswer) -> None:
        slot = self._session.slot
        if slot is None or not slot.takes(answer.generation):
            return
        image = self._window.image
        if answer.result is None:
            self.shown = None
            image.set_image(None, WAITING if slot.handle is not None else NO_DECODER if slot.table is not None else "")
            image.set_decode(None, "")
            self._window.status.set_decode(None)
            return
        self.shown = _tuple(answer.z), answer.result.images[0]
        image.set_image(answer.result.images[0])
        finished = slot.record is not None and self._session.run_state == "idle"
        image.set_decode(answer.result.milliseconds, slot.name if finished else f"in training, epoch {slot.epoch}")
        self._window.status.set_decode(answer.result.milliseconds)

    def _wished(self, wish: str) -> None:
        if wish == "copy":
            self.copy()

    def copy(self) -> None:
        """Put the shown picture on the clipboard, at its own size."""
        picture = self._window.image.pixels.picture()
        if picture is not None:
            QGuiApplication.clipboard().setImage(picture)
            self._session.notice("The decoded image is on the clipboard.")


def _seen(place: NDArray[np.float64]) -> tuple[float, float] | None:
    """A place on the plane; None for one behind a globe."""
    return (float(place[0]), float(place[1])) if np.isfinite(place).all() else None


def _tuple(z: NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(float(value) for value in z)


def _decode(z: NDArray[np.float32], generation: int, request: DecodeRequest | None, context: Context) -> ProbeAnswer:
    """In the probe's lane; its arguments were captured when it was asked, so nothing is shared."""
    return probe(z, generation, request)


def _look(lookout: Lookout, z: NDArray[np.float32], slot: Slot, dataset: ImageDataset | None, context: Context) -> PlaceAnswer:
    """In the probe's lane, which alone uses the lookout."""
    return lookout.around(z, slot.generation, slot.points, dataset, kind=slot.frame.kind, only=slot.condition)
