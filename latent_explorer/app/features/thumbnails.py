"""Images in the place of points, where few are in view and their data set is open.

They keep their distances: a point whose image would lie over another one's stays a dot, until there is room for it. Images that
are there stay while the plane moves; selected points are the first to have one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject

from latent_explorer.app.features.indexing import IndexFeature
from latent_explorer.app.session import Session
from latent_explorer.core.palette import apply_grey_map, class_colour
from latent_explorer.core.plane.apart import apart
from latent_explorer.core.plane.index import Mask
from latent_explorer.core.plane.neighbours import images_of
from latent_explorer.core.scene import Scene
from latent_explorer.core.types import Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.picture import to_qimage
from latent_explorer.views.plane.thumbnails import Thumbnail, taken_room

MOST = 400  # points in view; more stay dots

Key = tuple[int, float, float]  # row of the codes and place: on a torus a point may be in view more than once


class ThumbnailsFeature(QObject):
    """Looks how many points are in view whenever the plane or the points move; that costs some ten microseconds."""

    def __init__(self, session: Session, window: MainWindow, index: IndexFeature) -> None:
        super().__init__(window)
        self._session, self._window, self._index = session, window, index
        self._known: dict[Key, Thumbnail] = {}  # those that are shown
        self._about: tuple[object, ...] = ()
        self._told: tuple[tuple[object, ...], Mask] | None = None  # what `_pictured` found last, and of what
        index.indexed.connect(self._show)
        index.visibleChanged.connect(self._show)
        session.sceneChanged.connect(self._scene_changed)
        session.datasetChanged.connect(self._show)
        session.slotChanged.connect(self._slot_changed)

    def _scene_changed(self, scene: Scene) -> None:
        self._show()

    def _slot_changed(self, slot: Slot) -> None:
        self._show()

    def _pictured(self, slot: Slot) -> Mask | None:
        """Which points may be images: those that can be seen, and where others are faint, those of the class that is told."""
        visible, shown = self._index.visible, self._index.shown
        if slot.condition is None or shown is None or self._session.scene.layers.others != "faint":
            return visible
        key = shown.codes, visible, slot.condition
        if self._told is None or any(a is not b for a, b in zip(self._told[0], key, strict=True)):
            own = shown.codes.labels == slot.condition
            self._told = key, own if visible is None else own & visible
        return self._told[1]

    def _show(self) -> None:
        session, plane = self._session, self._window.plane
        slot, shown, layers = session.slot, self._index.shown, session.scene.layers
        dataset = None if slot is None else session.dataset_of(slot)
        if slot is None or shown is None or dataset is None or not (layers.thumbnails and layers.points):
            plane.set_thumbnails(())
            return
        left, bottom, width, height = plane.window_rectangle()
        found = shown.index.few_places_in((left, bottom, left + width, bottom + height), MOST, self._pictured(slot))
        if found is None or not len(found[0]):
            plane.set_thumbnails(())
            return
        rows, points = found
        keys = list(zip(rows.tolist(), *points.T.tolist(), strict=True))
        about = shown, dataset, layers.grey_map
        if len(self._about) != len(about) or any(a is not b for a, b in zip(about, self._about, strict=True)):
            self._known, self._about = {}, about
        chosen = session.scene.selection
        picked = np.isin(rows, () if chosen is None else chosen.rows)
        there = np.array([key in self._known for key in keys])
        order = np.lexsort((~there, ~picked))  # the selected ones first, then those that are there
        height, width = dataset.image_shape[:2]
        across, up = (pixels * plane.unit for pixels in taken_room(width, height))
        some = order[apart(points[order], across, up)]
        rows, picked = rows[some], picked[some]
        images = images_of(shown.codes, tuple(rows.tolist()), dataset)
        if images is None:
            plane.set_thumbnails(())
            return
        known: dict[Key, Thumbnail] = {}
        mapped = layers.grey_map != "grey" and images.shape[3] == 1
        for key, image, selected in zip((keys[k] for k in some.tolist()), images, picked.tolist(), strict=True):
            row, x, y = key
            before = self._known.get(key)
            if before is None:
                picture = to_qimage(apply_grey_map(image, layers.grey_map) if mapped else image)
                before = Thumbnail(x, y, picture, class_colour(int(shown.codes.labels[row])), row=row)
            known[key] = before if before.selected == selected else replace(before, selected=selected)
        self._known = known
        plane.set_thumbnails(tuple(known.values()), layers.smooth)
