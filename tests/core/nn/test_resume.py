"""A stopped and continued run equals the uninterrupted one to the last bit: weights, losses, visiting order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from latent_explorer.core.checkpoint.weights import load_model, save_model
from latent_explorer.core.errors import TrainingError
from latent_explorer.core.nn.handles import state_of, weights_of
from latent_explorer.core.nn.live import LossHistory
from latent_explorer.core.nn.records import run_record
from latent_explorer.core.types import TrainingProgress
from tests.core.nn.small import Clock, architecture, history_table, left_behind, run, same_bits, settings, toy, watch_steps, weights

# 40 training and 5 validation images by one: 40 steps an epoch, and a row of losses for every two steps.
DATASET = toy(45)
HOW = settings(epochs=3, batch_size=1, validation=5, warmup_epochs=1.5)
STEPS = 120


@pytest.fixture(scope="module")
def whole() -> TrainingProgress:
    return run(DATASET, HOW)


def test_a_row_of_losses_spans_several_steps(whole: TrainingProgress) -> None:
    """Else a stop could not fall inside one."""
    assert whole.history is not None
    assert whole.step == whole.steps == STEPS
    assert len(whole.history.epoch) == STEPS // 2


@pytest.mark.parametrize("stop_at", [0, 1, 2, 39, 40, 41, 79, 80, 113, 119])
def test_a_resumed_run_equals_the_uninterrupted_one(whole: TrainingProgress, stop_at: int) -> None:
    stopped = run(DATASET, HOW, stop_at=stop_at)
    assert stopped.resumable
    resumed = run(DATASET, HOW, resume=left_behind(stopped))
    assert resumed.outcome == "finished"
    assert same_bits(weights(resumed), weights(whole))
    assert same_bits(history_table(resumed), history_table(whole))
    assert resumed.codes is not None
    assert whole.codes is not None
    assert resumed.codes.z.tobytes() == whole.codes.z.tobytes()


def test_a_run_stopped_many_times_equals_the_uninterrupted_one(whole: TrainingProgress) -> None:
    start = None
    for stop_at in (7, 8, 8, 55, 101):
        stopped = run(DATASET, HOW, stop_at=stop_at, resume=start)
        assert stopped.step == stop_at
        start = left_behind(stopped)
    resumed = run(DATASET, HOW, resume=start)
    assert same_bits(weights(resumed), weights(whole))
    assert same_bits(history_table(resumed), history_table(whole))


@pytest.mark.parametrize("stop_at", [0, 33, 40])
def test_a_run_goes_on_from_its_file(whole: TrainingProgress, tmp_path: Path, stop_at: int) -> None:
    stopped = run(DATASET, HOW, stop_at=stop_at)
    record = run_record(stopped, HOW, DATASET.with_validation(5), name="half", command="")
    path = tmp_path / "half.safetensors"
    assert save_model(path, record, with_state=True).resumable
    loaded = load_model(path)
    assert loaded.resumable
    assert loaded.training == HOW
    assert loaded.epoch == stop_at // 40
    resumed = run(DATASET, HOW, resume=(weights_of(loaded.handle), state_of(loaded.handle), loaded.history))
    assert same_bits(weights(resumed), weights(whole))
    assert same_bits(history_table(resumed), history_table(whole))


KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "residual": ({"network": "residual", "hidden": (6, 6, 4)}, {}),
    "conv": ({"network": "conv", "channels": (2, 3)}, {}),
    "gaussian": ({"likelihood": "gaussian"}, {}),
    "fixed sigma": ({"likelihood": "gaussian", "sigma": 0.2}, {}),
    "grey": ({}, {"binarize": "none"}),
    "bfloat16": ({"network": "conv", "channels": (2,)}, {"precision": "bfloat16"}),
    "colour": ({"network": "conv", "channels": (2, 3), "likelihood": "gaussian", "latent_dim": 5}, {"precision": "bfloat16"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_run_goes_on_exactly_from_its_file(kind: str, tmp_path: Path) -> None:
    """Through a file, so that it holds all that a run needs, a learned sigma without any dimension too."""
    model, changes = KINDS[kind]
    dataset = toy(20, 4, (3, 4, 3 if kind == "colour" else 1))
    config = architecture(dataset, **model)
    how = settings(batch_size=4, validation=4, **changes).for_model(config)  # 4 steps an epoch
    whole = run(dataset, how, config)
    for stop_at in (0, 1, 4, 7):
        stopped = run(dataset, how, config, stop_at=stop_at)
        path = tmp_path / f"{stop_at}.safetensors"
        save_model(path, run_record(stopped, how, dataset.with_validation(4), name="half", command=""), with_state=True)
        loaded = load_model(path)
        assert loaded.handle.architecture == config
        assert loaded.training == how
        resumed = run(dataset, how, config, resume=(weights_of(loaded.handle), state_of(loaded.handle), loaded.history))
        assert same_bits(weights(resumed), weights(whole))
        assert same_bits(history_table(resumed), history_table(whole))
        assert resumed.codes is not None and whole.codes is not None
        assert resumed.codes.z.tobytes() == whole.codes.z.tobytes()


def test_a_resumed_run_visits_the_images_in_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    watch_steps(monkeypatch, lambda x: seen.append(x.numpy().tobytes()))
    run(DATASET, HOW)
    uninterrupted, seen[:] = list(seen), []
    run(DATASET, HOW, resume=left_behind(run(DATASET, HOW, stop_at=50)))
    assert seen == uninterrupted


def test_the_state_left_behind_is_not_touched_by_the_run_that_goes_on() -> None:
    stopped = run(DATASET, HOW, stop_at=41)
    start = left_behind(stopped)
    copy = left_behind(stopped)
    run(DATASET, HOW, resume=start)
    assert same_bits(start[0], copy[0])
    assert same_bits(start[1], copy[1])


def test_time_goes_on_and_pace_is_of_the_resumed_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of ten fast steps, resumed where a step takes a minute: the time left is by the new pace."""
    clock = Clock()
    monkeypatch.setattr("latent_explorer.core.nn.training.time", clock.module)
    dataset, how = toy(40), settings(epochs=4, validation=0)  # 5 steps an epoch
    pace = [1.0]

    def slowly(x: Tensor) -> None:
        clock.now += pace[0]

    watch_steps(monkeypatch, slowly)
    stopped = run(dataset, how, stop_at=10)
    assert stopped.seconds == pytest.approx(10)
    pace[0] = 60.0
    seen: list[TrainingProgress] = []
    run(dataset, how, resume=left_behind(stopped), see=seen.append)
    assert (seen[0].step, seen[0].epoch, seen[0].seconds) == (10, 2, pytest.approx(10))
    assert np.isnan(seen[0].seconds_left)
    assert seen[1].steps_per_second == pytest.approx(1 / 60)
    assert seen[1].seconds_left == pytest.approx(9 * 60)
    assert seen[1].seconds == pytest.approx(70)
    assert seen[-1].seconds == pytest.approx(610)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda weights, state: state.pop("optim.position"),
        lambda weights, state: state.pop("optim.window"),
        lambda weights, state: state.update({"optim.window": np.zeros(3)}),
        lambda weights, state: state.update({"optim.window": np.full(4, np.nan)}),
        lambda weights, state: state.update({"optim.position": np.array([], np.int64)}),
        lambda weights, state: state.update({"optim.position": np.array([999], np.int64)}),
        lambda weights, state: state.update({"optim.position": np.array([-1], np.int64)}),
        lambda weights, state: state.update({"optim.step": np.array([np.nan], np.float32)}),
        lambda weights, state: state.update({"optim.step": np.array([-3], np.float32)}),
        lambda weights, state: state.update({"optim.seconds": np.array([np.nan])}),
        lambda weights, state: state.update({"optim.seconds": np.array([np.inf])}),
        lambda weights, state: state.update({next(name for name in state if "exp_avg." in name): np.zeros((2, 2), np.float32)}),
        lambda weights, state: state[next(name for name in state if "exp_avg_sq." in name)].fill(np.nan),
        lambda weights, state: weights.pop("decoder.layers.0.bias"),
        lambda weights, state: weights.update({"decoder.layers.0.bias": np.zeros(3, np.float32)}),
    ],
)
def test_a_state_that_does_not_fit_is_refused_in_one_sentence(spoil: Any) -> None:
    table, state, history = left_behind(run(DATASET, HOW, stop_at=3))
    spoil(table, state)
    with pytest.raises(TrainingError, match=r"^This run cannot be continued: [^.]*; start a new run instead\.$"):
        run(DATASET, HOW, resume=(table, state, history))


def test_a_history_of_other_columns_is_taken_as_far_as_it_goes() -> None:
    losses = LossHistory(4, 8)
    table, state, history = left_behind(run(DATASET, HOW, stop_at=4))
    assert history is not None
    partial = type(history)(history.epoch.copy(), {"train_loss": history.columns["train_loss"].copy()})
    losses.load(partial, state["optim.window"])
    taken = losses.freeze()
    np.testing.assert_array_equal(taken.columns["train_loss"], history.columns["train_loss"])
    assert np.isnan(taken.columns["train_kl"]).all()
    resumed = run(DATASET, HOW, architecture(DATASET), resume=(table, state, None))
    assert resumed.history is not None
    assert resumed.history.epoch[0] > 4 / 40
