"""What the window shows, as lines of Python that show it again."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from latent_explorer.core.export.image import short

HASH = 12  # digits of the model's hash in the comment


def python_snippet(
    reference: str, content_hash: str, z: ArrayLike, image_shape: tuple[int, int, int], condition: int | None = None, seed: int = 0
) -> str:
    """Lines that load a model and decode one latent point, for a notebook or a script.

    Parameters
    ----------
    reference : str
        What `latent_explorer.load` takes: a name or a path.
    content_hash : str
        Of the model; its start stands in a comment, so that a reader can tell whether it is still the same model.
    z : array, shape (d,)
        Written in the shortest decimals that give back the same float32.
    image_shape : (int, int, int)
        Height, width, channels.
    condition, seed : int
        What a conditional or a hierarchical model is told besides z.
    """
    told = "".join(f", {name}={value}" for name, value in (("condition", condition), ("seed", seed or None)) if value is not None)
    point: NDArray[np.float32] = np.asarray(z, np.float32)
    return (
        "import latent_explorer\n"
        "\n"
        f"model = latent_explorer.load({reference!r})  # hash {content_hash[:HASH]}\n"
        f"z = {[short(value) for value in point]}\n"
        f"image = model.decode(z{told})[0]  # float32 {image_shape}, 0 to 1\n"
    )
