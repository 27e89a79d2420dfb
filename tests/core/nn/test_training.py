"""The loop: the same seed gives the same bits, every image is visited once an epoch, snapshots are nobody else's."""

from __future__ import annotations

import math
import tracemalloc
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import DatasetError, TrainingError
from latent_explorer.core.nn import training
from latent_explorer.core.nn.families.vae import VAE, Terms
from latent_explorer.core.nn.handles import module_of, state_of
from latent_explorer.core.nn.training import Control, _Run, train
from latent_explorer.core.types import ImageDataset, TrainingProgress
from tests.core.nn.small import architecture, by_autograd, history_table, run, same_bits, settings, toy, weights


class Visits:
    """Which images went through the networks; every image has a mark of its own in its first pixel."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[list[int]] = []
        terms = VAE.terms

        def listen(module: VAE, x: Tensor, *args: Any, **more: Any) -> Terms:
            self.batches.append(np.rint(x[:, 0].numpy() * 255).astype(int).tolist())
            return terms(module, x, *args, **more)

        by_autograd(monkeypatch)
        monkeypatch.setattr(VAE, "terms", listen)


def marked(train_images: int = 40) -> ImageDataset:
    dataset = toy(train_images, 8)
    images = dataset.images.copy()
    images[:, 0, 0, 0] = np.arange(len(images))
    return replace(dataset, images=images)


# --- determinism -------------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not() -> None:
    dataset, how = toy(), settings(validation=5)
    torch.manual_seed(11)
    one = run(dataset, how)
    torch.manual_seed(22)
    two, other = run(dataset, how), run(dataset, replace(how, seed=1))
    assert same_bits(weights(one), weights(two))
    assert same_bits(history_table(one), history_table(two))
    assert not any(np.array_equal(weights(one)[name], weights(other)[name]) for name in weights(one))


def test_looking_at_a_run_does_not_change_it() -> None:
    """Snapshots and live codes draw nothing from the run's random streams, nor from torch's global one."""
    dataset, how = toy(), settings(validation=5)
    before = torch.get_rng_state()
    plain, watched = run(dataset, how), run(dataset, how, snapshots_per_second=1e9)
    assert torch.equal(torch.get_rng_state(), before)
    assert same_bits(weights(plain), weights(watched))
    assert same_bits(history_table(plain), history_table(watched))


def test_validating_does_not_change_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, how = toy(), settings(validation=5)
    one = run(dataset, how)
    monkeypatch.setattr(_Run, "validate", lambda self: True)
    assert same_bits(weights(one), weights(run(dataset, how)))


# --- batches -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch_size", "sizes"),
    [(8, [8, 8, 8, 8, 8]), (16, [16, 16, 8]), (39, [39, 1]), (40, [40]), (1000, [40])],
    ids=["even", "a partial last batch", "a last batch of one", "all at once", "larger than the data"],
)
def test_every_image_is_visited_once_an_epoch(monkeypatch: pytest.MonkeyPatch, batch_size: int, sizes: list[int]) -> None:
    visits = Visits(monkeypatch)
    last = run(marked(), settings(epochs=3, batch_size=batch_size, binarize="none"))
    assert (last.step, last.steps, last.outcome) == (3 * len(sizes), 3 * len(sizes), "finished")
    assert [len(batch) for batch in visits.batches] == 3 * sizes
    epochs = [list(chain.from_iterable(visits.batches[k * len(sizes) : (k + 1) * len(sizes)])) for k in range(3)]
    for order in epochs:
        assert sorted(order) == list(range(40))
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert epochs[0] != sorted(epochs[0])


def test_one_image_is_enough() -> None:
    last = run(toy(1, 1), settings(epochs=3))
    assert last.outcome == "finished"
    assert last.step == 3


# --- validation ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split_seed", [0, 3])
def test_validation_images_are_the_end_of_the_seeded_permutation(monkeypatch: pytest.MonkeyPatch, split_seed: int) -> None:
    """`--validation N` takes N from the end of a permutation of the training set with its own recorded seed."""
    visits = Visits(monkeypatch)
    run(marked(), settings(epochs=1, batch_size=30, validation=10, binarize="none", split_seed=split_seed))
    order = np.random.Generator(np.random.PCG64(split_seed)).permutation(40).tolist()
    assert sorted(visits.batches[0]) == sorted(order[:30])
    assert visits.batches[1] == order[30:]


def test_the_split_is_the_same_for_every_training_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    visits = Visits(monkeypatch)
    for seed in (1, 2):
        run(marked(), settings(epochs=1, batch_size=30, validation=10, binarize="none", seed=seed))
    assert visits.batches[1] == visits.batches[3]
    assert visits.batches[0] != visits.batches[2]


def test_no_validation_trains_on_all_and_measures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    visits = Visits(monkeypatch)
    last = run(marked(), settings(epochs=1, batch_size=40, validation=0, binarize="none"))
    assert sorted(chain.from_iterable(visits.batches)) == list(range(40))
    assert last.history is not None
    assert np.isnan(last.history.columns["validation_loss"]).all()


def test_validation_by_default_is_a_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    visits = Visits(monkeypatch)
    run(marked(), settings(epochs=1, batch_size=40, validation=None, binarize="none"))
    assert [len(batch) for batch in visits.batches] == [36, 4]


def test_the_validation_losses_are_those_of_the_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    """KL in closed form on the validation images; the loss has the full beta, also during the warm-up."""
    monkeypatch.setattr("latent_explorer.core.nn.training.VALIDATION_BATCH", 7)
    dataset = toy()
    kls: list[float] = []

    def see(progress: TrainingProgress) -> None:
        if progress.resumable and progress.snapshot is not None:
            rows = dataset.with_validation(16).split.validation
            x = torch.from_numpy(dataset.images[rows].reshape(16, -1) / 255).float()
            kls.append(module_of(progress.snapshot).terms(x).kl.mean().item())

    last = run(dataset, settings(epochs=3, validation=16, beta=3.0, warmup_epochs=5, binarize="none"), see=see)
    assert last.history is not None
    columns = last.history.columns
    measured = ~np.isnan(columns["validation_kl"])
    np.testing.assert_array_equal(last.history.epoch[measured], [1, 2, 3])
    np.testing.assert_allclose(columns["validation_kl"][measured], kls, rtol=1e-4)
    expected = columns["validation_reconstruction"] + 3 * columns["validation_kl"]
    np.testing.assert_allclose(columns["validation_loss"], expected, rtol=1e-5)


def test_training_lowers_the_validation_loss() -> None:
    last = run(toy(200, 4, (6, 6, 1), binary=True), settings(epochs=15, validation=50))
    assert last.history is not None
    losses = last.history.columns["validation_loss"]
    losses = losses[~np.isnan(losses)]
    assert len(losses) == 15
    assert losses[-1] < losses[0] - 1


# --- the start -------------------------------------------------------------------------------------------------------------------


def test_the_start_is_at_the_mean_of_the_first_training_images(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = toy(40, 8, (3, 4, 3))
    x = dataset.images.reshape(48, -1) / 255
    for rows in (np.arange(40), np.array([7]), np.array([3, 3, 41])):
        for numbers in (1, 36, 100, 1 << 20):
            monkeypatch.setattr(training, "START_NUMBERS", numbers)
            mean, square = training.pixel_moments(dataset.images, rows)
            np.testing.assert_allclose(mean, x[rows].mean(0), rtol=1e-12)
            np.testing.assert_allclose(square, (x[rows] ** 2).mean(0), rtol=1e-12)
    monkeypatch.setattr(training, "START_IMAGES", 5)
    first = dataset.with_validation(0).split.train[:5]
    seen: list[np.ndarray] = []
    run(dataset, settings(), stop_at=0, see=lambda progress: seen.append(weights(progress)["decoder.layers.2.bias"]))
    np.testing.assert_allclose(1 / (1 + np.exp(-seen[0])), 0.01 + 0.98 * x[first].mean(0), rtol=1e-5)


def test_the_start_holds_few_images_as_numbers_at_once() -> None:
    """Ten thousand colour images of 64 x 64 as floats would be half a gigabyte, several times over."""
    images = np.zeros((300, 64, 64, 3), np.uint8)
    tracemalloc.start()
    try:
        training.pixel_moments(images, np.arange(300))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0 < peak < 2.5 * 8 * training.START_NUMBERS < 8 * images.size


# --- snapshots and control -------------------------------------------------------------------------------------------------------


def test_a_snapshot_shares_no_memory_with_the_networks_that_train() -> None:
    held: list[tuple[VAE, dict[str, Tensor]]] = []

    def see(progress: TrainingProgress) -> None:
        if progress.snapshot is not None:
            module = module_of(progress.snapshot)
            assert not module.training
            assert not any(p.requires_grad for p in module.parameters())
            held.append((module, {name: tensor.clone() for name, tensor in module.state_dict().items()}))

    run(toy(), settings(), see=see, snapshots_per_second=1e9)
    assert len({id(module) for module, _ in held}) == len(held) > 3
    for module, before in held:
        assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert any(not torch.equal(tensor, held[-1][1][name]) for name, tensor in held[0][1].items())


def test_the_id_stays_and_the_revision_counts() -> None:
    seen: list[tuple[str, int]] = []
    run(toy(), settings(), see=lambda p: seen.append((p.snapshot.id, p.revision)) if p.snapshot else None, snapshots_per_second=1e9)
    assert len({name for name, _ in seen}) == 1
    revisions = [revision for _, revision in seen]
    assert revisions == list(range(1, len(revisions) + 1))


def test_state_lies_beside_a_snapshot_just_when_it_says_so() -> None:
    kinds: list[tuple[bool, str]] = []

    def see(progress: TrainingProgress) -> None:
        assert not (progress.resumable and progress.snapshot is None)
        if progress.snapshot is not None:
            assert bool(state_of(progress.snapshot)) == progress.resumable
            assert all(name.startswith(("optim.", "rng.")) for name in state_of(progress.snapshot))
            kinds.append((progress.resumable, progress.outcome))

    run(toy(), settings(), see=see, snapshots_per_second=1e9)
    assert kinds.count((True, "")) == 2  # at the end of each epoch
    assert kinds[-1] == (False, "finished")
    run(toy(), settings(), see=see, stop_at=3)
    assert kinds[-1] == (True, "stopped")


@pytest.mark.parametrize("stop_at", [0, 1, 5, 7])
def test_stop_ends_the_run_after_the_step(stop_at: int) -> None:
    last = run(toy(), settings(), stop_at=stop_at)
    assert (last.outcome, last.step, last.epoch) == ("stopped", stop_at, stop_at // 5)
    assert last.codes is not None
    assert last.history is not None


def test_a_stop_at_the_last_step_is_a_finished_run() -> None:
    assert run(toy(), settings(), stop_at=10).outcome == "finished"


def test_nothing_comes_after_the_outcome() -> None:
    control = Control()
    control.stop = True
    progresses = list(train(architecture(toy()), settings(), toy(), device="cpu", control=control))
    assert [progress.outcome for progress in progresses] == ["", "stopped"]


# --- refusals --------------------------------------------------------------------------------------------------------------------


def test_a_model_for_other_images_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"images of \(8, 8, 1\), but toy has \(3, 4, 1\)"):
        next(train(ModelConfig((8, 8, 1)), settings(), toy(), device="cpu"))


def test_more_validation_than_images_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"validation is 40; toy has 40 training images, so choose 0 to 39"):
        next(train(architecture(toy()), settings(validation=40), toy(), device="cpu"))


def test_colour_images_and_other_latent_sizes_train() -> None:
    dataset = toy(20, 5, (3, 2, 3))
    for latent_dim in (1, 7):
        last = run(dataset, settings(), architecture(dataset, latent_dim))
        assert last.outcome == "finished"
        assert math.isfinite(last.loss)
        assert last.codes is not None
        assert last.codes.z.shape == (5, latent_dim)
