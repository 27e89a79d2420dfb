"""Which class a model is told."""

from __future__ import annotations

import pytest

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import InputError
from latent_explorer.core.telling import told_class

TOLD = ModelConfig((8, 8, 1), family="conditional-vae", classes=3)
NAMES = ("cat", "dog", "0")


@pytest.mark.parametrize(("given", "found"), [(None, 0), (2, 2), ("1", 1), ("dog", 1), ("0", 2)])
def test_a_class_is_found_by_number_or_name(given: int | str | None, found: int) -> None:
    assert told_class(TOLD, given, NAMES) == found


@pytest.mark.parametrize("given", [3, -1, "3", "bird", "-1", True, ""])
def test_what_is_no_class_is_refused(given: int | str) -> None:
    with pytest.raises(InputError, match="0 to 2, or a name such as cat"):
        told_class(TOLD, given, NAMES)


def test_other_models_are_told_none() -> None:
    assert told_class(ModelConfig((8, 8, 1)), None) is None
    with pytest.raises(InputError, match="leave it out"):
        told_class(ModelConfig((8, 8, 1)), 1)
