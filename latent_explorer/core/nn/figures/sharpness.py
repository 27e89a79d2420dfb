"""How sharp decoded images are, against the images themselves: a figure of every family, also of those without a likelihood.

Source of the measure: Tolstikhin et al. 2018 (arXiv 1711.01558), section 4: each image in grey, the Laplace filter over it, the variance
of what comes out, and its mean over images.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.nn.figures.form import Figures, absent, figure
from latent_explorer.core.nn.figures.terms import BATCH, Labels, colours
from latent_explorer.core.nn.inference import classes_for, decode
from latent_explorer.core.types import ModelHandle


def laplacian_variance(pictures: NDArray[np.floating]) -> NDArray[np.float64]:
    """Variance over places of each picture's Laplacian, float64 (n,): of pictures (n, H, W, C), colours averaged.

    The filter is ``[[0, 1, 0], [1, -4, 1], [0, 1, 0]]``, where it lies inside the picture.
    """
    grey = pictures.mean(axis=3, dtype=np.float64)
    inside = grey[:, 1:-1, 1:-1]
    laplacian = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * inside
    found: NDArray[np.float64] = laplacian.var(axis=(1, 2))
    return found


def sharpness_figure(
    handle: ModelHandle, z: NDArray[np.float32], images: NDArray[np.uint8], labels: Labels | None = None, words: str = "posterior mean"
) -> Figures:
    """Mean Laplacian variance of the decoded codes (N, d) by that of the images they come from, uint8 (N, H, W, C): 1 is as sharp.

    The standard error is that of a quotient of two means, to first order, ``sd(a - r b) / (mean(b) sqrt(N))``.
    """
    if min(images.shape[1:3]) < 3 or max(images.shape[1:3]) < 4:  # the filter has no two places
        return absent("It needs images of 3 × 4 pixels or more.", "sharpness", unit="ratio")
    told = classes_for(handle, images, labels)
    ours, theirs = [np.zeros(0)], [np.zeros(0)]
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        ours.append(laplacian_variance(decode(handle, z[part], None if told is None else told[part])))
        theirs.append(laplacian_variance(images[part].astype(np.float32) / 255))
    decoded, own = np.concatenate(ours), np.concatenate(theirs)
    if not own.mean():
        return absent("The images are of one level each.", "sharpness", unit="ratio")
    ratio = float(decoded.mean() / own.mean())
    se = float((decoded - ratio * own).std(ddof=1) / (own.mean() * np.sqrt(len(own)))) if len(own) > 1 else None
    kind = colours(handle)
    protocol = (
        f"mean variance of the Laplacian (4 neighbours, pixels in 0..1{', colours averaged' if kind == 'colour' else ''}) of the decoded"
        f" {words} of the {kind} image, {decoded.mean():.4g}, by that of the images themselves, {own.mean():.4g}"
    )
    return {"sharpness": figure(ratio, se=se, n=len(own), protocol=protocol, unit="ratio")}
