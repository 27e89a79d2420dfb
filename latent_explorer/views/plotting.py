"""pyqtgraph, without the tenth of a second of the start that it takes to make every class of Qt.

PySide6 makes its classes when somebody asks for them. pyqtgraph.Qt asks for all of them, to have copies of Qt's three large
modules that it may change. Here these copies look a name up when it is needed. Where pyqtgraph was loaded before, or takes them in
another way some day, it is as it always was: only slower.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import PySide6
import PySide6.QtCore
import PySide6.QtGui
import PySide6.QtWidgets

COPIED = ("QtCore", "QtGui", "QtWidgets")


class _Copy(ModuleType):
    """A module that has what another one has, once somebody asks for it, and may be changed."""

    def __init__(self, name: str, source: ModuleType) -> None:
        super().__init__(name, source.__doc__)
        self._source = source

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._source, name)
        setattr(self, name, found)
        return found


class _Nothing(ModuleType):
    """In the place of a module of Qt while pyqtgraph looks for what to copy."""

    def __dir__(self) -> list[str]:
        return []


def _prepare() -> None:
    """Import pyqtgraph.Qt with such copies."""
    sources = {name: getattr(PySide6, name) for name in COPIED}
    for name, source in sources.items():
        sys.modules[f"pyqtgraph.Qt.{name}"] = _Copy(f"pyqtgraph.Qt.{name}", source)
        setattr(PySide6, name, _Nothing(name))
    try:
        importlib.import_module("pyqtgraph.Qt")
    finally:
        for name, source in sources.items():
            setattr(PySide6, name, source)


if "pyqtgraph" not in sys.modules:
    _prepare()

import pyqtgraph as pg  # noqa: E402  # after its Qt

__all__ = ["pg"]
