"""The one metadata key of a model file: a JSON object that says what the model is and how it was made."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from latent_explorer.core.checkpoint.header import strict_json
from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.types import DataReference, ModelRecord

KEY = "latent_explorer"
FORMAT = "1.0"
MAJOR = 1
PREPROCESSING = "uint8/255"

MAX_TEXT = 10_000
MAX_CLASSES = 65_536


class RecordError(Exception):
    """What is wrong with the record, as the end of a sentence that names the file."""


@dataclass(frozen=True, eq=False)
class Described:
    """The record's content, checked."""

    name: str
    architecture: ModelConfig
    training: TrainingConfig | None
    data: DataReference
    figures: Mapping[str, Any]
    versions: Mapping[str, str]
    command: str
    epoch: int


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key, "")
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise RecordError(f"the {key} in its record is not a short text")
    return value


def _mapping(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = record.get(key, {})
    if not isinstance(value, dict):
        raise RecordError(f"the {key} in its record is not an object")
    return value


def _count(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 40:
        raise RecordError(f"the {what} in its record is not a number from 0 up")
    return value


def _three(value: object, what: str) -> tuple[int, int, int]:
    if not isinstance(value, list) or len(value) != 3:
        raise RecordError(f"the {what} in its record is not three numbers")
    return _count(value[0], what), _count(value[1], what), _count(value[2], what)


def _data(record: Mapping[str, Any]) -> DataReference:
    value = _mapping(record, "data")
    names = value.get("class_names", [])
    if not isinstance(names, list) or len(names) > MAX_CLASSES or not all(isinstance(n, str) and len(n) <= MAX_TEXT for n in names):
        raise RecordError("the class names in its record are not a list of short texts")
    preprocessing = value.get("preprocessing", PREPROCESSING)
    if preprocessing != PREPROCESSING:
        raise RecordError("its images were prepared in a way that this version does not know; update the program")
    return DataReference(
        name=_text(value, "name"),
        content_hash=_text(value, "content_hash"),
        class_names=tuple(names),
        image_shape=_three(value.get("image_shape", [1, 1, 1]), "image shape"),
        sizes=_three(value.get("sizes", [0, 0, 0]), "sizes"),
    )


def _check_format(value: object) -> None:
    match = re.fullmatch(r"([0-9]{1,6})\.([0-9]{1,6})", value) if isinstance(value, str) else None
    if match is None:
        raise RecordError("its record names no format version")
    if int(match[1]) != MAJOR:
        raise RecordError(f"it is of format {match[0]}, and this version opens {MAJOR}.x; use the version of the program that wrote it")


def parse_metadata(text: str) -> Described:
    """Check and read the JSON text of the metadata key; keys of a newer minor version are ignored.

    Raises
    ------
    RecordError, HeaderError, SettingError
        It is not such a record, of another major format, or describes impossible networks or settings.
    """
    record = strict_json(text, "record")
    if not isinstance(record, dict):
        raise RecordError("its record is not a JSON object")
    _check_format(record.get("format"))
    versions = _mapping(record, "versions")
    if not all(isinstance(value, str) for value in versions.values()):
        raise RecordError("the versions in its record are not texts")
    return Described(
        name=_text(record, "name"),
        architecture=ModelConfig.from_record(_mapping(record, "architecture")),
        training=None if record.get("training") is None else TrainingConfig.from_record(_mapping(record, "training")),
        data=_data(record),
        figures=_mapping(record, "figures"),
        versions=versions,
        command=_text(record, "command"),
        epoch=_count(record.get("epoch", 0), "epoch"),
    )


def plain(value: Any) -> Any:
    """The value in JSON's own types: numpy numbers and arrays, tuples and paths included; NaN and infinity become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def dump_json(record: Mapping[str, Any]) -> str:
    """The record as text: sorted keys, no spaces, so that equal records give equal bytes."""
    return json.dumps(plain(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def describe(record: ModelRecord) -> str:
    """The JSON text that `parse_metadata` reads."""
    data = record.data
    return dump_json(
        {
            "format": FORMAT,
            "name": record.name,
            "architecture": record.handle.architecture.to_record(),
            "training": None if record.training is None else record.training.to_record(),
            "data": {
                "name": data.name,
                "content_hash": data.content_hash,
                "class_names": data.class_names,
                "image_shape": data.image_shape,
                "sizes": data.sizes,
                "preprocessing": PREPROCESSING,
            },
            "figures": record.figures,
            "versions": record.versions,
            "command": record.command,
            "epoch": record.epoch,
        }
    )
