"""The dependency rule: cli --lazily--> app --> workers | views --> core, api --> core, and what else holds the rooms apart."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = "latent_explorer"
ROOT = Path(__file__).resolve().parent.parent / PACKAGE
LINES = 450

TORCH = ("torch", "torchvision", "safetensors.torch")
TORCH_ROOMS = ("core.nn", "core.checkpoint.weights")
QT = ("PySide6", "shiboken6", "pyqtgraph", "PyQt5", "PyQt6", "PySide2", "qtpy")
WIDGETS = ("PySide6.QtWidgets", "PySide6.QtGui", "pyqtgraph")
LOG_ROOMS = ("cli", "app.main", "app.crash")

# Who may not reach what of ours. A room that is not named here may import everything of ours but app.
FORBIDDEN_ROOMS = {
    "core": ("workers", "views", "app", "cli", "api"),
    "workers": ("views", "app", "cli", "api"),
    "views": ("workers", "app", "cli", "api", *TORCH_ROOMS),
    "app": ("cli", "api"),
    "cli": ("workers", "views", "api"),
    "api": ("workers", "views", "app", "cli"),
}


@dataclass(frozen=True)
class Import:
    """One import: the name it may bind, whether it waits inside a function or is for type checkers only, and the line."""

    name: str
    lazy: bool
    line: int
    types: bool = False


def module_name(path: Path, root: Path) -> str:
    """The dotted name below the package: "core.nn.training"; "" for the package itself."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def lies_in(name: str, *rooms: str) -> bool:
    """Whether a dotted name is one of these or below one."""
    return any(name == room or name.startswith(room + ".") for room in rooms)


def imports_of(tree: ast.Module, name: str, is_package: bool) -> Iterator[Import]:
    """All imports of a file, those under TYPE_CHECKING, in functions and by importlib too.

    `from a import b` may name the module a.b or something inside a: both are told.
    """
    here = [PACKAGE, *name.split(".")] if name else [PACKAGE]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    lazy_nodes = {id(inner) for function in functions for inner in ast.walk(function)}
    checks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    type_nodes = {id(inner) for check in checks for line in check.body for inner in ast.walk(line)}
    for node in ast.walk(tree):
        lazy, types = id(node) in lazy_nodes, id(node) in type_nodes
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, lazy, node.lineno, types)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = here[: len(here) - node.level + (1 if is_package else 0)]
                base = ".".join([*above, *([base] if base else [])])
            yield Import(base, lazy, node.lineno, types)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", lazy, node.lineno, types)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__"):
                yield Import(node.args[0].value, lazy, node.lineno)


def import_faults(room: str, item: Import) -> Iterator[str]:
    """What is wrong with this import in this module."""
    ours = item.name.removeprefix(PACKAGE + ".") if item.name.startswith(PACKAGE + ".") else None
    top = room.partition(".")[0]
    if lies_in(item.name, *TORCH) and not lies_in(room, *TORCH_ROOMS):
        yield f"torch ({item.name}) belongs under core/nn and in core/checkpoint/weights.py"
    if lies_in(item.name, *QT) and top in ("core", "cli", "api", "", "__main__"):
        yield f"Qt ({item.name}) never enters {top or 'the package itself'}"
    if top == "workers" and lies_in(item.name, *WIDGETS):
        yield f"workers know QtCore only, not {item.name}"
    if ours is None:
        return
    if lies_in(ours, *FORBIDDEN_ROOMS.get(top, ())):
        yield f"{top} must not import {ours}"
    elif lies_in(ours, "app") and top != "app":
        if top not in ("cli", "__main__"):
            yield f"app is imported by cli and __main__ only, not by {top or 'the package itself'}"
        elif not item.lazy:
            yield "app is imported inside functions only, when the window opens"
    if room == "" and not item.lazy and not item.types:
        yield f"importing the package must stay quick: import {ours} inside a function"


def call_faults(tree: ast.Module, room: str) -> Iterator[tuple[int, str]]:
    """Printing and log handlers in the wrong room."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "print" and not lies_in(room, "cli"):
            yield node.lineno, "print only under cli"
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("addHandler", "basicConfig") and not lies_in(room, *LOG_ROOMS):
            yield node.lineno, "log handlers are set up in cli and app/main.py only"


def faults(root: Path) -> list[str]:
    """All breaches of the rule in the tree of the package, one sentence each."""
    found = []
    for path in sorted(root.rglob("*.py")):
        shown = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, shown)
        room = module_name(path, root)
        is_package = path.name == "__init__.py"
        if is_package and room and text.strip():
            found.append(f"{shown}:1: the __init__ of a sub-package stays empty")
        lines = text.count("\n")
        if lines > LINES:
            found.append(f"{shown}:{lines}: two ideas share a room ({lines} lines, at most {LINES})")
        told = set()
        for item in imports_of(tree, room, is_package):
            told |= {(item.line, fault) for fault in import_faults(room, item)}
        told |= set(call_faults(tree, room))
        found += [f"{shown}:{line}: {fault}" for line, fault in sorted(told)]
    return found


def test_the_rule_holds() -> None:
    assert faults(ROOT) == []


PLANTED = [
    ("core/files/gate.py", "from PySide6.QtCore import QFile", "Qt (PySide6.QtCore"),
    ("core/raster.py", "def draw():\n    import torch", "torch (torch)"),
    ("core/checkpoint/record.py", "from safetensors.torch import load", "torch (safetensors.torch"),
    ("core/plane/frame.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from torch import Tensor", "torch (torch"),
    ("core/plane/frame.py", "from ...workers import lanes", "core must not import workers"),
    ("core/plane/frame.py", "import latent_explorer.cli.main", "core must not import cli"),
    ("core/nn/training.py", "from latent_explorer.app import session", "core must not import app"),
    ("workers/decoding.py", "from latent_explorer.views.image_view import ImageView", "workers must not import views"),
    ("workers/decoding.py", "from PySide6.QtWidgets import QLabel", "workers know QtCore only"),
    ("workers/decoding.py", "import torch", "torch (torch)"),
    ("views/image_view.py", "from ..workers.lanes import Lanes", "views must not import workers"),
    ("views/image_view.py", "from latent_explorer.core import nn", "views must not import core.nn"),
    ("views/plane/points.py", "from latent_explorer.core.checkpoint.weights import load", "views must not import core.checkpoint.weights"),
    (
        "views/plane/points.py",
        "import importlib as i\ni.import_module('latent_explorer.core.nn.inference')",
        "views must not import core.nn",
    ),
    ("app/session.py", "import torch", "torch (torch)"),
    ("app/session.py", "from latent_explorer.cli.main import main", "app must not import cli"),
    ("cli/open.py", "from latent_explorer.app.main import main", "app is imported inside functions only"),
    ("cli/open.py", "def run():\n    from PySide6 import QtCore", "Qt (PySide6"),
    ("cli/open.py", "def run():\n    from latent_explorer.views import style", "cli must not import views"),
    ("__main__.py", "from latent_explorer.app.main import main", "app is imported inside functions only"),
    ("__init__.py", "from latent_explorer.core.types import Slot", "importing the package must stay quick"),
    ("__init__.py", "def load():\n    from latent_explorer.app import main", "app is imported by cli and __main__ only"),
    ("__init__.py", "import torch", "torch (torch)"),
    (
        "__init__.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    from latent_explorer.api import load",
        "must stay quick",
    ),
    ("api.py", "def load():\n    import torch", "torch (torch)"),
    ("api.py", "def load():\n    from PySide6 import QtCore", "Qt (PySide6"),
    ("api.py", "from latent_explorer.workers import lanes", "api must not import workers"),
    ("app/features/probe.py", "from latent_explorer.api import load", "app must not import api"),
    ("core/__init__.py", "from latent_explorer.core.types import Slot", "stays empty"),
    ("app/features/probe.py", "print('here')", "print only under cli"),
    ("views/style.py", "import logging\nlogging.basicConfig()", "log handlers"),
    ("core/types.py", "x = 1\n" * 451, "two ideas share a room"),
]


@pytest.mark.parametrize(("path", "text", "fault"), PLANTED)
def test_a_planted_breach_is_found(tmp_path: Path, path: str, text: str, fault: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    assert any(fault in line and line.startswith(path) for line in faults(tmp_path)), faults(tmp_path)


ALLOWED = [
    ("core/nn/training.py", "import torch\nfrom latent_explorer.core.types import Slot"),
    ("core/checkpoint/weights.py", "from safetensors.torch import load\nfrom latent_explorer.core.nn.networks import build"),
    ("core/checkpoint/record.py", "from safetensors import deserialize\nimport torchlike"),
    ("workers/decoding.py", "from PySide6.QtCore import QThread\nfrom ..core.nn import inference"),
    (
        "views/plane/points.py",
        "from PySide6 import QtWidgets\nimport pyqtgraph\nfrom ...core.checkpoint import record\nfrom . import mosaic",
    ),
    ("app/main.py", "import logging\nfrom ..views import style\nfrom ..workers import lanes\nlogging.basicConfig()"),
    ("cli/open.py", "def run():\n    from latent_explorer.app.main import main\n    print(main)"),
    ("__main__.py", "from latent_explorer.cli.main import main"),
    ("__init__.py", "def load():\n    from latent_explorer.core.nn import inference"),
    ("__init__.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from latent_explorer.api import load"),
    ("api.py", "import numpy\ndef load():\n    from latent_explorer.core.checkpoint.weights import load_model"),
    ("core/__init__.py", ""),
    ("core/types.py", "x = 1\n" * 450),
]


@pytest.mark.parametrize(("path", "text"), ALLOWED)
def test_what_is_allowed_passes(tmp_path: Path, path: str, text: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    assert faults(tmp_path) == []


# --- what really gets loaded, each in an interpreter of its own --------------------------------------------------------------


def modules(*rooms: str, but: tuple[str, ...] = ()) -> list[str]:
    """Full names of all modules under these rooms."""
    names = (module_name(path, ROOT) for path in sorted(ROOT.rglob("*.py")))
    return [f"{PACKAGE}.{name}" for name in names if lies_in(name, *rooms) and not lies_in(name, *but)]


def loaded_after(code: str) -> set[str]:
    """Runs code in a fresh interpreter; the top-level names of what it loaded."""
    code += "\nimport sys\nsys.stdout.write(' '.join({name.partition('.')[0] for name in sys.modules}))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT.parent)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_the_package_is_quick() -> None:
    assert loaded_after(f"import {PACKAGE}").isdisjoint({"torch", "numpy", *QT})


def test_views_and_the_record_do_not_load_torch() -> None:
    wanted = modules("views", "api", "core.types", "core.plane", "core.checkpoint.record", "core.raster", "core.palette")
    loaded = loaded_after("\n".join(f"import {name}" for name in wanted))
    assert "PySide6" in loaded
    assert "torch" not in loaded


def test_core_and_the_command_line_work_without_qt() -> None:
    blocked = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {QT!r}:
            raise ModuleNotFoundError(f"{{name}} is not installed", name=name)

sys.meta_path.insert(0, Absent())
"""
    imports = "\n".join(f"import {name}" for name in [PACKAGE, *modules("core", "cli", "api")])
    assert loaded_after(blocked + imports).isdisjoint(QT)


HEAVY = {
    "torch",
    "numba",
    "llvmlite",
    "scipy",
    "sklearn",
    "PIL",
    "rich",
    "pooch",
    "requests",
}  # each takes from 20 milliseconds to 2 seconds to load


def test_the_window_shows_scatter_image_and_mosaic_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    """The real command; the jobs, which load torch and the data after the first paint, are held back for good."""
    start = f"""
import os, sys
os.environ.update(QT_QPA_PLATFORM="offscreen", LATENT_EXPLORER_HOME={str(tmp_path)!r}, XDG_CONFIG_HOME={str(tmp_path)!r})
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from {PACKAGE}.app.program import Program
from {PACKAGE}.cli.main import main

def paint_first(program):
    program.lanes.jobs.hold()
    look = QTimer(program)
    def leave():
        image, points = program.window.image.pixels.picture(), program.window.plane._points._picture
        if image is not None and points is not None and program.mosaic.settled:
            look.stop()
            QApplication.quit()
    look.timeout.connect(leave)
    look.start(5)

Program.paint_first = paint_first
assert main(["open"]) == 0
"""
    loaded = loaded_after(start)
    assert "pyqtgraph" in loaded
    assert loaded.isdisjoint(HEAVY), loaded & HEAVY
