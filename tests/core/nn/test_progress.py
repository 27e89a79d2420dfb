"""What a progress says: counts, time without pauses, time left; with a clock in the test's hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from torch import Tensor

from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.training import train
from latent_explorer.core.types import TrainingProgress
from tests.core.nn.small import Clock, architecture, settings, toy, watch_steps


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Every training step takes two seconds, all else no time."""
    clock = Clock()
    monkeypatch.setattr("latent_explorer.core.nn.training.time", clock.module)

    def slowly(x: Tensor) -> None:
        clock.now += 2.0

    watch_steps(monkeypatch, slowly)
    return clock


def go(clock: Clock, *, pause: float = 0.0, **more: Any) -> list[TrainingProgress]:
    """All progresses of two epochs of five steps, held for `pause` seconds after each."""
    seen = []
    dataset = toy()
    for progress in train(architecture(dataset), settings(), dataset, device="cpu", **more):
        seen.append(progress)
        clock.now += pause
    return seen


def test_steps_and_epochs_count_what_is_finished(clock: Clock) -> None:
    seen = go(clock)
    assert [progress.step for progress in seen] == [*range(11), 10]
    assert [progress.epoch for progress in seen] == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2]
    assert {(progress.steps, progress.epochs) for progress in seen} == {(10, 2)}
    assert math.isnan(seen[0].loss)
    assert all(math.isfinite(progress.loss) for progress in seen[1:])


@pytest.mark.parametrize("pause", [0.0, 3600.0])
def test_a_pause_does_not_count(clock: Clock, pause: float) -> None:
    """Not asking for the next progress is the pause."""
    seen = go(clock, pause=pause)
    assert [progress.seconds for progress in seen] == pytest.approx([0, *range(2, 21, 2), 20])


@pytest.mark.parametrize("pause", [0.0, 3600.0])
def test_pace_and_time_left(clock: Clock, pause: float) -> None:
    seen = go(clock, pause=pause)
    assert math.isnan(seen[0].seconds_left)
    assert seen[0].steps_per_second == 0
    assert [progress.steps_per_second for progress in seen[1:]] == pytest.approx([0.5] * 11)
    assert [progress.seconds_left for progress in seen[1:]] == pytest.approx([*range(18, -1, -2), 0])


def test_heavy_fields_come_at_the_beginning_at_epochs_and_at_the_end(clock: Clock) -> None:
    seen = go(clock)
    with_snapshot = [k for k, progress in enumerate(seen) if progress.snapshot is not None]
    assert with_snapshot == [0, 5, 10, 11]
    assert [k for k, progress in enumerate(seen) if progress.history is not None] == with_snapshot
    assert [k for k, progress in enumerate(seen) if progress.resumable] == [5, 10]
    assert seen[0].codes is not None
    assert seen[-1].codes is not None
    assert seen[-1].outcome == "finished"


@pytest.mark.parametrize(("per_second", "expected"), [(0.1, [5, 6, 10, 1]), (0.5, [])])
def test_snapshots_come_as_often_as_asked_at_most(clock: Clock, per_second: float, expected: list[int]) -> None:
    """A step takes two seconds: at 0.1 a second every fifth step carries one, at 0.5 each."""
    seen = go(clock, snapshots_per_second=per_second)
    steps = {progress.step for progress in seen if progress.snapshot is not None and progress.step}
    assert steps == (set(expected) if expected else set(range(1, 11)))


def test_snapshots_take_a_twentieth_of_the_time_at_most(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a copy takes a second, so one in twenty seconds is made, however many are asked for."""
    from latent_explorer.core.nn import training

    copy = training.copy_to_cpu

    def slowly(module: VAE) -> VAE:
        clock.now += 1.0
        return copy(module)

    monkeypatch.setattr(training, "copy_to_cpu", slowly)
    dataset = toy(400)
    seen = list(train(architecture(dataset), settings(epochs=1), dataset, device="cpu", snapshots_per_second=1000))
    on_the_way = [progress for progress in seen if progress.snapshot is not None and 0 < progress.step < 50]
    assert 4 <= len(on_the_way) <= 6  # a hundred seconds of steps
