"""The shipped model of the generated shapes: its two axes are the two factors that change the pictures most."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from latent_explorer.core.checkpoint.library import shipped
from latent_explorer.core.checkpoint.record import read_record
from latent_explorer.core.data.shapes import shapes
from latent_explorer.core.types import Codes, ImageDataset, ModelRecord

LOOSE = 0.25  # of rank correlations with what an axis does not carry


@pytest.fixture(scope="module")
def record() -> ModelRecord:
    entry = next(entry for entry in shipped() if entry.name == "shapes")
    return read_record(entry.path)


@pytest.fixture(scope="module")
def data() -> ImageDataset:
    return shapes()


@pytest.fixture(scope="module")
def codes(record: ModelRecord) -> Codes:
    return record.codes["mean"]


def ranks(codes: Codes, data: ImageDataset, factor: str) -> np.ndarray:
    """Absolute rank correlation of a factor with each axis; which axis and which sign a training run finds is chance."""
    return np.abs([spearmanr(codes.z[:, axis], data.columns[factor][codes.index]).statistic for axis in (0, 1)])


def test_the_codes_are_of_the_images_that_are_generated_now(record: ModelRecord, codes: Codes, data: ImageDataset) -> None:
    assert record.data.content_hash == data.content_hash
    np.testing.assert_array_equal(np.sort(codes.index), np.sort(data.split.test))


def test_one_axis_carries_x_and_the_other_y(codes: Codes, data: ImageDataset) -> None:
    x, y = ranks(codes, data, "x"), ranks(codes, data, "y")
    assert x.argmax() != y.argmax()
    assert x.max() > 0.95
    assert y.max() > 0.9
    assert x.min() < LOOSE
    assert y.min() < LOOSE


@pytest.mark.parametrize("factor", ["size", "rotation", "form"])
def test_no_axis_carries_another_factor(codes: Codes, data: ImageDataset, factor: str) -> None:
    assert ranks(codes, data, factor).max() < LOOSE


def test_position_can_be_read_off_the_plane(codes: Codes, data: ImageDataset) -> None:
    """From the nine nearest other codes: to a small part of the range."""
    from scipy.spatial import cKDTree

    near = cKDTree(codes.z).query(codes.z, 10)[1][:, 1:]
    for factor, share in (("x", 0.02), ("y", 0.06)):
        values = data.columns[factor][codes.index]
        error = np.median(np.abs(values[near].mean(1) - values))
        assert error < share * np.ptp(values)
