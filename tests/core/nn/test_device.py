"""Which device, and a sentence where it is not there."""

from __future__ import annotations

import threading

import pytest
import torch

from latent_explorer.core.errors import DeviceError, SettingError, TrainingError
from latent_explorer.core.nn.device import DEVICES, memory_in_a_sentence, resolve_device, set_threads, threads_inside


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
    with pytest.raises(DeviceError, match=f"^The device {name} is not available here; choose cpu or auto\\.$"):
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


def test_threads_inside_come_and_go() -> None:
    before = torch.get_num_threads()
    with threads_inside(before + 1):
        assert torch.get_num_threads() == before + 1
        with threads_inside(None):
            assert torch.get_num_threads() == before + 1
    with pytest.raises(KeyError), threads_inside(1):
        raise KeyError
    assert torch.get_num_threads() == before


FULL = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.05 GB)"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes."),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes."),
]


@pytest.mark.parametrize("full", FULL, ids=lambda full: str(full)[:12])
def test_memory_that_runs_out_is_a_sentence_of_what_was_done(full: Exception) -> None:
    with pytest.raises(TrainingError, match=r"^Memory ran out while training; choose a smaller batch, [^\n]*\.$"), memory_in_a_sentence():
        raise full
    with pytest.raises(DeviceError, match=r"^Memory ran out on cuda while computing; [^\n]*\.$") as caught, memory_in_a_sentence("cuda"):
        raise full
    assert caught.value.__cause__ is full


@pytest.mark.parametrize("bug", [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), KeyError("z")], ids=["torch", "python"])
def test_other_errors_stay_what_they_are(bug: Exception) -> None:
    for device in ("", "cuda"):
        with pytest.raises(type(bug)) as caught, memory_in_a_sentence(device):
            raise bug
        assert caught.value is bug
