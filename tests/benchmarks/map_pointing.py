"""How long the plane takes to find the point under the pointer, and those in a lasso, among a million.

The points are made: ten seeded normal clouds, as codes lie. Hover: the whole way of one move over the plane, from the pointer's
place to the ring that is set on the nearest point within 12 pixels of a plane of 1000 x 1000 pixels that shows them all; the 99th
percentile over random places. Lasso: from a line of 500 corners around two thirds of the points to their sorted rows; the median.
Building the index, which a worker does, is told beside them.

Peer: scipy's cKDTree, asked for the nearest point; for the lasso matplotlib's `Path.contains_points` over all points where
matplotlib is installed, else no peer; for building, cKDTree again.
"""

from __future__ import annotations

import importlib
import math
import statistics

import numpy as np
from scipy.spatial import cKDTree

from latent_explorer.app.main import make_application
from latent_explorer.core.plane.index import PlaneIndex
from latent_explorer.core.scene import Camera, Layers
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.plane.pointed import PICK
from tests.benchmarks.figure import Figure, now, percentile, quick

COUNT, CLASSES, SIDE = 1_000_000, 10, 1000
MOVES, LASSOS, BUILDS, CORNERS = 2000, 20, 5, 500


def clouds(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 2) float32 and labels (N,) int64."""
    generator = np.random.Generator(np.random.PCG64(0))
    labels = np.arange(count, dtype=np.int64) % CLASSES
    centres = generator.normal(0, 1.5, (CLASSES, 2))
    return (centres[labels] + generator.normal(0, 0.5, (count, 2))).astype(np.float32), labels


def loop() -> np.ndarray:
    """A hand's line: a circle with waves."""
    turn = np.linspace(0, 2 * math.pi, CORNERS, endpoint=False)
    radius = 2 * (1 + 0.2 * np.sin(9 * turn))
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)


def timed(act: object, *arguments: object) -> float:
    """Milliseconds."""
    begin = now()
    act(*arguments)  # type: ignore[operator]
    return 1000 * (now() - begin)


def measure() -> list[Figure]:
    make_application()
    few = quick()
    count = COUNT // 10 if few else COUNT
    points, labels = clouds(count)
    builds = [timed(PlaneIndex, points) for _ in range(1 if few else BUILDS)]
    index = PlaneIndex(points)
    tree_builds = [timed(cKDTree, points) for _ in range(1 if few else 2)]
    tree = cKDTree(points)

    plane = PlaneView()
    plane.resize(SIDE, SIDE)
    plane.set_layers(Layers())
    plane.set_codes(points, labels, {label: str(label) for label in range(CLASSES)}, frozenset())
    plane.set_camera(Camera(0.0, 0.0, 9.0))
    plane.show()

    def hover(x: float, y: float) -> None:
        row = index.nearest(x, y, PICK * plane.unit)
        plane.set_hover(None if row is None else tuple(points[row].tolist()))

    places = np.random.Generator(np.random.PCG64(1)).uniform(-4.5, 4.5, (50 if few else MOVES, 2)).tolist()
    for place in places[:20]:
        hover(*place)
    hovers = [timed(hover, *place) for place in places]
    peers = [timed(tree.query, place) for place in places]
    plane.close()
    plane.deleteLater()

    corners = loop()
    lassos = [timed(index.in_lasso, corners) for _ in range(3 if few else LASSOS)]
    try:
        path = importlib.import_module("matplotlib.path").Path(corners)
    except ImportError:
        lasso_peer = None
    else:
        lasso_peer = timed(path.contains_points, points)
    return [
        Figure("map.hover_ms.1m", percentile(hovers, 99), "ms", len(hovers), 1.0, percentile(peers, 99)),
        Figure("map.lasso_ms.1m", statistics.median(lassos), "ms", len(lassos), 60.0, lasso_peer),
        Figure("map.index_ms.1m", statistics.median(builds), "ms", len(builds), 300.0, statistics.median(tree_builds)),
    ]
