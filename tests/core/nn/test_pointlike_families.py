"""Families whose encoder gives points: autoencoder, WAE-MMD, PCA."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import decomposition
from torch.utils._python_dispatch import TorchDispatchMode

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.data.registry import load_dataset
from latent_explorer.core.errors import SettingError
from latent_explorer.core.nn.families import pca
from latent_explorer.core.nn.families.base import Batch
from latent_explorer.core.nn.families.pca import PCA, principal
from latent_explorer.core.nn.families.registry import build, expected_shapes
from latent_explorer.core.nn.families.wae import SCALES, maximum_mean_discrepancy, squared_distances
from latent_explorer.core.nn.inference import codes_of, decode, encode
from latent_explorer.core.types import ImageDataset
from tests.core.nn.small import architecture, run, settings, toy


@pytest.fixture(scope="module")
def digits() -> ImageDataset:
    return load_dataset("digits").with_validation(0)


def pixels(count: int, d: int = 12) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((count, d), np.float32))


# --- autoencoder ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_loss_of_an_autoencoder_is_the_reconstruction_alone(likelihood: str) -> None:
    sigma = 0.5 if likelihood == "gaussian" else None
    model = build(ModelConfig((3, 4, 1), 2, (8,), family="autoencoder", likelihood=likelihood, sigma=sigma), 0)
    x = pixels(7)
    z, log_var = model.encode(x)
    assert torch.equal(log_var, torch.full((7, 2), -math.inf))
    logits = model.decode(z)
    if likelihood == "bernoulli":
        expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    else:
        expected = -torch.distributions.Normal(torch.sigmoid(logits), 0.5).log_prob(x).sum(1)
    loss, terms = model.loss(Batch(x, None, torch.Generator(), beta=7.0))
    torch.testing.assert_close(terms.reconstruction, expected)
    assert not terms.kl.any()
    torch.testing.assert_close(loss, expected.mean())  # whatever beta is


@pytest.mark.parametrize("family", ["autoencoder", "wae-mmd", "vae-gan", "pca"])
@pytest.mark.parametrize("network", ["dense", "residual", "conv", "resconv"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_weights_are_counted_as_they_are(family: str, network: str, likelihood: str) -> None:
    more: dict[str, Any] = {"likelihood": likelihood}
    if network in ("conv", "resconv"):
        more["channels"] = (2, 3)
    hidden = () if family == "pca" else (8, 6)
    try:
        config = ModelConfig((5, 6, 1), None, hidden, family=family, network=network, **more)  # type: ignore[arg-type]
    except SettingError:
        assert family == "pca"
        return
    assert config.parameters == sum(math.prod(shape) for shape in expected_shapes(config).values())


@pytest.mark.parametrize("family", ["autoencoder", "wae-mmd"])
def test_codes_of_points_have_no_log_var(family: str) -> None:
    """Also those on the way: the column would be -inf."""
    dataset, seen = toy(), []
    last = run(dataset, settings(), architecture(dataset, family=family), see=lambda p: seen.append(p.codes))
    assert all("log_var" not in codes.columns for codes in seen if codes is not None)
    assert last.snapshot is not None and last.outcome == "finished"
    codes = codes_of(last.snapshot, dataset, dataset.split.test)
    assert dict(codes.columns) == {}
    assert np.isfinite(codes.z).all()
    np.testing.assert_array_equal(codes.z, encode(last.snapshot, dataset.images[dataset.split.test])[0])


def test_families_without_a_bound_see_grey_pixels() -> None:
    model = ModelConfig((3, 4, 1), family="autoencoder")
    assert TrainingConfig().for_model(model).binarize == "none"
    assert TrainingConfig().for_model(ModelConfig((3, 4, 1))).binarize == "dynamic"


def test_an_autoencoder_learns_more_than_its_mean_image(digits: ImageDataset) -> None:
    config = ModelConfig((8, 8, 1), 8, (64,), family="autoencoder", likelihood="gaussian", sigma=0.5)
    last = run(digits, settings(epochs=8, batch_size=32, lr=0.003), config)
    assert last.snapshot is not None
    images = digits.images[digits.split.test]
    error = np.square(decode(last.snapshot, encode(last.snapshot, images)[0]) - images / 255.0).mean()
    assert error < 0.5 * (images / 255.0).var(axis=0).mean()


# --- WAE-MMD ----------------------------------------------------------------------------------------------------------------


def brute_force(codes: np.ndarray, prior: np.ndarray) -> float:
    """The sums of the paper, one pair at a time."""
    n, d = codes.shape

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        squared = float(((a - b) ** 2).sum())
        return float(sum(2 * d * s / (2 * d * s + squared) for s in (0.1, 0.2, 0.5, 1, 2, 5, 10)))

    total = 0.0
    for i in range(n):
        for j in range(n):
            if i != j:
                total += (kernel(codes[i], codes[j]) + kernel(prior[i], prior[j])) / (n * (n - 1))
            total -= 2 * kernel(codes[i], prior[j]) / n**2
    return total


@pytest.mark.parametrize("d", [1, 2, 5])
def test_the_discrepancy_is_that_of_a_double_loop(d: int) -> None:
    generator = np.random.default_rng(d)
    codes, prior = generator.normal(1, 2, (9, d)), generator.normal(0, 1, (9, d))
    found = maximum_mean_discrepancy(torch.from_numpy(codes), torch.from_numpy(prior))
    assert float(found) == pytest.approx(brute_force(codes, prior), abs=1e-12)


def test_the_discrepancy_is_nothing_for_the_prior_and_large_elsewhere() -> None:
    generator = torch.Generator().manual_seed(1)

    def normal() -> torch.Tensor:
        return torch.randn(128, 2, generator=generator, dtype=torch.float64)

    same = torch.stack([maximum_mean_discrepancy(normal(), normal()) for _ in range(200)])
    error = float(same.std() / math.sqrt(len(same)))
    assert abs(float(same.mean())) < 4 * error  # unbiased
    assert (same < 0).any()
    spread = float(same.std())
    for other in (normal() + 2, 3 * normal(), 0.1 * normal(), normal().abs()):
        assert float(maximum_mean_discrepancy(other, normal())) > 20 * spread
    assert float(maximum_mean_discrepancy(normal()[:1], normal()[:1])) == 0


def test_the_penalty_has_its_weight_and_is_the_same_for_each_image() -> None:
    model = build(ModelConfig((3, 4, 1), 2, (8,), family="wae-mmd"), 0)
    x = pixels(20)
    loss, terms = model.loss(Batch(x, None, torch.Generator().manual_seed(3), beta=10.0))
    assert terms.kl.shape == (20,) and len(terms.kl.unique()) == 1
    torch.testing.assert_close(loss, terms.reconstruction.mean() + 10 * terms.kl[0])
    prior = torch.randn(20, 2, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(terms.kl[0], maximum_mean_discrepancy(model.encode(x)[0], prior))
    assert len(SCALES) == 7


def test_the_penalty_brings_codes_to_the_prior(digits: ImageDataset) -> None:
    """With a heavy weight the codes are as wide as N(0, I); an autoencoder's may lie anywhere."""
    how = settings(epochs=15, batch_size=100, lr=0.003, beta=300.0)
    last = run(digits, how, ModelConfig((8, 8, 1), 2, (64,), family="wae-mmd"))
    assert last.codes is not None
    np.testing.assert_allclose(last.codes.z.mean(axis=0), 0, atol=0.3)
    np.testing.assert_allclose(last.codes.z.std(axis=0), 1, atol=0.25)


def test_distances_hold_no_array_of_all_differences() -> None:
    """Against `torch.cdist`, also far from 0; the largest array is that of the distances themselves."""
    a, b = torch.randn(2, 300, 64, generator=torch.Generator().manual_seed(0)) + 20.0
    truth = torch.cdist(a.double(), b.double()).square().float()
    torch.testing.assert_close(squared_distances(a, b), truth, atol=1e-3, rtol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(squared_distances(a, b), truth, atol=1e-3, rtol=1e-5)
    seen: list[int] = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            found = func(*args, **(kwargs or {}))
            seen.append(found.numel())
            return found

    with Watch():
        squared_distances(a, b)
    assert max(seen) == 300 * 300


# --- PCA --------------------------------------------------------------------------------------------------------------------


def test_the_plane_is_scikit_learns(digits: ImageDataset) -> None:
    last = run(digits, settings(epochs=7), ModelConfig((8, 8, 1), family="pca", likelihood="gaussian"))
    assert (last.outcome, last.epoch, last.epochs, last.step) == ("finished", 1, 1, 1)
    assert last.snapshot is not None and last.codes is not None and last.history is not None
    flat = digits.images.reshape(len(digits.images), -1) / 255.0
    theirs = decomposition.PCA(2, svd_solver="full").fit(flat[digits.split.train])
    codes = theirs.transform(flat[digits.split.test])
    signs = np.sign((codes * last.codes.z).sum(axis=0))
    np.testing.assert_allclose(last.codes.z * signs, codes, atol=1e-5)
    pictures = theirs.inverse_transform(codes).clip(0, 1).reshape(-1, 8, 8, 1)
    np.testing.assert_allclose(decode(last.snapshot, last.codes.z), pictures, atol=1e-5)
    assert dict(last.codes.columns) == {}
    # The learned sigma is the root of the error that is left, so the loss is that of docs/science.md: D/2 (log(2 pi MSE) + 1).
    train = flat[digits.split.train]
    mse = np.square(train - theirs.inverse_transform(theirs.transform(train))).mean()
    assert last.loss == pytest.approx(32 * (math.log(2 * math.pi * mse) + 1), rel=1e-4)
    assert last.history.columns["train_loss"].tolist() == [pytest.approx(last.loss)]


def test_signs_are_fixed_and_rows_count_alone(digits: ImageDataset) -> None:
    rows = digits.split.train[::3].copy()
    found = principal(digits.images, rows, 3)
    assert (found.directions.max(axis=1) > -found.directions.min(axis=1)).all()
    theirs = decomposition.PCA(3).fit(digits.images[rows].reshape(len(rows), -1) / 255.0)
    np.testing.assert_allclose(found.variances, theirs.explained_variance_, rtol=1e-9)
    np.testing.assert_allclose(found.mean, theirs.mean_, atol=1e-12)
    np.testing.assert_allclose(np.abs(found.directions @ theirs.components_.T), np.eye(3), atol=1e-9)


def test_large_images_give_the_same_plane_without_their_covariances(digits: ImageDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = digits.split.train
    one = principal(digits.images, rows, 2)
    monkeypatch.setattr(pca, "MOST_COVARIANCES", 10)
    monkeypatch.setattr(pca, "PIECE", 64 * 100)
    other = principal(digits.images, rows, 2)
    np.testing.assert_allclose(other.directions, one.directions, atol=1e-9)
    np.testing.assert_allclose(other.variances, one.variances, rtol=1e-9)
    assert other.error == pytest.approx(one.error, rel=1e-9)


@pytest.mark.parametrize("different", [0, 1])
def test_large_images_that_are_equal_or_nearly_so_have_a_plane(different: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pca, "MOST_COVARIANCES", 10)
    images = np.full((9, 4, 5, 1), 77, np.uint8)
    images[:different] = np.arange(20).reshape(1, 4, 5, 1)
    found = principal(images, np.arange(9), 2)
    np.testing.assert_allclose(np.linalg.norm(found.directions, axis=1), 1)
    assert (found.variances > 1e-6).sum() == different
    assert found.error == pytest.approx(0, abs=1e-12)


def test_images_with_fewer_pixels_than_dimensions() -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 1, 3, 1)).astype(np.uint8)
    found = principal(images, np.arange(30), 5)
    assert found.directions.shape == (5, 3) and not found.directions[3:].any() and not found.variances[3:].any()


def test_pca_likelihood_is_around_the_picture_itself() -> None:
    """Not around its sigmoid; only what is shown is cut to 0..1."""
    model = build(ModelConfig((3, 4, 1), 2, (), family="pca", likelihood="gaussian", sigma=0.3), 0)
    assert isinstance(model, PCA)
    x, z = pixels(5), 10 * torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    numbers = model.decode(z)
    expected = torch.distributions.Normal(numbers[None], 0.3).log_prob(x[:, None]).sum(-1)
    torch.testing.assert_close(model.likelihood.table(x, numbers), expected, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(model.likelihood.log_prob(x[:, None], numbers[None]), expected, rtol=1e-4, atol=1e-3)
    assert model.mean_image(z).min() == 0 and model.mean_image(z).max() == 1
    mask = torch.arange(12) < 5
    some = torch.distributions.Normal(numbers[None, :, :5], 0.3).log_prob(x[:, None, :5]).sum(-1)
    torch.testing.assert_close(model.likelihood.table(x, numbers, mask), some, rtol=1e-4, atol=1e-3)
