"""--device on the commands that compute with a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from latent_explorer.core.checkpoint import weights
from latent_explorer.core.nn import evaluation, inference
from tests.cli.conftest import Said

Call = Callable[..., Said]

COMMANDS: dict[str, tuple[tuple[str, ...], str]] = {
    "encode": (("--data", "digits"), "codes.npz"),
    "decode": (("--z", "0.5,-1", "--z", "1,1"), "images.npz"),
    "grid": (("--n", "2"), "grid.png"),
    "evaluate": (("--data", "digits", "--quick", "--json"), ""),
}


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest, tiny: Path, tmp_path: Path, call: Call) -> Callable[..., Said]:
    """Runs a command with more options; where it writes, it writes into the test's folder."""
    options, name = COMMANDS[request.param]
    out = ("--out", tmp_path / name) if name else ()

    def run(*more: object) -> Said:
        return call(request.param, tiny, *options, *out, "--threads", 1, *more)

    return run


def machine(monkeypatch: pytest.MonkeyPatch, *present: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in present)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in present)


def test_an_unknown_device_is_refused_with_the_choices(command: Callable[..., Said], tmp_path: Path) -> None:
    for name in ("warp", "CPU", ""):
        assert f"device is {name!r}; it must be one of auto, cpu, cuda, mps" in command("--device", name).sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(
    command: Callable[..., Said], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch)
    assert command("--device", name).sentence == f"The device {name} is not available here; choose cpu or auto."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("present", "taken"), [((), "cpu"), (("mps",), "mps"), (("cuda", "mps"), "cuda")])
def test_without_the_option_the_best_there_is_computes(
    command: Callable[..., Said], present: tuple[str, ...], taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the weights go is noted; they stay on the CPU, since the device is not really there."""
    machine(monkeypatch, *present)
    went: list[str] = []
    real = weights.resolve_device

    def note(name: str) -> torch.device:
        went.append(real(name).type)
        return torch.device("cpu")

    monkeypatch.setattr(weights, "resolve_device", note)
    assert command().code == 0
    assert set(went) == {taken}
    went.clear()
    assert command("--device", "cpu").code == 0
    assert set(went) == {"cpu"}


def test_cpu_and_auto_write_the_same_where_there_is_nothing_else(
    call: Call, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch)
    for device in ("auto", "cpu"):
        out = tmp_path / f"{device}.npz"
        assert call("decode", tiny, "--z", "1,2", "--out", out, "--device", device, "--threads", 1).code == 0
    with np.load(tmp_path / "auto.npz") as one, np.load(tmp_path / "cpu.npz") as two:
        assert one["images"].tobytes() == two["images"].tobytes()


def test_memory_that_runs_out_names_the_device(command: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **more: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 8.00 GiB")

    for name in ("read_with", "decode_with"):
        monkeypatch.setattr(inference, name, full)
    monkeypatch.setattr(evaluation, "elbo_figures", full)
    sentence = command("--device", "cpu").sentence
    assert sentence.startswith("Memory ran out on cpu while computing; ")
    assert "GiB" not in sentence
    assert list(tmp_path.iterdir()) == []
