"""The door itself: commands, exit codes, streams, and what is loaded when."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latent_explorer import __version__
from latent_explorer.cli import main as door
from latent_explorer.cli.options import number
from latent_explorer.cli.window import qt_imports
from latent_explorer.core.checkpoint.library import default_model
from latent_explorer.core.errors import LatentExplorerError
from tests.cli.conftest import Said, environment

Call = Callable[..., Said]


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Stands in for the window; tells how it was opened."""
    opened: list[tuple[Any, ...]] = []
    fake = types.ModuleType("latent_explorer.app.main")
    fake.run = lambda path, reading: opened.append(("run", path, reading.path)) or 0  # type: ignore[attr-defined]
    fake.screenshot = lambda *arguments: opened.append(("screenshot", *arguments)) or 0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "latent_explorer.app.main", fake)
    return opened


def test_version_and_help(call: Call) -> None:
    assert call("--version") == Said(0, f"latent-explorer {__version__}\n", "")
    said = call("--help")
    assert said.code == 0 and said.err == ""
    for name in ("open", "train", "encode", "decode", "grid", "evaluate", "info", "screenshot"):
        assert f"  {name} " in said.out
        assert call(name, "--help").code == 0


def test_help_shows_the_defaults_of_the_configuration(call: Call) -> None:
    from latent_explorer.core.config import ModelConfig, TrainingConfig

    words = " ".join(call("train", "--help").out.split())
    assert f"[default: {','.join(map(str, ModelConfig((1, 1, 1)).hidden))}; conv: 256]" in words
    assert f"Passes over the training images. [default: {TrainingConfig().epochs}]" in words


def test_the_window_is_the_default(call: Call, window: list[tuple[Any, ...]], tiny: Path, tmp_path: Path) -> None:
    assert call().code == 0
    assert call("open").code == 0
    assert call(tiny).code == 0
    assert call("open", tiny).code == 0
    assert call("--", tiny).code == 0
    assert call(tmp_path).code == 0  # a folder may be data: the window decides
    default = default_model()
    assert window == [("run", None, default)] * 2 + [("run", tiny, tiny)] * 3 + [("run", tmp_path, default)]


def test_what_the_window_cannot_open_is_refused_before(call: Call, window: list[tuple[Any, ...]]) -> None:
    assert "there is no model" in call("nothing-here").sentence.lower()
    assert "did you mean 'train'" in call("trian", "--data", "digits").sentence
    assert window == []


def test_no_display_is_one_sentence(call: Call, window: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert "latent-explorer screenshot --out window.png" in call().sentence
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert call().code == 0
    assert window == [("run", None, default_model())]


def test_screenshot(call: Call, window: list[tuple[Any, ...]], tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "")  # so that it is put back afterwards
    out = tmp_path / "a.png"
    assert call("screenshot", "--out", out).code == 0
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"
    assert call("screenshot", tiny, "--out", out, "--size", "900x600", "--theme", "light").code == 0
    assert window == [("screenshot", None, out, (1600, 1000), "dark"), ("screenshot", tiny, out, (900, 600), "light")]
    for size in ("900", "0x0", "nanx1", "99999x99999", "-900x600"):
        assert "is not a size" in call("screenshot", "--out", out, "--size", size).sentence
    assert "'--theme'" in call("screenshot", "--out", out, "--theme", "pink").sentence
    assert ".png" in call("screenshot", "--out", tmp_path / "a.bmp").sentence
    assert len(window) == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("No module named 'PySide6'", name="PySide6"), "pip install"),
        (ModuleNotFoundError("No module named 'PySide6.QtCore'", name="PySide6.QtCore"), "pip install"),
        (ImportError("libEGL.so.1: cannot open shared object file"), "apt-get install"),
    ],
)
def test_a_missing_qt_is_one_sentence(error: ImportError, words: str) -> None:
    with pytest.raises(LatentExplorerError, match=words), qt_imports():
        raise error


def test_another_missing_module_is_a_bug() -> None:
    with pytest.raises(ModuleNotFoundError), qt_imports():
        raise ModuleNotFoundError("No module named 'latent_explorer.app.nothing'", name="latent_explorer.app.nothing")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (LatentExplorerError("two\nlines \x1b[31m"), 2, "two lines \\x1b[31m\n"),
        (KeyboardInterrupt(), 130, ""),
        (MemoryError(), 2, "There is not enough memory"),
        (OSError(28, "No space left on device"), 2, "disk is full"),
        (ZeroDivisionError("a bug"), 1, "Traceback"),
    ],
)
def test_exit_codes(call: Call, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(door.info.command, "callback", fail)
    said = call("info", "x")
    assert said.code == code
    assert words in said.err
    assert code == 1 or said.err.count("\n") <= 1


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("-5", -5), ("+5", 5), ("0.5", 0.5), (".5", 0.5), ("5.", 5.0), ("1e-3", 0.001), ("-1E2", -100.0)],
)
def test_numbers(text: str, value: float) -> None:
    assert number(text) == value
    assert type(number(text)) is type(value)


@pytest.mark.parametrize("text", ["1_000", "nan", "inf", "-inf", "", " ", "1 ", "0x10", "1,5", "٣", "²", "1e", "e5", "--5", "9" * 5000])
def test_no_numbers(text: str) -> None:
    assert number(text) == text


def test_known_errors_in_a_process_of_their_own(process: Call, tiny: Path) -> None:
    assert "no-such-model" in process("info", "no-such-model").sentence
    assert "No such option" in process("info", tiny, "--nonsense").sentence
    said = process("info", tiny, "--json")
    assert said.code == 0 and said.err == ""
    assert json.loads(said.out)["schema"] == 1


def test_a_reader_that_leaves_is_no_error(tiny: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "latent_explorer", "info", str(tiny)]
    try:
        done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, timeout=60, check=False, env=environment())
    finally:
        os.close(write)
    assert done.stderr == b""
    assert done.returncode == door.CLOSED


@pytest.mark.skipif(os.name != "posix", reason="closes descriptors by a shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams(tiny: Path, closed: str) -> None:
    shell = f'"$0" -m latent_explorer info "$1" {closed}'
    done = subprocess.run(["sh", "-c", shell, sys.executable, str(tiny)], capture_output=True, timeout=60, check=False, env=environment())
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_behind_stdout(tiny: Path) -> None:
    command = [sys.executable, "-m", "latent_explorer", "info", str(tiny)]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False, env=environment())
    assert done.returncode == 2
    assert "disk is full" in done.stderr and done.stderr.count("\n") == 1


def python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment())


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["info", "MODEL"], ["info", "MODEL", "--json"]])
def test_what_needs_no_torch_loads_none(tiny: Path, arguments: list[str]) -> None:
    code = (
        "import sys; from latent_explorer.cli.main import main\n"
        "assert main(sys.argv[1:]) == 0\n"
        "assert not {'torch', 'PySide6', 'sklearn', 'scipy', 'rich'} & set(sys.modules)"
    )
    done = python(code, *[tiny if word == "MODEL" else word for word in arguments])
    assert done.returncode == 0, done.stderr


def test_the_package_itself_loads_nothing() -> None:
    done = python("import sys, latent_explorer; assert not {'torch', 'PySide6', 'click', 'numpy'} & set(sys.modules)")
    assert done.returncode == 0, done.stderr


def test_all_but_the_window_works_without_qt(tmp_path: Path) -> None:
    code = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("PySide6", "shiboken6", "pyqtgraph"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from latent_explorer.cli.main import main

model, folder = sys.argv[1], sys.argv[2]
for arguments in (
    ["train", "--data", "digits", "--hidden", "8", "--epochs", "1", "--out", model],
    ["encode", model, "--data", "digits", "--out", folder + "/a.csv"],
    ["decode", model, "--z", "-1,0", "--out", folder + "/a.png"],
    ["grid", model, "--n", "2", "--out", folder + "/g.png"],
    ["evaluate", model, "--data", "digits", "--quick"],
    ["info", model],
):
    assert main(arguments) == 0, arguments
"""
    done = python(code, tmp_path / "m.safetensors", tmp_path)
    assert done.returncode == 0, done.stderr
