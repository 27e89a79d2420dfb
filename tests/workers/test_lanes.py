"""The lanes: who runs, who is dropped, who is told, and in which thread."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QThread
from pytestqt.qtbot import QtBot

from latent_explorer.core.errors import Cancelled
from latent_explorer.workers import lanes as lanes_module
from latent_explorer.workers.lanes import LOW_PRIORITY, Lane, Lanes, NewestLane, lower_priority
from latent_explorer.workers.task import Context, Task

WATCHDOG = 20_000  # milliseconds; nothing here takes long, unless it hangs
MakeLane = Callable[..., Lane]


@pytest.fixture
def make_lane(qtbot: QtBot) -> Iterator[MakeLane]:
    """Makes lanes, and ends their threads after the test."""
    made: list[Lane] = []

    def make(kind: type[Lane] = Lane, *arguments: Any, **options: Any) -> Lane:
        made.append(kind("a lane", *arguments, **options))
        return made[-1]

    yield make
    for lane in made:
        lane.close()
        assert not lane.isRunning()


class Gated:
    """Work that tells when it has begun, and ends when it may."""

    def __init__(self, result: Any = None) -> None:
        self.begun, self.gate, self.result = threading.Event(), threading.Event(), result

    def __call__(self, context: Context) -> Any:
        self.begun.set()
        assert self.gate.wait(WATCHDOG / 1000)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def wait_until_begun(self) -> None:
        """Blocks the calling thread, so that no events of Qt are handled meanwhile."""
        assert self.begun.wait(WATCHDOG / 1000)


def until_cancelled(context: Context) -> None:
    while True:
        context.progress("on", 0.5)


def pump() -> None:
    """Everything that was posted to this thread."""
    for _ in range(3):
        QCoreApplication.processEvents()


# --- one after the other -----------------------------------------------------------------------------------------------------


def test_tasks_run_in_the_order_they_came(qtbot: QtBot, make_lane: MakeLane) -> None:
    lane, ran, delivered = make_lane(), [], []

    def work(number: int) -> Callable[[Context], int]:
        return lambda context: ran.append(number) or number  # type: ignore[func-returns-value]

    for number in range(50):
        lane.submit(Task("", work(number), delivered.append, torch=False))
    qtbot.waitUntil(lambda: len(delivered) == 50, timeout=WATCHDOG)
    assert ran == delivered == list(range(50))
    qtbot.waitUntil(lambda: not lane.busy, timeout=WATCHDOG)


@pytest.mark.parametrize("kind", [Lane, NewestLane])
def test_work_runs_in_the_lanes_thread_and_is_answered_in_the_gui_thread(qtbot: QtBot, make_lane: MakeLane, kind: type[Lane]) -> None:
    lane = make_lane(kind)
    here, threads = QThread.currentThread(), {}

    def note(name: str) -> Callable[[object], object]:
        return lambda *_: threads.setdefault(name, QThread.currentThread())

    def fails(context: Context) -> None:
        raise ValueError("no")

    lane.failed.connect(note("the lane's own failed"))
    for title, task in (
        ("work", Task("", note("work"), note("done"), torch=False)),
        ("failed", Task("", fails, note("done"), note("failed"), torch=False)),
        ("the lane's own failed", Task("", fails, note("done"), torch=False)),
    ):
        lane.submit(task)
        qtbot.waitUntil(lambda title=title: title in threads, timeout=WATCHDOG)  # type: ignore[misc]
        qtbot.waitUntil(lambda: not lane.busy, timeout=WATCHDOG)
    pump()
    assert threads.pop("work") is lane
    assert threads == {"done": here, "failed": here, "the lane's own failed": here}


def test_a_failure_reaches_its_task_and_the_lane_goes_on(qtbot: QtBot, make_lane: MakeLane) -> None:
    lane, told, own, done = make_lane(), [], [], []
    lane.failed.connect(own.append)
    first, second = ValueError("first"), OSError("second")
    gated = [Gated(first), Gated(second), Gated("third")]
    for work in gated:
        work.gate.set()
    lane.submit(Task("", gated[0], done.append, told.append, torch=False))
    lane.submit(Task("", gated[1], done.append, torch=False))
    lane.submit(Task("", gated[2], done.append, told.append, torch=False))
    qtbot.waitUntil(lambda: done == ["third"], timeout=WATCHDOG)
    assert told == [first]
    assert own == [second]


def test_progress_is_told_with_the_title_and_ends_with_idle(qtbot: QtBot, make_lane: MakeLane) -> None:
    lane, heard = make_lane(), []
    lane.progressed.connect(lambda *what: heard.append(what))
    first, second = Gated(), Gated()

    def reporting(gated: Gated) -> Callable[[Context], None]:
        def work(context: Context) -> None:
            gated(context)
            context.progress("halfway", 0.5)

        return work

    lane.submit(Task("A", reporting(first), heard.append, torch=False))
    first.wait_until_begun()
    lane.submit(Task("B", reporting(second), heard.append, torch=False))
    first.gate.set()
    second.gate.set()
    qtbot.waitUntil(lambda: ("", "", 1.0) in heard, timeout=WATCHDOG)
    assert [what for what in heard if what is not None] == [
        ("A", "", 0.0),
        ("A", "halfway", 0.5),
        ("B", "", 0.0),
        ("B", "halfway", 0.5),
        ("", "", 1.0),
    ]


# --- cancelling and closing --------------------------------------------------------------------------------------------------


def test_a_cancelled_context_raises_at_its_next_progress() -> None:
    said: list[tuple[str, float]] = []
    context = Context(lambda what, part: said.append((what, part)))
    context.progress("one", 0.1)
    context.cancel()
    with pytest.raises(Cancelled):
        context.progress("two", 0.2)
    assert said == [("one", 0.1)]


@pytest.mark.parametrize("kind", [Lane, NewestLane])
def test_cancel_ends_the_running_task_and_drops_the_waiting_ones(qtbot: QtBot, make_lane: MakeLane, kind: type[Lane]) -> None:
    lane, heard = make_lane(kind), []
    begun = threading.Event()

    def work(context: Context) -> None:
        begun.set()
        until_cancelled(context)

    lane.submit(Task("", work, heard.append, heard.append, torch=False))
    assert begun.wait(WATCHDOG / 1000)
    for _ in range(3):
        lane.submit(Task("", lambda context: "waiting", heard.append, heard.append, torch=False))
    lane.failed.connect(heard.append)
    lane.cancel()
    lane.submit(Task("", lambda context: "after", heard.append, heard.append, torch=False))
    qtbot.waitUntil(lambda: bool(heard), timeout=WATCHDOG)
    qtbot.waitUntil(lambda: not lane.busy, timeout=WATCHDOG)
    pump()
    assert heard == ["after"]  # being cancelled is no failure, and nobody is told


@pytest.mark.parametrize("kind", [Lane, NewestLane])
def test_closing_while_a_task_runs_ends_the_thread_and_delivers_nothing(qtbot: QtBot, make_lane: MakeLane, kind: type[Lane]) -> None:
    lane, heard = make_lane(kind), []
    finished, running = Gated("finished"), threading.Event()
    finished.gate.set()

    def work(context: Context) -> None:
        running.set()
        until_cancelled(context)

    lane.submit(Task("", finished, heard.append, torch=False))
    finished.wait_until_begun()  # its answer waits for this thread, which handles no events
    lane.submit(Task("", work, heard.append, heard.append, torch=False))
    assert running.wait(WATCHDOG / 1000)
    lane.submit(Task("", lambda context: heard.append("ran"), heard.append, torch=False))
    lane.close()
    assert not lane.isRunning()
    pump()
    assert heard == []
    lane.close()  # once more does no harm


def test_what_must_finish_is_neither_cancelled_nor_dropped(qtbot: QtBot, make_lane: MakeLane) -> None:
    """A person's file depends on it."""
    lane, done = make_lane(), []
    running, waiting = Gated("running"), Gated("waiting")
    waiting.gate.set()

    def work(context: Context) -> object:
        result = running(context)
        context.progress("still on", 0.9)  # does not raise
        return result

    lane.submit(Task("", work, done.append, torch=False, must_finish=True))
    running.wait_until_begun()
    lane.submit(Task("", lambda context: "dropped", done.append, torch=False))
    lane.submit(Task("", waiting, done.append, torch=False, must_finish=True))
    lane.cancel()
    running.gate.set()
    qtbot.waitUntil(lambda: len(done) == 2, timeout=WATCHDOG)
    assert done == ["running", "waiting"]


def test_closing_waits_for_what_must_finish(qtbot: QtBot, make_lane: MakeLane, caplog: pytest.LogCaptureFixture) -> None:
    lane, ran = make_lane(), []
    first = Gated()

    def work(number: int, error: Exception | None = None) -> Callable[[Context], None]:
        def run(context: Context) -> None:
            ran.append(number)
            if error is not None:
                raise error

        return run

    lane.submit(Task("", first, ran.append, torch=False))
    first.wait_until_begun()
    for number, must in ((1, True), (2, False), (3, True)):
        error = ValueError("the disk is full") if number == 3 else None
        lane.submit(Task("", work(number, error), ran.append, ran.append, torch=False, must_finish=must))
    lane.ask_to_close()
    first.gate.set()
    lane.close()
    assert ran == [1, 3]
    pump()
    assert ran == [1, 3]  # nobody is there any more to be told; but what failed is in the log
    assert "the disk is full" in caplog.text


def test_a_held_lane_begins_when_it_is_released(qtbot: QtBot, make_lane: MakeLane) -> None:
    lane, done, ran = make_lane(), [], threading.Event()
    lane.hold()
    for number in range(3):
        lane.submit(Task("", lambda context, number=number: ran.set() or number, done.append, torch=False))  # type: ignore[misc]
    assert not ran.wait(0.05)
    assert lane.busy
    lane.release()
    qtbot.waitUntil(lambda: len(done) == 3, timeout=WATCHDOG)
    assert done == [0, 1, 2]
    lane.submit(Task("", lambda context: "later", done.append, torch=False))
    qtbot.waitUntil(lambda: done[-1] == "later", timeout=WATCHDOG)


def test_what_must_finish_does_so_in_a_held_lane_that_is_closed(qtbot: QtBot, make_lane: MakeLane) -> None:
    lane, ran = make_lane(), []
    lane.hold()
    lane.submit(Task("", lambda context: ran.append("dropped"), ran.append, torch=False))
    lane.submit(Task("", lambda context: ran.append("kept"), ran.append, torch=False, must_finish=True))
    lane.close()
    assert ran == ["kept"]


def test_all_lanes_of_a_window_end_together(qtbot: QtBot) -> None:
    lanes = Lanes()
    names = [lane.objectName() for lane in lanes.all()]
    assert names == ["probe", "tiles", "compute", "jobs", "downloads"]
    begun = {lane: threading.Event() for lane in lanes.all()}

    def work(lane: Lane) -> Callable[[Context], None]:
        def run(context: Context) -> None:
            begun[lane].set()
            until_cancelled(context)

        return run

    for lane in lanes.all():
        lane.submit(Task("", work(lane), print, torch=False))
    assert all(event.wait(WATCHDOG / 1000) for event in begun.values())
    lanes.close()
    assert not any(lane.isRunning() for lane in lanes.all())


# --- the mailbox of one ------------------------------------------------------------------------------------------------------


def test_of_a_thousand_waiting_tasks_only_the_newest_runs(qtbot: QtBot, make_lane: MakeLane) -> None:
    lane, ran, delivered = make_lane(NewestLane), [], []
    first = Gated("first")
    lane.submit(Task("", first, delivered.append, torch=False))
    first.wait_until_begun()
    for number in range(1000):
        lane.submit(Task("", lambda context, number=number: ran.append(number) or number, delivered.append, torch=False))
    first.gate.set()
    qtbot.waitUntil(lambda: bool(delivered) and delivered[-1] == 999, timeout=WATCHDOG)
    qtbot.waitUntil(lambda: not lane.busy, timeout=WATCHDOG)
    pump()
    assert ran == [999]
    assert delivered in (["first", 999], [999])  # "first" may itself have been overtaken


def test_a_stream_of_wishes_ends_with_the_last_one_and_never_goes_back(qtbot: QtBot, make_lane: MakeLane) -> None:
    lane, delivered = make_lane(NewestLane), []
    for number in range(1000):
        lane.submit(Task("", lambda context, number=number: number, delivered.append, torch=False))
        if number % 50 == 0:
            pump()
    qtbot.waitUntil(lambda: bool(delivered) and delivered[-1] == 999, timeout=WATCHDOG)
    pump()
    assert delivered == sorted(set(delivered))


def test_answers_that_nobody_fetched_are_overtaken_by_the_newest(qtbot: QtBot, make_lane: MakeLane) -> None:
    lane, delivered = make_lane(NewestLane), []
    works = [Gated(number) for number in range(5)]
    for before, work in zip([None, *works], works, strict=False):
        if before is not None:
            before.gate.set()
        lane.submit(Task("", work, delivered.append, torch=False))
        work.wait_until_begun()  # so the answer before it is in the outbox; this thread handles no events
    qtbot.waitUntil(lambda: bool(delivered), timeout=WATCHDOG)
    assert delivered == [3]
    works[4].gate.set()
    qtbot.waitUntil(lambda: len(delivered) > 1, timeout=WATCHDOG)
    assert delivered == [3, 4]


def test_kinds_have_mailboxes_of_their_own(qtbot: QtBot, make_lane: MakeLane) -> None:
    """Neither what waits nor what was answered is replaced by something of another kind."""
    lane, said, first = make_lane(NewestLane), [], Gated("first")
    lane.submit(Task("", first, said.append, torch=False))
    first.wait_until_begun()
    last = Gated("end")
    for k in range(20):
        lane.submit(Task("", lambda context, k=k: f"one {k}", said.append, torch=False))  # type: ignore[misc]
        lane.submit(Task("", lambda context, k=k: f"other {k}", said.append, torch=False, kind="other"))  # type: ignore[misc]
    lane.submit(Task("", last, said.append, torch=False, kind="end"))
    first.gate.set()
    last.wait_until_begun()  # this thread has handled no event since, so "first" was still waiting to be delivered
    last.gate.set()
    qtbot.waitUntil(lambda: "end" in said, timeout=WATCHDOG)
    assert said == ["one 19", "other 19", "end"]


def test_an_exception_is_always_delivered(qtbot: QtBot, make_lane: MakeLane) -> None:
    """Also when a newer answer overtakes it before this thread looks."""
    lane, delivered, told, own = make_lane(NewestLane), [], [], []
    lane.failed.connect(own.append)
    errors = [ValueError("0"), ValueError("1"), ValueError("2")]
    works = [*(Gated(error) for error in errors), Gated("3"), Gated("4")]
    for before, work in zip([None, *works], works, strict=False):
        if before is not None:
            before.gate.set()
        failed = None if work is works[1] else told.append
        lane.submit(Task("", work, delivered.append, failed, torch=False))
        work.wait_until_begun()
    works[4].gate.set()
    qtbot.waitUntil(lambda: delivered[-1:] == ["4"], timeout=WATCHDOG)
    assert told == [errors[0], errors[2]]
    assert own == [errors[1]]


# --- threads of the machine --------------------------------------------------------------------------------------------------


def test_torch_threads_are_set_once_and_only_where_torch_is_needed(
    qtbot: QtBot, make_lane: MakeLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    from latent_explorer.core.nn import device

    counts: list[int | None] = []
    monkeypatch.setattr(device, "set_threads", counts.append)
    lane, delivered = make_lane(Lane, 3), []
    for torch in (False, True, True):
        lane.submit(Task("", lambda context: list(counts), delivered.append, torch=torch))
    qtbot.waitUntil(lambda: len(delivered) == 3, timeout=WATCHDOG)
    assert delivered == [[], [3], [3]]


def test_each_lane_has_its_own_number_of_torch_threads(qtbot: QtBot, make_lane: MakeLane) -> None:
    import torch

    here, delivered = torch.get_num_threads(), []
    for count in (1, 2, 3):
        make_lane(Lane, count).submit(Task("", lambda context: torch.get_num_threads(), delivered.append))
    qtbot.waitUntil(lambda: len(delivered) == 3, timeout=WATCHDOG)
    assert sorted(delivered) == [1, 2, 3]
    assert torch.get_num_threads() == here


def test_work_without_torch_does_not_load_it() -> None:
    """The scatter of the first screen must not wait for it."""
    script = """
import sys
from PySide6.QtCore import QCoreApplication
from latent_explorer.workers.lanes import Lane
from latent_explorer.workers.task import Task
app = QCoreApplication([])
lane = Lane("jobs")
answers = []
def done(value):
    answers.append(value)
    app.quit()
lane.submit(Task("", lambda context: "torch" in sys.modules, done, done, torch=False))
app.exec()
lane.close()
sys.exit(answers != [False])
"""
    root = Path(lanes_module.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="niceness of single threads is Linux's")
class TestPriority:
    """What computes for long gives way."""

    def test_only_a_lane_of_low_priority_is_nicer(self, qtbot: QtBot, make_lane: MakeLane) -> None:
        here = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        delivered: list[int] = []

        def niceness(context: Context) -> int:
            return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

        for low, expected in ((False, here), (True, max(here, LOW_PRIORITY))):
            make_lane(Lane, low_priority=low).submit(Task("", niceness, delivered.append, torch=False))
            qtbot.waitUntil(lambda: bool(delivered), timeout=WATCHDOG)
            assert delivered.pop() == expected
        assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == here

    def test_a_program_that_is_nicer_already_stays_so(self) -> None:
        """Only root may take niceness back: `nice -n 15 latent-explorer` must not break the lanes."""
        found: list[int] = []

        def run() -> None:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOW_PRIORITY + 5)
            lower_priority()
            found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert found == [LOW_PRIORITY + 5]
