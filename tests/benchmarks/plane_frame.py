"""How long one full redraw of the plane takes with 10,000 points, panned and zoomed at once.

Viewport of 1000 x 1000 pixels; each frame moves the camera a little, zooms a little, and repaints everything; the median.
The points are made: ten seeded normal clouds, so that the figure needs no model.

Peer: the same points, camera and size in a plain pyqtgraph PlotWidget with a ScatterPlotItem (its own defaults: no
smoothing, no outline).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QApplication, QWidget

from latent_explorer.app.main import make_application
from latent_explorer.core.palette import class_table
from latent_explorer.core.types import Camera, Layers
from latent_explorer.views.plane.plane_view import PlaneView
from tests.benchmarks.figure import Figure, now, quick

COUNT, CLASSES, SIDE = 10_000, 10, 1000
FRAMES, WARM = 120, 10
Range = tuple[float, float, float]  # centre and span


def clouds() -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 2) float32 and labels (N,) int64."""
    generator = np.random.Generator(np.random.PCG64(0))
    labels = np.arange(COUNT, dtype=np.int64) % CLASSES
    centres = generator.normal(0, 1.5, (CLASSES, 2))
    return (centres[labels] + generator.normal(0, 0.5, (COUNT, 2))).astype(np.float32), labels


def journey(frames: int) -> list[Range]:
    """All points stay in sight or nearly so, as while one looks around."""
    turns = [2 * math.pi * k / 60 for k in range(frames)]
    return [(0.8 * math.sin(t), 0.8 * math.cos(t), 8 * 1.25 ** math.sin(1.7 * t)) for t in turns]


def frames(view: QWidget, look: Callable[[Range], None], count: int) -> list[float]:
    """Milliseconds of each frame: the camera's change and the repaint of the whole viewport."""
    times = []
    for place in journey(count):
        begin = now()
        look(place)
        view.repaint()
        times.append(1000 * (now() - begin))
        QApplication.processEvents()
    return times[WARM:]


def measure() -> list[Figure]:
    make_application()
    count = WARM + (10 if quick() else FRAMES)
    points, labels = clouds()

    plane = PlaneView()
    plane.resize(SIDE, SIDE)
    plane.set_layers(Layers())
    plane.set_codes(points, labels, {label: str(label) for label in range(CLASSES)}, frozenset())
    plane.show()
    QApplication.processEvents()
    ours = frames(plane.viewport(), lambda place: plane.set_camera(Camera(*place)), count)
    plane.close()

    pg.setConfigOptions(antialias=False)
    plot = pg.PlotWidget()
    plot.resize(SIDE, SIDE)
    plot.setAspectLocked(True)
    brushes = [pg.mkBrush(*colour, 166) for colour in class_table(CLASSES).tolist()]
    plot.addItem(pg.ScatterPlotItem(pos=points, size=5, pen=None, brush=[brushes[label] for label in labels]))
    plot.show()
    QApplication.processEvents()

    def look(place: Range) -> None:
        x, y, span = place
        plot.setRange(xRange=(x - span / 2, x + span / 2), yRange=(y - span / 2, y + span / 2), padding=0)

    theirs = frames(plot.viewport(), look, count)
    plot.close()
    for view in (plane, plot):
        view.deleteLater()
    QApplication.processEvents()
    return [Figure("plane.frame_ms.10k", statistics.median(ours), "ms", len(ours), None, statistics.median(theirs))]
