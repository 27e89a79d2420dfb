"""Fields under the points: how soon the first and the last picture are there, and what a field costs each frame of the plane.

The shipped model mnist-dense in a window of 1000 x 1000 pixels of the plane. First and full: from the wish to the answer, in
one thread, without the window: the density of its 10,000 codes, holes, class regions, and sensitivity (whose "full" picture is
the one of 8 x 8 pixels, at which the window stops). Frames: the plane with its points, a field and contours, moved and zoomed
at once; the peer is the same without a field.
"""

from __future__ import annotations

import statistics

from PySide6.QtWidgets import QApplication

from latent_explorer.app.main import make_application
from latent_explorer.core.checkpoint.weights import load_model
from latent_explorer.core.nn.device import set_threads
from latent_explorer.core.plane.cells import cells_for
from latent_explorer.core.plane.field import PlaneField
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.scene import Camera, Layers
from latent_explorer.core.types import Slot
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.workers.field_wish import Content, Wish
from latent_explorer.workers.fields import Survey
from latent_explorer.workers.task import Context
from tests.benchmarks.figure import Figure, now, quick
from tests.benchmarks.map_frame import CLASSES, Worker, frames
from tests.benchmarks.stage import MODEL, model_file

SIDE = 1000
WINDOW = (-4.0, -4.0, 8.0, 8.0)
# name, sides of the cells of the first and the last picture, aims in milliseconds
FIELDS = (("density", 8, 1, 30, 150), ("holes", 8, 2, 300, 500), ("regions", 8, 2, 60, 600), ("sensitivity", 32, 8, 150, 1500))


def survey(shown: Slot, name: str, size: int, margin: float, count: int) -> tuple[float, PlaneField]:
    """Median milliseconds of a picture, with the codes known already, and the picture."""
    one, cells = Survey(), cells_for(WINDOW, (SIDE, SIDE), size, margin)
    times = []
    for _ in range(1 + count):  # the first one finds out what does not depend on the window
        begin = now()
        answer = one.answer(Wish(Content(name, shown), cells), Context(lambda what, part: None))
        times.append(1000 * (now() - begin))
    assert answer.field is not None
    return statistics.median(times[1:]), answer.field


def measure() -> list[Figure]:
    make_application()
    set_threads(1)
    record = load_model(model_file())
    codes = record.codes["mean"]
    shown = Slot(0, 1, PlaneFrame.identity(), record.codes, record.handle, ready=True)
    count = 1 if quick() else 7
    figures, density = [], None
    for name, coarse, fine, first_aim, full_aim in FIELDS[: 1 if quick() else None]:
        first, _ = survey(shown, name, coarse, 0.25, count)
        full, field = survey(shown, name, fine, 0.0, count)
        figures.append(Figure(f"field.first_ms.{name}.{MODEL}", first, "ms", count, first_aim))
        figures.append(Figure(f"field.full_ms.{name}.{MODEL}", full, "ms", count, full_aim))
        density = density or field
    assert density is not None

    plane = PlaneView()
    plane.resize(SIDE, SIDE)
    plane.set_layers(Layers(mosaic=False))
    plane.set_codes(codes.z, codes.labels, {label: str(label) for label in range(CLASSES)}, frozenset())
    worker = Worker(plane)
    plane.show()
    QApplication.processEvents()
    worker.on = False  # what is drawn while the plane moves
    many = 10 if quick() else 120
    times = {}
    for with_field in (False, True):
        plane.set_fields([density] if with_field else [])
        times[with_field] = statistics.median(frames(plane.viewport(), lambda place: plane.set_camera(Camera(*place)), many))
    plane.close()
    plane.deleteLater()
    QApplication.processEvents()
    return [*figures, Figure("field.frame_ms.density", times[True], "ms", many, 16, times[False])]
