"""What the person arranges: camera, layers, hidden classes. Wishes change the scene, the scene changes the plane."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from latent_explorer.app.session import Session
from latent_explorer.core.far import FARTHEST
from latent_explorer.core.plane.extent import extent_of, label_mask
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.values import Values, pixels_of
from latent_explorer.core.raster.view import Picture
from latent_explorer.core.scene import Camera, Scene
from latent_explorer.core.types import Codes, Slot, TableFacts
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.plane.points import PointsDrawing
from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.task import Context, Task

FIT_MARGIN = 1.1
FIRST_PART = 0.998  # a new model is shown without its farthest stragglers; Fit shows all
PRIOR_SPAN = 7.0


class SceneryFeature(QObject):
    """Keeps plane, legend and panel in step with scene and slot.

    What the person does is drawn at once. Codes that move by themselves, while a model trains, are drawn in the lane.
    """

    def __init__(self, session: Session, window: MainWindow, lane: NewestLane) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self._shown_model: str | int | TableFacts = -1
        self._shown_frame: PlaneFrame | None = None
        self._shown_codes: Codes | None = None
        self._shown_hidden: frozenset[int] = frozenset()
        plane = window.plane
        plane.cameraPicked.connect(self._set_camera)
        plane.fitRequested.connect(self._fit_all)
        plane.hiddenClassesRequested.connect(self._set_hidden)
        plane.pointsDrawingRequested.connect(self._draw_points)
        plane.escapePressed.connect(self._escape)
        window.layers.layersRequested.connect(self._set_layers)
        window.wish.connect(self._wished)
        session.slotChanged.connect(self._slot_changed)
        session.sceneChanged.connect(self._scene_changed)
        plane.set_layers(session.scene.layers)

    def _set_camera(self, camera: Camera) -> None:
        self._session.set_scene(camera=camera)

    def _set_hidden(self, hidden: frozenset[int]) -> None:
        self._session.set_scene(hidden_classes=hidden)

    def _set_layers(self, layers: object) -> None:
        self._session.set_scene(layers=layers)

    def _wished(self, wish: str) -> None:
        if wish == "fit":
            self._fit_all()

    def _escape(self) -> None:
        """One thing at a time: a message that is shown, then full screen."""
        if self._window.notice.isVisible():
            self._window.notice.hide()
        else:
            self._window.leave_full_screen()

    def _fit_all(self) -> None:
        """All points; when they are shown already, the inner part that a new model starts with."""
        before = self._session.scene.camera
        self.fit()
        if self._session.scene.camera == before:
            self.fit(FIRST_PART, self._probe_place())

    def _probe_place(self) -> tuple[float, float] | None:
        """Where the probe rests on the plane; a table has points elsewhere, and no decoder to look at there."""
        slot, probe = self._session.slot, self._session.scene.probe
        if slot is not None and slot.table is not None:
            return None
        if slot is None:
            return 0.0, 0.0
        if probe is None or len(probe) != slot.frame.latent_dim:
            return slot.frame.centre
        x, y = slot.frame.to_plane(np.array(probe)).tolist()
        return x, y

    def fit(self, part: float = 1.0, place: tuple[float, float] | None = None) -> None:
        """Show all points that are not hidden, or the inner `part` of them along each axis; without points, the prior's inner part.

        `place` is shown too, where the prior is: the codes of a model that has hardly begun to learn lie close together, perhaps
        away from the probe.
        """
        slot = self._session.slot
        codes = slot.points if slot is not None else None
        whole = slot is not None and slot.frame.kind != "affine"  # one cell of a torus, a globe
        if slot is None or codes is None or not len(codes.z) or whole:
            self._show_prior(slot)
            return
        points, hidden = _places(slot, codes), self._session.scene.hidden_classes
        shown = ~label_mask(codes.labels, hidden, len(codes.class_counts)) if hidden else None
        extent = extent_of(points, FARTHEST, part, shown)
        if extent is None and shown is not None:
            extent = extent_of(points, FARTHEST, part)
        if extent is None:
            return
        low, high = extent
        if place is not None and max(map(abs, place)) < PRIOR_SPAN:
            low, high = np.minimum(low, place), np.maximum(high, place)
        thin = np.maximum(0.0, 1e-3 - (high - low)) / 2
        self._show((low - thin).tolist(), (high + thin).tolist())

    def _show(self, low: Sequence[float], high: Sequence[float]) -> None:
        """A rectangle of the plane, beside what lies over the plot."""
        plane = self._window.plane
        plane.set_camera(plane.camera_around(low, high, FIT_MARGIN))

    def _show_prior(self, slot: Slot | None) -> None:
        """The inner part of the prior; all of it, where it has an end, as where it is uniform."""
        bounds = slot.frame.bounds if slot is not None else None
        if bounds is not None:
            self._show(*bounds)
        else:
            self._window.plane.set_camera(Camera(0.0, 0.0, PRIOR_SPAN))

    def _slot_changed(self, slot: Slot) -> None:
        plane = self._window.plane
        plane.set_slot(slot.slot_id)
        self._window.layers.set_decodes(slot.table is None)
        codes = slot.points
        model = slot.handle.id if slot.handle is not None else slot.table or slot.generation
        fresh, self._shown_model = model != self._shown_model, model
        turned = self._shown_frame is not None and not slot.frame.continues(self._shown_frame)
        moved = self._shown_frame is not None and not slot.frame.parallel_to(self._shown_frame)  # as a globe in the hand
        restaged = self._shown_frame is not None and slot.frame.display != self._shown_frame.display
        self._shown_frame = slot.frame
        if codes is None:
            self._shown_codes = None
            plane.set_codes(np.zeros((0, 2)), np.zeros(0, np.int64), {}, frozenset())
            self._window.layers.set_values(())
        elif not fresh and not turned and codes.same_images(self._shown_codes):
            if codes is not self._shown_codes or moved:
                self._shown_codes, values = codes, self._values(slot, codes)
                plane.move_codes(_places(slot, codes), values)
                self._window.layers.set_values(values)
        elif turned or codes is not self._shown_codes:
            self._shown_codes = codes
            classes = {label: slot.class_name(label) for label in np.flatnonzero(codes.class_counts).tolist()}
            hidden = self._session.scene.hidden_classes
            if hidden - classes.keys():  # classes of another data set
                hidden = frozenset()
                self._session.set_scene(hidden_classes=hidden)
            values = self._values(slot, codes)
            plane.set_codes(_places(slot, codes), codes.labels, classes, hidden, values)
            self._window.layers.set_values(values)
        if slot.frame.bounds is not None and (fresh or restaged or turned):
            self._show_prior(slot)
        elif (fresh or restaged) and slot.in_training:
            # A model in training begins with all codes at one place and spreads over the prior.
            self._show_prior(slot)
        elif fresh or (turned and not slot.in_training):
            self.fit(FIRST_PART, self._probe_place())
        self._tell_counts()

    def _values(self, slot: Slot, codes: Codes) -> Values:
        """What the points can be coloured by, under the names that the table and the card give it too."""
        config, dataset = slot.handle.architecture if slot.handle is not None else None, self._session.dataset_of(slot)
        pixels = pixels_of(config, None if dataset is None else dataset.images)
        return Values(codes, config.facts if config is not None else None, pixels)

    def _draw_points(self, drawing: PointsDrawing) -> None:
        self._lane.submit(Task("", partial(_draw, drawing), self._take_points_picture, torch=False, kind="points"))

    def _take_points_picture(self, drawn: tuple[PointsDrawing, Picture]) -> None:
        self._window.plane.take_points_picture(*drawn)

    def _scene_changed(self, scene: Scene) -> None:
        plane = self._window.plane
        plane.set_camera(scene.camera)
        plane.set_layers(scene.layers)
        self._window.layers.set_layers(scene.layers)
        if scene.hidden_classes != self._shown_hidden:
            self._shown_hidden = scene.hidden_classes
            plane.set_hidden(scene.hidden_classes)
            self._tell_counts()

    def _tell_counts(self) -> None:
        codes = self._shown_codes
        if codes is None:
            self._window.status.set_points(0, 0)
        else:
            counts = codes.class_counts
            hidden = sum(int(counts[label]) for label in self._session.scene.hidden_classes if label < len(counts))
            self._window.status.set_points(len(codes.z), hidden)


def _places(slot: Slot, codes: Codes) -> NDArray[np.floating]:
    """Plane coordinates (N, 2); where they are z itself, it is not copied."""
    return codes.z if slot.frame.shows_z else slot.frame.to_plane(codes.z)


def _draw(drawing: PointsDrawing, context: Context) -> tuple[PointsDrawing, Picture]:
    """In the lane."""
    return drawing, drawing.draw()
