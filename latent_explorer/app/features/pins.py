"""Pins: places that the person keeps, on the plane and in a list with their pictures.

A wish changes the scene's pins; the scene changes plane and list. Pictures come from the tiles lane, in one batch and by the
newest weights: at once for new pins, and while a model trains at a modest pace. What was done to the pins can be taken back (`undo.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, QTimer

from latent_explorer.app.features.probe import ProbeFeature
from latent_explorer.app.session import Session
from latent_explorer.core.plane.pins import MOST, Pins, added, beside, off_plane, ordered, pin_at, renamed, shown, without
from latent_explorer.core.scene import Pin, Scene
from latent_explorer.core.types import DecodeRequest, Images, Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.pin_list import PinRow
from latent_explorer.views.place import all_words, place_words
from latent_explorer.views.plane.pins import PinMark
from latent_explorer.workers.decoding import decode
from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.task import Context, Task

PACE_MS = 500  # between two batches for the same pins, while a model trains
Place = tuple[tuple[float, ...], int | None]  # z, and the class that the model is told there


@dataclass(frozen=True, eq=False)
class Pictures:
    """What the decoder says at some places: the model's id, and the images (n, H, W, C), uint8."""

    model: str
    places: tuple[Place, ...]
    images: Images


class PinsFeature(QObject):
    """Adds, shows, names, orders and removes pins, and takes the probe to them."""

    def __init__(self, session: Session, window: MainWindow, lane: NewestLane, probe: ProbeFeature) -> None:
        super().__init__(window)
        self._session, self._window, self._lane, self._probe = session, window, lane, probe
        self._shown: tuple[object, ...] | None = None
        self._listed: tuple[object, ...] | None = None  # what the panel was filled with
        self._asked: tuple[str, int, int, tuple[Place, ...]] = "", 0, 0, ()
        self._pictures: dict[Place, Images] = {}
        self._latent_dim = 0
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._ask)
        plane, panel = window.plane, window.pins
        plane.pinRequested.connect(self.add)
        plane.pinPicked.connect(self._go_to_marker)
        plane.pinStepRequested.connect(self._step)
        plane.pinRemovalRequested.connect(self._remove_current)
        panel.addRequested.connect(self.add)
        panel.pinPicked.connect(self._go_to)
        panel.stepRequested.connect(self._step)
        panel.removeRequested.connect(self._remove)
        panel.clearRequested.connect(self.clear)
        panel.renameRequested.connect(self._rename)
        panel.orderRequested.connect(self._order)
        panel.shown.connect(self._ask)
        window.wish.connect(self._wished)
        session.slotChanged.connect(self._slot_changed)
        session.sceneChanged.connect(self._scene_changed)

    # Wishes

    def _wished(self, wish: str) -> None:
        acts = {"pin": self.add, "clear_pins": self.clear}
        if wish in acts:
            acts[wish]()

    @property
    def _mine(self) -> Pins:
        """The pins that the shown model can decode."""
        slot = self._session.slot
        return () if slot is None else shown(self._session.scene.pins, slot.frame.latent_dim)

    @property
    def _current(self) -> Pin | None:
        """The pin where the probe is held."""
        return pin_at(self._mine, self._session.scene.probe)

    def add(self) -> None:
        """Keep the place that is shown."""
        z, pins = self._probe.where(), self._session.scene.pins
        if z is None:
            return
        there = pin_at(pins, z)
        if there is not None:
            self._session.notice(f"Pin {there.number} is at this place already.")
        elif len(pins) >= MOST:
            others = len(pins) - len(self._mine)
            whose = f" ({others} of models of another latent size; open such a model to see them)" if others else ""
            self._session.notice(f"There are {MOST} pins{whose}, which is the most; remove one first.", trouble=True)
        else:
            pins = added(pins, z, None if self._session.slot is None else self._session.slot.condition)
            self._change(pins)

    def _remove(self, number: int) -> None:
        self._change(without(self._session.scene.pins, {number}))
        self._window.notice.offer(f"Pin {number} was removed.", "Undo", "undo", "Take it back (Ctrl+Z).")

    def _remove_current(self) -> None:
        if self._current is not None:
            self._remove(self._current.number)

    def clear(self) -> None:
        """Remove all that are shown."""
        count = len(self._mine)
        if count == 1:
            self._remove(self._mine[0].number)
        elif count:
            self._change(without(self._session.scene.pins, {pin.number for pin in self._mine}))
            self._window.notice.offer(f"{count} pins were removed.", "Undo", "undo", "Take it back (Ctrl+Z).")

    def _rename(self, number: int, name: str) -> None:
        self._shown = self._listed = None  # also when the name was only spaces, the list is to show what it is now
        self._change(renamed(self._session.scene.pins, number, name))
        self._show()

    def _order(self, numbers: tuple[int, ...]) -> None:
        self._change(ordered(self._session.scene.pins, numbers))

    def _go_to(self, number: int, near: tuple[float, float] | None = None) -> None:
        pin = next((pin for pin in self._mine if pin.number == number), None)
        if pin is not None:
            self._put(pin, near)

    def _go_to_marker(self, number: int, x: float, y: float) -> None:
        """Of all the copies on a torus, to the one that was clicked."""
        self._go_to(number, (x, y))

    def _put(self, pin: Pin, near: tuple[float, float] | None = None) -> None:
        """The probe to the pin, and the model told what it was told there."""
        if pin.condition is not None:
            self._session.set_scene(condition=pin.condition)
        self._probe.put(pin.z, near)

    def _step(self, by: int) -> None:
        pin = beside(self._mine, self._current, by)
        if pin is not None:
            self._put(pin)

    def _change(self, pins: Pins) -> None:
        self._session.set_scene(pins=pins)

    # Facts

    def _slot_changed(self, slot: Slot) -> None:
        pins, latent_dim = self._session.scene.pins, slot.frame.latent_dim
        waiting = len(pins) - len(shown(pins, latent_dim))
        if waiting and self._latent_dim not in (0, latent_dim):
            they = "1 pin belongs" if waiting == 1 else f"{waiting} pins belong"
            self._session.notice(f"{they} to models of another latent size; nothing is lost, such a model shows them again.")
        self._latent_dim = latent_dim
        if slot.handle is not None:
            height, width, _ = slot.handle.architecture.image_shape
            self._window.pins.set_shape(height, width)
        if slot.handle is None or slot.handle.id != self._asked[0]:
            self._pictures = {}
        self._show()

    def _scene_changed(self, scene: Scene) -> None:
        layers = self._session.scene.layers
        self._window.pins.set_look(layers.smooth, layers.grey_map)
        self._show()

    def _show(self) -> None:
        """Plane and list as scene and slot are now."""
        slot, pins = self._session.slot, self._session.scene.pins
        if slot is None:
            return
        current = self._current
        key = slot.frame, pins, current, slot.handle
        if key == self._shown:
            self._ask()  # there may be a newer snapshot
            return
        self._shown = key
        frame, panel = slot.frame, self._window.pins
        rows, marks = [], []
        for pin in self._mine:
            x, y = frame.to_plane(np.array(pin.z)).tolist()
            away = off_plane(frame, pin.z)
            title = f"Pin {pin.number}" + (f": {pin.name}" if pin.name else "")
            hint = f"{title}\n{all_words(pin.z)}" + (f"\n{away:.3g} away from the plane that is shown" if away else "")
            rows.append(PinRow(pin.number, pin.name, place_words(pin.z, frame.pair), hint, off=away > 0))
            if math.isfinite(x):  # else it lies behind the globe
                marks.append(PinMark(pin.number, x, y, hint, off=away > 0, current=pin is current))
        self._window.plane.set_pins(marks)
        listed = rows, self._mine, slot.handle
        if listed != self._listed:  # a slice that is moved, and the probe, change only markers
            self._listed = listed
            panel.set_pins(rows)
            self._show_pictures()
        panel.set_current(None if current is None else current.number)
        waiting = len(pins) - len(rows)
        panel.set_note("" if not waiting else f"{waiting} more of models of another latent size.")
        self._window.set_pinned(bool(pins))
        self._ask()

    # Pictures

    def _ask(self) -> None:
        slot, pins = self._session.slot, self._mine
        if slot is None or slot.handle is None or not slot.decodes or not pins or not self._window.pins.seen:
            return
        places = tuple((pin.z, pin.condition) for pin in pins)
        model, revision, seed, known = self._asked
        same = model == slot.handle.id and seed == slot.seed and set(places) <= set(known)
        if same and (revision == slot.revision or self._pause.isActive()):
            return
        self._asked = slot.handle.id, slot.revision, slot.seed, places
        self._pause.start(PACE_MS)
        labels = np.array([-1 if pin.condition is None else pin.condition for pin in pins], np.int64)
        request = slot.ask(np.array([pin.z for pin in pins], np.float32), labels)
        self._lane.submit(Task("", partial(_decode, request, places), self._decoded, torch=request.quick is None, kind="pins"))

    def _decoded(self, pictures: Pictures) -> None:
        slot = self._session.slot
        if slot is not None and slot.handle is not None and slot.handle.id == pictures.model:
            self._pictures = dict(zip(pictures.places, pictures.images, strict=True))
            self._show_pictures()

    def _show_pictures(self) -> None:
        self._window.pins.set_pictures(
            {pin.number: self._pictures[place] for pin in self._mine if (place := (pin.z, pin.condition)) in self._pictures}
        )


def _decode(request: DecodeRequest, places: tuple[Place, ...], context: Context) -> Pictures:
    return Pictures(request.handle.id, places, decode(request).images)
