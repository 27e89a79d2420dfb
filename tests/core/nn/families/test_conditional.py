"""The conditional VAE: the class goes to both networks, and so it need not be in the code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.evaluation import evaluate, image_columns
from latent_explorer.core.nn.families.conditional import ConditionalVAE
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.nn.inference import classes_for, codes_of, decode, encode
from latent_explorer.core.types import ImageDataset, ModelHandle
from tests.core.nn.small import run, settings, toy


def model(network: str = "dense") -> ConditionalVAE:
    channels = (3,) if network == "conv" else None
    module = build(ModelConfig((4, 4, 1), hidden=(8,), family="conditional-vae", classes=3, network=network, channels=channels), 0)
    assert isinstance(module, ConditionalVAE)
    return module.requires_grad_(False)


@pytest.mark.parametrize("network", ["dense", "conv"])
def test_the_class_changes_what_both_networks_say(network: str) -> None:
    module, x = model(network), torch.rand((1, 16), generator=torch.Generator().manual_seed(0))
    codes = [module.encode(x, torch.tensor([y]))[0] for y in range(3)]
    pictures = [module.decode(torch.zeros(1, 2), torch.tensor([y])) for y in range(3)]
    for found in (codes, pictures):
        assert not torch.allclose(found[0], found[1]) and not torch.allclose(found[1], found[2])


def test_each_image_is_told_its_own_class() -> None:
    module, x = model(), torch.rand((3, 16), generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([2, 0, 1])
    together = module.encode(x, labels)[0]
    alone = torch.cat([module.encode(x[n : n + 1], labels[n : n + 1])[0] for n in range(3)])
    torch.testing.assert_close(together, alone)
    z = torch.randn((5, 3, 2), generator=torch.Generator().manual_seed(1))
    draws = module.decode(z, labels)
    torch.testing.assert_close(draws[4, 1], module.decode(z[4, 1:2], labels[1:2])[0])
    with pytest.raises(ValueError, match="needs classes"):
        module.decode(torch.zeros(1, 2))


def test_the_code_does_not_tell_the_class_that_a_plain_code_tells(digits: ImageDataset) -> None:
    """Digits: 5-NN on the codes finds the class of most images in a VAE, and of far fewer where the class was told."""
    found = {}
    for family, classes in (("vae", None), ("conditional-vae", 10)):
        config = ModelConfig(digits.image_shape, hidden=(64, 64), family=family, classes=classes)
        last = run(digits, settings(epochs=40, batch_size=100, lr=4e-3, validation=0), config)
        assert last.snapshot is not None
        train, test = (codes_of(last.snapshot, digits, rows) for rows in (digits.split.train, digits.split.test))
        found[family] = KNeighborsClassifier(5).fit(train.z, train.labels).score(test.z, test.labels)
    assert found["vae"] > 0.55
    assert found["conditional-vae"] < found["vae"] - 0.2


@pytest.fixture(scope="module")
def taught() -> tuple[ImageDataset, ConditionalVAE, object]:
    dataset = toy(200, 60, (4, 5, 1))
    config = ModelConfig(dataset.image_shape, hidden=(24,), family="conditional-vae", classes=3, likelihood="gaussian")
    last = run(dataset, settings(epochs=30, batch_size=20, lr=0.01, validation=0), config)
    assert last.snapshot is not None
    module = module_of(last.snapshot)
    assert isinstance(module, ConditionalVAE)
    return dataset, module, last.snapshot


def test_an_image_without_a_class_is_given_the_likeliest(taught: tuple[ImageDataset, ConditionalVAE, object]) -> None:
    dataset, module, _ = taught
    rows = dataset.split.test
    x = torch.from_numpy(dataset.images[rows].reshape(len(rows), -1) / 255).float()
    assert dataset.labels is not None
    labels = torch.from_numpy(dataset.labels[rows])
    guessed = module.likeliest(x)
    assert (guessed == labels).float().mean() > 0.9
    some = labels.clone()
    some[::2] = -1
    assert torch.equal(module.known(x, some), torch.where(some < 0, guessed, labels))
    for read in (lambda y: module.encode(x, y)[0], lambda y: module.terms(x, torch.Generator().manual_seed(0), labels=y).reconstruction):
        torch.testing.assert_close(read(None), read(guessed))


@pytest.fixture(scope="module")
def apart() -> tuple[ImageDataset, ModelHandle]:
    dataset = toy(200, 40, (3, 3, 1))
    config = ModelConfig(dataset.image_shape, hidden=(16,), family="conditional-vae", classes=3)
    last = run(dataset, settings(epochs=30, batch_size=20, lr=0.01, validation=0), config)
    assert last.snapshot is not None
    return dataset, last.snapshot


def test_without_classes_no_figure_is_quoted_and_all_say_why(apart: tuple[ImageDataset, ModelHandle]) -> None:
    dataset, handle = apart
    whole = evaluate(handle, dataset)
    assert whole["elbo"]["value"] is not None
    nobody = dataset.labels.copy()  # type: ignore[union-attr]
    nobody[dataset.split.test] = -1
    for unknown in (replace(dataset, labels=None), replace(dataset, labels=nobody)):
        for quick in (True, False):
            figures = evaluate(handle, unknown, quick=quick)
            assert figures.keys() >= {key for key in evaluate(handle, dataset, quick=quick) if not key.startswith("narrow")}
            assert all(figure["value"] is None and "told each image's class" in figure["reason"] for figure in figures.values())


def test_figures_are_of_the_images_whose_class_the_model_knows(apart: tuple[ImageDataset, ModelHandle]) -> None:
    dataset, handle = apart
    assert dataset.labels is not None
    labels, test = dataset.labels.copy(), dataset.split.test
    labels[test[:5]], labels[test[5:8]] = -1, 3
    labels[dataset.split.train[:20]] = 3
    some = evaluate(handle, replace(dataset, labels=labels, class_names=("a", "b", "c", "d")))
    split = replace(dataset.split, test=test[8:].copy(), train=dataset.split.train[20:].copy())
    known = evaluate(handle, replace(dataset, split=split))
    for key, figure in known.items():
        assert some[key]["value"] == pytest.approx(figure["value"], nan_ok=True), key
    assert some["elbo"]["n"] == len(test) - 8
    assert "32 of 40 test images" in some["elbo"]["protocol"] and "of 40 test images" not in known["elbo"]["protocol"]


def test_single_images_without_a_class_are_bounded_below_their_likelihood(apart: tuple[ImageDataset, ModelHandle]) -> None:
    """And decoded with the class by which they were encoded."""
    dataset, handle = apart
    images, labels = dataset.images[dataset.split.test], dataset.labels[dataset.split.test]  # type: ignore[index]
    guessed = classes_for(handle, images, None)
    assert guessed is not None and len(np.unique(guessed)) == 3
    some = np.where(np.arange(len(labels)) < 20, labels, -1)
    for given, told in ((None, guessed), (some, np.where(some < 0, guessed, labels))):
        mu, _ = encode(handle, images, given)
        columns = image_columns(handle, mu, images, labels=given)
        assert (columns["elbo"] < columns["ll"] + 1e-3).all()
        errors = np.square(decode(handle, mu, told) - images / 255).mean(axis=(1, 2, 3))
        np.testing.assert_allclose(columns["mse"], errors, rtol=1e-4)
    np.testing.assert_array_equal(encode(handle, images, np.full(len(images), 7))[0], encode(handle, images)[0])


def test_there_is_one_plane_for_each_class(taught: tuple[ImageDataset, ConditionalVAE, object]) -> None:
    dataset, _, handle = taught
    assert dataset.labels is not None
    means = np.stack([dataset.images[dataset.labels == y].mean(axis=0) / 255 for y in range(3)])
    for y in range(3):
        picture = decode(handle, np.zeros((1, 2)), y)[0]  # type: ignore[arg-type]
        assert np.square(means - picture).mean(axis=(1, 2, 3)).argmin() == y
    own = decode(handle, np.zeros((3, 2)), np.array([2, 0, 1]))  # type: ignore[arg-type]
    np.testing.assert_allclose(own[0], decode(handle, np.zeros((1, 2)), 2)[0], atol=1e-6)  # type: ignore[arg-type]
