"""The scatter shows posterior means of the grey images, and the test part has no say in training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families import registry
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.handles import module_of, state_of
from latent_explorer.core.nn.inference import codes_of, encode
from latent_explorer.core.nn.training import train
from latent_explorer.core.types import ImageDataset, TrainingProgress
from tests.core.nn.small import architecture, by_autograd, history_table, module_for, run, same_bits, settings, toy, weights


class DropoutVAE(VAE):
    """A family that behaves differently in training mode, as later ones will."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder.layers.insert(2, nn.Dropout(0.5))
        self.encoder.layers.insert(2, nn.BatchNorm1d(config.hidden[0]))


@pytest.fixture
def with_dropout(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(registry.FAMILIES, "vae", DropoutVAE)
    yield


def test_the_embedding_is_posterior_means_not_samples() -> None:
    dataset = toy()
    module, handle = module_for(architecture(dataset, 3))
    rows = dataset.split.test
    one, two = codes_of(handle, dataset, rows), codes_of(handle, dataset, rows)
    assert one.kind == "mean"
    assert one.z.tobytes() == two.z.tobytes()
    with torch.no_grad():
        mu, log_var = module.encode(torch.from_numpy(dataset.images[rows].reshape(len(rows), -1) / 255).float())
    np.testing.assert_allclose(one.z, mu, atol=1e-6)
    np.testing.assert_allclose(one.columns["log_var"], log_var, atol=1e-6)
    np.testing.assert_array_equal(one.index, rows)
    assert dataset.labels is not None
    np.testing.assert_array_equal(one.labels, dataset.labels[rows])


def test_the_codes_of_training_are_means_too() -> None:
    dataset = toy()
    last = run(dataset, settings(binarize="dynamic"))
    assert last.snapshot is not None
    assert last.codes is not None
    np.testing.assert_array_equal(last.codes.index, dataset.split.test)
    assert last.codes.z.tobytes() == codes_of(last.snapshot, dataset, dataset.split.test).z.tobytes()


def test_codes_come_from_the_grey_image() -> None:
    """Not from a binary draw: a little more grey moves the code a little."""
    dataset = toy()
    _, handle = module_for(architecture(dataset))
    images = np.full((2, 3, 4, 1), 100, np.uint8)
    images[1] = 101
    mu, _ = encode(handle, images)
    assert 0 < np.abs(mu[1] - mu[0]).max() < 0.01


def test_codes_without_labels_have_minus_one() -> None:
    dataset = toy()
    plain = ImageDataset("plain", dataset.images, None, (), dataset.split)
    _, handle = module_for(architecture(dataset))
    assert (codes_of(handle, plain, np.array([3, 1])).labels == -1).all()


@pytest.mark.usefixtures("with_dropout")
def test_dropout_and_batch_norm_are_off_when_images_are_encoded() -> None:
    """Left in training mode, the scatter jitters and codes depend on their neighbours in the batch."""
    dataset = toy()
    modes: list[bool] = []

    def see(progress: TrainingProgress) -> None:
        if progress.snapshot is not None:
            modes.append(any(part.training for part in module_of(progress.snapshot).modules()))

    last = run(dataset, settings(), see=see, snapshots_per_second=1e6)
    assert last.snapshot is not None
    assert last.codes is not None
    assert modes
    assert not any(modes)
    one, _ = encode(last.snapshot, dataset.images)
    two, _ = encode(last.snapshot, dataset.images)
    assert one.tobytes() == two.tobytes()
    alone, _ = encode(last.snapshot, dataset.images[-1:])
    np.testing.assert_allclose(alone[0], one[-1], atol=1e-6)
    np.testing.assert_allclose(last.codes.z, one[dataset.split.test], atol=1e-6)


@pytest.mark.usefixtures("with_dropout")
def test_validation_is_in_eval_mode_and_training_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[tuple[int, bool]] = []
    terms = DropoutVAE.terms

    def listen(module: VAE, x: Tensor, *args: object, **more: object) -> object:
        modes.append((len(x), module.training))
        return terms(module, x, *args, **more)  # type: ignore[arg-type]

    by_autograd(monkeypatch)
    monkeypatch.setattr(VAE, "terms", listen)
    run(toy(40), settings(validation=16, batch_size=24))
    assert modes == [(24, True), (16, False)] * 2


@pytest.mark.parametrize("binarize", ["dynamic", "none"])
def test_poisoned_test_images_leave_the_run_as_it_was(binarize: str) -> None:
    """No choice, schedule or stop looks at the test part: weights, losses and optimiser are equal to the last bit."""
    clean = toy(60, 20)
    images = clean.images.copy()
    images[clean.split.test] = 255 - images[clean.split.test]
    assert clean.labels is not None
    labels = clean.labels.copy()
    labels[clean.split.test] = 0
    poisoned = ImageDataset("toy", images, labels, clean.class_names, clean.split)
    how = settings(validation=10, warmup_epochs=1, binarize=binarize)

    def see(states: list[object]) -> object:
        def keep(progress: TrainingProgress) -> None:
            if progress.resumable and progress.snapshot is not None:
                state = dict(state_of(progress.snapshot))
                del state["optim.seconds"]
                states.append({name: array.tobytes() for name, array in state.items()})

        return keep

    first: list[object] = []
    second: list[object] = []
    one = run(clean, how, see=see(first), snapshots_per_second=1e6)  # type: ignore[arg-type]
    two = run(poisoned, how, see=see(second), snapshots_per_second=1e6)  # type: ignore[arg-type]
    assert same_bits(weights(one), weights(two))
    assert same_bits(history_table(one), history_table(two))
    assert len(first) == 2
    assert first == second
    assert one.codes is not None
    assert two.codes is not None
    assert not np.allclose(one.codes.z, two.codes.z)


def test_no_test_image_is_ever_trained_or_validated_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every image has a mark of its own in its first pixel."""
    count = 50
    images = np.zeros((count, 2, 2, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(count)
    base = toy(35, 15)
    dataset = ImageDataset("marked", images, None, (), base.split)
    seen: set[int] = set()
    terms = VAE.terms

    def listen(module: VAE, x: Tensor, *args: object, **more: object) -> object:
        seen.update(np.rint(x[:, 0].numpy() * 255).astype(int).tolist())
        return terms(module, x, *args, **more)  # type: ignore[arg-type]

    by_autograd(monkeypatch)
    monkeypatch.setattr(VAE, "terms", listen)
    for _ in train(architecture(dataset), settings(validation=9, binarize="none"), dataset, device="cpu", snapshots_per_second=1e6):
        pass
    assert seen == set(range(35))
