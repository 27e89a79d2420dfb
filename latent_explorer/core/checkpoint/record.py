"""Model files without torch: one safetensors file in, its record, codes, history and weights out.

Tensors lie under ``model.``, ``codes.``, ``history.`` and, while training, ``optim.`` and ``rng.`` (tensors.py); one
metadata key says the rest (metadata.py). Whether the weights fit the networks is checked where torch is (weights.py).
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import safetensors.numpy

from latent_explorer.core.checkpoint.header import HeaderError, parse_header
from latent_explorer.core.checkpoint.metadata import KEY, RecordError, describe, parse_metadata
from latent_explorer.core.checkpoint.tensors import (
    MODEL,
    Arrays,
    content_hash,
    file_tensors,
    read_codes,
    read_history,
    read_state,
    read_weights,
)
from latent_explorer.core.errors import CheckpointError, ExportError, SettingError
from latent_explorer.core.files.atomic import atomic_write
from latent_explorer.core.files.gate import read_bytes, shown, size_text, sniff
from latent_explorer.core.types import ModelHandle, ModelRecord

__all__ = ["CAP", "Checkpoint", "content_hash", "read_checkpoint", "read_record", "serialize", "write_checkpoint"]

# Weights of the largest networks that ModelConfig allows, with Adam's two moments of each: 2.4 GB; and the codes.
CAP = 3 * (1 << 30)

_FOREIGN = {
    "empty": "it is empty; copy or download it again",
    "gzip": "it is gzipped; unpack it first",
    "html": "it is a web page, so a download went wrong; download it again",
    "npy": "it is a numpy array, not a model",
    "idx": "it is a data set, not a model; open the folder that it lies in as data",
}
_PICKLE = (
    "PyTorch's and pickle's files can run code when they are opened, so they are refused; in the program that made it, save the weights"
    " with safetensors.torch.save_file, and train or convert them to a model file of this program"
)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A model file in memory.

    Parameters
    ----------
    record : ModelRecord
        All but the weights.
    weights : mapping of str to float32 or float16 array
        Names without "model."; all finite. The arrays are the reader's own and writable, so that torch can take them.
    state : mapping of str to array
        Optimizer and random state, with their full names ("optim. ...", "rng. ..."); empty in a finished model.
    """

    record: ModelRecord
    weights: Arrays
    state: Arrays


def _check_head(path: str | os.PathLike[str], head: bytes) -> None:
    kind = sniff(head)
    if kind == "safetensors":
        return
    if kind in ("pickle", "zip") or (kind == "unknown" and Path(path).suffix.lower() in (".pt", ".pth", ".pkl", ".pickle", ".ckpt")):
        raise RecordError(_PICKLE)
    raise RecordError(_FOREIGN.get(kind, "it is not a safetensors file; choose a model that this program saved"))


def _parse(data: bytes, path: Path) -> Checkpoint:
    header = parse_header(data)
    if KEY not in header.metadata:
        raise RecordError(
            f"it is a safetensors file without the record {KEY!r}, so of another program; choose a model that this program saved"
        )
    described = parse_metadata(header.metadata[KEY])
    state, weights = read_state(data, header), read_weights(data, header)
    record = ModelRecord(
        handle=ModelHandle(uuid.uuid4().hex, described.architecture, content_hash(weights, described.architecture)),
        name=described.name or path.stem,
        codes=read_codes(data, header, described),
        history=read_history(data, header),
        data=described.data,
        training=described.training,
        figures=described.figures,
        command=described.command,
        versions=described.versions,
        epoch=described.epoch,
        resumable=any(name.startswith("optim.") for name in state),
        path=path,
    )
    return Checkpoint(record, weights, state)


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a model file: checked completely, parsed from bytes, never memory-mapped, running nothing from it.

    The names and shapes of the weights are not compared with the architecture here.

    Raises
    ------
    CheckpointError
        The file cannot be read, or is not a whole and sound model file; one sentence.
    """
    start = f"The model file {shown(path)} cannot be opened: "
    try:
        data = read_bytes(path, cap=CAP, what="model file", error=CheckpointError, check=lambda head: _check_head(path, head))
        if not data:  # the gate shows `check` no bytes of an empty file
            _check_head(path, data)
        return _parse(data, Path(path))
    except CheckpointError:
        raise
    except (HeaderError, RecordError, SettingError) as problem:
        text = shown(str(problem)).rstrip(".")  # on one line and of bounded length: it may quote what the file says
        advice = "" if ";" in text else "; copy or download it again, or choose another model"
        raise CheckpointError(f"{start}{text}{advice}.") from problem
    except MemoryError as problem:
        raise CheckpointError(f"{start}there is not enough memory for it; close other programs or choose a smaller model.") from problem
    except Exception as problem:
        # Whatever foreign bytes still provoke in a library is the file's fault, not a bug to show.
        raise CheckpointError(f"{start}it is damaged ({type(problem).__name__}); copy or download it again.") from problem


def read_record(path: str | os.PathLike[str]) -> ModelRecord:
    """What the first screen needs: everything but the weights, without torch. Raises as `read_checkpoint`."""
    return read_checkpoint(path).record


def serialize(record: ModelRecord, weights: Arrays, state: Arrays | None = None) -> bytes:
    """A model file as bytes; equal content gives equal bytes.

    Parameters
    ----------
    record : ModelRecord
        The handle's id and hash, ``resumable`` and ``path`` are not stored: they follow from the file. NaN and
        infinity among the figures become null.
    weights : mapping of str to float32 or float16 array
        Names without "model.".
    state : mapping of str to array, or None
        Optimizer and random state under "optim." and "rng."; float16 to float64, int32, int64, uint8, uint32, uint64.

    Raises
    ------
    ExportError
        The weights hold NaN or infinity, or the file would be too large: it could not be opened again.
    ValueError
        A bug: a type or a name that model files do not have.
    """
    stored = file_tensors(record, weights, {} if state is None else state)
    if not all(np.isfinite(stored[MODEL + name]).all() for name in weights):
        raise ExportError(f"The model {shown(record.name)} was not saved: its weights hold NaN or infinity; go back to an earlier save.")
    size = sum(array.nbytes for array in stored.values())
    if size > CAP - (1 << 21):
        raise ExportError(f"The model {shown(record.name)} was not saved: it would have {size_text(size)}, more than can be opened again.")
    data: bytes = safetensors.numpy.save(stored, {KEY: describe(record)})
    try:
        parse_header(data)
    except HeaderError as problem:
        raise ExportError(f"The model {shown(record.name)} was not saved, since it could not be opened again: {problem}.") from problem
    return data


def write_checkpoint(path: str | os.PathLike[str], record: ModelRecord, weights: Arrays, state: Arrays | None = None) -> ModelRecord:
    """Write a model file: the old file or the new one is there at any moment, whole.

    Returns
    -------
    ModelRecord
        `record` with the weights' content hash, the path, and whether training can go on from the file.

    Raises
    ------
    ExportError
        As `serialize`, or the file cannot be written.
    """
    atomic_write(path, serialize(record, weights, state))
    handle = replace(record.handle, content_hash=content_hash(weights, record.handle.architecture))
    return replace(record, handle=handle, path=Path(path), resumable=any(name.startswith("optim.") for name in state or {}))
