from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from latent_explorer.core.data.builtin import digits


def test_digits_are_scikit_learns_in_bytes() -> None:
    data, original = digits(), load_digits()
    assert data.name == "digits"
    assert data.images.shape == (1797, 8, 8, 1)
    assert int(data.images.max()) == 255
    np.testing.assert_array_equal(np.rint(data.images[..., 0] / 255 * 16), original.images)
    np.testing.assert_array_equal(data.labels, original.target)
    assert data.class_names == tuple("0123456789")


def test_the_split_is_a_third_by_class_and_always_the_same() -> None:
    data = digits()
    assert data.labels is not None
    parts = (data.split.train, data.split.validation, data.split.test)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(1797))
    counts, test = np.bincount(data.labels), np.bincount(data.labels[data.split.test])
    assert np.abs(test - counts / 3).max() <= 0.5
    assert len(data.split.validation) == (1797 - len(data.split.test)) // 10
    for part, again in zip(parts, (digits().split.train, digits().split.validation, digits().split.test), strict=True):
        np.testing.assert_array_equal(part, again)
    assert digits().content_hash == data.content_hash
