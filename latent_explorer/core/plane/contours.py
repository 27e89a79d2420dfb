"""Lines along which a field has one value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.plane.cells import Cells
from latent_explorer.core.plane.field import Contour

MOST = 400  # cells along a side that are looked at: a line through more would take longer to draw than the field


def contours_of(values: NDArray[np.float32], cells: Cells, levels: Sequence[float]) -> tuple[Contour, ...]:
    """The lines of each level, between the centres of cells; where a value is not finite there are none."""
    rows, columns = values.shape
    if min(rows, columns) < 2 or not levels:
        return ()
    from contourpy import LineType, contour_generator

    every = max(1, -(-max(rows, columns) // MOST))
    down, right = (slice((count - 1) % every // 2, None, every) for count in values.shape)  # as much is left out on both sides
    seen = np.ma.masked_invalid(values[down, right].astype(np.float64))
    if min(seen.shape) < 2:
        return ()
    generator = contour_generator(cells.x[right], cells.y[down], seen, line_type=LineType.ChunkCombinedOffset)
    found = []
    for level in levels:
        lines: Any = generator.lines(level)  # a list for each chunk, of which there is one
        points, offsets = lines[0][0], lines[1][0]
        if points is not None:
            joined = np.ones(len(points), np.bool_)
            joined[offsets[1:].astype(np.int64) - 1] = False
            found.append(Contour(level, np.ascontiguousarray(points, np.float64), joined))
    return tuple(found)
