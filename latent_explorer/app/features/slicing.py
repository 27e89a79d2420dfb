"""Latent spaces of more than two dimensions: which plane through them is shown.

What the person chose (axes, coordinates held by sliders) is part of the scene; where the plane lies then is the slot's
frame. All other coordinates lie at the mean of the codes. Three rules keep them together:

- A slider or an axis moves the plane, and the held probe with it, which keeps its place on the screen.
- A probe that is put elsewhere (a class's centre, a pin) takes the plane with it: the plane goes through the probe.
- While a model trains, the plane follows the mean where the person holds nothing. Its axes stay, but for one that has
  become inactive and that nobody chose; nothing jumps at the end of a run.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from latent_explorer.app.features.three_points import AGAIN, ThreePoints
from latent_explorer.app.session import Session
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.slices import Slice, Spread, frame_of, laid, spread_of, variance_shares
from latent_explorer.core.scene import Scene
from latent_explorer.core.types import Codes, Slot
from latent_explorer.views.main_window import MainWindow

THROUGH = ("u, through points 1 and 2", "v, towards point 3")
THROUGH_SHORT = ("points 1,2", "point 3")  # for the lists
ON_THE_PLANE = 1e-6  # units of z; what is nearer lies on it


def first_frame(latent_dim: int, codes: Codes | None, space: str = "plane") -> PlaneFrame:
    """The plane that a model is first shown on: its two axes that vary most, the others at the mean of the codes."""
    return frame_of(latent_dim, _spread(codes) if latent_dim > 2 else None, space=space)


def put_sliced(session: Session, slot: Slot) -> None:
    """Show a slot that was opened or has new codes, on the plane where the person laid it if its model is shown already."""
    shown = session.slot
    same = shown is not None and (shown.name, shown.frame.latent_dim) == (slot.name, slot.frame.latent_dim)
    _put(session, slot, session.scene.slice if same else Slice(), slot.frame if same else None)


def _put(session: Session, slot: Slot, chosen: Slice, before: PlaneFrame | None) -> None:
    """Put the slot on the plane that is chosen; the held probe keeps its place on the screen."""
    shown, latent_dim = session.slot, slot.frame.latent_dim
    slot = session.displayed(slot)
    if not chosen.suits(latent_dim):
        chosen = Slice()
    if slot.frame.sliced:
        frame = frame_of(latent_dim, _spread(slot.points), chosen, before).shown_as(slot.frame.display)
        if not frame.same_as(slot.frame):
            slot = slot.on(frame, session.new_generation())
    probe = session.scene.probe
    if probe is not None and shown is not None and len(probe) == shown.frame.latent_dim == latent_dim:
        if slot.frame.sliced and shown.frame.sliced:
            place = (shown if slot.frame.parallel_to(shown.frame) else slot).frame.to_plane(np.array(probe))
            probe = tuple(slot.frame.to_z(place).tolist())
        elif slot.frame.kind != shown.frame.kind:
            probe = None  # a place on another kind of plane
    if slot.table is not (shown.table if shown is not None else None):
        probe = slot.table.middle if slot.table is not None else None  # its points lie anywhere, a model's around the origin
    session.put_slot(slot, slice=chosen, probe=probe)


def _spread(codes: Codes | None) -> Spread | None:
    return codes.spread if codes is not None else None


class SlicingFeature(QObject):
    """Turns what the panel asks for into planes. Made before the features that draw: they then hear of a plane that fits."""

    def __init__(self, session: Session, window: MainWindow) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        self._chosen, self._probe = session.scene.slice, session.scene.probe
        self._three = ThreePoints(session, window, self._through_points, self)
        self._shares: tuple[Codes, tuple[float, ...], tuple[float, float]] | None = None  # of variance, that were worked out last
        panel = window.slice
        panel.axesRequested.connect(self._set_axes)
        panel.coordinateRequested.connect(self._hold)
        panel.releaseRequested.connect(self._release)
        panel.meanRequested.connect(self._back_to_the_mean)
        panel.spreadRequested.connect(self._most_varying)
        panel.principalRequested.connect(self._principal)
        panel.pointsRequested.connect(self._through_points)
        session.slotChanged.connect(self._slot_changed)
        session.sceneChanged.connect(self._scene_changed)

    # Wishes

    def _lay(self, chosen: Slice) -> None:
        slot = self._session.slot
        if slot is not None and slot.frame.sliced:
            _put(self._session, slot, chosen, slot.frame)

    def _set_axes(self, x: int, y: int) -> None:
        self._lay(self._session.scene.slice.on(x, y))

    def _hold(self, axis: int, value: float) -> None:
        self._lay(self._session.scene.slice.hold(axis, value))

    def _release(self, axis: int) -> None:
        self._lay(self._session.scene.slice.release(axis))

    def _principal(self) -> None:
        """Along the two directions in which the codes vary most, as they lie now."""
        slot = self._session.slot
        codes = slot.points if slot is not None else None
        if codes is not None:
            self._lay(Slice(laid=laid("principal", PlaneFrame.principal(codes.z))))

    def _through_points(self) -> None:
        """Through three selected points, else through the last three pins, else through the next three points that are clicked."""
        slot, scene = self._session.slot, self._session.scene
        if slot is None or not slot.frame.sliced:
            return
        if self._three.on:
            self._three.leave()
            return
        pins = [pin.z for pin in scene.pins if len(pin.z) == slot.frame.latent_dim]
        if scene.selection is not None and len(scene.selection.rows) == 3 and slot.points is not None:
            places = slot.points.z[scene.selection.rows].astype(np.float64)
        elif len(pins) >= 3:
            places = np.array(pins[-3:])
        else:
            self._three.begin()
            return
        try:
            frame = PlaneFrame.through(places)
        except ValueError as error:
            self._session.notice(f"No plane is laid: {error}.", trouble=True)
            return
        chosen = Slice(laid=laid("points", frame))
        if chosen == scene.slice:
            self._three.begin(AGAIN)
        else:
            self._lay(chosen)

    def _back_to_the_mean(self) -> None:
        self._lay(Slice(self._session.scene.slice.axes))

    def _most_varying(self) -> None:
        slot = self._session.slot
        spread = _spread(slot.points) if slot is not None else None
        if spread is not None:
            x, y = spread.order[:2].tolist()
            self._set_axes(x, y)

    # What others did

    def _slot_changed(self, slot: Slot) -> None:
        frame = slot.frame
        axes = slot.table.coordinates if slot.table is not None else tuple(f"z[{axis}]" for axis in range(frame.latent_dim))
        names = (axes[0], "") if frame.latent_dim == 1 else tuple(axes[axis] for axis in frame.pair or (0, 1))
        if frame.kind == "sphere":
            names = ("", "")
        short = ("", "")
        if frame.sliced and frame.pair is None:
            names = short = self._principal_names(slot)
            if self._laid_as != "principal":
                names, short = THROUGH, THROUGH_SHORT
        self._window.plane.set_axes(*names)
        self._window.set_sliceable(frame.sliced)
        if frame.sliced:
            spread = _spread(slot.points) or spread_of(np.zeros((0, frame.latent_dim)))
            held = frozenset(axis for axis, _ in self._session.scene.slice.held)
            model = slot.handle.id if slot.handle is not None else slot.name
            self._window.slice.set_slice(model, frame, spread, held, in_training=slot.in_training, laid=self._laid_as, names=short)

    def _principal_names(self, slot: Slot) -> tuple[str, str]:
        """With the share of the codes' whole variance that lies along each."""
        codes, directions = slot.points, slot.frame.directions
        if codes is None:
            return "PC 1", "PC 2"
        key = tuple(directions.ravel().tolist())
        if self._shares is None or self._shares[0] is not codes or self._shares[1] != key:
            self._shares = codes, key, variance_shares(codes.z, directions)
        first, second = (f"PC {k} ({share:.0%})" for k, share in enumerate(self._shares[2], 1))
        return first, second

    @property
    def _laid_as(self) -> str:
        """What kind of plane the person has laid; "" for one along axes."""
        plane = self._session.scene.slice.laid
        return "" if plane is None else plane.name

    def _scene_changed(self, scene: Scene) -> None:
        """A slice or a probe that did not come from here, such as by an undo: the plane goes there."""
        slot = self._session.slot
        moved, put = scene.slice != self._chosen, scene.probe != self._probe
        self._chosen, self._probe = scene.slice, scene.probe
        if slot is None or not slot.frame.sliced:
            return
        frame = slot.frame
        if moved and not (scene.slice.suits(frame.latent_dim) and self._plane_of(slot, scene.slice).same_as(frame)):
            self._lay(scene.slice)
        elif put and scene.probe is not None and len(scene.probe) == frame.latent_dim:
            z = np.array(scene.probe)
            if np.abs(frame.foot(z) - z).max() > ON_THE_PLANE:
                self._lay(scene.slice.through(frame, z))

    def _plane_of(self, slot: Slot, chosen: Slice) -> PlaneFrame:
        frame = frame_of(slot.frame.latent_dim, _spread(slot.points), chosen, slot.frame)
        return frame.shown_as(slot.frame.display)
