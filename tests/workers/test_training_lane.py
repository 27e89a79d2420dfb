"""The training lane, with a run whose steps the test writes itself: no torch, no waiting for real training."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QThread
from pytestqt.qtbot import QtBot

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn import device
from latent_explorer.core.types import Codes, History, ModelHandle, TrainingProgress
from latent_explorer.workers import training as training_module
from latent_explorer.workers.lanes import LOW_PRIORITY
from latent_explorer.workers.training import HEAVY, REPORTS_PER_SECOND, Coalescer, TrainingLane, merge

WATCHDOG = 20_000  # milliseconds
HANDLE = ModelHandle("a run", ModelConfig((2, 2, 1), hidden=(2,)))


def codes(number: int) -> Codes:
    return Codes("mean", np.full((1, 2), number, np.float32), np.zeros(1, np.int64), np.zeros(1, np.int64))


def history(number: int) -> History:
    return History(np.array([number], np.float32), {"train_loss": np.array([number], np.float32)})


def progress(step: int, **more: Any) -> TrainingProgress:
    return TrainingProgress(epoch=0, epochs=1, step=step, steps=more.pop("steps", 100), seconds=0.0, loss=1.0, **more)


class Run:
    """A run of `steps` steps. ``at(step)`` may say something heavy, or block; ``taken`` counts the steps."""

    def __init__(self, steps: int = 100, at: Callable[[int], dict[str, Any]] | None = None) -> None:
        self.steps, self.at, self.taken = steps, at or (lambda step: {}), 0
        self.control = SimpleNamespace(stop=False)
        self.kept: list[TrainingProgress] = []
        self.threads: set[object] = set()

    def start(self) -> tuple[Iterator[TrainingProgress], Any]:
        self.threads.add(QThread.currentThread())
        return self._go(), self.control

    def keep(self, last: TrainingProgress) -> None:
        self.threads.add(QThread.currentThread())
        self.kept.append(last)

    def _go(self) -> Iterator[TrainingProgress]:
        yield progress(0, steps=self.steps, history=history(0), snapshot=HANDLE, **self.at(0))
        while not self.control.stop and self.taken < self.steps:
            self.taken += 1
            self.threads.add(QThread.currentThread())
            yield progress(self.taken, steps=self.steps, **self.at(self.taken))
        outcome = "finished" if self.taken == self.steps else "stopped"
        yield progress(self.taken, steps=self.steps, history=history(self.taken), snapshot=HANDLE, outcome=outcome, resumable=True)


class Heard:
    """What a lane says."""

    def __init__(self, lane: TrainingLane) -> None:
        self.progress: list[TrainingProgress] = []
        self.failures: list[Exception] = []
        self.threads: set[object] = set()
        lane.progressed.connect(self._progressed)
        lane.failed.connect(self.failures.append)

    def _progressed(self, what: TrainingProgress) -> None:
        self.threads.add(QThread.currentThread())
        self.progress.append(what)

    @property
    def step(self) -> int:
        return self.progress[-1].step if self.progress else -1

    @property
    def outcome(self) -> str:
        return self.progress[-1].outcome if self.progress else ""


@pytest.fixture
def lane(qtbot: QtBot) -> Iterator[TrainingLane]:
    lane = TrainingLane(1)
    yield lane
    lane.close()
    assert not lane.isRunning()


# --- coalescing --------------------------------------------------------------------------------------------------------------


def test_merging_keeps_the_heavy_fields_of_the_older() -> None:
    older = progress(1, codes=codes(1), history=history(1), snapshot=HANDLE, revision=4)
    newer = progress(2, history=history(2), revision=5)
    merged = merge(older, newer)
    assert (merged.step, merged.revision) == (2, 5)
    assert merged.codes is older.codes
    assert merged.snapshot is older.snapshot
    assert merged.history is newer.history
    assert merge(None, newer) is newer
    assert merge(progress(1), newer) is newer


def test_reports_are_few_bring_one_kind_of_heavy_thing_and_lose_nothing(
    qtbot: QtBot, lane: TrainingLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3,000 steps of a millisecond by the test's own clock."""
    clock = 0.0
    monkeypatch.setattr(training_module, "time", SimpleNamespace(monotonic=lambda: clock))
    said: dict[str, dict[int, object]] = {"codes": {}, "history": {}, "snapshot": {}, "examined": {}}

    def at(step: int) -> dict[str, Any]:
        nonlocal clock
        clock += 0.001
        heavy: dict[str, Any] = {}
        if step and step % 7 == 0:
            heavy["codes"] = codes(step)
        if step and step % 11 == 0:
            heavy["history"] = history(step)
        if step and step % 13 == 0:
            heavy["examined"] = codes(step)
        if step and step % 500 == 0:
            heavy["snapshot"] = ModelHandle(f"after {step}", HANDLE.architecture)
        for name, value in heavy.items():
            said[name][step] = value
        return heavy

    heard = Heard(lane)
    lane.start_run(Run(3000, at).start, lambda what: None)
    qtbot.waitUntil(lambda: heard.outcome == "finished", timeout=WATCHDOG)
    reports = heard.progress[:-1]
    assert 20 < len(reports) <= 3 * REPORTS_PER_SECOND + 1
    steps = [what.step for what in reports]
    assert steps == sorted(set(steps))
    for kind, rate in HEAVY.items():
        brought = [what for what in reports if any(getattr(what, name) is not None for name in kind)]
        assert 2 * rate < len(brought) <= 3 * rate + 1
        for other in HEAVY.keys() - {kind}:
            assert not any(getattr(what, name) is not None for what in brought for name in other)
    for name, values in said.items():
        known: list[tuple[int, object]] = []
        for report in reports:
            until_then = [value for step, value in values.items() if step <= report.step]
            if getattr(report, name) is not None and until_then:
                assert getattr(report, name) is until_then[-1]  # whatever comes is the newest
                known.append((report.step, getattr(report, name)))
        gaps = np.diff([0, *(step for step, _ in known), 3000])
        soon = 1300 if name == "examined" else 600  # one, or three a second, and what waits for its turn
        assert gaps.max() <= soon or name == "snapshot"
        assert any(value is list(values.values())[-1] for _, value in known) or getattr(heard.progress[-1], name) is not None


def test_what_was_not_due_is_told_when_the_run_holds_or_ends(qtbot: QtBot, lane: TrainingLane, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that stands still nothing is due after the first report."""
    monkeypatch.setattr(training_module, "time", SimpleNamespace(monotonic=lambda: 100.0))
    in_step, gate = threading.Event(), threading.Event()

    def at(step: int) -> dict[str, Any]:
        if step == 7:
            in_step.set()
            assert gate.wait(WATCHDOG / 1000)
        return {3: {"codes": codes(3)}, 5: {"history": history(5)}, 6: {"snapshot": HANDLE}, 9: {"codes": codes(9)}}.get(step, {})

    heard, run = Heard(lane), Run(10, at)
    lane.start_run(run.start, run.keep)
    assert in_step.wait(WATCHDOG / 1000)
    lane.pause()
    gate.set()
    qtbot.waitUntil(lambda: heard.step == 7, timeout=WATCHDOG)
    held = heard.progress[-1]
    assert held.codes is not None
    assert held.codes.z[0, 0] == 3
    assert held.history is not None
    assert held.history.epoch[0] == 5
    assert held.snapshot is HANDLE
    told = len(heard.progress)
    lane.resume()
    qtbot.waitUntil(lambda: heard.outcome == "finished", timeout=WATCHDOG)
    assert len(heard.progress) == told + 1
    assert heard.progress[-1].codes is not None
    assert heard.progress[-1].codes.z[0, 0] == 9


def test_one_kind_waits_for_the_other_and_numbers_for_none() -> None:
    gathered = Coalescer()
    assert gathered.due(0.0) is None
    gathered.add(progress(1, codes=codes(1), snapshot=HANDLE, history=history(1)))
    first = gathered.due(0.0)
    assert first is not None
    assert (first.codes is None, first.snapshot is None, first.history is None) == (False, False, True)
    gathered.add(progress(2))
    assert gathered.due(0.5 / REPORTS_PER_SECOND) is None
    second = gathered.due(1.01 / REPORTS_PER_SECOND)
    assert second is not None
    assert (second.step, second.codes, second.snapshot) == (2, None, None)
    assert second.history is not None
    gathered.add(progress(3, codes=codes(3)))
    third = gathered.due(2.02 / REPORTS_PER_SECOND)
    assert third is not None
    assert (third.step, third.codes) == (3, None)  # not due yet
    rest = gathered.all()
    assert rest is not None
    assert rest.codes is not None
    assert gathered.all() is None


def test_reports_arrive_in_the_gui_thread_and_work_is_done_in_the_lanes(qtbot: QtBot, lane: TrainingLane) -> None:
    heard, run = Heard(lane), Run()
    lane.start_run(run.start, run.keep)
    qtbot.waitUntil(lambda: heard.outcome == "finished", timeout=WATCHDOG)
    assert heard.threads == {QThread.currentThread()}
    assert run.threads == {lane}
    assert not lane.active


# --- pause, step, stop -------------------------------------------------------------------------------------------------------


def test_a_run_that_starts_paused_waits_and_steps_one_by_one(qtbot: QtBot, lane: TrainingLane) -> None:
    heard, run = Heard(lane), Run()
    lane.start_run(run.start, run.keep, paused=True)
    qtbot.waitUntil(lambda: heard.step == 0, timeout=WATCHDOG)
    for step in range(1, 4):
        lane.step()
        qtbot.waitUntil(lambda step=step: heard.step == step, timeout=WATCHDOG)  # type: ignore[misc]
        assert lane.paused
    for _ in range(5):  # asked faster than it steps: none is lost
        lane.step()
    qtbot.waitUntil(lambda: heard.step == 8, timeout=WATCHDOG)
    lane.stop()
    qtbot.waitUntil(lambda: heard.outcome == "stopped", timeout=WATCHDOG)
    assert run.taken == heard.step == 8  # it has held there all the time
    assert not lane.paused


def test_pause_holds_after_the_current_step_and_resume_goes_on(qtbot: QtBot, lane: TrainingLane) -> None:
    in_step, gate = threading.Event(), threading.Event()

    def at(step: int) -> dict[str, Any]:
        if step == 5:
            in_step.set()
            assert gate.wait(WATCHDOG / 1000)
        return {}

    heard, run = Heard(lane), Run(50, at)
    lane.start_run(run.start, run.keep)
    assert in_step.wait(WATCHDOG / 1000)
    lane.pause()
    gate.set()
    qtbot.waitUntil(lambda: heard.step == 5, timeout=WATCHDOG)  # what is shown while it holds is the newest
    lane.step()
    qtbot.waitUntil(lambda: heard.step == 6, timeout=WATCHDOG)
    assert run.taken == 6
    lane.resume()
    qtbot.waitUntil(lambda: heard.outcome == "finished", timeout=WATCHDOG)
    assert run.taken == 50


@pytest.mark.parametrize("paused", [False, True])
def test_stop_ends_the_run_and_the_next_one_starts_afresh(qtbot: QtBot, lane: TrainingLane, paused: bool) -> None:
    heard, run = Heard(lane), Run(10**9)
    lane.start_run(run.start, run.keep, paused=paused)
    with pytest.raises(RuntimeError):
        lane.start_run(run.start, run.keep)
    qtbot.waitUntil(lambda: heard.step >= (0 if paused else 3), timeout=WATCHDOG)
    lane.stop()
    qtbot.waitUntil(lambda: heard.outcome == "stopped", timeout=WATCHDOG)
    assert [what.outcome for what in run.kept] == ["stopped"]
    assert not lane.active
    again = Run(3)
    lane.start_run(again.start, again.keep)
    qtbot.waitUntil(lambda: heard.outcome == "finished", timeout=WATCHDOG)
    assert again.taken == 3


@pytest.mark.parametrize("number", range(30))
def test_the_end_of_a_run_takes_no_step_of_the_next_one(qtbot: QtBot, lane: TrainingLane, number: int) -> None:
    """The next run may be started, paused and stepped while the thread still leaves the one before."""
    heard, first, second = Heard(lane), Run(1), Run(10)

    def follow(what: TrainingProgress) -> None:
        if what.outcome == "finished":
            lane.start_run(second.start, second.keep, paused=True)
            lane.step()

    lane.progressed.connect(follow)
    lane.start_run(first.start, first.keep)
    qtbot.waitUntil(lambda: second.taken == 1 and heard.step == 1 and heard.outcome == "", timeout=WATCHDOG)
    lane.stop()
    qtbot.waitUntil(lambda: heard.outcome == "stopped", timeout=WATCHDOG)
    assert second.taken == 1


# --- keeping and failing -----------------------------------------------------------------------------------------------------


def test_every_resumable_progress_and_the_last_one_are_kept(qtbot: QtBot, lane: TrainingLane) -> None:
    heard, run = Heard(lane), Run(20, lambda step: {"resumable": True, "snapshot": HANDLE} if step % 8 == 4 else {})
    lane.start_run(run.start, run.keep)
    qtbot.waitUntil(lambda: heard.outcome == "finished", timeout=WATCHDOG)
    assert [(what.step, what.outcome) for what in run.kept] == [(4, ""), (12, ""), (20, ""), (20, "finished")]


def broken_start() -> tuple[Iterator[TrainingProgress], Any]:
    raise ValueError("start")


def broken_step(step: int) -> dict[str, Any]:
    if step == 3:
        raise ValueError("step")
    return {}


def broken_keep(what: TrainingProgress) -> None:
    raise ValueError("keep")


@pytest.mark.parametrize(
    ("start", "keep", "word"),
    [
        (broken_start, print, "start"),
        (Run(10, broken_step).start, print, "step"),
        (Run(10).start, broken_keep, "keep"),
    ],
    ids=["start", "step", "keep"],
)
def test_a_run_that_breaks_is_told_and_the_lane_lives_on(
    qtbot: QtBot, lane: TrainingLane, start: Callable[..., Any], keep: Callable[..., Any], word: str
) -> None:
    heard = Heard(lane)
    lane.start_run(start, keep)
    qtbot.waitUntil(lambda: bool(heard.failures), timeout=WATCHDOG)
    assert [str(error) for error in heard.failures] == [word]
    assert not lane.active
    again = Run(3)
    lane.start_run(again.start, again.keep)
    qtbot.waitUntil(lambda: again.taken == 3 and not lane.active, timeout=WATCHDOG)


@pytest.mark.parametrize("paused", [False, True])
def test_closing_during_a_run_stops_it_and_keeps_its_last_state(qtbot: QtBot, paused: bool) -> None:
    lane, run = TrainingLane(1), Run(10**9)
    heard = Heard(lane)
    lane.start_run(run.start, run.keep, paused=paused)
    qtbot.waitUntil(lambda: heard.step >= (0 if paused else 3), timeout=WATCHDOG)
    told = len(heard.progress)
    lane.close()
    assert not lane.isRunning()
    assert [(what.step, what.outcome) for what in run.kept] == [(run.taken, "stopped")]
    QCoreApplication.processEvents()
    assert len(heard.progress) == told  # the window is on its way out


def test_closing_before_the_run_has_begun_keeps_it_too(qtbot: QtBot) -> None:
    lane, run = TrainingLane(1), Run()
    lane.start_run(run.start, run.keep)
    lane.close()
    assert [what.outcome for what in run.kept] == ["stopped"]


# --- the machine -------------------------------------------------------------------------------------------------------------


def test_torch_gets_the_lanes_threads_once(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int | None] = []
    monkeypatch.setattr(device, "set_threads", counts.append)
    lane = TrainingLane(3)
    heard = Heard(lane)
    try:
        for _ in range(2):
            heard.progress.clear()
            run = Run(2)
            lane.start_run(run.start, run.keep)
            qtbot.waitUntil(lambda: heard.outcome == "finished", timeout=WATCHDOG)
    finally:
        lane.close()
    assert counts == [3]


@pytest.mark.skipif(sys.platform != "linux", reason="niceness of single threads is Linux's")
def test_training_gives_way_to_everything_else(qtbot: QtBot, lane: TrainingLane) -> None:
    here = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    found: list[int] = []

    def at(step: int) -> dict[str, Any]:
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return {}

    heard, run = Heard(lane), Run(2, at)
    lane.start_run(run.start, run.keep)
    qtbot.waitUntil(lambda: heard.outcome == "finished", timeout=WATCHDOG)
    assert set(found) == {max(here, LOW_PRIORITY)}
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == here
