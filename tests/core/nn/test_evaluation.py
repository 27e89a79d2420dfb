"""The figures that are quoted, each against a computation of the tests' own."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from latent_explorer.core.errors import DatasetError
from latent_explorer.core.nn import evaluation
from latent_explorer.core.nn.evaluation import active_units, evaluate, knn_figures
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.figures import terms
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.nn.inference import encode
from latent_explorer.core.nn.likelihoods import FixedDraw, fixed_binary_draw
from latent_explorer.core.types import ImageDataset, ModelHandle, Split
from tests.core.nn.small import Doubles, architecture, module_for, numpy_encode, numpy_log_prob, numpy_logits, toy

LABELLED = {"knn1", "knn5", "v_measure"}
PLANE = {"hole_mass", "leak", "magnification_p99"}
KEYS = {"elbo", "reconstruction", "kl", "mse", "sharpness", "active_units", "trustworthiness"} | PLANE | LABELLED
DATASET = toy(60, 30)


@pytest.fixture(scope="module")
def handle() -> ModelHandle:
    """Untrained networks with heads so large that codes are spread and pictures depend on them."""
    module, handle = module_for(architecture(DATASET), seed=9)
    for layers, scale in ((module.encoder.layers, 8.0), (module.decoder.layers, 5.0)):
        last = layers[-1]
        assert isinstance(last, nn.Linear)
        last.weight.mul_(scale)
    head = module.encoder.layers[-1].bias
    assert isinstance(head, torch.Tensor)
    head[2:] -= 5  # narrow posteriors
    return handle


@pytest.fixture(scope="module")
def figures(handle: ModelHandle) -> dict[str, dict[str, Any]]:
    return quickly(handle, DATASET)


def quickly(handle: ModelHandle, dataset: ImageDataset, *more: Any) -> dict[str, dict[str, Any]]:
    """Without exact inference, which has tests of its own in `exact` and `figures`."""
    return evaluate(handle, dataset, *more, quick=True)


def fixed_draw() -> Doubles:
    images = DATASET.images[DATASET.split.test]
    expected = np.random.Generator(np.random.PCG64(20250101)).random(images.shape) < images / 255
    return expected.reshape(len(images), -1).astype(float)


def test_the_binary_draw_is_the_written_one() -> None:
    """The written protocol: PCG64 with seed 20250101, float64, in file order, over the images of the test part."""
    images = DATASET.images[DATASET.split.test]
    expected = np.random.Generator(np.random.PCG64(20250101)).random(images.shape) < images / 255
    drawn = fixed_binary_draw(images)
    assert drawn.dtype == np.float32
    np.testing.assert_array_equal(drawn, expected)
    np.testing.assert_array_equal(fixed_binary_draw(images), drawn)


def test_the_binary_draw_has_the_grey_level_as_its_probability() -> None:
    images = np.repeat(np.arange(0, 256, 51, dtype=np.uint8), 40_000).reshape(6, 200, 200, 1)
    share = fixed_binary_draw(images).mean(axis=(1, 2, 3))
    assert share[0] == 0
    assert share[-1] == 1
    assert share == pytest.approx(np.arange(6) / 5, abs=5 * 0.5 / 200)


def test_the_keys_are_just_these(figures: dict[str, dict[str, Any]]) -> None:
    assert set(figures) == KEYS
    for key, figure in figures.items():
        assert set(figure) == {"value", "se", "unit", "n", "protocol", "seed", "seconds"}
        assert figure["n"] == (4096 if key == "magnification_p99" else 30)
        assert figure["seconds"] >= 0
        assert figure["protocol"]
    json.dumps(figures, allow_nan=False)


def test_elbo_and_its_parts_are_those_of_the_fixed_draw(handle: ModelHandle, figures: dict[str, dict[str, Any]]) -> None:
    module, x = module_of(handle), fixed_draw()
    mu, log_var = numpy_encode(module, x)
    kl = 0.5 * (mu**2 + np.exp(log_var) - 1 - log_var).sum(1)
    assert figures["kl"]["value"] == pytest.approx(kl.mean(), rel=1e-4)
    assert figures["kl"]["se"] == pytest.approx(kl.std(ddof=1) / np.sqrt(30), rel=1e-3)
    eps = np.random.default_rng(0).standard_normal((3000, *mu.shape))
    reconstruction = -numpy_log_prob(x, numpy_logits(module, mu + np.exp(log_var / 2) * eps))  # (samples, images)
    noise = reconstruction.std(0) / np.sqrt(evaluation.ELBO_SAMPLES)  # of each image's 16 samples
    tolerance = 4 * np.sqrt((noise**2).sum()) / 30
    assert tolerance < 0.5
    assert figures["reconstruction"]["value"] == pytest.approx(reconstruction.mean(), abs=tolerance)
    assert figures["elbo"]["value"] == pytest.approx(-(figures["reconstruction"]["value"] + figures["kl"]["value"]), rel=1e-9)
    between_images = reconstruction.mean(0).std(ddof=1) / np.sqrt(30)
    assert figures["reconstruction"]["se"] == pytest.approx(between_images, rel=0.15)


def test_figures_are_the_same_every_time_and_do_not_depend_on_batches(
    handle: ModelHandle, figures: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(123)
    again = quickly(handle, DATASET)
    assert {key: figure["value"] for key, figure in again.items()} == {key: figure["value"] for key, figure in figures.items()}
    monkeypatch.setattr(terms, "BATCH", 7)
    parts = quickly(handle, DATASET)
    for key in KEYS - {"elbo", "reconstruction"}:  # these two take other samples of z then
        assert parts[key]["value"] == pytest.approx(figures[key]["value"], rel=1e-5)
    assert parts["elbo"]["value"] == pytest.approx(figures["elbo"]["value"], abs=0.3)


def test_the_protocol_says_what_was_done(figures: dict[str, dict[str, Any]]) -> None:
    """A one-sample ELBO is not called a log-likelihood, and grey BCE is not quoted as a likelihood."""
    for key in ("elbo", "reconstruction", "kl"):
        assert "fixed binary draw (seed 20250101)" in figures[key]["protocol"]
        assert figures[key]["unit"] == "nats/image"
    assert "16 samples" in figures["elbo"]["protocol"]
    assert figures["elbo"]["protocol"].startswith("ELBO")
    assert "likelihood" not in str(figures).lower()
    assert "grey" in figures["mse"]["protocol"]
    assert "60 training images" in figures["knn5"]["protocol"]
    assert "5-NN" in figures["knn5"]["protocol"]


def test_likelihood_figures_are_of_the_binary_draw_and_never_of_grey_pixels(
    handle: ModelHandle, figures: dict[str, dict[str, Any]]
) -> None:
    """Grey BCE is not to be compared with tables of binarised images, however the model was trained."""
    module = module_of(handle)
    for pixels, same in ((fixed_draw(), True), (DATASET.images[60:].reshape(30, -1) / 255, False)):
        mu, log_var = numpy_encode(module, pixels)
        kl = 0.5 * (mu**2 + np.exp(log_var) - 1 - log_var).sum(1).mean()
        assert bool(abs(figures["kl"]["value"] - kl) < 1e-4 * kl) is same


def test_mse_is_of_the_grey_image_and_the_decoded_mean(handle: ModelHandle, figures: dict[str, dict[str, Any]]) -> None:
    grey = DATASET.images[60:].reshape(30, -1) / 255
    module = module_of(handle)
    mean = 1 / (1 + np.exp(-numpy_logits(module, numpy_encode(module, grey)[0])))
    errors = ((mean - grey) ** 2).mean(1)
    assert figures["mse"]["value"] == pytest.approx(errors.mean(), rel=1e-4)
    assert figures["mse"]["se"] == pytest.approx(errors.std(ddof=1) / np.sqrt(30), rel=1e-3)


# --- nearest neighbours ---------------------------------------------------------------------------------------------------------


def by_hand(train: Doubles, train_labels: np.ndarray, codes: Doubles, labels: np.ndarray, k: int) -> float:
    """Majority vote among the k nearest; the smaller label where votes are equal."""
    hits = []
    for code, label in zip(codes, labels, strict=True):
        nearest = np.argsort(((train - code) ** 2).sum(1), kind="stable")[:k]
        votes = Counter(train_labels[nearest].tolist())
        hits.append(min(votes, key=lambda name: (-votes[name], name)) == label)
    return float(np.mean(hits))


def test_knn_is_the_majority_of_the_nearest_training_codes(handle: ModelHandle, figures: dict[str, dict[str, Any]]) -> None:
    assert DATASET.labels is not None
    mu, _ = encode(handle, DATASET.images)
    for k in (1, 5):
        expected = by_hand(mu[:60].astype(float), DATASET.labels[:60], mu[60:].astype(float), DATASET.labels[60:], k)
        assert figures[f"knn{k}"]["value"] == pytest.approx(expected)
        assert figures[f"knn{k}"]["se"] == pytest.approx(np.sqrt(expected * (1 - expected) / 29), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_knn_on_random_codes(seed: int) -> None:
    generator = np.random.default_rng(seed)
    train, codes = generator.standard_normal((50, 2)).astype(np.float32), generator.standard_normal((40, 2)).astype(np.float32)
    train_labels, labels = generator.integers(0, 3, 50), generator.integers(0, 3, 40)
    found = knn_figures(train, train_labels, codes, labels)
    for k in (1, 5):
        assert found[f"knn{k}"]["value"] == pytest.approx(by_hand(train.astype(float), train_labels, codes.astype(float), labels, k))


def test_knn_leaves_out_images_without_a_label_and_sets_without_labels(handle: ModelHandle, figures: dict[str, dict[str, Any]]) -> None:
    unlabelled = replace(DATASET, labels=None, class_names=())
    assert set(quickly(handle, unlabelled)) == KEYS - LABELLED
    assert DATASET.labels is not None
    labels = DATASET.labels.copy()
    labels[60:70] = -1
    labels[:40] = -1
    part = quickly(handle, replace(DATASET, labels=labels))
    assert part["knn5"]["n"] == 20
    assert "20 training images" in part["knn5"]["protocol"]
    mu, _ = encode(handle, DATASET.images)
    expected = by_hand(mu[40:60].astype(float), labels[40:60], mu[70:].astype(float), labels[70:], 5)
    assert part["knn5"]["value"] == pytest.approx(expected)


def test_validation_images_count_as_training_images(handle: ModelHandle, figures: dict[str, dict[str, Any]]) -> None:
    """So that figures do not depend on how much was held out for choosing."""
    parts = quickly(handle, DATASET.with_validation(20))
    assert {key: figure["value"] for key, figure in parts.items()} == {key: figure["value"] for key, figure in figures.items()}


# --- active units ----------------------------------------------------------------------------------------------------------------


def test_active_units_are_the_means_that_vary() -> None:
    generator = np.random.default_rng(0)
    mu = (generator.standard_normal((1000, 5)) * [1, 0.2, 0.11, 0.09, 0] + 3).astype(np.float32)
    figure = active_units(mu)["active_units"]
    assert figure["value"] == 3
    assert isinstance(figure["value"], int)


def test_a_dead_dimension_is_not_active() -> None:
    module, handle = module_for(architecture(DATASET, 2), seed=5)
    last = module.encoder.layers[-1]
    assert isinstance(last, nn.Linear)
    last.weight.mul_(20)
    assert quickly(handle, DATASET)["active_units"]["value"] == 2
    last.weight[1] = 0
    assert quickly(handle, DATASET)["active_units"]["value"] == 1


# --- refusals and progress -------------------------------------------------------------------------------------------------------


def test_images_of_another_size_are_refused(handle: ModelHandle) -> None:
    with pytest.raises(DatasetError, match=r"images of \(5, 5, 1\), the model is for \(3, 4, 1\)"):
        quickly(handle, toy(4, 4, (5, 5, 1)))


def test_a_set_without_a_test_part_is_refused(handle: ModelHandle) -> None:
    rows = np.arange(90)
    with pytest.raises(DatasetError, match="no test images"):
        quickly(handle, replace(DATASET, split=Split(rows, rows[:0], rows[:0])))


def test_small_sets_give_what_they_can(handle: ModelHandle) -> None:
    split = Split(np.arange(3), np.arange(0), np.arange(3, 4))
    tiny = ImageDataset("tiny", DATASET.images[:4], np.array([0, 1, 2, 0]), ("a", "b", "c"), split)
    figures = quickly(handle, tiny)
    assert set(figures) == KEYS - {"knn5"}
    assert figures["elbo"]["se"] is None


def test_progress_is_told_in_parts_of_one(handle: ModelHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "BATCH", 8)
    told: list[tuple[str, float]] = []
    quickly(handle, DATASET, lambda what, part: told.append((what, part)))
    parts = [part for what, part in told if what == "ELBO"]
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
    assert len(parts) == 4
    assert {what for what, _ in told} == {"ELBO", "codes"}


def test_evaluating_leaves_the_model_alone(handle: ModelHandle) -> None:
    module: VAE = module_of(handle)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    quickly(handle, DATASET)
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


def test_the_fixed_draw_may_be_made_piece_by_piece() -> None:
    images = np.random.default_rng(0).integers(0, 256, (13, 5, 3, 1), dtype=np.uint8)
    fixed = FixedDraw()
    pieces = [fixed.of(images[start : start + 4]) for start in range(0, 13, 4)]
    np.testing.assert_array_equal(np.concatenate(pieces), fixed_binary_draw(images))
