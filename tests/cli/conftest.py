from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from latent_explorer.cli.main import main
from tests.core.data.mirror import mirror, new_mirror, offered_entry  # noqa: F401  # fixtures

TINY = ("--data", "digits", "--hidden", "16", "--epochs", "2", "--threads", "1", "--quiet")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The one line on stderr of a known error."""
        assert self.code == 2, self
        assert self.out == ""
        assert self.err.endswith("\n") and self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.err
        return self.err.strip()


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    """Commands set torch's threads for the thread they run in; here that is the tests' own."""
    import torch

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command in this process."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def process() -> Callable[..., Said]:
    """Runs a command in a process of its own."""

    def run(*arguments: object, **more: Any) -> Said:
        command = [sys.executable, "-m", "latent_explorer", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment(), **more)
        return Said(done.returncode, done.stdout, done.stderr)

    return run


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of digits, trained by the command itself."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.safetensors"
    assert main(["train", *TINY, "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="session")
def solid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with a latent space of 3 dimensions."""
    path = tmp_path_factory.mktemp("solid") / "solid.safetensors"
    assert main(["train", *TINY, "--latent-dim", "3", "--out", str(path)]) == 0
    return path
