"""Small data, small networks, and the same mathematics once more in numpy float64, written without looking at the program's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.nn import training
from latent_explorer.core.nn.families.base import Batch
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.gradient import Gradient
from latent_explorer.core.nn.handles import publish, state_of, weights_of
from latent_explorer.core.nn.training import Control, train
from latent_explorer.core.nn.written_gradient import WrittenGradient
from latent_explorer.core.types import History, ImageDataset, ModelHandle, Split, TrainingProgress

Doubles = NDArray[np.float64]


def toy(train_images: int = 40, test_images: int = 12, shape: tuple[int, int, int] = (3, 4, 1), *, binary: bool = False) -> ImageDataset:
    """Random blobs in three classes; no validation part yet. With `binary`, pixels are 0 or 255."""
    generator = np.random.default_rng(7)
    count = train_images + test_images
    labels = generator.integers(0, 3, count)
    centres = generator.uniform(0.1, 0.9, (3, *shape))
    grey = np.clip(centres[labels] + generator.normal(0, 0.25, (count, *shape)), 0, 1)
    images = np.where(grey > 0.5, 255, 0) if binary else np.rint(grey * 255)
    rows = np.arange(count)
    split = Split(rows[:train_images], rows[:0], rows[train_images:])
    return ImageDataset("toy", images.astype(np.uint8), labels, ("a", "b", "c"), split)


def architecture(dataset: ImageDataset, latent_dim: int = 2, hidden: tuple[int, ...] = (8,), **more: Any) -> ModelConfig:
    return ModelConfig(dataset.image_shape, latent_dim, hidden, **more)


def settings(**changes: Any) -> TrainingConfig:
    return TrainingConfig(**{"epochs": 2, "batch_size": 8, "lr": 0.01, "validation": 0, **changes})


def module_for(config: ModelConfig, seed: int = 0) -> tuple[VAE, ModelHandle]:
    """Untrained networks, published under a handle of the seed's own."""
    module = build(config, seed).eval().requires_grad_(False)
    handle = ModelHandle(f"test-{seed}-{hash(config)}", config)
    publish(handle, module)
    return module, handle


def by_autograd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step goes through `VAE.terms`, as a test may want that changes or watches it."""
    monkeypatch.setattr(WrittenGradient, "fits", staticmethod(lambda module: False))


def watch_steps(monkeypatch: pytest.MonkeyPatch, listen: Callable[[Tensor], object]) -> None:
    """`listen` gets the pixels of every step before its gradient is taken."""
    gradient_for = training.gradient_for

    def watched(*args: Any) -> Gradient:
        gradient = gradient_for(*args)

        def step(batch: Batch) -> tuple[float, float]:
            listen(batch.x)
            return gradient(batch)

        return step

    monkeypatch.setattr(training, "gradient_for", watched)


def run(
    dataset: ImageDataset,
    how: TrainingConfig,
    config: ModelConfig | None = None,
    *,
    stop_at: int | None = None,
    resume: tuple[Mapping[str, Any], Mapping[str, Any], History | None] | None = None,
    see: Callable[[TrainingProgress], object] = lambda progress: None,
    snapshots_per_second: float = 0.0,
) -> TrainingProgress:
    """Train to the end, or stop when `stop_at` steps are done; the last progress."""
    control = Control()
    model = config or architecture(dataset)
    progress = None
    for progress in train(model, how, dataset, device="cpu", control=control, resume=resume, snapshots_per_second=snapshots_per_second):
        see(progress)
        control.stop = stop_at is not None and progress.step >= stop_at
    assert progress is not None
    return progress


def left_behind(progress: TrainingProgress) -> tuple[dict[str, Any], dict[str, Any], History | None]:
    """What a run can be continued from, copied."""
    assert progress.snapshot is not None
    weights = {name: array.copy() for name, array in weights_of(progress.snapshot).items()}
    return weights, {name: array.copy() for name, array in state_of(progress.snapshot).items()}, progress.history


def same_bits(one: Mapping[str, NDArray[Any]], two: Mapping[str, NDArray[Any]]) -> bool:
    """Whether two tables of arrays are equal to the last bit, NaN included."""
    return one.keys() == two.keys() and all(
        one[name].dtype == two[name].dtype and one[name].shape == two[name].shape and one[name].tobytes() == two[name].tobytes()
        for name in one
    )


def weights(progress: TrainingProgress) -> dict[str, NDArray[np.float32]]:
    assert progress.snapshot is not None
    return {name: array.copy() for name, array in weights_of(progress.snapshot).items()}


def history_table(progress: TrainingProgress) -> dict[str, NDArray[np.float32]]:
    assert progress.history is not None
    return {"epoch": progress.history.epoch, **progress.history.columns}


class Clock:
    """In the place of the module `time`: goes on only when told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.module = SimpleNamespace(perf_counter=lambda: self.now)


# --- the same mathematics again, float64 ------------------------------------------------------------------------------------


def _layers(table: Mapping[str, NDArray[Any]], part: str) -> Iterable[tuple[Doubles, Doubles]]:
    numbers = sorted({int(name.split(".")[2]) for name in table if name.startswith(part)})
    return [(table[f"{part}.layers.{n}.weight"].astype(float), table[f"{part}.layers.{n}.bias"].astype(float)) for n in numbers]


def _forward(x: Doubles, layers: Iterable[tuple[Doubles, Doubles]]) -> Doubles:
    layers = list(layers)
    for k, (weight, bias) in enumerate(layers):
        x = x @ weight.T + bias
        if k < len(layers) - 1:
            x = x / (1 + np.exp(-x))  # SiLU
    return x


def numpy_encode(module: VAE, x: Doubles) -> tuple[Doubles, Doubles]:
    table = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    out = _forward(x, _layers(table, "encoder"))
    d = module.config.latent_dim
    return out[:, :d], out[:, d:]


def numpy_logits(module: VAE, z: Doubles) -> Doubles:
    table = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    return _forward(z, _layers(table, "decoder"))


def numpy_log_prob(x: Doubles, logits: Doubles) -> Doubles:
    """log p(x|z) of binary x by the two cases, summed over the last axis."""
    return np.where(x > 0.5, -np.logaddexp(0, -logits), -np.logaddexp(0, logits)).sum(-1)


def to_torch(x: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))
