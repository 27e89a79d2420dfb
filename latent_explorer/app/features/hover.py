"""The point under the pointer: a ring at once, and after a moment's rest a card of what is known of it.

Finding it takes a look into the index, in the GUI thread; the points are not painted anew. The decoder's picture for the card comes
from the probe's lane, and the card does not wait for it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, QTimer

from latent_explorer.app.features.indexing import IndexFeature
from latent_explorer.app.features.probe import ProbeFeature
from latent_explorer.app.session import Session
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.families import Family
from latent_explorer.core.palette import apply_grey_map, class_colour
from latent_explorer.core.plane.neighbours import images_of
from latent_explorer.core.plane.values import given_class, note_on, pixels_of
from latent_explorer.core.scene import Camera, Scene
from latent_explorer.core.types import Codes, DecodeRequest, DecodeResult, Images, Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.picture import to_qimage
from latent_explorer.views.plane.mode_bar import LINES
from latent_explorer.views.plane.pointed import PICK, STILL
from latent_explorer.views.point_card import CardContent
from latent_explorer.views.text import signed
from latent_explorer.workers.decoding import decode
from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.task import Context, Task

REST_MS = 125  # of the pointer on one point, before its card comes
NAMES = {
    "elbo": "ELBO", "kl": "KL", "reconstruction": "Reconstruction", "error": "Error", "mse": "Squared error", "ll": "log p(x)",
    "grey_score": "Grey score", "width": "Posterior width", "kl_top": "KL, upper level (nats)", "kl_lower": "KL, lower level (nats)",
    "kappa": "Concentration kappa",
}  # fmt: skip
IN_NATS = frozenset({"elbo", "kl", "reconstruction", "ll", "grey_score", "kl_top", "kl_lower"})
MOST_LINES = 6


class HoverFeature(QObject):
    """Follows the pointer from point to point."""

    def __init__(self, session: Session, window: MainWindow, lane: NewestLane, index: IndexFeature, probe: ProbeFeature) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self._index, self._probe = index, probe
        self.row: int | None = None  # of the codes, under the ring
        self._place: tuple[float, float] | None = None  # the ring's, plane coordinates
        self._pointer: tuple[float, float] | None = None
        self._selecting = False  # a line around points has just ended, and the pointer has not been anywhere since
        self._ended: tuple[float, float] | None = None  # where the pointer was then
        self._camera: Camera | None = None
        self._condition: int | None = None  # the class whose plane is shown
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._show_card)
        plane = window.plane
        plane.planePointPicked.connect(self._move)
        plane.pointerLeft.connect(self._leave)
        plane.handDown.connect(self._leave)
        plane.areaPicked.connect(self._area_picked)
        plane.modes.modePicked.connect(self._mode_picked)
        plane.cardRequested.connect(self._toggle)
        plane.escapePressed.connect(plane.card.hide)
        index.indexed.connect(self._look_again)
        index.visibleChanged.connect(self._look_again)
        session.sceneChanged.connect(self._scene_changed)
        session.datasetChanged.connect(self._look_again)
        session.slotChanged.connect(self._slot_changed)

    def _move(self, slot_id: int, x: float, y: float) -> None:
        self._pointer = x, y
        moved = self._selecting and self._gone_on(x, y)
        if moved:
            self._selecting = False
        row = self.pointed(x, y)
        if moved and row is not None and row == self.row:
            self._wait()
        self._set_row(row)

    def _area_picked(self) -> None:
        """Where a hand has just selected, the points are to be seen, and no card over them."""
        self._selecting, self._ended = True, None
        self._rest.stop()

    def _gone_on(self, x: float, y: float) -> bool:
        """Whether the pointer has left the place where a selection ended."""
        if self._ended is None:
            self._ended = x, y
        return max(abs(x - self._ended[0]), abs(y - self._ended[1])) > STILL * self._window.plane.unit

    def _mode_picked(self, mode: str) -> None:
        """A tool that selects has no use for a card."""
        if mode in LINES:
            self._rest.stop()
            self._window.plane.card.hide()

    def _wait(self) -> None:
        """The card comes after a moment's rest, but not in the way of a hand that selects."""
        if not self._selecting and self._window.plane.modes.mode not in LINES:
            self._rest.start()

    def nearest(self, x: float, y: float, pixels: float) -> int | None:
        """The row of the nearest point that can be seen within so many pixels of a place."""
        shown = self._index.shown
        if shown is None or not self._session.scene.layers.points:
            return None
        return shown.index.nearest(x, y, pixels * self._window.plane.unit, self._index.visible)

    def pointed(self, x: float, y: float) -> int | None:
        """The row of the image that covers a place, else of the nearest point that a pointer there means."""
        covering, visible = self._window.plane.image_under(x, y), self._index.visible
        if covering is not None and self._index.shown is not None and (visible is None or visible[covering]):
            return covering
        return self.nearest(x, y, PICK)

    def _leave(self) -> None:
        self._pointer = None
        self._set_row(None)

    def _look_again(self) -> None:
        """The points have changed under the pointer."""
        self.row = None
        if self._pointer is None:
            self._set_row(None, anew=True)
        else:
            self._set_row(self.pointed(*self._pointer), anew=True)

    def point_at(self, row: int) -> None:
        """Put the ring around a point, wherever the pointer is."""
        self._set_row(row, anew=True)

    def _set_row(self, row: int | None, *, anew: bool = False) -> None:
        shown = self._index.shown
        place = None if row is None or shown is None else shown.index.place(row, self._looked_at())
        if (row, place) == (self.row, self._place) and not anew:
            return
        self.row, self._place = row, place
        if row is None or shown is None or place is None:
            self._rest.stop()
            self._window.plane.set_hover(None)
            return
        by_class = self._session.scene.layers.point_colour == "class"
        self._window.plane.set_hover(place, class_colour(int(shown.codes.labels[row])) if by_class else "#ffffff")
        self._wait()

    def _looked_at(self) -> tuple[float, float]:
        """The place whose surroundings are meant: of points that come again, the copy there has the ring."""
        camera = self._session.scene.camera
        return (camera.x, camera.y) if self._pointer is None else self._pointer

    def _scene_changed(self, scene: Scene) -> None:
        if scene.camera != self._camera:  # the card's point lies elsewhere on the screen now
            self._camera = scene.camera
            if self._window.plane.card.isVisible():
                self._window.plane.card.hide()
                self._wait()

    def _slot_changed(self, slot: Slot) -> None:
        """What the card says was said on the plane of another class."""
        if slot.condition != self._condition:
            self._condition = slot.condition
            self._rest.stop()
            self._window.plane.card.hide()

    def _toggle(self) -> None:
        """By the keyboard: the card of the point nearest to the probe, or away with it."""
        slot, z = self._session.slot, self._probe.where()
        if self._window.plane.card.isVisible():
            self._set_row(None)
        elif slot is not None and z is not None:
            x, y = slot.frame.to_plane(np.array(z)).tolist()
            row = self.nearest(x, y, max(self._window.plane.width(), self._window.plane.height()))
            self._set_row(row, anew=True)
            self._rest.stop()
            self._show_card()

    # The card

    def _show_card(self) -> None:
        shown, slot, row, place = self._index.shown, self._session.slot, self.row, self._place
        if shown is None or slot is None or row is None or place is None:
            return
        codes = shown.codes
        dataset = self._session.dataset_of(slot)
        images = None if dataset is None else images_of(codes, (row,), dataset)
        note = "" if images is not None or slot.handle is None else self._why(slot)
        label = int(codes.labels[row])
        if slot.condition is not None and label not in (-1, slot.condition):
            note = f"{note} Decoded as its own class, {slot.class_name(label)}.".strip()
        layers = self._session.scene.layers
        image = None if images is None else to_qimage(self._mapped(images[0]))
        lines = lines_of(codes, row, _facts(slot), pixels_of(config_of(slot), None if dataset is None else dataset.images))
        content = CardContent(title_of(codes, row, slot), lines, image, None, note, layers.smooth)
        self._window.plane.show_card(content, place)
        if slot.handle is not None and slot.decodes:
            request = slot.ask(codes.z[row : row + 1], codes.labels[row : row + 1])
            work, done = partial(_decode, request), partial(self._decoded, codes, row)
            self._lane.submit(Task("", work, done, torch=request.quick is None, kind="card"))

    def _why(self, slot: Slot) -> str:
        name = slot.data.name if slot.data is not None and slot.data.name else "its data set"
        return f"Its image is not here: {name} is not open."

    def _decoded(self, codes: Codes, row: int, result: DecodeResult) -> None:
        slot, card = self._session.slot, self._window.plane.card
        shown = self._index.shown
        place = self._place
        if slot is None or shown is None or shown.codes is not codes or row != self.row or not card.isVisible() or card.content is None:
            return
        if place is not None and slot.takes(result.request.generation):
            self._window.plane.show_card(replace(card.content, decoded=to_qimage(self._mapped(result.images[0]))), place)

    def _mapped(self, image: Images) -> Images:
        grey_map = self._session.scene.layers.grey_map
        return apply_grey_map(image, grey_map) if image.shape[2] == 1 and grey_map != "grey" else image


def class_word(label: int, slot: Slot) -> str:
    """The class's name, "" for none."""
    return "" if label < 0 else slot.class_name(label)


def title_of(codes: Codes, row: int, slot: Slot) -> str:
    """Class and number of the image."""
    word, number = class_word(int(codes.labels[row]), slot), f"{int(codes.index[row]):,}"
    noun = "image" if slot.table is None else "row"
    return f"Class {word} · {noun} {number}" if word else f"{noun.capitalize()} {number}"


def config_of(slot: Slot) -> ModelConfig | None:
    """Its model's; None for a table."""
    return None if slot.handle is None else slot.handle.architecture


def _facts(slot: Slot) -> Family | None:
    return None if slot.handle is None else slot.handle.architecture.facts


def name_of(name: str, codes: Codes, facts: Family | None, pixels: str = "") -> str:
    """A column's short name for people; ``facts`` are the model's, None where there is none; ``pixels``: `core.plane.values.pixels_of`."""
    words = "log p(x | class)" if name == "ll" and given_class(codes, facts) else NAMES.get(name, name)
    return words + note_on(name, pixels)


def lines_of(codes: Codes, row: int, facts: Family | None = None, pixels: str = "") -> tuple[str, ...]:
    """What the codes say of it besides; parameters as of `name_of`."""
    single = [(name, values) for name, values in codes.columns.items() if values.ndim == 1]
    return tuple(_line(name, name_of(name, codes, facts, pixels), float(values[row])) for name, values in single[:MOST_LINES])


def _line(column: str, name: str, value: float) -> str:
    """A name and its number, with the unit at the number."""
    if column in IN_NATS:
        return f"{name.removesuffix(' (nats)')} {signed(value)} nats"
    return f"{name} {_number(value)}"


def _number(value: float) -> str:
    """Whole numbers, as counts and years, without decimals."""
    return signed(value, 0) if value.is_integer() else signed(value)


def _decode(request: DecodeRequest, context: Context) -> DecodeResult:
    return decode(request)
