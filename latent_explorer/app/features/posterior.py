"""The exact posterior of one image: which image is asked about, and what is shown of the answer besides its field.

The image is the point that was selected last, the decoder's picture of the pin where the probe is held, or a person's own picture
(`pictures.py`). Its field is drawn by `FieldsFeature`; what the encoder says of the same image follows in the same lane.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, Signal

from latent_explorer.app.features.fields import FieldsFeature
from latent_explorer.app.features.hover import HoverFeature, title_of
from latent_explorer.app.features.posterior_marks import Marks, lines_of, marks_of, nearest_copy
from latent_explorer.app.features.posterior_words import parts_told
from latent_explorer.app.features.probe import ProbeFeature
from latent_explorer.app.session import Session
from latent_explorer.core.nn.exact.grids import why_not
from latent_explorer.core.occlusion import WHOLE, known_pixels
from latent_explorer.core.plane.field import POSTERIOR
from latent_explorer.core.plane.neighbours import images_of
from latent_explorer.core.plane.pins import pin_at
from latent_explorer.core.plane.posterior_places import longest, next_window, rectangles
from latent_explorer.core.posterior import Posterior, score_of
from latent_explorer.core.scene import Camera, Rows, Scene
from latent_explorer.core.types import ImageDataset, Images, Labels, Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.posterior_panel import PosteriorFigures
from latent_explorer.views.text import signed
from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.posterior import Comparison, Finding, Subject, compare
from latent_explorer.workers.task import Context, Task

NOTHING = (
    "Select a point (Shift + click, or S for the one at the probe), go to a pin, or drop a picture of your own on the window:"
    " the exact posterior of the image is shown."
)
DECODED = "Its image is not on this computer, so the decoder's picture of its code is asked about."
COMPUTING = "The decoder is asked at all nodes of the grid; it is quicker the next time."
HIDDEN = (
    "The encoder sees whole images only, so it has no ellipses and there is no ELBO while pixels are hidden;"
    " the small ring is where it puts the whole image."
)
NO_ENCODER = "The model has no encoder: the posterior follows from its decoder and the prior alone."
NOT_NORMAL = "The encoder's posterior is not a normal one, and its gap is not worked out."
POINTS = "The encoder gives points without a width, so there is no posterior of its own to compare."
RING = "The small ring is where it puts the image."
ELLIPSES = "The ellipses are the encoder's, with 68% and (dashed) 95% of its q around its mean, the small ring."
DRAFT = "A first look: it is narrower than the grid's cells, which are being divided."
NARROW = "Too narrow to be seen at this zoom: Zoom to it."
NARROW_PARTS = "Its parts are too narrow to be seen at this zoom: Zoom to it shows them all, and then one after the other."
LEAST_SEEN = 6.0  # pixels of the screen: what is narrower looks like a point
ROOM = 1.15  # times what is to be seen is the window
GLOBE = 2.2  # units of the window that shows all of one
NONE = np.zeros(0, np.int64)
GREY = np.full(1, 128, np.uint8)


@dataclass(frozen=True, eq=False)
class Own:
    """A person's own picture in the shape of the model's images, uint8 (H, W, C); ``inverted`` is None where it cannot be."""

    title: str
    image: Images
    inverted: bool | None


class PosteriorFeature(QObject):
    """Follows selection and pins while the field is the exact posterior. Signals: zoomed(), the plane was moved by a wish."""

    zoomed = Signal()  # Qt's manner

    def __init__(
        self, session: Session, window: MainWindow, lane: NewestLane, fields: FieldsFeature, hover: HoverFeature, probe: ProbeFeature
    ) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self._fields, self._hover, self._probe = fields, hover, probe
        self._row: int | None = None  # of the codes
        self._pin: int | None = None  # its number, where a pin was gone to last
        self.own: Own | None = None
        self._own_waits = False  # for its mode, where the probe is put
        self._part = WHOLE
        self._before = session.scene
        self._subject: Subject | None = None
        self._finding: Finding | None = None
        self._whole: Finding | None = None  # the last that was no draft
        self._marks: Marks | None = None  # as they are drawn
        self._compared: Comparison | None = None
        self._narrow = False  # so the panel says
        self._raise = False  # the panel, for an image that was pointed at
        fields.answered.connect(self._answered)
        window.posterior.partRequested.connect(self._set_part)
        window.posterior.zoomRequested.connect(self.zoom)
        window.selection.rowPicked.connect(self.ask_about_row)
        window.wish.connect(self._wished)
        session.slotChanged.connect(self._slot_changed)
        session.sceneChanged.connect(self._scene_changed)
        session.datasetChanged.connect(self._dataset_changed)

    @property
    def settled(self) -> bool:
        """Whether all that is known of the shown posterior is in the panel."""
        return self._finding is None or self._known(self._finding) is not None

    # Wishes

    def _wished(self, wish: str) -> None:
        if wish == "posterior":
            self.toggle()

    def toggle(self) -> None:
        """Show the exact posterior of what is selected, else of the point nearest to the probe; or take it away."""
        layers, slot = self._session.scene.layers, self._session.slot
        if layers.field == POSTERIOR:
            self._session.set_scene(layers=replace(layers, field=""))
            return
        reason = self._reason(slot)
        if reason:
            self._session.notice(reason, trouble=True)
            return
        if self._row is None and self._pin is None and self.own is None:
            self._select_nearest()
        self._switch_on()

    def _switch_on(self) -> None:
        layers = self._session.scene.layers
        self._session.set_scene(layers=replace(layers, field=POSTERIOR, field_opacity=layers.field_opacity or 0.6))

    def show_own(self, own: Own, *, anew: bool) -> None:
        """Ask about a person's own picture; when it is a new one, the field is switched on and the probe goes to its mode."""
        self._ask_about(own=own)
        self._own_waits = anew
        if anew:
            self._part = WHOLE  # what was hidden was hidden of another image
            self._switch_on()
            self._raise = True
        self._look()

    def _ask_about(self, row: int | None = None, pin: int | None = None, own: Own | None = None) -> None:
        """One of the three, or nothing."""
        self._row, self._pin, self.own = row, pin, own

    def _reason(self, slot: Slot | None) -> str:
        """Why there is no exact posterior; "" where there is."""
        if slot is None or slot.handle is None:
            return "Only a model that is open has posteriors; open one first."
        return why_not(slot.handle.architecture)

    def _select_nearest(self) -> None:
        slot, z = self._session.slot, self._probe.where()
        if slot is None or z is None:
            return
        x, y = slot.frame.to_plane(np.array(z)).tolist()
        row = self._hover.nearest(x, y, max(self._window.plane.width(), self._window.plane.height()))
        if row is not None:
            self._session.set_scene(selection=Rows(np.array([row], np.int64)))

    def _set_part(self, part: str) -> None:
        self._part = part
        self._look()

    def zoom(self) -> None:
        """Move the plane to the posterior that is shown; from all of several parts to one after the other."""
        finding, slot = self._finding, self._session.slot
        if finding is None or slot is None:
            return
        plane, now = self._window.plane, self._session.scene.camera
        places = rectangles(self._telling(finding), slot.frame).tolist()
        choices = [plane.camera_around(low, high, ROOM) for low, high in places] or [Camera(0.0, 0.0, GLOBE)]
        if slot.frame.kind == "torus":
            choices = [nearest_copy(one, now) for one in choices]
        plane.set_camera(next_window(choices, now))
        self.zoomed.emit()

    def ask_about_row(self, row: int) -> None:
        """Of all points that are selected, this one."""
        self._ask_about(row=row)
        self._look()

    # Which image

    def _scene_changed(self, scene: Scene) -> None:
        before, self._before = self._before, scene
        self._window.posterior.set_look(scene.layers.smooth, scene.layers.grey_map)
        if scene.selection is not before.selection:
            now, old = _rows(scene), _rows(before)
            new = np.setdiff1d(now, old)
            if len(new):
                self._ask_about(row=int(new[0]))
                self._raise = len(new) == 1  # one that was pointed at, and not what a line went around
            elif self._row is not None and self._row not in now:
                self._row = int(now[0]) if len(now) else None
        if scene.probe != before.probe or scene.pins != before.pins:
            pin = pin_at(scene.pins, scene.probe)
            if pin is not None and scene.probe != before.probe:
                self._ask_about(pin=pin.number)
                self._raise = True
            elif self._pin is not None and all(other.number != self._pin for other in scene.pins):
                self._pin = None
        self._look()
        finding = self._finding
        if finding is not None and self._subject is finding.subject and self._narrow != self._too_narrow(finding):
            self._tell(finding)  # the zoom is another
        slot = self._session.slot
        if finding is not None and slot is not None and slot.frame.kind == "torus" and scene.camera != before.camera:
            compared = self._known(finding)
            if self._marks_now(finding, compared, slot) != self._marks:
                self._draw(finding, compared)  # another copy is the nearest one

    def _slot_changed(self, slot: Slot) -> None:
        codes = slot.points
        if self._row is not None and (codes is None or self._row >= len(codes.z)):
            self._row = None
        self._look()

    def _dataset_changed(self, dataset: ImageDataset | None) -> None:
        self._look()

    def _look(self) -> None:
        """What is asked about now; the same image is not asked about again."""
        slot = self._session.slot
        offered = not self._reason(slot)
        shown = offered and self._session.scene.layers.field == POSTERIOR
        self._window.set_posterior(shown)
        if not shown or slot is None:
            self._subject = None
            self._fields.set_subject(None)
            self._raise = False
            return
        if self._raise:
            self._raise = False
            self._window.raise_posterior()
        subject = self._subject_in(slot)
        if subject is not None and subject.same_as(self._subject):
            return
        self._subject = subject
        panel = self._window.posterior
        panel.set_part(self._part)
        panel.set_inverted(None if self.own is None or subject is None else self.own.inverted)
        if subject is None:
            panel.set_subject("", NOTHING)
        else:
            panel.set_subject(subject.title, COMPUTING if self._finding is None else self._words(self._finding))
            panel.set_image(subject.image, None if subject.image is None else known_pixels(subject.part, *subject.image.shape[:2]))
            panel.set_expected(None)
            panel.set_figures(awaited(slot, subject))
        if self._finding is not None:
            self._draw(self._finding, self._known(self._finding))  # small crosses only over the image's own field
        self._fields.set_subject(subject)

    def _subject_in(self, slot: Slot) -> Subject | None:
        codes = slot.points
        if self.own is not None:
            fits = slot.handle is not None and self.own.image.shape == slot.handle.architecture.image_shape
            return Subject(self.own.title, self.own.image, None, self._part, slot.condition) if fits else None
        if self._pin is not None:
            pin = next((pin for pin in self._session.scene.pins if pin.number == self._pin), None)
            if pin is not None and len(pin.z) == slot.frame.latent_dim:
                name = f" · {pin.name}" if pin.name else ""
                return Subject(f"Pin {pin.number}{name}, decoded", None, np.array(pin.z, np.float32), self._part, slot.condition)
        if self._row is None or codes is None or self._row >= len(codes.z):
            return None
        dataset = self._session.dataset_of(slot)
        images = None if dataset is None else images_of(codes, (self._row,), dataset)
        image = None if images is None else images[0]
        z = codes.z[self._row] if image is None else None
        return Subject(title_of(codes, self._row, slot), image, z, self._part, class_told(slot, int(codes.labels[self._row])))

    # What is known of it

    def _answered(self, finding: Finding | None) -> None:
        self._finding, slot = finding, self._session.slot
        if finding is None or not finding.posterior.draft:
            self._whole = finding
        if finding is None or slot is None:
            self._window.plane.set_posterior(None)
            return
        panel = self._window.posterior
        self._tell(finding)
        panel.set_image(finding.image, finding.mask)
        if not (finding.posterior.draft and finding.posterior.narrow):  # else they would be wrong
            figures = figures_of(finding, None)
            if self._telling(finding) is not finding.posterior:
                figures = replace(figures, width="")  # stays as it was: a draft cannot tell those of the main part
            panel.set_figures(figures, faint=finding.posterior.draft)
        self._draw(finding, None)
        if finding.posterior.draft:
            return  # the whole of it follows with the next, finer field
        if self._own_waits and self.own is not None and finding.subject.image is self.own.image:
            self._own_waits = False
            self._probe.put(tuple(finding.posterior.mode.tolist()))
        self._lane.submit(Task("", partial(_compare, finding), self._compare_done, kind="posterior"))

    def _compare_done(self, compared: Comparison) -> None:
        finding = compared.finding
        if finding is not self._finding:
            return  # another image was asked about
        self._compared = compared
        self._tell(finding)
        self._window.posterior.set_expected(compared.expected)
        self._window.posterior.set_figures(figures_of(finding, compared))
        self._draw(finding, compared)

    def _draw(self, finding: Finding, compared: Comparison | None) -> None:
        slot = self._session.slot
        if slot is None:
            return
        self._marks = self._marks_now(finding, compared, slot)
        mode, place, others = self._marks
        self._window.plane.set_posterior(mode, lines_of(finding, compared, slot.frame), place, others)

    def _marks_now(self, finding: Finding, compared: Comparison | None, slot: Slot) -> Marks:
        parts = self._telling(finding) if finding.subject is self._subject else None  # else they would be taken for another image's
        return marks_of(finding.posterior, parts, compared, slot.frame, self._session.scene.camera)

    def _known(self, finding: Finding) -> Comparison | None:
        """What is known besides."""
        return self._compared if self._compared is not None and self._compared.finding is finding else None

    def _telling(self, finding: Finding) -> Posterior:
        """Whose parts and widths are told: of a draft, which has no parts, those of the whole answer before on the same image."""
        whole = self._whole
        earlier = finding.posterior.draft and whole is not None and whole.subject is finding.subject
        return whole.posterior if earlier and whole is not None else finding.posterior

    def _tell(self, finding: Finding) -> None:
        self._narrow = self._too_narrow(finding)
        self._window.posterior.set_subject(finding.subject.title, self._words(finding))

    def _too_narrow(self, finding: Finding) -> bool:
        """Whether two standard deviations to both sides, along the longest axis, are too few pixels; of all parts, if there are several."""
        slot, found = self._session.slot, self._telling(finding)
        if slot is None or slot.frame.latent_dim != len(found.mode):
            return False
        pixels = min(self._window.plane.window_pixels()) / self._session.scene.camera.span
        return longest(found, slot.frame) * pixels < LEAST_SEEN  # NaN behind a globe: it is another thing to say

    def _words(self, finding: Finding) -> str:
        """What there is to know of how it was computed."""
        found, telling, words = finding.posterior, self._telling(finding), []
        if finding.subject is self._subject:  # else the title is another image's already
            narrow = (NARROW_PARTS if len(telling.parts) > 1 else NARROW) if self._narrow else ""
            words = [part for part in (narrow, parts_told(telling.parts, telling.stray)) if part]
        if finding.subject.condition is not None and self._session.slot is not None:
            words.append(f"Given class {self._session.slot.class_name(finding.subject.condition)}.")
        if finding.subject.image is None and self._pin is None:
            words.append(DECODED)
        if found.draft and found.narrow:
            words.append(DRAFT)
        elif found.refined:
            words.append("It is narrower than the grid's cells, so those that count were divided further.")
        elif found.narrow:
            words.append("It is narrower than the grid's cells, so the figures may be off.")
        words.extend(part for part in (found.note,) if part)
        compared = self._known(finding)
        if compared is not None and compared.mean is None:
            words.append(no_gap(finding))
            words.extend((RING,) if compared.place is not None else ())
        else:
            words.append(ELLIPSES if finding.mask is None else HIDDEN)
        return " ".join(words)


def awaited(slot: Slot, subject: Subject) -> PosteriorFigures:
    """Which figures there will be, before any has come: no name changes when they do."""
    if slot.handle is None:
        return PosteriorFigures()
    config, image = slot.handle.architecture, subject.image
    if image is None:  # a decoder's picture is grey
        return PosteriorFigures(score_of(config, GREY), encoder=config.facts.encoder)
    mask = known_pixels(subject.part, *image.shape[:2])
    return PosteriorFigures(score_of(config, image if mask is None else image[mask]), encoder=config.facts.encoder)


def figures_of(finding: Finding, compared: Comparison | None) -> PosteriorFigures:
    """The panel's numbers, those of the encoder when they have come."""
    found = finding.posterior
    widths = np.sqrt(np.maximum(np.linalg.eigvalsh(found.spread), 0))[::-1]
    figures = PosteriorFigures(
        score=found.score,
        evidence=f"{signed(found.log_evidence, 2)} nats",
        mode=", ".join(signed(float(value), 3) for value in found.mode),
        width=", ".join(signed(float(value), 3) for value in widths[: 2 if found.space != "line" else 1]),
        encoder=finding.handle.architecture.facts.encoder,
    )
    if compared is None:
        return figures
    if math.isnan(compared.elbo):
        why = no_gap(finding) if compared.mean is None else HIDDEN
        return replace(figures, elbo="none", gap="none", why=why)
    evidence = f"{signed(compared.evidence, 2)} nats"
    return replace(figures, evidence=evidence, elbo=f"{signed(compared.elbo, 2)} nats", gap=f"{signed(compared.gap, 2)} nats")


def class_told(slot: Slot, label: int) -> int | None:
    """The class that a conditional model is told of an image: its own, and where that is not known, the one whose plane is shown."""
    known = slot.handle is not None and 0 <= label < (slot.handle.architecture.classes or 0)
    return label if slot.conditional and known else slot.condition


def no_gap(finding: Finding) -> str:
    """Why the encoder is not compared with the exact posterior."""
    facts = finding.handle.architecture.facts
    return NO_ENCODER if not facts.encoder else NOT_NORMAL if facts.spread else POINTS


def _rows(scene: Scene) -> Labels:
    return NONE if scene.selection is None else scene.selection.rows


def _compare(finding: Finding, context: Context) -> Comparison:
    return compare(finding)
