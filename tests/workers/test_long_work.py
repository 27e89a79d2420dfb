"""Long work in a lane of the newest: told piece by piece, taking turns, dropped for what is newer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.task import Context, Task

WATCHDOG = 20_000  # milliseconds; nothing here takes long, unless it hangs


@pytest.fixture
def lane() -> Iterator[NewestLane]:
    made = NewestLane("a lane")
    yield made
    made.close()


class Steps:
    """An iterator of results, each made when it may be; writes down what was made, and when it was let go."""

    def __init__(self, made: list[Any], *results: Any) -> None:
        self.made, self.results = made, results
        self.allowed, self.begun = threading.Semaphore(0), threading.Event()
        self.ended = threading.Event()

    def __call__(self, context: Context) -> Iterator[Any]:
        try:
            for result in self.results:
                self.begun.set()
                assert self.allowed.acquire(timeout=WATCHDOG / 1000)
                self.made.append(result)
                if isinstance(result, Exception):
                    raise result
                yield result
        finally:
            self.ended.set()


def task(work: Callable[[Context], Any], done: Callable[[Any], object], kind: str = "", **more: Any) -> Task:
    return Task("", work, done, torch=False, kind=kind, **more)


def test_each_result_is_told_but_none(qtbot: QtBot, lane: NewestLane) -> None:
    heard: list[Any] = []
    steps = Steps([], 1, None, 2, None)
    lane.submit(task(steps, heard.append))
    for count in (1, 1, 2):
        steps.allowed.release()
        qtbot.waitUntil(lambda count=count: len(heard) == count, timeout=WATCHDOG)  # type: ignore[misc]
    assert lane.busy
    steps.allowed.release()
    qtbot.waitUntil(lambda: not lane.busy, timeout=WATCHDOG)
    assert heard == [1, 2]


def test_a_newer_task_of_the_same_kind_drops_the_rest(qtbot: QtBot, lane: NewestLane) -> None:
    made: list[Any] = []
    heard: list[Any] = []
    old, new = Steps(made, "old 1", "old 2", "old 3"), Steps(made, "new 1", "new 2")
    lane.submit(task(old, heard.append))
    assert old.begun.wait(WATCHDOG / 1000)
    lane.submit(task(new, heard.append))
    old.allowed.release(3)
    new.allowed.release(2)
    qtbot.waitUntil(lambda: not lane.busy, timeout=WATCHDOG)
    assert made == ["old 1", "new 1", "new 2"]
    assert old.ended.wait(WATCHDOG / 1000)
    qtbot.waitUntil(lambda: heard[-1:] == ["new 2"], timeout=WATCHDOG)


def test_tasks_of_other_kinds_take_their_turn_after_each_result(qtbot: QtBot, lane: NewestLane) -> None:
    made: list[Any] = []
    steps = Steps(made, "a1", "a2", "a3")
    lane.submit(task(steps, made.index, kind="a"))
    assert steps.begun.wait(WATCHDOG / 1000)
    other = Steps(made, "b1", "b2")
    other.allowed.release(2)
    lane.submit(task(other, made.index, kind="b"))
    lane.submit(task(lambda context: made.append("c"), lambda result: None, kind="c"))
    steps.allowed.release(3)
    qtbot.waitUntil(lambda: not lane.busy, timeout=WATCHDOG)
    assert made == ["a1", "b1", "c", "a2", "b2", "a3"]


def test_cancelling_and_closing_end_it_between_two_results(qtbot: QtBot, lane: NewestLane) -> None:
    made: list[Any] = []
    steps = Steps(made, 1, 2, 3)
    lane.submit(task(steps, lambda result: None))
    assert steps.begun.wait(WATCHDOG / 1000)
    lane.cancel()
    steps.allowed.release(3)
    qtbot.waitUntil(lambda: not lane.busy, timeout=WATCHDOG)
    assert made == [1]
    steps = Steps(made, 4, 5)
    lane.submit(task(steps, lambda result: None))
    assert steps.begun.wait(WATCHDOG / 1000)
    lane.ask_to_close()
    steps.allowed.release(2)
    lane.close()
    assert made == [1, 4]


def test_an_exception_on_the_way_is_told_and_what_came_before_too(qtbot: QtBot, lane: NewestLane) -> None:
    heard: list[Any] = []
    error = ValueError("here")
    steps = Steps([], 1, error, 2)
    lane.submit(task(steps, heard.append, failed=heard.append))
    steps.allowed.release()
    qtbot.waitUntil(lambda: heard == [1], timeout=WATCHDOG)
    steps.allowed.release(2)
    qtbot.waitUntil(lambda: not lane.busy and len(heard) == 2, timeout=WATCHDOG)
    assert heard == [1, error]
