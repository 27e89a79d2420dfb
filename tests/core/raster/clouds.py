"""Points with colours of their own, for tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.raster.cloud import Cloud
from latent_explorer.core.raster.colouring import Colouring
from latent_explorer.core.raster.scatter import Scatter


class Own(Colouring):
    """A colour for each point."""

    def __init__(self, colours: NDArray[np.uint8]) -> None:
        self.tones, self.table = np.arange(len(colours), dtype=np.uint16), colours  # type: ignore[assignment]


def scatter_of(points: NDArray[np.floating], colours: NDArray[np.uint8], shown: NDArray[np.bool_] | None = None) -> Scatter:
    """Places (N, 2) and colours (N, 3)."""
    return Scatter(Cloud(points), Own(np.asarray(colours, np.uint8)), None, shown)
