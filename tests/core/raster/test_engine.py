"""Compiled code: taken when it can be had, done without when not, kept where there is a place for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from latent_explorer.core.raster import engine, plain

CODE = """
import sys
import numpy as np
from latent_explorer.core.raster import engine
from latent_explorer.core.raster.drawing import draw
from latent_explorer.core.raster.view import Look, View
from tests.core.raster.clouds import scatter_of
assert engine.load_kernels()
assert engine.kernels().__name__.endswith("kernels")
words = draw(scatter_of(np.array([[4.0, 4.0]]), np.full((1, 3), 255, np.uint8)), Look(), View((1.0, 1.0), (0.0, 0.0), 8, 8)).words
assert words[4, 4] >> 24 > 100
"""


def run(code: str, **variables: str) -> None:
    environment = {**os.environ, **variables}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr


def test_what_was_compiled_is_kept(tmp_path: Path) -> None:
    """Where the program lies in a place that cannot be written to, numba chooses the person's own cache folder by itself."""
    run(CODE, NUMBA_CACHE_DIR=str(tmp_path))
    assert len(list(tmp_path.rglob("*.nbc"))) >= 5


def test_it_is_compiled_also_where_nothing_can_be_kept() -> None:
    nowhere = """
import numba
compiler = numba.njit

def njit(*signatures, cache=False, **settings):
    if cache:
        raise RuntimeError("cannot cache function: no locator available")
    return compiler(*signatures, **settings)

numba.njit = njit
"""
    run(nowhere + CODE)


def test_without_numba_numpy_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_kernels", plain)
    monkeypatch.delitem(sys.modules, engine.KERNELS, raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    assert not engine.load_kernels()
    assert engine.kernels() is plain
