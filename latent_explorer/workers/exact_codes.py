"""Codes of all shown images by their exact posteriors, for a model with an encoder or without; runs in the jobs lane."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.plane.values import score_of
from latent_explorer.core.types import Codes, ImageDataset, ModelHandle
from latent_explorer.workers.task import Context


def with_exact_codes(
    handle: ModelHandle, codes: Mapping[str, Codes], dataset: ImageDataset, stop: threading.Event, context: Context
) -> dict[str, Codes]:
    """The codes by kind, with "exact_mode" and "exact_mean" added, of the same images in the same order.

    The images' scores (`core.nn.exact.many.exact_codes`) become a column of the other codes too, so that points can be coloured
    and sorted by them wherever they lie.

    Raises
    ------
    Cancelled
        `stop` was set, or the model was let go.
    SettingError, DatasetError
        There is no exact inference for the model or these images.
    """
    from latent_explorer.core.nn.exact.many import exact_codes
    from latent_explorer.core.nn.handles import has

    known = codes.get("mean") or next(iter(codes.values()))

    def progress(part: float) -> None:
        if stop.is_set() or not has(handle):
            raise Cancelled
        context.progress(f"of {len(known.z):,} images", part)

    progress(0.0)
    found = exact_codes(handle, dataset, known.index, progress=progress)
    # The places of the arrays that rows are found by stay the same, so that nobody has to look into them.
    exact = {kind: replace(some, index=known.index, labels=known.labels) for kind, some in found.items()}
    column = score_of(found["exact_mode"])
    scores = {column: found["exact_mode"].columns[column]}
    others = {kind: replace(some, columns={**some.columns, **scores}) for kind, some in codes.items() if kind not in exact}
    return {**others, **exact}
