"""The training lane: runs the generator of `core.nn.training`, looks at the person's wishes between its steps."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QThread, Signal

from latent_explorer.core.types import TrainingProgress
from latent_explorer.workers.lanes import load_torch, lower_priority

REPORTS_PER_SECOND = 12  # sooner nobody reads numbers
# What makes the window draw much, and how often a second at most. Each report brings one kind of it, since a window that
# draws points, curves and mosaic all at once stands still meanwhile.
HEAVY = {("codes", "snapshot"): 4, ("history",): 3, ("examined",): 1}
HEAVY_FIELDS = tuple(name for names in HEAVY for name in names)


class Stoppable(Protocol):
    """What the loop looks at to end early: `core.nn.training.Control`."""

    stop: bool


Start = Callable[[], tuple[Iterator[TrainingProgress], Stoppable]]
Keep = Callable[[TrainingProgress], None]


def merge(older: TrainingProgress | None, newer: TrainingProgress) -> TrainingProgress:
    """The newer progress, with the heavy fields of the older one where it has none: nothing is lost by coalescing."""
    if older is None:
        return newer
    kept: dict[str, object] = {
        name: getattr(older, name) for name in HEAVY_FIELDS if getattr(newer, name) is None and getattr(older, name) is not None
    }
    return replace(newer, **kept) if kept else newer  # type: ignore[arg-type]  # names checked by the tests


class Coalescer:
    """Gathers progress, and says what is due to be shown. The caller gives the time in seconds."""

    def __init__(self) -> None:
        self.pending: TrainingProgress | None = None  # what has come since, or was not due yet
        self._last = -math.inf
        self._last_of = dict.fromkeys(HEAVY, -math.inf)

    def add(self, progress: TrainingProgress) -> None:
        """The newest."""
        self.pending = merge(self.pending, progress)

    def due(self, now: float) -> TrainingProgress | None:
        """What is to be shown now: the newest numbers, and one kind of heavy fields; the others stay for later."""
        if self.pending is None or now - self._last < 1 / REPORTS_PER_SECOND:
            return None
        kinds = [kind for kind in HEAVY if any(getattr(self.pending, name) is not None for name in kind)]
        waited = [kind for kind in kinds if now - self._last_of[kind] >= 1 / HEAVY[kind]]
        chosen = min(waited, key=self._last_of.__getitem__, default=())
        later = [name for kind in kinds if kind != chosen for name in kind]
        report = replace(self.pending, **dict.fromkeys(later))  # type: ignore[arg-type]  # names checked by the tests
        self.pending = replace(self.pending, **dict.fromkeys(chosen)) if later else None  # type: ignore[arg-type]  # as above
        self._last = now
        if chosen:
            self._last_of[chosen] = now
        return report

    def all(self) -> TrainingProgress | None:
        """All that has not been shown."""
        pending, self.pending = self.pending, None
        return pending


class TrainingLane(QThread):
    """One run at a time. All public methods are called from the GUI thread.

    Signals (arriving in the GUI thread)
    ------------------------------------
    progressed(TrainingProgress) : see `Coalescer`; while it holds, and at the end, all has been told. The last one has an outcome.
    failed(exception) : the run could not start or broke.
    """

    progressed = Signal(object)
    failed = Signal(object)

    _reported = Signal(object)
    _broke = Signal(object)

    def __init__(self, torch_threads: int | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("training")
        self._threads = torch_threads or max(1, (os.cpu_count() or 2) - 1)
        self._condition = threading.Condition()
        self._start_run: Start | None = None
        self._keep: Keep | None = None
        self._active = self._paused = self._stop = self._closing = False
        self._single_steps = 0
        self._reported.connect(self._report, Qt.ConnectionType.QueuedConnection)
        self._broke.connect(self._report_failure, Qt.ConnectionType.QueuedConnection)
        self.start()

    def start_run(self, start: Start, keep: Keep, *, paused: bool = False) -> None:
        """Begin a run: `start` makes the generator (training thread), `keep` is called there with every resumable progress."""
        with self._condition:
            if self._active:
                raise RuntimeError("a run is active")
            self._start_run, self._keep = start, keep
            self._active, self._paused, self._stop, self._single_steps = True, paused, False, 0
            self._condition.notify()

    def pause(self) -> None:
        """Hold after the current step."""
        with self._condition:
            self._paused = True

    def resume(self) -> None:
        """Go on."""
        with self._condition:
            self._paused = False
            self._condition.notify()

    def step(self) -> None:
        """One optimiser step, then hold."""
        with self._condition:
            self._paused = True
            self._single_steps += 1
            self._condition.notify()

    def stop(self) -> None:
        """End the run after the current step; its last progress comes."""
        with self._condition:
            self._stop = True
            self._condition.notify()

    @property
    def active(self) -> bool:
        """Whether a run has been started and has not ended."""
        return self._active

    @property
    def paused(self) -> bool:
        """Whether the run holds."""
        return self._active and self._paused

    def ask_to_close(self) -> None:
        """Stop the run, keep its state, let the thread end; returns at once."""
        with self._condition:
            self._closing = self._stop = True
            self._condition.notify()

    def close(self) -> None:
        """As `ask_to_close`, and wait."""
        self.ask_to_close()
        self.wait()

    def run(self) -> None:
        """Loop of the training thread."""
        lower_priority()
        prepared = False
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._start_run is not None or self._closing)
                if self._start_run is None:
                    return
                start, keep = self._start_run, self._keep
                self._start_run = None
            try:
                if not prepared:
                    load_torch()
                    from latent_explorer.core.nn.device import set_threads

                    set_threads(self._threads)
                    prepared = True
                self._go_through(*start(), keep or (lambda progress: None))
            except Exception as error:
                self._active = False
                self._broke.emit(error)

    def _go_through(self, progresses: Iterator[TrainingProgress], control: Stoppable, keep: Keep) -> None:
        newest: TrainingProgress | None = None  # that named a snapshot
        try:
            for progress in self._reporting(progresses, control, keep):
                newest = progress if progress.snapshot is not None else newest
        except Exception:
            # The run broke: what it had published last is kept before the error is told.
            if newest is not None and not newest.outcome:
                keep(replace(newest, codes=None, outcome="failed"))
            raise

    def _reporting(self, progresses: Iterator[TrainingProgress], control: Stoppable, keep: Keep) -> Iterator[TrainingProgress]:
        """Pass every progress on, after telling the window and looking at the person's wishes."""
        gathered = Coalescer()
        for progress in progresses:
            yield progress
            gathered.add(progress)
            if progress.resumable or progress.outcome:
                keep(progress)
            if progress.outcome:
                self._active = False
                self._tell(gathered.all())
                return  # from here on pause, step and stop are meant for the next run
            self._tell(gathered.due(time.monotonic()))
            with self._condition:
                if self._paused:  # what is shown while it holds is the newest
                    self._tell(gathered.all())
                self._condition.wait_for(lambda: not self._paused or self._single_steps > 0 or self._stop)
                if self._paused and self._single_steps > 0:
                    self._single_steps -= 1
                control.stop = self._stop

    def _tell(self, progress: TrainingProgress | None) -> None:
        if progress is not None:
            self._reported.emit(progress)

    def _report(self, progress: TrainingProgress) -> None:
        if not self._closing:
            self.progressed.emit(progress)

    def _report_failure(self, error: Exception) -> None:
        if not self._closing:
            self.failed.emit(error)
