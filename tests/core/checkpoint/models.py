"""Makes small model files for tests, without torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.types import Codes, DataReference, History, ModelHandle, ModelRecord

N = 6


def architecture() -> ModelConfig:
    return ModelConfig(image_shape=(4, 4, 1), latent_dim=2, hidden=(3,))


def weights() -> dict[str, NDArray[Any]]:
    generator = np.random.default_rng(0)
    shapes = {"encoder.weight": (3, 16), "encoder.bias": (3,), "decoder.weight": (16, 3)}
    return {name: generator.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def state() -> dict[str, NDArray[Any]]:
    return {
        "optim.step": np.array(7, np.float32),
        "optim.encoder.weight.exp_avg": np.ones((3, 16), np.float32),
        "rng.torch": np.arange(16, dtype=np.uint8),
    }


def codes(kind: str = "mean") -> Codes:
    z = np.random.default_rng(1).standard_normal((N, 2)).astype(np.float32)
    columns = {"log_var": z * 2, "elbo": z[:, 0].copy()}
    return Codes(kind, z, np.arange(N, dtype=np.int64) * 3, np.array([0, 1, 2, -1, 0, 1]), columns)


def record(**changes: Any) -> ModelRecord:
    fields: dict[str, Any] = {
        "handle": ModelHandle("x", architecture()),
        "name": "tiny ü",
        "codes": {"mean": codes()},
        "history": History(np.arange(3, dtype=np.float32), {"train_loss": np.array([3, 2, np.nan], np.float32)}),
        "data": DataReference("digits", "ab" * 32, ("zero", "one", "two"), (4, 4, 1), (10, 4, 6)),
        "training": TrainingConfig(epochs=3, seed=5),
        "figures": {"elbo": {"value": np.float32(-1.5), "n": np.int64(6)}, "ll": {"value": float("nan"), "reason": "none"}},
        "command": "latent-explorer train digits",
        "versions": {"latent_explorer": "0.1"},
        "epoch": 3,
    }
    return ModelRecord(**{**fields, **changes})


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header as JSON, and the data."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def join(header: Any, body: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def edited(data: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The file with its header changed."""
    header, body = split(data)
    change(header)
    return join(header, body)


def with_record(data: bytes, changes: Mapping[str, Any]) -> bytes:
    """The file with entries of its record changed."""

    def change(header: dict[str, Any]) -> None:
        text = json.loads(header["__metadata__"]["latent_explorer"])
        header["__metadata__"]["latent_explorer"] = json.dumps({**text, **changes})

    return edited(data, change)


def container(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """Any tensors as a safetensors file, by the library."""
    from safetensors.numpy import save

    return bytes(save({name: np.asarray(array, order="C") for name, array in tensors.items()}, dict(metadata)))
