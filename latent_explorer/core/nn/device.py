"""Which device to compute on, and with how many threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from latent_explorer.core.errors import SettingError, TrainingError

NO_MEMORY = "Memory ran out while training; choose a smaller batch, smaller widths or smaller images."
DEVICES = ("auto", "cpu", "cuda", "mps")


def resolve_device(name: str = "auto") -> torch.device:
    """The device to train on: "auto" takes cuda, then mps, then the CPU.

    Raises
    ------
    SettingError
        The name is unknown.
    TrainingError
        The device is not there.
    """
    if name not in DEVICES:
        raise SettingError(f"device is {name!r}; it must be one of {', '.join(DEVICES)}.")
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if cuda else "mps" if mps else "cpu"
    if (name == "cuda" and not cuda) or (name == "mps" and not mps):
        raise TrainingError(f"The device {name} is not available here; choose cpu or auto.")
    return torch.device(name)


@contextmanager
def memory_in_a_sentence() -> Iterator[None]:
    """Turn torch's and Python's ways to say that memory ran out into a known error."""
    try:
        yield
    except MemoryError as error:
        raise TrainingError(NO_MEMORY) from error
    except RuntimeError as error:
        if not any(words in str(error).lower() for words in ("not enough memory", "out of memory", "can't allocate memory")):
            raise
        raise TrainingError(NO_MEMORY) from error


def set_threads(count: int | None) -> None:
    """Torch threads of the calling thread (the setting is per thread); None takes all cores."""
    torch.set_num_threads(count or os.cpu_count() or 1)
