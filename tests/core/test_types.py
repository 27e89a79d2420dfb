"""The currency: data sets check themselves, hash what they hold, split as written; values are read-only."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.scene import Camera, Layers, Scene
from latent_explorer.core.types import Codes, History, ImageDataset, ModelHandle, Split


def make(count: int = 20, test: int = 5, **changes: Any) -> ImageDataset:
    generator = np.random.default_rng(0)
    fields: dict[str, Any] = {
        "name": "tiny",
        "images": generator.integers(0, 256, (count, 4, 3, 1), dtype=np.uint8),
        "labels": generator.integers(-1, 3, count),
        "class_names": ("a", "b", "c"),
        "split": Split(np.arange(count - test), np.arange(0), np.arange(count - test, count)),
    }
    return ImageDataset(**{**fields, **changes})


def labels(*values: int) -> dict[str, Any]:
    return {"labels": np.array([*values, *[0] * (20 - len(values))])}


# --- what a data set accepts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"images": np.zeros((20, 4, 3), np.uint8)}, "images must be bytes of shape (N, H, W, 1 or 3), not uint8 (20, 4, 3)"),
        ({"images": np.zeros((20, 4, 3, 2), np.uint8)}, "not uint8 (20, 4, 3, 2)"),
        ({"images": np.zeros((20, 4, 3, 4), np.uint8)}, "not uint8 (20, 4, 3, 4)"),
        ({"images": np.zeros((20, 4, 3, 1), np.float32)}, "not float32 (20, 4, 3, 1)"),
        ({"images": np.zeros((0, 4, 3, 1), np.uint8), "labels": None}, "not uint8 (0, 4, 3, 1)"),
        ({"images": np.zeros((20, 0, 3, 1), np.uint8)}, "not uint8 (20, 0, 3, 1)"),
        ({"labels": np.zeros(19, np.int64)}, "20 images but labels of int64 (19,)"),
        ({"labels": np.zeros((20, 1), np.int64)}, "20 images but labels of int64 (20, 1)"),
        ({"labels": np.zeros(20, np.uint8)}, "20 images but labels of uint8 (20,)"),
        (labels(-2), "labels must lie between -1 and 2"),
        (labels(3), "labels must lie between -1 and 2"),
        ({**labels(), "class_names": ()}, "labels must lie between -1 and -1"),
        ({"columns": {"angle": np.zeros(19, np.float32)}}, "column 'angle' is float32 (19,), but there are 20 images"),
        ({"columns": {"angle": np.zeros(20)}}, "column 'angle' is float64 (20,)"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(DatasetError) as refused:
        make(**changes)
    text = str(refused.value)
    assert says in text
    assert text.startswith("tiny: ")
    assert text.endswith(".")
    assert "\n" not in text


def test_what_fits_is_accepted() -> None:
    assert make().image_shape == (4, 3, 1)
    assert make(images=np.zeros((20, 1, 1, 3), np.uint8)).image_shape == (1, 1, 3)
    assert make(labels=None).labels is None
    assert make(labels=np.full(20, -1), class_names=()).labels is not None


def test_all_arrays_of_a_data_set_are_read_only() -> None:
    dataset = make(columns={"angle": np.zeros(20, np.float32)})
    assert dataset.labels is not None
    split = dataset.split
    for array in (dataset.images, dataset.labels, dataset.columns["angle"], split.train, split.validation, split.test):
        assert not array.flags.writeable
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset.name = "x"  # type: ignore[misc]
    held = dataset.with_validation(3)
    assert not any(array.flags.writeable for array in (held.split.train, held.split.validation, held.split.test))


# --- the content hash --------------------------------------------------------------------------------------------------------------


def test_the_content_hash_is_of_shape_images_and_labels() -> None:
    dataset = make()
    assert dataset.labels is not None
    expected = hashlib.sha256(b"(20, 4, 3, 1)" + dataset.images.tobytes() + dataset.labels.astype("<i8").tobytes()).hexdigest()
    assert dataset.content_hash == expected
    assert make(labels=None).content_hash == hashlib.sha256(b"(20, 4, 3, 1)" + dataset.images.tobytes()).hexdigest()


def test_the_content_hash_does_not_depend_on_split_or_name() -> None:
    dataset = make()
    for other in (dataset.with_validation(4), make(test=9), make(name="other", class_names=("x", "y", "z"), source="there")):
        assert other.content_hash == dataset.content_hash


def test_the_content_hash_depends_on_every_byte() -> None:
    dataset = make()
    assert dataset.labels is not None
    images, numbers = dataset.images.copy(), dataset.labels.copy()
    images[19, 3, 2, 0] ^= 1
    numbers[19] = (numbers[19] + 2) % 3
    found = {dataset.content_hash, make(images=images).content_hash, make(labels=numbers).content_hash, make(labels=None).content_hash}
    found.add(make(images=dataset.images.reshape(20, 3, 4, 1)).content_hash)
    assert len(found) == 5


def test_the_content_hash_of_views_is_of_their_values() -> None:
    dataset = make()
    twice = np.repeat(dataset.images, 2, axis=0)
    assert make(images=twice[::2]).content_hash == dataset.content_hash


# --- the validation part -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (1, 0), (6, 0), (6, 9), (14, 0)])
def test_validation_is_the_end_of_a_seeded_permutation(count: int, seed: int) -> None:
    dataset = make(split=Split(np.arange(5, 20), np.arange(0), np.arange(5)))
    split = dataset.with_validation(count, seed).split
    order = np.arange(5, 20)[np.random.Generator(np.random.PCG64(seed)).permutation(15)]
    np.testing.assert_array_equal(split.train, order[: 15 - count])
    np.testing.assert_array_equal(split.validation, order[15 - count :])
    np.testing.assert_array_equal(split.test, np.arange(5))


def test_splitting_again_starts_from_the_whole_training_set() -> None:
    dataset = make()
    once = dataset.with_validation(4)
    twice = dataset.with_validation(9, 3).with_validation(2).with_validation(4)
    np.testing.assert_array_equal(once.split.train, twice.split.train)
    np.testing.assert_array_equal(once.split.validation, twice.split.validation)
    assert len(twice.with_validation(0).split.train) == 15


@pytest.mark.parametrize(("images", "expected"), [(1, 0), (9, 0), (10, 1), (15, 1), (49_999, 4_999), (50_000, 10_000), (60_000, 10_000)])
def test_the_default_is_ten_thousand_for_sets_of_mnist_s_size_else_a_tenth(images: int, expected: int) -> None:
    size = images + 3
    dataset = make(size, 3, images=np.zeros((size, 1, 1, 1), np.uint8), labels=None)
    assert dataset.default_validation() == expected
    split = dataset.with_validation(None).split
    assert (len(split.train), len(split.validation), len(split.test)) == (images - expected, expected, 3)
    assert dataset.with_validation(0).default_validation() == dataset.with_validation(None).default_validation() == expected


@pytest.mark.parametrize("count", [-1, 15, 16, 10**9])
def test_a_split_that_leaves_nothing_to_train_on_is_refused(count: int) -> None:
    with pytest.raises(DatasetError, match=f"^validation is {count:,}; tiny has 15 training images, so choose 0 to 14\\.$"):
        make().with_validation(count)


@pytest.mark.parametrize("count", [None, 0, 3])
def test_a_set_without_training_images_says_so(count: int | None) -> None:
    with pytest.raises(DatasetError, match=r"^tiny has no training images; choose another data set to train on\.$"):
        make(split=Split(np.arange(0), np.arange(0), np.arange(20))).with_validation(count)


def test_the_reference_remembers_what_is_needed_to_find_the_data_again() -> None:
    reference = make().with_validation(4).reference()
    assert reference.name == "tiny"
    assert reference.content_hash == make().content_hash
    assert reference.class_names == ("a", "b", "c")
    assert reference.image_shape == (4, 3, 1)
    assert reference.sizes == (11, 4, 5)


# --- other values --------------------------------------------------------------------------------------------------------------------


def test_codes_are_read_only_and_must_fit() -> None:
    z, rows = np.zeros((4, 2), np.float32), np.arange(4)
    codes = Codes("mean", z, rows, np.full(4, -1), {"elbo": np.zeros(4, np.float32)})
    for array in (codes.z, codes.index, codes.labels, codes.columns["elbo"]):
        assert not array.flags.writeable
    with pytest.raises(TypeError):
        codes.columns["x"] = z  # type: ignore[index]
    for changes in ({"z": np.zeros((5, 2), np.float32)}, {"index": np.arange(3)}, {"labels": np.arange(5)}, {"z": np.zeros(4, np.float32)}):
        with pytest.raises(ValueError, match="codes do not fit"):
            replace(codes, **changes)


def test_a_history_is_read_only() -> None:
    history = History(np.zeros(2, np.float32), {"train_loss": np.zeros(2, np.float32)})
    assert not history.epoch.flags.writeable
    assert not history.columns["train_loss"].flags.writeable


def test_scenes_are_values() -> None:
    """Undo compares and keeps them."""
    scene = Scene()
    assert scene == Scene()
    moved = replace(scene, camera=replace(scene.camera, x=1.0), probe=(0.5, -1.0), hidden_classes=frozenset({3}))
    assert moved != scene
    assert scene.camera == Camera()
    assert moved.layers == Layers()
    assert hash(moved) == hash(replace(moved))
    handle = ModelHandle("a", ModelConfig((2, 2, 1)), "h")
    assert handle == ModelHandle("a", ModelConfig((2, 2, 1)), "h")
