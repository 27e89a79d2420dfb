"""For tests of what is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from latent_explorer.views.style import DARK, LIGHT, Theme


@pytest.fixture(autouse=True)
def arguments_let_go(request: pytest.FixtureRequest, nothing_left_running: None) -> Iterator[None]:
    """pytest holds a test's arguments until all is torn down; but pyqtgraph's plots take their menus along only when nobody holds them."""
    yield
    request.node.funcargs.clear()


@pytest.fixture(params=[DARK, LIGHT], ids=lambda theme: theme.name)
def theme(request: pytest.FixtureRequest) -> Theme:
    chosen: Theme = request.param
    return chosen
