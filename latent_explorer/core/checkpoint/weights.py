"""Weights in and out of checkpoints: the one file outside `core.nn` that imports torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from latent_explorer.core.checkpoint.record import Checkpoint, read_checkpoint, write_checkpoint
from latent_explorer.core.errors import CheckpointError
from latent_explorer.core.nn.device import memory_in_a_sentence, resolve_device
from latent_explorer.core.nn.families.registry import build, expected_shapes
from latent_explorer.core.nn.handles import publish, state_of, weights_of
from latent_explorer.core.types import ModelRecord


def publish_checkpoint(checkpoint: Checkpoint, path: Path, device: str = "cpu") -> ModelRecord:
    """Build the networks of a checkpoint that was read on a device, and make them known under its handle.

    Raises
    ------
    CheckpointError
        The weights are not exactly those of the architecture.
    """
    record = checkpoint.record
    expected = expected_shapes(record.handle.architecture)
    found = {name: array.shape for name, array in checkpoint.weights.items()}
    if found != expected:
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))[0]
        raise CheckpointError(
            f"{path.name}: the weights do not fit the architecture it names (first at {wrong[:80]!r}); the file is damaged or was changed."
        )
    module = build(record.handle.architecture)
    module.load_state_dict({name: torch.from_numpy(np.array(array, np.float32)) for name, array in checkpoint.weights.items()})
    place = resolve_device(device)
    with memory_in_a_sentence(place.type):
        module.to(place)
    publish(record.handle, module.eval().requires_grad_(False), checkpoint.state)
    return record


def load_model(path: str | Path, device: str = "cpu") -> ModelRecord:
    """Read a checkpoint and make its networks known, to compute on a device (auto, cpu, cuda, mps); what it says comes back.

    Raises
    ------
    CheckpointError
        The file cannot be read or does not hold a model.
    SettingError, DeviceError
        The device is unknown, is not there, or has too little memory.
    """
    path = Path(path)
    resolve_device(device)  # refused before a large file is read
    return publish_checkpoint(read_checkpoint(path), path, device)


def save_model(path: str | Path, record: ModelRecord, *, with_state: bool = False) -> ModelRecord:
    """Write the published networks of ``record.handle`` with all that the record says; the record with hash and path comes back.

    Raises
    ------
    ExportError
        The file cannot be written.
    """
    state = state_of(record.handle) if with_state else None
    return write_checkpoint(Path(path), record, weights_of(record.handle), state or None)
