"""log p(x) of many images with the cells of a grid divided until each posterior is wide enough for them: see `dividing`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from latent_explorer.core.nn.exact.dividing import Leaves, divided, log_sums, narrow_grid
from latent_explorer.core.nn.exact.forms import Decoder
from latent_explorer.core.nn.exact.grids import Nodes, nodes_for
from latent_explorer.core.nn.exact.many import SIDE, Labels, groups
from latent_explorer.core.nn.exact.sums import Progress, no_progress
from latent_explorer.core.nn.inference import Pixels, grey_tensor
from latent_explorer.core.types import ModelHandle

AT_ONCE = 1 << 26  # images times nodes of which log p(x|z) is held at once, 256 MB
HELD = 1 << 22  # cells of images that are divided together
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
            settled = _settled(
                decoder, nodes, grey_tensor(images[rows]).to(decoder.device), known[rows], _share(progress, done, rows, images)
            )
            found[rows] = settled.log_evidence
            level, whole, done = max(level, settled.level), whole and settled.whole, done + len(rows)
    return Settled(found, level, whole)


def _share(progress: Progress, done: int, rows: Labels, images: Pixels) -> Progress:
    """The progress of some images in that of all, of which so many are done."""
    return lambda part: progress((done + part * len(rows)) / len(images))


def _settled(decoder: Decoder, nodes: Nodes, x: torch.Tensor, known: NDArray[np.float64], progress: Progress) -> Settled:
    """Of images (n, D) that are held at once, with their plain sums (n,)."""
    found, level, whole = known.copy(), 0, True
    table = _table(decoder, nodes, x, lambda part: progress(part / 2))
    for few, grid, kept in _narrow_ones(nodes, table):
        parts, fine = divided(decoder, x[few], grid, kept, MOST * len(few))
        # Those whose cells all stayed, or could not be divided enough, keep their sum over the whole grid; of the others, what was
        # left out is nothing.
        changed = np.unique(np.concatenate([part.rows for part in parts if part.level] or [np.zeros(0, np.int64)]))
        changed = changed[fine[changed]]
        found[few[changed]] = log_sums(parts, len(few))[changed]
        level, whole = max(level, *(part.level for part in parts)), whole and bool(fine.all())
        progress((1 + few[-1] / len(x)) / 2)
    progress(1.0)
    return Settled(found, level, whole)


def _narrow_ones(nodes: Nodes, table: NDArray[np.float64]) -> Iterator[tuple[Labels, Leaves, NDArray[np.float64]]]:
    """Images with a narrow posterior, n of those in a table (N, G), with their cells by `narrow_grid`; as many at once as can be held."""
    log_weight = nodes.log_weight.astype(table.dtype)
    images: list[Labels] = []
    grids: list[Leaves] = []
    margins: list[NDArray[np.float64]] = []

    def gathered() -> tuple[Labels, Leaves, NDArray[np.float64]]:
        begins = np.cumsum([0, *(len(some) for some in images)])
        rows = np.concatenate([grid.rows + begin for grid, begin in zip(grids, begins, strict=False)])
        cells, joint = (np.concatenate([getattr(grid, name) for grid in grids]) for name in ("cells", "joint"))
        return np.concatenate(images), Leaves(nodes, 0, rows, cells, joint), np.concatenate(margins)

    for few in np.array_split(np.arange(len(table)), max(1, -(-table.size // LOOKED_AT))):
        grid, kept = narrow_grid(nodes, table[few] + log_weight)
        narrow = np.flatnonzero(kept)
        if len(narrow):
            images.append(few[narrow])
            margins.append(kept[narrow])
            grids.append(Leaves(nodes, 0, np.searchsorted(narrow, grid.rows), grid.cells, grid.joint))
        if sum(len(one.rows) for one in grids) > HELD:
            yield gathered()
            images, grids, margins = [], [], []
    if images:
        yield gathered()


def _table(decoder: Decoder, nodes: Nodes, x: torch.Tensor, progress: Progress) -> NDArray[np.float64]:
    """log p(x|z) of all nodes, (N, G), of the precision that the likelihood needs."""
    parts = []
    for z in torch.from_numpy(nodes.z.copy()).to(x.device).split(decoder.batch):
        parts.append(decoder.table(x, z).cpu())
        progress(len(parts) * decoder.batch / len(nodes.z))
    return torch.cat(parts, 1).numpy()
