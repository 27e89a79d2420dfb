"""log p(x) of many images with the cells of a grid divided until each posterior is wide enough for them: see `dividing`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from latent_explorer.core.nn.exact.dividing import Leaves, divided, log_sums
from latent_explorer.core.nn.exact.forms import Decoder
from latent_explorer.core.nn.exact.grids import Nodes, nodes_for
from latent_explorer.core.nn.exact.many import SIDE, Labels, groups
from latent_explorer.core.nn.exact.sums import Progress, no_progress, pieces
from latent_explorer.core.nn.inference import Pixels, grey_tensor
from latent_explorer.core.types import ModelHandle

KEPT = 60.0  # nats below log p(x) that a cell is looked at
AT_ONCE = 4096  # images whose cells are held at once
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
        for rows in np.array_split(all_rows, max(1, -(-len(all_rows) // AT_ONCE))):
            before = done

            def tell(part: float, before: int = before, count: int = len(rows)) -> None:
                progress((before + part * count) / len(images))

            x = grey_tensor(images[rows]).to(decoder.device)
            grid = _counted(decoder, nodes, x, known[rows], lambda part, tell=tell: tell(part / 2))  # type: ignore[misc]
            parts, fine = divided(decoder, x, grid, KEPT, MOST * len(rows), lambda part, tell=tell: tell(0.5))  # type: ignore[misc]
            deepest = max(part.level for part in parts)
            if deepest:
                # Those whose cells all stayed have their sum over the whole grid; of the others, what was left out is nothing.
                changed = np.unique(np.concatenate([part.rows for part in parts if part.level]))
                found[rows[changed]] = log_sums(parts, len(rows))[changed]
            level, whole, done = max(level, deepest), whole and fine, done + len(rows)
            progress(done / len(images))
    return Settled(found, level, whole)


def _counted(decoder: Decoder, nodes: Nodes, x: torch.Tensor, known: NDArray[np.float64], progress: Progress) -> Leaves:
    """Of each image all cells less than `KEPT` below its log p(x)."""
    least = torch.from_numpy(known - KEPT).to(x.device)
    rows, cells, joint = [], [], []
    for piece in pieces(decoder, nodes, x, progress, floor=least.to(torch.float32)):
        image, node = (piece.joint > least[piece.rows, None]).nonzero(as_tuple=True)
        rows.append(piece.rows[image].cpu().numpy())
        cells.append(piece.nodes[node].cpu().numpy())
        joint.append(piece.joint[image, node].double().cpu().numpy())
    row, cell, value = (np.concatenate(part) for part in (rows, cells, joint))
    order = np.argsort(row * len(nodes.z) + cell, kind="stable")
    return Leaves(nodes, 0, row[order], cell[order], value[order])
