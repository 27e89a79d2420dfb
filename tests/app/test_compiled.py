"""Compiled drawing comes after the networks, once, and changes nothing that is seen."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from latent_explorer.core.raster import engine, plain
from tests.app.conftest import Desk
from tests.views.hand import look


def test_points_are_drawn_by_compiled_code_once_a_model_is_there(
    desk: Desk, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_kernels", plain)
    desk.open(models["small"])
    desk.wait(lambda: engine.kernels() is not plain)
    assert engine.kernels() is sys.modules[engine.KERNELS]
    plane = desk.window.plane
    compiled = look(plane).astype(int)
    monkeypatch.setattr(engine, "_kernels", plain)
    plane._points.forget()
    assert np.abs(look(plane).astype(int) - compiled).max() <= 2


def test_without_it_all_goes_on(desk: Desk, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_kernels", plain)
    monkeypatch.setitem(sys.modules, engine.KERNELS, None)  # importing it fails
    desk.open(models["small"])
    desk.rest()
    assert engine.kernels() is plain
