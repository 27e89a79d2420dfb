"""How soon the mosaic follows a zoom, on the window at 1600 x 1000 with a shipped model.

Each zoom is one event of the wheel, by a factor of two and at a place where nothing has been decoded yet, in and out by turns.
`full_ms` is from the event to the end of the paint with all cells, which are decoded anew but for those that both windows share.
`first_ms` is to the end of the paint with the first sheet for the new window, which is coarse but covers it, of the zooms out alone:
after a zoom in the pictures before, enlarged, cover the window at the next paint. Both are medians. `frame_ms_max` is the longest
time between two neighbours among the ticks of a 16 ms timer in the GUI thread and the ends of paints, from a zoom to its full
picture, over all zooms. No peer.
"""

from __future__ import annotations

import statistics
from itertools import pairwise

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from latent_explorer.core.plane.sheet import Sheet
from latent_explorer.core.scene import Camera
from latent_explorer.views.plane.plane_view import PlaneView
from tests.benchmarks.figure import Figure, now, quick
from tests.benchmarks.stage import MODEL, Stage, Ticker, stage, turn, wait

ZOOMS = 20
NOTCHES = 4  # 1.2 ** 4 is 2.07
AIMS = {MODEL: (30.0, 80.0), "mnist-conv": (80.0, 600.0)}
AIM_FRAME = 25.0


class Watch:
    """The moments when a sheet came, and when the plane was painted with it. To be made before the window."""

    def __init__(self) -> None:
        self.come: list[float] = []
        self.painted: list[float] = []
        set_mosaic, paint = PlaneView.set_mosaic, PlaneView.paintEvent

        def note(view: PlaneView, sheet: Sheet | None) -> None:
            set_mosaic(view, sheet)
            self.come.append(now())

        def painted(view: PlaneView, event: QPaintEvent) -> None:
            paint(view, event)
            self.painted.append(now())

        PlaneView.set_mosaic = note  # type: ignore[method-assign]
        PlaneView.paintEvent = painted

    def begin(self) -> None:
        """Forget what was."""
        self.come, self.painted = [], []

    def after(self, moment: float) -> float | None:
        """The end of the first paint after a moment."""
        return next((painted for painted in self.painted if painted > moment), None)


def zoom(it: Stage, notches: int) -> float:
    """Turn the wheel over the middle of the plane; the moment before."""
    viewport = it.plane.viewport()
    middle = QPointF(viewport.rect().center())
    event = QWheelEvent(
        middle, QPointF(viewport.mapToGlobal(middle)), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    moment = now()
    QApplication.sendEvent(viewport, event)
    return moment


def goes_out(number: int) -> bool:
    """By turns."""
    return number % 2 == 0


def measure_zoom(it: Stage, watch: Watch, ticker: Ticker, number: int) -> tuple[float, float, float]:
    """Seconds to the first sheet and to the last, and the longest gap meanwhile."""
    mosaic = it.program.mosaic
    # Places of their own: neither the windows before nor those after overlap.
    it.plane.set_camera(Camera(0.37 + 9.1 * (number % 5), 0.21 + 9.1 * (number // 5), 2.3))
    wait("the mosaic to come to rest", lambda: mosaic.settled)
    turn(0.1)
    watch.begin()
    ticker.start()
    turn(0.05)
    begin = zoom(it, -NOTCHES if goes_out(number) else NOTCHES)
    assert not mosaic.settled
    wait("all pictures", lambda: mosaic.settled and watch.after(watch.come[-1]) is not None)
    ticker.stop()
    first, full = watch.after(watch.come[0]), watch.after(watch.come[-1])
    assert first is not None and full is not None
    moments = sorted(moment for moment in (*ticker.moments, *watch.painted) if begin - 0.017 <= moment <= full)
    return first - begin, full - begin, max(b - a for a, b in pairwise(moments))


def measure(model: str = MODEL) -> list[Figure]:
    zooms = 3 if quick() else ZOOMS
    watch = Watch()
    with stage(model) as it:
        measure_zoom(it, watch, Ticker(), ZOOMS)  # the first one of all makes ready what is made once
        found = [measure_zoom(it, watch, Ticker(), number) for number in range(zooms)]
    first, full, gaps = ([1000 * value for value in column] for column in zip(*found, strict=True))
    out = [value for number, value in enumerate(first) if goes_out(number)]
    aims = AIMS[model]
    return [
        Figure(f"mosaic.first_ms.{model}", statistics.median(out), "ms", len(out), aims[0]),
        Figure(f"mosaic.full_ms.{model}", statistics.median(full), "ms", zooms, aims[1]),
        Figure(f"mosaic.frame_ms_max.{model}", max(gaps), "ms", zooms, AIM_FRAME),
    ]
