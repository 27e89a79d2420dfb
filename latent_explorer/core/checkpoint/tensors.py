"""The tensors of a model file by their prefix: weights, codes, history, and state of training; both ways."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.checkpoint.header import CODES, Header, tensor_array
from latent_explorer.core.checkpoint.metadata import Described, RecordError
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.types import Codes, History, ModelRecord

MODEL, CODE, HISTORY, STATE = "model.", "codes.", "history.", ("optim.", "rng.")
WEIGHT_TYPES = ("F32", "F16")
MAX_LABEL = 65_535

Arrays = Mapping[str, NDArray[Any]]


def read_codes(data: bytes, header: Header, described: Described) -> dict[str, Codes]:
    """The codes by kind; empty where the file has none. Raises `RecordError`."""
    names = [name for name in header.tensors if name.startswith(CODE)]
    if not names:
        return {}
    table = {name: tensor_array(data, header, name) for name in names}
    index, labels = table.pop(f"{CODE}index", None), table.pop(f"{CODE}labels", None)
    if index is None or labels is None or index.dtype != np.int64 or labels.dtype != np.int64:
        raise RecordError("its codes lack their index or labels, as int64; it is damaged or of another program")
    count = index.size
    if index.shape != (count,) or labels.shape != (count,) or count == 0:
        raise RecordError("its codes, their index and their labels differ in length")
    classes = len(described.data.class_names) or MAX_LABEL + 1
    if labels.min() < -1 or labels.max() >= classes:
        raise RecordError(f"the labels of its codes are not between -1 and {classes - 1}")
    images = sum(described.data.sizes)
    if index.min() < 0 or (images and index.max() >= images):
        raise RecordError("its codes point at images that its data set does not have")
    kinds: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in table.items():
        kind, _, column = name.removeprefix(CODE).partition(".")
        if not kind.isidentifier() or not column.isidentifier():
            raise RecordError(f"it holds the unknown codes {name[:60]!r}")
        if array.dtype != np.float32 or array.ndim < 1 or len(array) != count:
            raise RecordError(f"its codes {name[:60]!r} are not float32 with {count:,} rows")
        kinds.setdefault(kind, {})[column] = array
    if not kinds:
        raise RecordError("its codes have an index but no positions")
    result = {}
    for kind, columns in sorted(kinds.items()):
        z = columns.pop("z", None)
        if z is None or z.shape != (count, described.architecture.latent_dim) or not np.isfinite(z).all():
            raise RecordError(
                f"its codes of kind {kind[:60]!r} are not {count:,} finite points of {described.architecture.latent_dim} dimensions"
            )
        result[kind] = Codes(kind, z, index, labels, columns)
    return result


def read_history(data: bytes, header: Header) -> History | None:
    """The losses by epoch, None where the file has none. Raises `RecordError`."""
    names = [name for name in header.tensors if name.startswith(HISTORY)]
    if not names:
        return None
    columns = {name.removeprefix(HISTORY): tensor_array(data, header, name) for name in names}
    epoch = columns.pop("epoch", None)
    if epoch is None:
        raise RecordError("its history lacks its epochs")
    for name, column in (("epoch", epoch), *columns.items()):
        if not name.isidentifier() or column.dtype != np.float32 or column.shape != (epoch.size,):
            raise RecordError(f"its history {name[:60]!r} is not a row of {epoch.size:,} float32 numbers")
    return History(epoch, columns)


def read_weights(data: bytes, header: Header) -> dict[str, NDArray[Any]]:
    """The weights, names without "model.", float32 or float16, all finite. Raises `RecordError`."""
    weights = {}
    for name, tensor in header.tensors.items():
        if not name.startswith(MODEL):
            continue
        if tensor.dtype not in WEIGHT_TYPES:
            raise RecordError(f"its weights {name[:60]!r} are neither float32 nor float16")
        array = tensor_array(data, header, name)
        if not np.isfinite(array).all():
            raise RecordError(f"its weights {name[:60]!r} hold NaN or infinity, so it can show no images; use an earlier save")
        weights[name.removeprefix(MODEL)] = array
    if not weights:
        raise RecordError("it holds no weights")
    return weights


def read_state(data: bytes, header: Header) -> dict[str, NDArray[Any]]:
    """Optimizer and random state with their full names; a tensor without a known prefix raises `RecordError`."""
    for name in header.tensors:
        if not name.startswith((MODEL, CODE, HISTORY, *STATE)):
            raise RecordError(f"it holds the unknown tensor {name[:60]!r}")
    return {name: tensor_array(data, header, name) for name in header.tensors if name.startswith(STATE)}


def _code_tensors(kinds: Mapping[str, Codes]) -> dict[str, NDArray[Any]]:
    tensors: dict[str, NDArray[Any]] = {}
    for kind, codes in kinds.items():
        for name, rows in (("index", codes.index), ("labels", codes.labels)):
            stored = tensors.setdefault(CODE + name, rows)
            if not np.array_equal(stored, rows):
                raise ValueError(f"all kinds of codes in one file share their {name}")
        tensors[f"{CODE}{kind}.z"] = codes.z
        tensors.update({f"{CODE}{kind}.{column}": values for column, values in codes.columns.items()})
    return tensors


def file_tensors(record: ModelRecord, weights: Arrays, state: Arrays) -> dict[str, NDArray[Any]]:
    """All tensors of the file, named, contiguous and little-endian.

    Raises
    ------
    ValueError
        A bug: a type or a name that model files do not have, or codes of several kinds for different images.
    """
    tensors = {MODEL + name: array for name, array in weights.items()} | _code_tensors(record.codes)
    if record.history is not None:
        tensors[f"{HISTORY}epoch"] = record.history.epoch
        tensors.update({HISTORY + name: column for name, column in record.history.columns.items()})
    foreign = [name for name in state if not name.startswith(STATE)]
    if foreign:
        raise ValueError(f"state is named {' or '.join(STATE)}..., not {foreign[0]!r}")
    tensors.update(state)
    stored = {name: little(array) for name, array in tensors.items()}
    for name, array in stored.items():
        code = CODES.get(array.dtype)
        if code is None or (name.startswith(MODEL) and code not in WEIGHT_TYPES):
            raise ValueError(f"{name} is {array.dtype}, which model files do not hold")
    return stored


def content_hash(weights: Arrays, architecture: ModelConfig) -> str:
    """The model's hash: SHA-256 over the weights as stored and the architecture record.

    Parameters
    ----------
    weights : mapping of str to float32 or float16 array
        Names without "model.".
    architecture : ModelConfig

    Returns
    -------
    str
        64 hexadecimal digits; for each tensor, sorted by its stored name, a line of JSON [name, dtype, shape] and its
        little-endian bytes were hashed, then the record as JSON with sorted keys, no spaces, UTF-8.
    """
    digest = hashlib.sha256()
    for name in sorted(weights):
        stored = little(weights[name])
        line = [MODEL + name, CODES[stored.dtype], list(stored.shape)]
        digest.update(json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode("utf-8") + b"\n")
        digest.update(stored.tobytes())
    record = json.dumps(architecture.to_record(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest.update(record.encode("utf-8"))
    return digest.hexdigest()


def little(array: NDArray[Any]) -> NDArray[Any]:
    """The array as it is stored: contiguous and little-endian."""
    return np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
