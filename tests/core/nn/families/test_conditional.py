"""The conditional VAE: the class goes to both networks, and so it need not be in the code."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.conditional import ConditionalVAE
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.nn.inference import codes_of, decode
from latent_explorer.core.types import ImageDataset
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


def test_there_is_one_plane_for_each_class(taught: tuple[ImageDataset, ConditionalVAE, object]) -> None:
    dataset, _, handle = taught
    assert dataset.labels is not None
    means = np.stack([dataset.images[dataset.labels == y].mean(axis=0) / 255 for y in range(3)])
    for y in range(3):
        picture = decode(handle, np.zeros((1, 2)), y)[0]  # type: ignore[arg-type]
        assert np.square(means - picture).mean(axis=(1, 2, 3)).argmin() == y
    own = decode(handle, np.zeros((3, 2)), np.array([2, 0, 1]))  # type: ignore[arg-type]
    np.testing.assert_allclose(own[0], decode(handle, np.zeros((1, 2)), 2)[0], atol=1e-6)  # type: ignore[arg-type]
