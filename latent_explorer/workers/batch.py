"""Many places decoded at once, as for the pictures of the pins."""

from __future__ import annotations

import time

import numpy as np

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.types import DecodeRequest, DecodeResult
from latent_explorer.workers.task import Context

PIECE = 16  # pictures between two looks at whether it is still wanted


def decode_batch(request: DecodeRequest, context: Context) -> DecodeResult:
    """Pictures for a request of any length, all by the same weights.

    Raises
    ------
    Cancelled
        The model was let go, or the program ends.
    """
    from latent_explorer.core.nn.handles import has
    from latent_explorer.core.nn.inference import as_bytes, decode_pieces

    if not has(request.handle):
        raise Cancelled
    begun = time.perf_counter()
    parts = []
    for images in decode_pieces(request.handle, request.z, PIECE):
        parts.append(as_bytes(images))
        context.progress("", min(1.0, len(parts) * PIECE / len(request.z)))
    return DecodeResult(request, np.concatenate(parts), 1000 * (time.perf_counter() - begun))
