"""Which class a model is told."""

from __future__ import annotations

import numpy as np
import pytest

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import InputError
from latent_explorer.core.telling import told_class, told_classes

TOLD = ModelConfig((8, 8, 1), family="conditional-vae", classes=3)
NAMES = ("cat", "dog", "0")


@pytest.mark.parametrize(("given", "found"), [(None, 0), (2, 2), ("1", 1), ("dog", 1), ("0", 2)])
def test_a_class_is_found_by_number_or_name(given: int | str | None, found: int) -> None:
    assert told_class(TOLD, given, NAMES) == found


@pytest.mark.parametrize("given", [3, -1, "3", "bird", "-1", True, ""])
def test_what_is_no_class_is_refused(given: int | str) -> None:
    with pytest.raises(InputError, match="0 to 2, or a name such as cat"):
        told_class(TOLD, given, NAMES)


def test_each_point_has_its_class_or_all_have_one() -> None:
    for given, told in ((np.array([2, 0, 1], np.uint8), [2, 0, 1]), (np.array(1), [1, 1, 1])):
        found = told_classes(TOLD, given, 3, "point")
        assert found is not None and found.dtype == np.int64 and found.tolist() == told
    assert told_classes(ModelConfig((8, 8, 1)), None, 3, "point") is None
    with pytest.raises(InputError, match="told no class"):
        told_classes(ModelConfig((8, 8, 1)), np.zeros(3, int), 3, "point")


@pytest.mark.parametrize("given", [None, [0, 1], [0, 1, 3], [0, -1, 1], [0.0, 1.0, 2.0], [[0], [1], [2]], [True, False, True]])
def test_classes_that_do_not_fit_are_refused_in_one_sentence(given: object) -> None:
    with pytest.raises(InputError, match="0 to 2 for each image, or one for all") as refused:
        told_classes(TOLD, None if given is None else np.asarray(given), 3, "image")
    assert str(refused.value).count(". ") == 0


def test_other_models_are_told_none() -> None:
    assert told_class(ModelConfig((8, 8, 1)), None) is None
    with pytest.raises(InputError, match="leave it out"):
        told_class(ModelConfig((8, 8, 1)), 1)
