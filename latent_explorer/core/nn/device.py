"""Which device to compute on, and with how many threads."""

from __future__ import annotations

import os

import torch

from latent_explorer.core.errors import SettingError, TrainingError

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


def set_threads(count: int | None) -> None:
    """Torch threads of the calling thread (the setting is per thread); None takes all cores."""
    torch.set_num_threads(count or os.cpu_count() or 1)
