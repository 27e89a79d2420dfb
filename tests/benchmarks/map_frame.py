"""How long one full redraw of the plane takes with 10,000 to 10 million points while it is panned and zoomed at once, and the set-up.

Viewport of 1000 x 1000 pixels; each frame moves the camera a little, zooms a little, and repaints everything, with all points
in view or nearly so; the median. The points are made: ten seeded normal clouds, so that the figure needs no model. Drawing is
by compiled code, loaded before; points are sorted before the first frame, as the program's worker does. `map.open_s` is the
time from arrays in memory to the first picture of them on the plane, sorting included.

Peer: the same points, camera and size in a plain pyqtgraph PlotWidget with a ScatterPlotItem (its own defaults: no smoothing,
no outline), up to a million points. Further peers, where they are installed (``pip install -e .[bench]``), have keys of their
own: datashader turns the same million points into an image of 1000 x 1000 (its picture alone, without a window), Matplotlib
draws them as pixels into such a canvas.
"""

from __future__ import annotations

import importlib
import math
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget

from latent_explorer.app.main import make_application
from latent_explorer.core.palette import class_table
from latent_explorer.core.raster.engine import load_kernels
from latent_explorer.core.scene import Camera, Layers
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.plane.points import PointsDrawing
from tests.benchmarks.figure import Figure, now, quick, say

CLASSES, SIDE = 10, 1000
SIZES = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000, "10m": 10_000_000}
AIMS = {"1m": 12.0, "10m": 33.0}
OPEN_AIM = 0.3  # seconds, a million points
PEER_FRAMES = {"10k": 60, "100k": 12, "1m": 4}  # a million take a third of a second a frame
FRAMES, WARM = 120, 10
Range = tuple[float, float, float]  # centre and span


def clouds(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 2) float32 and labels (N,) int64."""
    generator = np.random.Generator(np.random.PCG64(0))
    labels = np.arange(count, dtype=np.int64) % CLASSES
    centres = generator.normal(0, 1.5, (CLASSES, 2)).astype(np.float32)
    return centres[labels] + generator.standard_normal((count, 2), np.float32) * np.float32(0.5), labels


def journey(frames: int) -> list[Range]:
    """All points stay in sight or nearly so, as while one looks around."""
    turns = [2 * math.pi * k / 60 for k in range(frames)]
    return [(0.8 * math.sin(t), 0.8 * math.cos(t), 9 * 1.25 ** math.sin(1.7 * t)) for t in turns]


def frames(view: QWidget, look: Callable[[Range], None], count: int, warm: int = WARM) -> list[float]:
    """Milliseconds of each frame: the camera's change and the repaint of the whole viewport."""
    times = []
    for place in journey(warm + count):
        begin = now()
        look(place)
        view.repaint()
        times.append(1000 * (now() - begin))
        QApplication.processEvents()
    return times[warm:]


class Worker(QObject):
    """Draws what the plane leaves to a worker, at once and here; while the plane moves, nobody waits for that."""

    def __init__(self, plane: PlaneView) -> None:
        super().__init__(plane)
        self._plane, self.on = plane, True
        plane.pointsDrawingRequested.connect(self._draw)

    def _draw(self, drawing: PointsDrawing) -> None:
        if self.on:
            self._plane.take_points_picture(drawing, drawing.draw())


def ours(points: np.ndarray, labels: np.ndarray, count: int) -> tuple[float, list[float]]:
    """Seconds until the points are seen for the first time, and milliseconds of each frame."""
    plane = PlaneView()
    plane.resize(SIDE, SIDE)
    plane.set_layers(Layers(mosaic=False))
    plane.set_camera(Camera(*journey(1)[0]))
    plane.show()
    QApplication.processEvents()
    worker, begin = Worker(plane), now()
    plane.set_codes(points, labels, {label: str(label) for label in range(CLASSES)}, frozenset())
    plane.viewport().repaint()
    QApplication.processEvents()
    plane.viewport().repaint()
    opened = now() - begin
    worker.on = False
    times = frames(plane.viewport(), lambda place: plane.set_camera(Camera(*place)), count)
    put_away(plane)
    return opened, times


def scatter_plot_item(points: np.ndarray, labels: np.ndarray, count: int) -> tuple[float, list[float]]:
    """The same of pyqtgraph's own item."""
    pg.setConfigOptions(antialias=False)
    plot = pg.PlotWidget()
    plot.resize(SIDE, SIDE)
    plot.setAspectLocked(True)
    brushes = np.array([pg.mkBrush(*colour, 166) for colour in class_table(CLASSES)[:CLASSES].tolist()])

    def look(place: Range) -> None:
        x, y, span = place
        plot.setRange(xRange=(x - span / 2, x + span / 2), yRange=(y - span / 2, y + span / 2), padding=0)

    look(journey(1)[0])
    plot.show()
    QApplication.processEvents()
    begin = now()
    plot.addItem(pg.ScatterPlotItem(pos=points, size=5, pen=None, brush=brushes[labels]))
    plot.viewport().repaint()
    opened = now() - begin
    times = frames(plot.viewport(), look, count, warm=1)
    put_away(plot)
    return opened, times


def put_away(view: QWidget) -> None:
    view.close()
    view.deleteLater()
    QApplication.processEvents()


def datashader_ms(points: np.ndarray, labels: np.ndarray, count: int) -> list[float] | None:
    """Milliseconds of datashader's picture, colours by class; none where it is not installed."""
    try:
        shader, transfer = importlib.import_module("datashader"), importlib.import_module("datashader.transfer_functions")
        pandas = importlib.import_module("pandas")
    except ImportError:
        return None
    frame = pandas.DataFrame({"x": points[:, 0], "y": points[:, 1], "label": pandas.Categorical(labels)})
    colours: dict[int, Any] = dict(enumerate(map(tuple, class_table(CLASSES)[:CLASSES].tolist())))
    times = []
    for x, y, span in journey(WARM + count):
        begin = now()
        canvas = shader.Canvas(SIDE, SIDE, (x - span / 2, x + span / 2), (y - span / 2, y + span / 2))
        transfer.shade(canvas.points(frame, "x", "y", shader.count_cat("label")), color_key=colours)
        times.append(1000 * (now() - begin))
    return times[WARM:]


def matplotlib_ms(points: np.ndarray, labels: np.ndarray, count: int) -> list[float] | None:
    """Milliseconds of a picture by Matplotlib's plot with "," markers, one call a class; none where it is not installed."""
    try:
        figures = importlib.import_module("matplotlib.figure")
        agg = importlib.import_module("matplotlib.backends.backend_agg")
    except ImportError:
        return None
    figure = figures.Figure(figsize=(SIDE / 100, SIDE / 100), dpi=100)
    canvas, axes = agg.FigureCanvasAgg(figure), figure.add_subplot()
    for label, colour in enumerate(class_table(CLASSES)[:CLASSES] / 255):
        axes.plot(*points[labels == label].T, ",", color=tuple(colour), alpha=0.65)
    times = []
    for x, y, span in journey(1 + count):
        begin = now()
        axes.set(xlim=(x - span / 2, x + span / 2), ylim=(y - span / 2, y + span / 2))
        canvas.draw()
        times.append(1000 * (now() - begin))
    return times[1:]


def measure() -> list[Figure]:
    make_application()
    load_kernels()
    count, found = 10 if quick() else FRAMES, []
    for name, size in SIZES.items():
        if quick() and size > SIZES["10k"]:
            break
        say(f"{size:,} points")
        points, labels = clouds(size)
        opened, times = ours(points, labels, count)
        peer = None
        if name in PEER_FRAMES:
            peer = scatter_plot_item(points, labels, min(count, PEER_FRAMES[name]))
        theirs = None if peer is None else statistics.median(peer[1])
        found.append(Figure(f"map.frame_ms.{name}", statistics.median(times), "ms", len(times), AIMS.get(name), theirs))
        if name == "1m":
            found.append(Figure("map.open_s.1m", opened, "s", 1, OPEN_AIM, None if peer is None else peer[0]))
            others = {"datashader": datashader_ms(points, labels, 12), "matplotlib": matplotlib_ms(points, labels, 3)}
            for other, theirs_too in others.items():
                if theirs_too is not None:
                    median = statistics.median(theirs_too)
                    found.append(Figure(f"map.peer_frame_ms.1m.{other}", median, "ms", len(theirs_too), None, None))
    return found
