"""pyqtgraph's copies of Qt's modules make no class before somebody asks for it; in processes of their own, since here it is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

LAZY = """
import PySide6.QtWidgets, sys
from latent_explorer.views.plotting import pg
copy = sys.modules["pyqtgraph.Qt.QtWidgets"]
assert pg.Qt.QtWidgets is copy and PySide6.QtWidgets is sys.modules["PySide6.QtWidgets"]
assert "QWizard" not in vars(copy)
assert copy.QWizard is PySide6.QtWidgets.QWizard and "QWizard" in vars(copy)
assert not hasattr(copy, "QNothing")
assert issubclass(pg.GraphicsView, PySide6.QtWidgets.QGraphicsView)
"""
BEFORE = """
import PySide6.QtWidgets, pyqtgraph
from latent_explorer.views.plotting import pg
assert pg is pyqtgraph and "QWizard" in vars(pg.Qt.QtWidgets)
"""


@pytest.mark.parametrize("words", [LAZY, BEFORE], ids=["lazy", "before"])
def test_copies_are_lazy_unless_pyqtgraph_was_there_before(words: str) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", words], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
