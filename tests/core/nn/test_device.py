"""Which device, and a sentence where it is not there."""

from __future__ import annotations

import threading

import pytest
import torch

from latent_explorer.core.errors import SettingError, TrainingError
from latent_explorer.core.nn.device import DEVICES, resolve_device, set_threads


def machine(monkeypatch: pytest.MonkeyPatch, *present: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in present)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in present)


@pytest.mark.parametrize(("present", "expected"), [((), "cpu"), (("mps",), "mps"), (("cuda",), "cuda"), (("cuda", "mps"), "cuda")])
def test_auto_takes_the_best_there_is(monkeypatch: pytest.MonkeyPatch, present: tuple[str, ...], expected: str) -> None:
    machine(monkeypatch, *present)
    assert resolve_device().type == expected
    assert resolve_device("auto").type == expected
    assert resolve_device("cpu").type == "cpu"


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_a_known_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    machine(monkeypatch)
    with pytest.raises(TrainingError, match=f"^The device {name} is not available here; choose cpu or auto\\.$"):
        resolve_device(name)
    machine(monkeypatch, name)
    assert resolve_device(name).type == name


@pytest.mark.parametrize("name", ["", "gpu", "CPU", "cuda:7"])
def test_an_unknown_device_is_refused_with_the_choices(name: str) -> None:
    with pytest.raises(SettingError, match="^device is .*" + ", ".join(DEVICES)):
        resolve_device(name)


def test_the_thread_count_is_set() -> None:
    counts: list[int] = []

    def work() -> None:
        set_threads(1)
        counts.append(torch.get_num_threads())
        set_threads(2)
        counts.append(torch.get_num_threads())
        set_threads(None)
        counts.append(torch.get_num_threads())

    before = torch.get_num_threads()
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    torch.set_num_threads(before)
    assert counts[:2] == [1, 2]
    assert counts[2] >= 1
