"""One torch thread for networks of a few hundred weights: two only wait for each other."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch

from latent_explorer.core.nn import training


@pytest.fixture(autouse=True, scope="module")
def one_torch_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Epochs of a few milliseconds are all published, also with snapshots; `test_short_epochs` sets the real pace."""
    monkeypatch.setattr(training, "EPOCHS_PER_SECOND", math.inf)
