"""What the file of a run's model says besides the weights."""

from __future__ import annotations

import platform
from importlib import metadata

from latent_explorer import __version__
from latent_explorer.core.config import TrainingConfig
from latent_explorer.core.nn.inference import codes_of
from latent_explorer.core.types import ImageDataset, ModelRecord, TrainingProgress


def versions() -> dict[str, str]:
    """Of what made the model."""
    packages = {name: metadata.version(name) for name in ("torch", "numpy")}
    return {"latent_explorer": __version__, **packages, "python": platform.python_version()}


def run_record(progress: TrainingProgress, settings: TrainingConfig, dataset: ImageDataset, *, name: str, command: str) -> ModelRecord:
    """The record of a progress that carries a snapshot, with the codes of the test part by just these weights.

    Parameters
    ----------
    dataset : ImageDataset
        With the split that the run uses.
    """
    assert progress.snapshot is not None  # comes with every resumable progress and with the last one
    # On the way, the live codes are of mixed age.
    codes = progress.codes if progress.outcome else None
    return ModelRecord(
        handle=progress.snapshot,
        name=name,
        codes={"mean": codes or codes_of(progress.snapshot, dataset, dataset.split.test)},
        history=progress.history,
        data=dataset.reference(),
        training=settings,
        command=command,
        versions=versions(),
        epoch=progress.epoch,
        resumable=progress.resumable,
    )
