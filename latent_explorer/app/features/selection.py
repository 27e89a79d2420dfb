"""Selecting points, and what is done with the selection: rings on the plane, a table with images, showing, hiding, export.

A wish changes the scene's selection; the scene changes plane, panel and status line. Which points lie in an area is looked up in
the index, in the GUI thread. Decoded images for the rows that are seen, and the errors of all, come from lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from latent_explorer.app.features.hover import NAMES, HoverFeature, config_of, name_of
from latent_explorer.app.features.indexing import IndexFeature
from latent_explorer.app.features.probe import ProbeFeature
from latent_explorer.app.session import Session
from latent_explorer.core.errors import LatentExplorerError
from latent_explorer.core.export.table import save_rows
from latent_explorer.core.plane.index import Mask
from latent_explorer.core.plane.selecting import Area, Box, Spot, combined, rows_of
from latent_explorer.core.plane.values import pixels_of
from latent_explorer.core.scene import Camera, Scene
from latent_explorer.core.types import Codes, DecodeRequest, DecodeResult, Floats, ImageDataset, Labels, Slot
from latent_explorer.views.dialogs.export import ask_table_path
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.plane.pointed import PICK
from latent_explorer.views.selection_table import SelectedRows
from latent_explorer.workers.decoding import decode
from latent_explorer.workers.errors import Errors, errors_of
from latent_explorer.workers.lanes import Lane, Lanes
from latent_explorer.workers.task import Context, Task

WAIT = "The points are still being put in order; select again in a moment."
MARGIN = 1.25  # around the selected points, when the plane moves to them
MANY = 400  # selected points; when they are most of all besides, the others are dimmed
MOST_ERRORS = 20_000  # images whose errors are computed unasked
NONE = np.zeros(0, np.int64)


class SelectionFeature(QObject):
    """Signals: jumped(), the plane has been moved to the selection by a wish."""

    jumped = Signal()  # Qt's manner

    def __init__(
        self, session: Session, window: MainWindow, lanes: Lanes, index: IndexFeature, hover: HoverFeature, probe: ProbeFeature
    ) -> None:
        super().__init__(window)
        self._session, self._window, self._lanes = session, window, lanes
        self._index, self._hover, self._probe = index, hover, probe
        self._counted: tuple[Mask | None, int] = None, 0  # what can be seen, and how many points that leaves out
        self._told: tuple[object, ...] = ()
        self._drawn: tuple[object, ...] = ()
        self._errors: Errors | None = None
        self._errors_asked: tuple[object, ...] = ()
        self._pictures_of: object = None
        self._listed: tuple[object, ...] = ()
        plane, panel = window.plane, window.selection
        plane.areaPicked.connect(self._pick)
        plane.viewSelectionRequested.connect(self._pick_view)
        plane.placeSelectionRequested.connect(self._pick_place)
        plane.selectionClearRequested.connect(self.clear)
        panel.rowPicked.connect(self._go_to)
        panel.removeRequested.connect(self._remove)
        panel.picturesWanted.connect(self._decode)
        panel.wish.connect(self._wished)
        window.wish.connect(self._window_wished)
        index.indexed.connect(self._show)
        index.visibleChanged.connect(self._show)
        session.slotChanged.connect(self._slot_changed)
        session.sceneChanged.connect(self._scene_changed)
        session.datasetChanged.connect(self._show)

    @property
    def _rows(self) -> Labels:
        """The selected rows of the codes."""
        selection = self._session.scene.selection
        return NONE if selection is None else selection.rows

    @property
    def _codes(self) -> Codes | None:
        slot = self._session.slot
        return slot.points if slot is not None else None

    # Wishes

    def _window_wished(self, wish: str) -> None:
        if wish.startswith("selection_"):
            self._wished(wish.removeprefix("selection_"))

    def _wished(self, wish: str) -> None:
        plane = self._window.plane
        acts: dict[str, Callable[[], None]] = {
            "view": partial(self._pick_view, plane.modes.how),
            "place": partial(self._pick_place, plane.modes.how),
            "show_only": self.show_only,
            "hide": self.hide,
            "show_all": self.show_all,
            "jump": self.jump,
            "export": self.ask_export,
            "clear": self.clear,
        }
        acts[wish]()

    def _pick(self, area: Area, how: str) -> None:
        shown, scene = self._index.shown, self._session.scene
        if shown is None:
            if self._codes is not None and len(self._codes.z):
                self._session.notice(WAIT)
            return
        found = rows_of(area, shown.index, self._index.visible) if scene.layers.points else NONE
        if isinstance(area, Spot) and (row := self._hover.pointed(area.x, area.y)) is not None:
            found = np.array([row], np.int64)  # an image covers points that are nearer to the pointer than its own
        if isinstance(area, Spot) and not len(found):
            return  # beside all points: Esc clears
        self._session.set_scene(selection=combined(scene.selection, found, how, len(shown.codes.z)))

    def _pick_view(self, how: str) -> None:
        left, bottom, width, height = self._window.plane.window_rectangle()
        self._pick(Box((left, bottom, left + width, bottom + height)), how)

    def _pick_place(self, how: str) -> None:
        """The point nearest to the probe, as near as a pointer must be."""
        slot, z = self._session.slot, self._probe.where()
        if slot is not None and z is not None:
            x, y = slot.frame.to_plane(np.array(z)).tolist()
            self._pick(Spot(x, y, PICK * self._window.plane.unit), how)

    def _remove(self, row: int) -> None:
        codes = self._codes
        if codes is not None:
            self._session.set_scene(selection=combined(self._session.scene.selection, np.array([row]), "remove", len(codes.z)))

    def clear(self) -> None:
        """Nothing is selected."""
        self._session.set_scene(selection=None)

    def show_only(self) -> None:
        """Draw the selected points alone."""
        if self._session.scene.selection is not None:
            self._session.set_scene(shown=self._session.scene.selection)

    def hide(self) -> None:
        """Do not draw the selected points; what is not seen is not selected."""
        scene, codes = self._session.scene, self._codes
        if scene.selection is not None and codes is not None:
            concealed = combined(scene.concealed, scene.selection.rows, "add", len(codes.z))
            self._session.set_scene(concealed=concealed, selection=None)

    def show_all(self) -> None:
        """Draw all points, also those of hidden classes."""
        self._session.set_scene(shown=None, concealed=None, hidden_classes=frozenset())

    def jump(self) -> None:
        """Move the plane so that all selected points are in view."""
        shown, camera = self._index.shown, self._session.scene.camera
        extent = shown.index.extent(self._rows, (camera.x, camera.y)) if shown is not None else None
        if extent is None:
            return
        left, bottom, right, top = extent
        _, _, width, height = self._window.plane.window_rectangle()
        shorter = min(width, height)
        # Of a single point the neighbourhood is shown.
        span = MARGIN * max((right - left) * shorter / width, (top - bottom) * shorter / height, shorter / 50)
        self._window.plane.set_camera(Camera((left + right) / 2, (bottom + top) / 2, span))
        self.jumped.emit()

    def _go_to(self, row: int) -> None:
        """Hold the probe at a point's code, and bring it into view."""
        codes, shown = self._codes, self._index.shown
        if codes is None or shown is None:
            return
        self._probe.put(tuple(float(value) for value in codes.z[row]))
        x, y = shown.index.place(row, (self._session.scene.camera.x, self._session.scene.camera.y))
        left, bottom, width, height = self._window.plane.window_rectangle()
        if not (left <= x <= left + width and bottom <= y <= bottom + height):
            self._window.plane.set_camera(Camera(x, y, min(width, height)))
            self.jumped.emit()
        self._hover.point_at(row)

    # Facts

    def _slot_changed(self, slot: Slot) -> None:
        self._show()

    def _scene_changed(self, scene: Scene) -> None:
        self._window.selection.set_look(scene.layers.smooth, scene.layers.grey_map)
        self._show()

    def _show(self) -> None:
        """Plane, panel and status line as scene, codes and data are now."""
        self._draw()
        slot, scene, codes = self._session.slot, self._session.scene, self._codes
        if slot is None or codes is None:
            return
        dataset, visible = self._session.dataset_of(slot), self._index.visible
        if visible is not self._counted[0]:
            self._counted = visible, 0 if visible is None else len(visible) - int(np.count_nonzero(visible))
        hidden = self._counted[1]
        self._window.status.set_points(len(codes.z), hidden)
        told = scene.selection, scene.shown, scene.concealed, codes, visible, dataset, slot.handle, slot.revision, self._errors
        if _same(told, self._told):
            return
        self._told = told
        rows = self._rows
        window = self._window
        window.status.set_selected(len(rows))
        window.plane.set_selected(bool(len(rows)))
        window.set_selected(bool(len(rows)) or scene.shown is not None or scene.concealed is not None)
        pictures_of = slot.handle, slot.revision
        if pictures_of != self._pictures_of:
            self._pictures_of = pictures_of
            if dataset is None:
                window.selection.model.forget_pictures()
        listed = self._rows, codes, dataset, slot.data, self._errors
        table = window.selection.model.shown if _same(listed, self._listed) else self._table(slot, codes, dataset)
        self._listed = listed
        window.selection.set_rows(table, hidden)
        self._ask_errors(slot, codes, dataset)

    def _draw(self) -> None:
        shown, visible, rows = self._index.shown, self._index.visible, self._rows
        drawn = self._session.scene.selection, shown, visible
        if _same(drawn, self._drawn):
            return
        self._drawn = drawn
        if visible is not None and len(visible) > int(rows.max(initial=-1)):
            rows = rows[visible[rows]]
        if shown is None or not len(rows):
            self._window.plane.set_selection(np.zeros((0, 2)))
        else:
            points = shown.index.points
            self._window.plane.set_selection(points[rows], self._others(points, rows))

    def _others(self, points: Floats, rows: Labels) -> Floats | None:
        """What is seen beside a selection of most points, to step back behind it."""
        visible = self._index.visible
        seen = len(points) if visible is None else int(np.count_nonzero(visible))
        if not MANY < len(rows) > seen / 2:
            return None
        left = np.ones(len(points), np.bool_) if visible is None else visible.copy()
        left[rows] = False
        return points[left]

    def _table(self, slot: Slot, codes: Codes, dataset: ImageDataset | None) -> SelectedRows:
        """What is known of the selected points."""
        rows = self._rows
        columns: dict[str, Floats] = {}
        pixels = pixels_of(config_of(slot), None if dataset is None else dataset.images)
        facts = None if slot.handle is None else slot.handle.architecture.facts
        if self._errors is not None and self._errors.rows is rows and "error" not in codes.columns:
            columns[NAMES["error"]] = self._errors.values
        for name, values in codes.columns.items():
            if values.ndim == 1:
                columns[name_of(name, codes, facts, pixels)] = values[rows]
        names = slot.data.class_names if slot.data is not None else ()
        # The same arrays while the same points are selected: the table keeps its place.
        before = self._window.selection.model.shown
        if before.rows is rows and np.array_equal(before.index, codes.index[rows]):
            index, labels = before.index, before.labels
        else:
            index, labels = codes.index[rows], codes.labels[rows]
        noun = "Image" if slot.table is None else "Row"
        return SelectedRows(rows, index, labels, names, columns, None if dataset is None else dataset.images, noun)

    # Images and errors

    def _decode(self, rows: list[int]) -> None:
        slot, codes = self._session.slot, self._codes
        if slot is None or codes is None or slot.handle is None or not slot.decodes:
            return
        some = [row for row in rows if row < len(codes.z)]
        request = slot.ask(codes.z[some], codes.labels[some])
        work, done = partial(_decode, request), partial(self._decoded, codes, some)
        self._lanes.tiles.submit(Task("", work, done, torch=request.quick is None, kind="rows"))

    def _decoded(self, codes: Codes, rows: list[int], result: DecodeResult) -> None:
        if codes is self._codes:
            self._window.selection.set_pictures(dict(zip(rows, result.images, strict=True)))

    def _ask_errors(self, slot: Slot, codes: Codes, dataset: ImageDataset | None) -> None:
        """While a model trains they would be out of date before they came."""
        rows = self._rows
        asked = rows, codes, dataset, slot.handle
        if "mse" in codes.columns:
            return  # every image is measured already
        if slot.handle is None or not slot.ready or dataset is None or slot.in_training or not 0 < len(rows) <= MOST_ERRORS:
            return
        if _same(asked, self._errors_asked):
            return
        index = codes.index[rows]
        if index.min() < 0 or index.max() >= len(dataset.images):
            return
        self._errors_asked = asked
        request = slot.ask(codes.z[rows], codes.labels[rows])
        self._lanes.compute.submit(Task("", partial(_errors, request, rows, dataset, index), self._take_errors, kind="errors"))

    def _take_errors(self, errors: Errors) -> None:
        if errors.rows is self._rows:
            self._errors = errors
            self._show()

    # Export

    def ask_export(self) -> None:
        """Where to, then write."""
        slot = self._session.slot
        if slot is None or not len(self._rows):
            self._session.notice("Nothing is selected yet; press Shift and drag around some points first.", trouble=True)
            return
        path = ask_table_path(self._window, "Export the selected points", Path.home() / f"{slot.name or 'codes'} selection.csv")
        if path is not None:
            self.export(path)

    def export(self, path: Path) -> None:
        """Write what is selected now, as CSV or npz."""
        codes, rows, errors = self._codes, self._rows, self._errors
        if codes is None:
            return
        more = {"error": errors.values} if errors is not None and errors.rows is rows and "error" not in codes.columns else {}
        work = partial(_write, path, codes, rows, more)
        lane: Lane = self._lanes.jobs
        lane.submit(Task(f"Exporting {path.name}", work, self._written, self._refused, torch=False))

    def _written(self, written: tuple[Path, int]) -> None:
        path, count = written
        self._session.notice(f"{count:,} points were exported to {path}." if count != 1 else f"1 point was exported to {path}.")

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, LatentExplorerError):
            raise error
        self._session.notice(str(error), trouble=True)


def _same(some: tuple[object, ...], others: tuple[object, ...]) -> bool:
    """Whether these are the same things; arrays are not looked into."""
    return len(some) == len(others) and all(a is b or (isinstance(a, int) and a == b) for a, b in zip(some, others, strict=True))


def _decode(request: DecodeRequest, context: Context) -> DecodeResult:
    return decode(request)


def _errors(request: DecodeRequest, rows: Labels, dataset: ImageDataset, index: Labels, context: Context) -> Any:
    return errors_of(request, rows, dataset, index)


def _write(path: Path, codes: Codes, rows: Labels, more: dict[str, Floats], context: Context) -> tuple[Path, int]:
    save_rows(path, codes, rows, more, partial(context.progress, ""))
    return path, len(rows)
