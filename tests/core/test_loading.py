"""Collections while libraries are loaded."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from latent_explorer.core.loading import no_collections


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


def test_nothing_is_collected_inside_and_what_is_left_is_not_looked_at_again() -> None:
    gc.unfreeze()
    with no_collections():
        assert not gc.isenabled()
        kept = [[number] for number in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= 1000
    seen = {id(thing) for thing in gc.get_objects()}
    assert not any(id(thing) in seen for thing in kept)


def test_it_is_on_again_when_loading_fails() -> None:
    with pytest.raises(ModuleNotFoundError), no_collections():
        import a_library_that_does_not_exist  # type: ignore[import-not-found]  # noqa: F401
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    gc.disable()
    with no_collections():
        pass
    assert not gc.isenabled()
