"""What is known of single images once a model has been asked about each: more columns for their codes."""

from __future__ import annotations

from dataclasses import replace

from latent_explorer.core.types import Codes, ImageDataset, ModelHandle
from latent_explorer.workers.task import Context


def measure_images(handle: ModelHandle, codes: Codes, dataset: ImageDataset, context: Context) -> Codes:
    """The same codes with the columns of `core.nn.evaluation.image_columns`; cancellable between batches."""
    from latent_explorer.core.nn.evaluation import image_columns

    images = dataset.images[codes.index]
    return replace(codes, columns={**codes.columns, **image_columns(handle, codes.z, images, context.progress, codes.labels)})
