"""Codes of validation images of a finished model, for the model doctor; runs in the compute lane, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from latent_explorer.core.errors import Cancelled, DatasetError
from latent_explorer.core.types import Codes, ImageDataset, ModelHandle, ModelRecord

MOST = 1000  # images; a convolutional encoder takes seconds for as many
PIECE = 50  # images, between which the lane does what else is asked


def own_split(record: ModelRecord, dataset: ImageDataset) -> ImageDataset | None:
    """The data set parted as for the run of `record`; None where it is another one, or its parts cannot be had again."""
    if record.training is None or record.data.content_hash != dataset.content_hash:
        return None
    try:
        parted = dataset.with_validation(record.training.validation, record.training.split_seed)
    except DatasetError:
        return None
    return parted if parted.reference().sizes == record.data.sizes else None  # test images may be others here


def examined(handle: ModelHandle, parted: ImageDataset) -> Iterator[Codes | None]:
    """None after each piece, then the codes of `MOST` validation images at most.

    Raises
    ------
    Cancelled
        The model was let go.
    """
    from latent_explorer.core.nn.handles import module_of
    from latent_explorer.core.nn.inference import read_with

    try:
        module = module_of(handle)
    except KeyError:
        raise Cancelled from None
    rows = parted.split.validation[:MOST]
    labels = np.full(len(rows), -1, np.int64) if parted.labels is None else parted.labels[rows]
    parts = []
    for start in range(0, len(rows), PIECE):
        part = slice(start, start + PIECE)
        parts.append(read_with(module, parted.images[rows[part]], labels[part]))
        yield None
    if parts:
        columns = {name: np.concatenate([columns[name] for _, columns in parts]) for name in parts[0][1]}
        yield Codes("mean", np.concatenate([mu for mu, _ in parts]), rows.copy(), labels, columns)
