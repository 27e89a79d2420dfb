"""What training shows of itself: codes re-encoded part by part within their share of time, and windows of losses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.inference import encode_with
from latent_explorer.core.nn.live import ENCODE_SHARE, MAX_WINDOWS, PARTS, LiveCodes, LossHistory, copy_to_cpu
from latent_explorer.core.types import TrainingProgress
from tests.core.nn.small import Clock, architecture, run, settings, toy

# --- codes ---------------------------------------------------------------------------------------------------------------------


def test_each_call_re_encodes_one_interleaved_eighth() -> None:
    dataset = toy(10, 27)
    rows = dataset.split.test
    old, new = (build(architecture(dataset), seed) for seed in (0, 1))
    live = LiveCodes(dataset, rows)
    before = live.all(old)
    old_z, _ = encode_with(old, dataset.images[rows])
    new_z, new_log_var = encode_with(new, dataset.images[rows])
    np.testing.assert_array_equal(before.z, old_z)
    for call in range(PARTS):
        codes = live.some(new, 1e9)
        assert codes is not None
        fresh = np.arange(len(rows)) % PARTS <= call
        np.testing.assert_allclose(codes.z, np.where(fresh[:, None], new_z, old_z), atol=1e-6)
        np.testing.assert_array_equal(codes.index, rows)
    np.testing.assert_allclose(codes.columns["log_var"], new_log_var, atol=1e-6)
    np.testing.assert_array_equal(before.z, old_z)  # what was given away does not change
    again = live.some(old, 1e9)
    assert again is not None
    np.testing.assert_allclose(again.z[::PARTS], old_z[::PARTS], atol=1e-6)


def test_codes_of_fewer_images_than_parts() -> None:
    dataset = toy(5, 3)
    module = build(architecture(dataset), 0)
    live = LiveCodes(dataset, dataset.split.test)
    live.all(module)
    for _ in range(2 * PARTS):
        codes = live.some(module, 1e9)
        assert codes is not None
        assert codes.z.shape == (3, 2)


def test_encoding_takes_a_tenth_of_the_training_time_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part takes 0.3 s here: in 300 s of training about a hundred of them."""
    clock = Clock()
    monkeypatch.setattr("latent_explorer.core.nn.live.time", clock.module)

    def read_slowly(module: VAE, images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        clock.now += 0.3
        return np.zeros((len(images), 2), np.float32), {"log_var": np.zeros((len(images), 2), np.float32)}

    monkeypatch.setattr("latent_explorer.core.nn.live.read_with", read_slowly)
    dataset = toy(5, 40)
    live = LiveCodes(dataset, dataset.split.test)
    module = build(architecture(dataset), 0)
    live.all(module)
    done = [live.some(module, seconds) is not None for seconds in np.arange(0, 300, 0.1)]
    assert sum(done) * 0.3 <= ENCODE_SHARE * 300 + 0.3
    assert sum(done) * 0.3 >= 0.9 * ENCODE_SHARE * 300
    assert done[0]  # the first part comes at once


def test_a_resumed_run_has_no_time_saved_up_for_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The share is of the time since the run went on, not of the hours before."""
    from latent_explorer.core.nn import training
    from tests.core.nn.small import left_behind

    asked: list[float] = []
    some = LiveCodes.some

    def listen(self: LiveCodes, module: VAE, seconds: float) -> object:
        asked.append(seconds)
        return some(self, module, seconds)

    monkeypatch.setattr(training.LiveCodes, "some", listen)
    weights, state, history = left_behind(run(toy(), settings(), stop_at=2))
    state["optim.seconds"] = np.array([5000.0])
    last = run(toy(), settings(), resume=(weights, state, history), snapshots_per_second=1e9)
    assert last.seconds > 5000
    assert asked
    assert max(asked) < 1000


# --- copies --------------------------------------------------------------------------------------------------------------------


def test_a_copy_is_of_its_own_in_eval_mode_and_draws_no_random_numbers() -> None:
    module = build(architecture(toy()), 0).train()
    module.terms(torch.rand(4, 12)).kl.sum().backward()
    before = torch.get_rng_state()
    copy = copy_to_cpu(module)
    assert torch.equal(torch.get_rng_state(), before)
    assert module.training
    assert not copy.training
    for (name, ours), (other, theirs) in zip(module.named_parameters(), copy.named_parameters(), strict=True):
        assert name == other
        assert torch.equal(ours, theirs)
        assert ours.data_ptr() != theirs.data_ptr()
        assert ours.requires_grad
        assert not theirs.requires_grad
        assert theirs.grad is None


# --- losses --------------------------------------------------------------------------------------------------------------------


def test_a_row_is_the_mean_over_images_since_the_row_before() -> None:
    """The last batch of an epoch is smaller and weighs less."""
    losses = LossHistory(steps_per_epoch=60, steps=120)  # windows of 3 steps
    generator = np.random.default_rng(0)
    values, images = generator.uniform(1, 9, (120, 3)), generator.integers(1, 9, 120)
    for step in range(120):
        losses.add(step + 1, *values[step], images[step])
    table = losses.freeze()
    np.testing.assert_allclose(table.epoch, np.arange(1, 41) * 3 / 60, rtol=1e-6)
    for k, name in enumerate(("train_loss", "train_reconstruction", "train_kl")):
        expected = [np.average(values[3 * row : 3 * row + 3, k], weights=images[3 * row : 3 * row + 3]) for row in range(40)]
        np.testing.assert_allclose(table.columns[name], expected, rtol=1e-6)
    assert np.isnan(table.columns["validation_loss"]).all()


def test_an_epoch_ends_its_window() -> None:
    losses = LossHistory(steps_per_epoch=50, steps=100)  # windows of 2
    odd = LossHistory(steps_per_epoch=45, steps=90)  # windows of 2, and 45 is odd
    for step in range(1, 91):
        losses.add(step, step, 0, 0, 1)
        odd.add(step, step, 0, 0, 1)
    table = odd.freeze()
    assert 1.0 in table.epoch
    assert table.columns["train_loss"][table.epoch == 1.0] == 45
    np.testing.assert_allclose(losses.freeze().columns["train_loss"], np.arange(1, 91, 2) + 0.5)


def test_validation_stands_beside_the_last_training_losses_of_its_epoch() -> None:
    losses = LossHistory(steps_per_epoch=2, steps=4)
    for step in (1, 2):
        losses.add(step, 10 + step, 0, 0, 1)
    losses.add_validation(2, 5, 3, 2)
    table = losses.freeze()
    np.testing.assert_array_equal(table.epoch, [0.5, 1])
    np.testing.assert_array_equal(table.columns["train_loss"], [11, 12])
    np.testing.assert_array_equal(table.columns["validation_loss"], [np.nan, 5])
    np.testing.assert_array_equal(table.columns["validation_kl"], [np.nan, 2])


def test_the_number_of_rows_is_bounded_in_long_epochs() -> None:
    losses = LossHistory(steps_per_epoch=10_000, steps=1_000_000)
    for step in range(1, 20_001):
        losses.add(step, 1, 1, 1, 1)
    assert len(losses.freeze().epoch) <= 2 * (MAX_WINDOWS / 100 + 1)


def test_given_losses_do_not_change_later_and_are_read_only() -> None:
    losses = LossHistory(steps_per_epoch=1, steps=4)
    losses.add(1, 1, 1, 1, 1)
    table = losses.freeze()
    losses.add(2, 2, 2, 2, 1)
    losses.add_validation(2, 7, 7, 7)
    assert table.columns["train_loss"].tolist() == [1]
    assert np.isnan(table.columns["validation_loss"][0])
    with pytest.raises(ValueError, match="read-only"):
        table.epoch[0] = 3


def test_the_history_of_a_run_is_the_mean_of_its_steps() -> None:
    steps: list[TrainingProgress] = []
    last = run(toy(43), settings(), see=steps.append)  # 6 steps an epoch, the last one of 3 images
    losses = [progress.loss for progress in steps if progress.step and not progress.outcome]
    assert last.history is not None
    np.testing.assert_allclose(last.history.columns["train_loss"], losses, rtol=1e-6)
    np.testing.assert_allclose(last.history.epoch, np.arange(1, 13) / 6, rtol=1e-6)
