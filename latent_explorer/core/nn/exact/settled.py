"""log p(x) of many images with the cells of a grid divided until each posterior is wide enough for them: see `dividing`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from latent_explorer.core.nn.exact.dividing import divided, log_sums, narrow_grid
from latent_explorer.core.nn.exact.forms import Decoder
from latent_explorer.core.nn.exact.grids import Nodes, nodes_for
from latent_explorer.core.nn.exact.many import SIDE, Labels, groups
from latent_explorer.core.nn.exact.sums import Progress, no_progress
from latent_explorer.core.nn.inference import Pixels, grey_tensor
from latent_explorer.core.types import ModelHandle

AT_ONCE = 1 << 26  # images times nodes of which log p(x|z) is held at once, 256 MB
LOOKED_AT = 1 << 21  # of these, in which cells are looked for at once
MOST = 1024  # cells of an image that are divided in one round, as a mean over the images that are held


class Settled(NamedTuple):
    """``log_evidence`` float64 (N,): log p(x), nats; ``level``: how often cells were halved at most; ``whole``: wherever it was needed."""

    log_evidence: NDArray[np.float64]
    level: int
    whole: bool


@torch.inference_mode()
def settled_log_likelihoods(
    handle: ModelHandle,
    images: Pixels,
    known: NDArray[np.float64],
    side: int = SIDE,
    labels: Labels | None = None,
    progress: Progress = no_progress,
) -> Settled:
    """log p(x) of each image, on a plane, a torus or a line.

    Parameters
    ----------
    images : uint8 array, or float32 array in 0..1, shape (N, H, W, C)
    known : float64 array, shape (N,)
        Each one's log p(x) by the plain sum over the same grid.
    labels : int64 array, shape (N,), or None
        For a conditional family, of which it is log p(x|y).
    """
    nodes = nodes_for(handle.architecture, side)
    found = known.copy()
    level, whole, done = 0, True, 0
    for decoder, all_rows in groups(handle, images, labels):
        for rows in np.array_split(all_rows, max(1, -(-len(all_rows) * len(nodes.z) // AT_ONCE))):
            before = done

            def tell(part: float, before: int = before, count: int = len(rows)) -> None:
                progress((before + part * count) / len(images))

            x = grey_tensor(images[rows]).to(decoder.device)
            table = _table(decoder, nodes, x, lambda part, tell=tell: tell(part / 2))  # type: ignore[misc]
            for few in np.array_split(np.arange(len(rows)), max(1, -(-len(rows) * len(nodes.z) // LOOKED_AT))):
                grid, kept = narrow_grid(nodes, table[few] + nodes.log_weight.astype(table.dtype))
                if not len(grid.rows):
                    continue
                parts, fine = divided(decoder, x[few], grid, kept, MOST * len(few))
                # Those whose cells all stayed, or could not be divided enough, have their sum over the whole grid; of the others,
                # what was left out is nothing.
                changed = np.unique(np.concatenate([part.rows for part in parts if part.level] or [np.zeros(0, np.int64)]))
                changed = changed[fine[changed]]
                found[rows[few[changed]]] = log_sums(parts, len(few))[changed]
                level, whole = max(level, *(part.level for part in parts)), whole and bool(fine.all())
                tell((1 + few[-1] / len(rows)) / 2)
            done += len(rows)
            progress(done / len(images))
    return Settled(found, level, whole)


def _table(decoder: Decoder, nodes: Nodes, x: torch.Tensor, progress: Progress) -> NDArray[np.float64]:
    """log p(x|z) of all nodes, (N, G), of the precision that the likelihood needs."""
    parts = []
    for z in torch.from_numpy(nodes.z.copy()).to(x.device).split(decoder.batch):
        parts.append(decoder.table(x, z).cpu())
        progress(len(parts) * decoder.batch / len(nodes.z))
    return torch.cat(parts, 1).numpy()
