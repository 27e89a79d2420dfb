"""The safetensors container, checked completely before anything is allocated for it.

The safetensors library accepts headers that contradict themselves (duplicate keys, absurd shapes, 100,000 tensors),
so the bytes are checked and cut here. The layout: 8 bytes little-endian header length, a JSON object, the data.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_HEADER = 1 << 20
MAX_TENSORS = 4096
MAX_DIMENSIONS = 8
MAX_SIDE = 1 << 31

METADATA = "__metadata__"

DTYPES: Mapping[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U8": np.dtype("u1"),
}
CODES: Mapping[np.dtype[Any], str] = {dtype: code for code, dtype in DTYPES.items()}


class HeaderError(Exception):
    """What is wrong with the container, as the end of a sentence that names the file."""


@dataclass(frozen=True)
class Tensor:
    """Where one tensor lies: ``start`` and ``stop`` count from the start of the data."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Header:
    """A checked header: ``offset`` is where the data starts in the file."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    offset: int


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise HeaderError("its header or record names something twice")
    return result


def _no_constant(text: str) -> float:
    raise HeaderError(f"its header or record holds {text}, which is no JSON")


def strict_json(text: str | bytes, what: str = "header") -> Any:
    """Parse the JSON of `what`; duplicate keys, NaN, Infinity, deep nesting and other damage raise `HeaderError`."""
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        return json.loads(decoded, object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as problem:
        raise HeaderError(f"its {what} is not text in UTF-8") from problem
    except RecursionError as problem:
        raise HeaderError(f"its {what} is nested too deeply") from problem
    except ValueError as problem:
        raise HeaderError(f"its {what} is not valid JSON") from problem


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _tensor(name: str, entry: object) -> Tensor:
    where = f"its tensor {name[:60]!r}"
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise HeaderError(f"{where} is not described by dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise HeaderError(f"{where} has a type of number that models here do not use")
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS or not all(_whole(n) and n <= MAX_SIDE for n in shape):
        raise HeaderError(f"{where} has an impossible shape")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(_whole(n) for n in offsets):
        raise HeaderError(f"{where} has impossible offsets")
    if offsets[1] - offsets[0] != math.prod(shape) * DTYPES[dtype].itemsize:
        raise HeaderError(f"{where} has a shape that does not fit its bytes")
    return Tensor(dtype, tuple(shape), offsets[0], offsets[1])


def _check_cover(tensors: Mapping[str, Tensor], size: int) -> None:
    """Tensors must follow one another without gap or overlap and end where the file ends."""
    end = 0
    for tensor in sorted(tensors.values(), key=lambda t: (t.start, t.stop)):
        if tensor.start != end:
            raise HeaderError("its tensors overlap" if tensor.start < end else "there is a hole between its tensors")
        end = tensor.stop
    if end > size:
        raise HeaderError("it is cut: it ends before its tensors do")
    if end < size:
        raise HeaderError("it holds other data after its tensors")


def _raw(data: bytes) -> tuple[dict[str, Any], int]:
    """The header's JSON object and the offset of the data."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise HeaderError("it is cut: it ends within its header")
    if length > MAX_HEADER:
        raise HeaderError("its header is larger than 1 MB")
    raw = strict_json(data[8 : 8 + length])
    if not isinstance(raw, dict):
        raise HeaderError("its header is not a JSON object")
    return raw, 8 + length


def parse_header(data: bytes) -> Header:
    """Check the whole container; nothing is allocated but the header.

    Parameters
    ----------
    data : bytes
        The whole file.

    Raises
    ------
    HeaderError
        The container contradicts itself or exceeds a limit.
    """
    raw, offset = _raw(data)
    metadata = raw.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise HeaderError("its metadata are not texts")
    if len(raw) > MAX_TENSORS:
        raise HeaderError(f"it holds {len(raw):,} tensors, more than {MAX_TENSORS:,}")
    tensors = {name: _tensor(name, entry) for name, entry in raw.items()}
    _check_cover(tensors, len(data) - offset)
    return Header(tensors, metadata, offset)


def tensor_array(data: bytes, header: Header, name: str) -> NDArray[Any]:
    """One tensor as an array of its own: aligned, writable, independent of `data`."""
    tensor = header.tensors[name]
    dtype = DTYPES[tensor.dtype]
    flat = np.frombuffer(data, dtype, count=math.prod(tensor.shape), offset=header.offset + tensor.start)
    return flat.reshape(tensor.shape).astype(dtype.newbyteorder("="), copy=True)


def with_metadata(data: bytes, metadata: Mapping[str, str]) -> bytes:
    """The same file with other metadata: tensors, their order and their bytes stay.

    Raises
    ------
    HeaderError
        The container is not valid, or its header would become too large.
    """
    parse_header(data)
    raw, offset = _raw(data)
    # The layout that the library writes: metadata first, no spaces, padded to 8 bytes.
    changed = {METADATA: dict(metadata)} | {name: entry for name, entry in raw.items() if name != METADATA}
    text = json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise HeaderError("its header would be larger than 1 MB")
    return len(text).to_bytes(8, "little") + text + data[offset:]
