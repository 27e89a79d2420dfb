"""Closing the window: at rest at once, while training after a question, and never with a loss."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QThread
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from latent_explorer.core.checkpoint.library import my_models
from latent_explorer.core.checkpoint.record import read_checkpoint
from latent_explorer.core.checkpoint.weights import load_model
from latent_explorer.core.nn.handles import forget, weights_of
from latent_explorer.workers.task import Context, Task
from tests.app.conftest import Desk
from tests.app.test_training import MANY, idle, running
from tests.views.hand import Ear, Key, Modifier, settle

Answer = Callable[[str], list[str]]


def all_threads(desk: Desk) -> list[QThread]:
    return [*desk.program.lanes.all(), desk.program.training_lane]


def test_at_rest_the_window_closes_without_a_question(opened: Desk, answer: Answer) -> None:
    asked = answer("Stop and close")
    threads = all_threads(opened)
    opened.hand.key(Key.Key_Q, Modifier.ControlModifier)
    assert not opened.window.isVisible()
    assert asked == []
    opened.close()
    assert not any(thread.isRunning() for thread in threads)


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_while_training_closing_asks_stops_and_keeps(opened: Desk, answer: Answer, paused: bool) -> None:
    desk = opened
    asked = answer("Stop and close")
    desk.train(epochs=MANY)
    running(desk, after=15)
    if paused:
        desk.press("train")
        desk.wait(lambda: desk.session.run_state == "paused")
    ear = Ear(desk.window, "closeRequested")
    desk.window.close()
    assert ear.names() == ["closeRequested"]
    assert len(asked) == 1
    assert "kept" in asked[0]
    assert not desk.window.isVisible()
    threads, handle = all_threads(desk), desk.slot.handle
    assert handle is not None
    desk.close()  # the program's own end: it waits for the run
    assert not any(thread.isRunning() for thread in threads)
    (entry,) = my_models()
    kept = read_checkpoint(entry.path)
    assert kept.record.resumable
    step = int(kept.state["optim.position"][0])
    assert step >= 15
    assert kept.record.training is not None
    assert kept.record.training.epochs == MANY
    for name, array in weights_of(handle).items():  # nothing that was learned is missing
        np.testing.assert_array_equal(array, kept.weights[name])
    forget(handle)


def test_what_was_kept_on_closing_goes_on_in_the_next_window(
    new_desk: Callable[..., Desk], models: dict[str, Path], answer: Answer
) -> None:
    answer("Stop and close")
    first = new_desk()
    first.open(models["small"])
    first.train(epochs=25)
    running(first, after=12)
    first.window.close()
    first.close()
    (entry,) = my_models()
    stopped = int(read_checkpoint(entry.path).state["optim.position"][0])
    second = new_desk()
    second.open(entry.path)
    assert second.button("train_button").text() == "Continue"
    second.press("train")
    second.wait(lambda: second.session.run_state == "running")
    idle(second)
    assert second.progress[0].step == stopped
    assert (second.progress[-1].outcome, second.progress[-1].epoch) == ("finished", 25)
    second.close()
    assert [found.path for found in my_models()] == [entry.path]


def test_one_can_stay(opened: Desk, answer: Answer) -> None:
    desk = opened
    asked = answer("Go on training")
    desk.train(epochs=MANY)
    running(desk)
    for _ in range(2):
        step = desk.progress[-1].step
        desk.window.close()
        assert desk.window.isVisible()
        assert desk.session.run_state == "running"
        running(desk, after=step + 5)
    assert len(asked) == 2
    desk.press("stop")
    idle(desk)
    desk.window.close()
    assert not desk.window.isVisible()
    assert len(asked) == 2


def test_escape_in_the_question_means_staying(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = opened

    def escape(box: QMessageBox) -> int:
        box.show()
        QTest.keyClick(box, Key.Key_Escape)
        return 0

    monkeypatch.setattr(QMessageBox, "exec", escape)
    desk.train(epochs=MANY)
    running(desk)
    desk.window.close()
    assert desk.window.isVisible()
    assert desk.session.run_state == "running"
    desk.press("stop")
    idle(desk)


def test_questions_leave_no_boxes_behind(opened: Desk, answer: Answer) -> None:
    """One that was answered is gone, not piled up in the window."""
    desk = opened
    answer("Go on training")
    desk.train(epochs=MANY)
    running(desk)
    for _ in range(3):
        desk.window.close()
    settle()
    assert desk.window.findChildren(QMessageBox) == []
    desk.press("stop")
    idle(desk)


def test_closing_in_the_midst_of_everything(opened: Desk, models: dict[str, Path]) -> None:
    """A job that runs, probes and mosaics under way: none is waited for longer than it takes to notice."""
    desk = opened
    begun, told = threading.Event(), []

    def work(context: Context) -> None:
        begun.set()
        while True:
            context.progress("on", 0.5)

    desk.program.lanes.jobs.submit(Task("A long job", work, told.append, told.append, torch=False))
    desk.program.opening.open(models["other"])
    assert begun.wait(60)
    for k in range(30):
        desk.window.plane.planePointPicked.emit(1, 0.1 * k, 0.0)
    desk.hand.wheel(desk.plane, desk.pixel(0.4, 0.4), 3)
    threads = all_threads(desk)
    desk.window.close()
    desk.close()
    assert not any(thread.isRunning() for thread in threads)
    assert told == []


def test_closing_right_after_the_start(desk: Desk, models: dict[str, Path]) -> None:
    desk.program.start(models["small"])
    threads = all_threads(desk)
    desk.window.close()
    desk.close()
    assert not any(thread.isRunning() for thread in threads)


def test_closing_right_after_train(opened: Desk) -> None:
    """The run has not taken its first step: it is kept all the same, or was never begun."""
    opened.train(epochs=MANY)
    opened.close()
    for entry in my_models():
        record = load_model(entry.path)
        assert record.resumable
        forget(record.handle)
