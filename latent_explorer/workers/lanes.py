"""The lanes: one thread each, so that what waits never stops what draws.

A lane object lives in the GUI thread; its `run` is the only part that does not. Work goes in by `submit`, results come
back in the GUI thread: the lane's own signal is connected to its own bound method with a queued connection.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Qt, QThread, Signal

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.loading import no_collections
from latent_explorer.workers.task import Context, Task

log = logging.getLogger("latent_explorer")
LOW_PRIORITY = 10  # nice level of the threads that compute for long


def lower_priority() -> None:
    """Make the calling thread give way to the others (QThread priorities are ignored on Linux)."""
    if sys.platform == "linux":
        # Called with a thread's own id, the "process" of setpriority is that thread. Niceness is only ever added: taking it
        # back, as in a program that was started by `nice -n 15`, is refused to all but root.
        thread = threading.get_native_id()
        if os.getpriority(os.PRIO_PROCESS, thread) < LOW_PRIORITY:
            os.setpriority(os.PRIO_PROCESS, thread, LOW_PRIORITY)


def shared_threads() -> int:
    """Threads of torch, or of numpy's products, for lanes that compute for long: one core is the window's."""
    return max(1, (os.cpu_count() or 2) - 1)


_torch_lock = threading.Lock()


def load_torch() -> None:
    """Load torch and what is built on it. Any worker thread; the first one loads, others wait."""
    with _torch_lock:
        if "latent_explorer.core.nn.training" in sys.modules:
            return
        with no_collections():
            importlib.import_module("latent_explorer.core.nn.training")
            importlib.import_module("latent_explorer.core.checkpoint.weights")


@dataclass(frozen=True)
class _Answer:
    """A call to make in the GUI thread."""

    call: Callable[[Any], object]
    value: Any
    kind: str = ""


class Lane(QThread):
    """A thread that runs its tasks in the order they came.

    Signals (arriving in the GUI thread)
    ------------------------------------
    failed(exception) : a task without its own `failed` raised it.
    progressed(title, what, part) : of the running task; title "" when the lane has become idle.
    """

    failed = Signal(object)
    progressed = Signal(str, str, float)
    _spoke = Signal(object)

    def __init__(self, name: str, torch_threads: int = 1, *, low_priority: bool = False, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._torch_threads, self._low_priority = torch_threads, low_priority
        self._condition = threading.Condition()
        self._waiting: deque[Task] = deque()
        self._running: Context | None = None
        self._running_must_finish = False
        self._closing = False
        self._held = False
        self._torch_ready = False
        self._spoke.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self.start()

    def submit(self, task: Task) -> None:
        """Take a task; it runs when the thread comes to it. Any thread."""
        with self._condition:
            self._enqueue(task)
            self._condition.notify()

    def _enqueue(self, task: Task) -> None:
        self._waiting.append(task)

    def cancel(self) -> None:
        """Drop what waits, and ask the running task to end; but for tasks that must finish."""
        with self._condition:
            self._waiting = deque(task for task in self._waiting if task.must_finish)
            if self._running is not None and not self._running_must_finish:
                self._running.cancel()

    def hold(self) -> None:
        """Begin no task before `release` (or the end): what is to be seen first needs the processor and Python's lock."""
        with self._condition:
            self._held = True

    def release(self) -> None:
        """Begin with what has come meanwhile."""
        with self._condition:
            self._held = False
            self._condition.notify()

    @property
    def busy(self) -> bool:
        """Whether something runs or waits."""
        with self._condition:
            return self._running is not None or bool(self._waiting)

    def ask_to_close(self) -> None:
        """Cancel the work and let the thread end; returns at once."""
        self.cancel()
        with self._condition:
            self._closing = True
            self._condition.notify()

    def close(self) -> None:
        """End the thread, and wait for that: a QThread destroyed while it runs aborts the process."""
        self.ask_to_close()
        self.wait()

    def run(self) -> None:
        """Loop of the worker thread."""
        if self._low_priority:
            lower_priority()
        while (next_task := self._next()) is not None:
            task, context = next_task
            if task.title:
                self.progressed.emit(task.title, "", 0.0)
            # Answers are handed over while the task still counts as running: when no lane is busy, all are on their way.
            try:
                self._prepare(task)
                self._perform(task, context)
            except Cancelled:
                pass
            except Exception as error:
                self._hand_over(_Answer(task.failed or self.failed.emit, error))
            with self._condition:
                self._running = None
                idle = not self._waiting
            if idle:
                self.progressed.emit("", "", 1.0)
            del task, context, next_task  # a traceback that somebody keeps keeps this frame, and would keep the window by them

    def _next(self) -> tuple[Task, Context] | None:
        with self._condition:
            self._condition.wait_for(lambda: (bool(self._waiting) and not self._held) or self._closing)
            if not self._waiting:
                return None
            task = self._waiting.popleft()
            self._running_must_finish = task.must_finish
            self._running = Context(_Report(self, task.title))
            return task, self._running

    def _prepare(self, task: Task) -> None:
        if task.torch and not self._torch_ready:
            load_torch()
            from latent_explorer.core.nn.device import set_threads

            set_threads(self._torch_threads)  # torch's setting is per thread
            self._torch_ready = True

    def _perform(self, task: Task, context: Context) -> None:
        self._hand_over(_Answer(task.done, task.work(context), task.kind))

    def _hand_over(self, answer: _Answer) -> None:
        self._spoke.emit(answer)

    def _deliver(self, answer: _Answer) -> None:
        if not self._closing:
            answer.call(answer.value)
        elif isinstance(answer.value, Exception):
            log.error("after closing: %s", answer.value)


class NewestLane(Lane):
    """A mailbox of one: a newer task replaces the one that waits, a newer answer the one not yet delivered.

    So there is never a backlog on either side, whatever the mouse does. An exception is always delivered. Tasks of several
    kinds (`Task.kind`) take turns in the thread, and each kind has a mailbox of its own.
    """

    def __init__(self, name: str, torch_threads: int = 1, *, low_priority: bool = False, parent: QObject | None = None) -> None:
        self._outbox: dict[str, _Answer] = {}
        super().__init__(name, torch_threads, low_priority=low_priority, parent=parent)

    def _enqueue(self, task: Task) -> None:
        self._waiting = deque(other for other in self._waiting if other.kind != task.kind)
        self._waiting.append(task)

    def _perform(self, task: Task, context: Context) -> None:
        result = task.work(context)
        if not isinstance(result, Iterator):
            self._hand_over(_Answer(task.done, result, task.kind))
            return
        for value in result:
            if value is not None:
                self._hand_over(_Answer(task.done, value, task.kind))
            with self._condition:
                if context.cancelled or any(other.kind == task.kind for other in self._waiting):
                    return
                if self._waiting:
                    self._enqueue(replace(task, work=_Rest(result)))
                    return

    def _hand_over(self, answer: _Answer) -> None:
        if isinstance(answer.value, Exception):
            self._spoke.emit(answer)
            return
        with self._condition:
            delivery_pending = answer.kind in self._outbox
            self._outbox[answer.kind] = answer
        if not delivery_pending:
            self._spoke.emit(answer.kind)

    def _deliver(self, answer: _Answer | str) -> None:
        """An exception itself, or the kind of answer that lies in the outbox."""
        if isinstance(answer, str):
            with self._condition:
                answer = self._outbox.pop(answer)
        super()._deliver(answer)


class _Rest:
    """Work that has begun: what is left of its results."""

    def __init__(self, results: Iterator[Any]) -> None:
        self._results = results

    def __call__(self, context: Context) -> Iterator[Any]:
        return self._results


class _Report:
    """Where a task's progress goes: the lane's signal, with the task's title."""

    def __init__(self, lane: Lane, title: str) -> None:
        self._lane, self._title = lane, title

    def __call__(self, what: str, part: float) -> None:
        self._lane.progressed.emit(self._title, what, part)


class Lanes:
    """The lanes of one window. ``training`` is added by its feature, since it takes runs and not tasks."""

    def __init__(self, parent: QObject | None = None) -> None:
        shared = shared_threads()
        self.probe = NewestLane("probe", 1, parent=parent)
        self.tiles = NewestLane("tiles", 1, low_priority=True, parent=parent)
        self.compute = NewestLane("compute", shared, low_priority=True, parent=parent)
        self.jobs = Lane("jobs", shared, low_priority=True, parent=parent)
        self.downloads = Lane("downloads", parent=parent)  # a server that stalls must not hold up an export

    def all(self) -> tuple[Lane, ...]:
        """Every lane."""
        return (self.probe, self.tiles, self.compute, self.jobs, self.downloads)

    def close(self) -> None:
        """End all threads; they finish at the same time, then each is waited for."""
        for lane in self.all():
            lane.ask_to_close()
        for lane in self.all():
            lane.close()
