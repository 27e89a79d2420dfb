"""For tests of what is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def arguments_let_go(request: pytest.FixtureRequest, nothing_left_running: None) -> Iterator[None]:
    """pytest holds a test's arguments until all is torn down; but pyqtgraph's plots take their menus along only when nobody holds them."""
    yield
    request.node.funcargs.clear()
