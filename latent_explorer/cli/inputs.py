"""What commands read: a model with its networks, and data that fit it. Torch is loaded here, inside functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from latent_explorer.core.errors import DatasetError
from latent_explorer.core.types import ImageDataset, ModelRecord


def open_model(path: Path, threads: int | None, device: str = "cpu") -> ModelRecord:
    """Read a model file and make its networks ready, to compute on a device with so many threads.

    Raises
    ------
    CheckpointError
        The file cannot be used.
    SettingError, DeviceError
        The device is unknown or not there.
    """
    from latent_explorer.core.checkpoint.weights import load_model
    from latent_explorer.core.nn.device import set_threads

    set_threads(threads)
    return load_model(path, device)


@contextmanager
def computing(record: ModelRecord) -> Iterator[None]:
    """Computing with a model goes inside: memory that runs out becomes one sentence, which names the device.

    Raises
    ------
    DeviceError
        Memory ran out.
    """
    from latent_explorer.core.nn.device import memory_in_a_sentence
    from latent_explorer.core.nn.handles import module_of
    from latent_explorer.core.nn.inference import device_of

    with memory_in_a_sentence(device_of(module_of(record.handle)).type):
        yield


def model_data(record: ModelRecord, data: str) -> ImageDataset:
    """A data set for a model, divided as for its training where it is the same data.

    Raises
    ------
    DatasetError
        It cannot be used, or its images are of another size than the model's.
    """
    from latent_explorer.core.data.registry import load_dataset

    dataset = load_dataset(data)
    wanted = record.handle.architecture.image_shape
    if dataset.image_shape != wanted:
        sizes = [" x ".join(str(n) for n in shape) for shape in (dataset.image_shape, wanted)]
        raise DatasetError(f"{dataset.name} has images of {sizes[0]}, but the model is for {sizes[1]}; choose other data or another model.")
    if record.training is not None and dataset.content_hash == record.data.content_hash:
        dataset = dataset.with_validation(record.training.validation, record.training.split_seed)
    return dataset


def model_words(record: ModelRecord) -> dict[str, str]:
    """Name and hash of a model, as results quote it."""
    return {"name": record.name, "hash": record.handle.content_hash}
