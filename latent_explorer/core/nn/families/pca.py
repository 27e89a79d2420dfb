"""Principal component analysis as a model: the plane along which images vary most (Pearson 1901; Hotelling 1933)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.autoencoder import Autoencoder
from latent_explorer.core.nn.likelihoods import Gaussian
from latent_explorer.core.plane.frame import upright

PIECE = 1 << 20  # pixels that are held as numbers at once
MOST_COVARIANCES = 2048  # pixels whose covariances are all worked out; beyond, the images are multiplied again and again
Numbers = NDArray[np.float64]


class Principal(NamedTuple):
    """Mean (D,), directions (d, D) of length 1, the one of most variance first, and their variances (d,); pixels in 0..1, float64.

    ``error`` is the mean squared error per pixel that they leave.
    """

    mean: Numbers
    directions: Numbers
    variances: Numbers
    error: float


def principal(images: NDArray[np.uint8], rows: NDArray[np.int64], count: int) -> Principal:
    """The first `count` principal directions of some rows of images (N, ...), to rounding error of float64.

    Each is turned so that its entry of the largest size is positive. Variances divide by n - 1. Where the images span fewer
    directions, the rest are of variance 0.
    """
    flat = images.reshape(len(images), -1)
    pixels = flat.shape[1]
    piece = max(1, PIECE // pixels)
    parts = [rows[start : start + piece] for start in range(0, len(rows), piece)]
    mean = sum((flat[part].sum(axis=0, dtype=np.float64) for part in parts), np.zeros(pixels)) / (255 * len(rows))

    def away(part: NDArray[np.int64]) -> Numbers:
        centred: Numbers = flat[part] / 255.0 - mean
        return centred

    total = 0.0
    if pixels <= MOST_COVARIANCES:
        table = np.zeros((pixels, pixels))
        for part in parts:
            some = away(part)
            table += some.T @ some
        total = float(np.trace(table))
        values, vectors = np.linalg.eigh(table)
    else:
        from scipy.sparse.linalg import LinearOperator, eigsh

        def multiply(vector: Numbers) -> Numbers:
            return sum(((some := away(part)).T @ (some @ vector.ravel()) for part in parts), np.zeros(pixels))

        total = sum(float(np.square(away(part)).sum()) for part in parts)
        start = np.random.Generator(np.random.PCG64(0)).standard_normal(pixels)
        if total > 0:
            values, vectors = eigsh(LinearOperator((pixels, pixels), multiply, dtype=np.float64), count, v0=start)
        else:  # images that are all equal have no directions, and the search for some does not end: any will do
            values, vectors = np.zeros(count), np.eye(pixels, count)
        order = np.argsort(values)
        values, vectors = values[order], vectors[:, order]
    found = vectors[:, ::-1][:, :count].T
    missing = count - len(found)  # of images with fewer pixels than latent dimensions
    directions = np.pad(upright(found), ((0, missing), (0, 0)))
    squares = np.maximum(values[::-1][:count], 0.0)
    error = max(0.0, total - float(squares.sum())) / (len(rows) * pixels)
    return Principal(mean, directions, np.pad(squares / max(1, len(rows) - 1), (0, missing)), error)


class PlainGaussian(Gaussian):
    """Every pixel is normal around the decoder's number itself; only the picture that is shown is cut to 0..1."""

    def centre(self, numbers: Tensor) -> Tensor:
        """The mean of the normal distribution of each pixel."""
        return numbers

    def mean(self, numbers: Tensor) -> Tensor:
        """E[x|z], cut to 0..1."""
        return numbers.clamp(0.0, 1.0)

    def slope(self, numbers: Tensor) -> Tensor:
        """1: that of the picture before it is cut, so that a linear plane is equally stretched everywhere."""
        return torch.ones_like(numbers)


class PCA(Autoencoder):
    """z = W (x - m), picture m + W' z, with the rows of W the principal directions of the training images.

    As networks: an encoder of one layer with bias ``-W m``, a decoder of one with bias m. They are worked out, not trained: `solve`.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.likelihood = PlainGaussian(config.sigma)

    @torch.no_grad()
    def solve(self, images: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
        """Take the plane of these rows of images; a learned sigma is the root of the mean squared error that the plane leaves."""
        found = principal(images, rows, self.config.latent_dim)
        weights = {
            "encoder.layers.0.weight": found.directions,
            "encoder.layers.0.bias": -found.directions @ found.mean,
            "decoder.layers.0.weight": found.directions.T,
            "decoder.layers.0.bias": found.mean,
        }
        own = dict(self.named_parameters())
        for name, array in weights.items():
            own[name].copy_(torch.from_numpy(np.ascontiguousarray(array)))
        self.likelihood.start_at(found.error)

    @torch.no_grad()
    def start_at(self, mean: Tensor, square: Tensor) -> None:
        """Start at the mean picture."""
        self.decoder.last_bias().copy_(mean)
        self.likelihood.start_at((square - mean.square()).mean().item())
