"""Which device to compute on, and with how many threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from latent_explorer.core.errors import DeviceError, LatentExplorerError, SettingError, TrainingError

NO_MEMORY = "Memory ran out while training; choose a smaller batch, smaller widths or smaller images."
NO_MEMORY_HERE = "Memory ran out on {device} while computing; close other programs, ask for fewer at a time, or choose another device."
OUT_OF_MEMORY = ("not enough memory", "out of memory", "can't allocate memory")  # torch's words, on the CPU and on devices
DEVICES = ("auto", "cpu", "cuda", "mps")


def resolve_device(name: str = "auto") -> torch.device:
    """The device to compute on: "auto" takes cuda, then mps, then the CPU.

    Raises
    ------
    SettingError
        The name is unknown.
    DeviceError
        The device is not there.
    """
    if name not in DEVICES:
        raise SettingError(f"device is {name!r}; it must be one of {', '.join(DEVICES)}.")
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if cuda else "mps" if mps else "cpu"
    if (name == "cuda" and not cuda) or (name == "mps" and not mps):
        raise DeviceError(f"The device {name} is not available here; choose cpu or auto.")
    return torch.device(name)


@contextmanager
def memory_in_a_sentence(device: str = "") -> Iterator[None]:
    """Turn torch's and Python's ways to say that memory ran out into a known error; `device` names where, if it is not training.

    Raises
    ------
    TrainingError, DeviceError
        Memory ran out: while training, or while something else was computed on `device`.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not any(words in str(error).lower() for words in OUT_OF_MEMORY):
            raise
        known: LatentExplorerError = DeviceError(NO_MEMORY_HERE.format(device=device)) if device else TrainingError(NO_MEMORY)
        raise known from error


@contextmanager
def full_precision() -> Iterator[None]:
    """Inside, convolutions on cuda keep float32 instead of rounding to TF32, so that figures of one model agree between devices."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def set_threads(count: int | None) -> None:
    """Torch threads of the calling thread (the setting is per thread); None takes all cores."""
    torch.set_num_threads(count or os.cpu_count() or 1)


@contextmanager
def threads_inside(count: int | None) -> Iterator[None]:
    """Inside, torch computes with `count` threads in the calling thread, afterwards with as many as before; None changes nothing."""
    if count is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
