"""Fields under the points: computed for the visible window at the screen's resolution, coarse to fine."""

from __future__ import annotations

import math
import time
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from latent_explorer.app.session import Session
from latent_explorer.core.nn.exact.grids import why_not
from latent_explorer.core.plane.cells import Rectangle, cells_for
from latent_explorer.core.plane.field import POSTERIOR, PlaneField, kinds_for, split_name
from latent_explorer.core.scene import Scene, unseen_classes
from latent_explorer.core.types import DataReference, Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.field_wish import Content, FieldAnswer, Wish
from latent_explorer.workers.fields import Survey
from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.posterior import Subject
from latent_explorer.workers.task import Task

COARSE = 8  # pixels of the screen in a cell of the first picture, and
MARGIN = 0.25  # how far it reaches beyond the window, as a part of it: something is there while the plane is moved
# Sides of cells of the pictures that follow. Where there are several, they go on only while it is quick enough.
FINER = {
    "holes": (2,), "regions": (4, 2), "sensitivity": (16, 8, 4, 2), "information": (16, 8, 4, 2), POSTERIOR: (4, 2, 1),
}  # fmt: skip
USUAL = (1,)
COARSE_MODEL = 32  # of fields that take decodes
LONGEST, LONGEST_TRAINING = 3.0, 0.5  # seconds for one picture, as far as can be told from the one before
SHARE = 10  # while training, a field costs at most one part in so many of the time
NO_MODEL = "A table of codes has no decoder, so no image has a posterior."
REST = 0.3  # seconds from one snapshot's field to the next, at least


class FieldsFeature(QObject):
    """One wish at a time in the compute lane.

    What the person does is answered at once: what was asked for before is dropped. Snapshots of a model in training wait until
    the field before is complete and has rested. What is shown stays, stretched to its place, until newer numbers are there;
    another kind of field, another model or other axes take it away at once.

    Signals: answered(Finding or None) of a posterior, when its field is shown or has gone.
    """

    answered = Signal(object)  # Qt's manner

    def __init__(self, session: Session, window: MainWindow, lane: NewestLane) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self._survey = Survey()
        self._wish: Wish | None = None  # that is being computed
        self._view: tuple[Rectangle, tuple[int, int]] | None = None  # for which window, plane units and pixels
        self._content: Content | None = None  # of the newest wish
        self._shown: Content | None = None
        self._fields: tuple[PlaneField, ...] = ()
        self._todo: tuple[int, ...] = ()  # sides of the cells of the pictures to come
        self._spent = 0.0  # seconds for the pictures of this content so far
        self._next_snapshot = -math.inf
        self._subject: Subject | None = None  # of a posterior
        self._finding: object = None  # of the posterior that is shown
        self._offer: tuple[tuple[str, ...], frozenset[int], DataReference | None] = (), frozenset(), None  # fields, classes, data
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._ask)
        session.slotChanged.connect(self._slot_changed)
        session.sceneChanged.connect(self._scene_changed)
        session.runStateChanged.connect(self._ask)
        window.plane.cameraPicked.connect(self._ask)

    @property
    def settled(self) -> bool:
        """Whether the newest wish is what is shown, as finely as it will be."""
        return self._wish is None and not self._turn.isActive()

    def set_subject(self, subject: Subject | None) -> None:
        """The image whose posterior is shown where that is the field."""
        if subject is not self._subject:
            self._subject = subject
            self._ask()

    def _slot_changed(self, slot: Slot) -> None:
        codes = slot.points
        counts = codes.class_counts if codes is not None else np.zeros(0, np.int64)
        reason = why_not(slot.handle.architecture) if slot.handle is not None else NO_MODEL
        kinds = kinds_for(slot) if reason else (POSTERIOR, *kinds_for(slot))
        self._window.layers.field.set_reason(reason)
        offer = kinds, frozenset(np.flatnonzero(counts).tolist()), slot.data
        if offer != self._offer:
            self._offer = offer
            classes = {label: slot.class_name(label) for label in sorted(offer[1])}
            self._window.layers.field.set_offer(offer[0], classes)
        self._ask()

    def _scene_changed(self, scene: Scene) -> None:
        self._ask()

    def _wanted(self) -> Content | None:
        slot, scene = self._session.slot, self._session.scene
        kind, label = split_name(scene.layers.field)
        kinds, classes, _ = self._offer
        if slot is None or kind not in kinds or scene.layers.field_opacity == 0 or (label >= 0 and label not in classes):
            return None
        if kind in ("sensitivity", "information", POSTERIOR) and not slot.ready:
            return None  # comes with the networks
        if kind == POSTERIOR:
            return None if self._subject is None else Content(POSTERIOR, slot, subject=self._subject)
        return Content(scene.layers.field, slot, scene.hidden_classes | unseen_classes(scene, slot), scene.shown, scene.concealed)

    def _ask(self) -> None:
        self._turn.stop()
        content = self._wanted()
        if content is None:
            self._stop()
            self._clear()
            return
        if self._shown is not None and not self._shown.stands_for(content):
            self._clear()
        plane = self._window.plane
        view = plane.window_rectangle(), plane.window_pixels()
        if content.same_as(self._content) and view == self._view:
            return
        if view == self._view and self._content is not None and self._by_itself(content):
            # Only the model in training has gone on: it waits until the field before is complete, and has rested.
            rest = self._next_snapshot - time.monotonic()
            if self._wish is None and rest > 0:
                self._turn.start(math.ceil(1000 * rest))
            if self._wish is not None or rest > 0:
                return
        if not content.same_as(self._content):
            self._spent = 0.0
        self._content, self._view = content, view
        kind = split_name(content.name)[0]
        sizes = FINER.get(kind, USUAL)
        coarse = COARSE_MODEL if kind in ("sensitivity", "information") else COARSE
        step = view[0][2] / max(1, view[1][0])  # of a pixel
        below = self._fields[0] if self._fields and content.same_as(self._shown) else None
        kept = below is not None and below.covers(view[0]) and below.step < 1.5 * coarse * step
        self._todo = sizes if kept else (coarse, *sizes)
        self._go_on()

    def _by_itself(self, content: Content) -> bool:
        """Whether nothing that the person arranged makes a content another one, but training alone."""
        before = self._content
        assert before is not None
        chosen = (before.hidden, before.shown, before.concealed) == (content.hidden, content.shown, content.concealed)
        chosen = chosen and before.subject is content.subject
        return self._session.run_state == "running" and chosen and before.stands_for(content)

    def _go_on(self) -> None:
        """The next picture."""
        assert self._content is not None and self._view is not None
        self._stop()
        size, *rest = self._todo
        self._todo = tuple(rest)
        first = size in (COARSE, COARSE_MODEL)
        cells = cells_for(*self._view, size, MARGIN if first else 0.0)
        self._wish = Wish(self._content, cells, dark=self._window.plane.dark, draft=first)
        decodes = split_name(self._content.name)[0] in ("sensitivity", "information", POSTERIOR)
        self._lane.submit(Task("", partial(self._survey.answer, self._wish), self._take, torch=decodes, kind="field"))

    def _take(self, answer: FieldAnswer) -> None:
        wish, field = answer.wish, answer.field
        if wish is not self._wish:
            return  # something newer was asked for
        self._wish = None
        self._spent += answer.seconds
        if field is None:
            self._show((), None)
        else:
            below = [other for other in self._fields[:1] if wish.content.same_as(self._shown) and other.step > field.step]
            self._show((*below, field), wish.content)
        if answer.finding is not self._finding:
            self._finding = answer.finding
            self.answered.emit(answer.finding)
        if self._todo and field is not None and self._affordable(wish, answer.pace):
            self._go_on()
            return
        self._next_snapshot = time.monotonic() + max(REST, (SHARE - 1) * self._spent)
        self._spent = 0.0
        self._ask()  # the model in training may have gone on meanwhile

    def _affordable(self, wish: Wish, seconds: float) -> bool:
        """Whether the next picture is likely to come soon, by what this one took."""
        assert self._view is not None
        if len(FINER.get(split_name(wish.content.name)[0], USUAL)) == 1:
            return True
        cells = cells_for(*self._view, self._todo[0])
        longest = LONGEST_TRAINING if self._session.run_state == "running" else LONGEST
        return seconds * (cells.columns * cells.rows) / (wish.cells.columns * wish.cells.rows) <= longest

    def _stop(self) -> None:
        if self._wish is not None:
            self._wish.drop()
            self._wish = None

    def _show(self, fields: tuple[PlaneField, ...], content: Content | None) -> None:
        if fields or self._fields:
            self._fields = fields
            self._window.plane.set_fields(fields)
        self._shown = content

    def _clear(self) -> None:
        self._content = self._view = None
        self._show((), None)
        if self._finding is not None:
            self._finding = None
            self.answered.emit(None)
