"""Every figure we quote about a model, each with its protocol."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from latent_explorer.core.errors import DatasetError
from latent_explorer.core.nn.device import full_precision
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.nn.inference import batch_of, decode, device_of, encode, grey_tensor
from latent_explorer.core.nn.likelihoods import TEST_DRAW_SEED, FixedDraw
from latent_explorer.core.plane.slices import ACTIVE_VARIANCE
from latent_explorer.core.types import ImageDataset, ModelHandle

ELBO_SAMPLES = 16
ELBO_SEED = 20250103
BATCH = 1000

Figures = dict[str, dict[str, Any]]
Progress = Callable[[str, float], None]


def _figure(value: float, *, n: int, protocol: str, unit: str, se: float | None = None, seed: int | None = None) -> dict[str, Any]:
    return {"value": value, "se": se, "unit": unit, "n": n, "protocol": protocol, "seed": seed}


def _mean(values: NDArray[np.float64], **more: Any) -> dict[str, Any]:
    """Mean over images with its standard error."""
    se = float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else None
    return _figure(float(values.mean()), se=se, n=len(values), **more)


def image_terms(
    handle: ModelHandle, images: NDArray[np.uint8], progress: Progress, samples: int = ELBO_SAMPLES
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Reconstruction and KL of each image, nats, float64 (N,): means over some draws of z.

    The Bernoulli likelihood is that of the fixed binary draw, the Gaussian density that of the grey or colour image.
    z is drawn on the CPU, so that the numbers do not hang on the device.
    """
    module = module_of(handle)
    device = device_of(module)
    bernoulli = handle.architecture.likelihood == "bernoulli"
    fixed = FixedDraw()
    generator = torch.Generator().manual_seed(ELBO_SEED)
    reconstruction, kl = [np.zeros(0)], [np.zeros(0)]
    with torch.inference_mode():
        batch = min(BATCH, batch_of(handle.architecture, samples))
        for start in range(0, len(images), batch):
            part = images[start : start + batch]
            pixels = torch.from_numpy(fixed.of(part).reshape(len(part), -1)) if bernoulli else grey_tensor(part)
            terms = module.terms(pixels.to(device), generator, samples)
            reconstruction.append(terms.reconstruction.cpu().double().numpy())
            kl.append(terms.kl.cpu().double().numpy())
            progress("ELBO", min(1.0, (start + batch) / len(images)))
    return np.concatenate(reconstruction), np.concatenate(kl)


def image_columns(
    handle: ModelHandle, mu: NDArray[np.float32], images: NDArray[np.uint8], progress: Progress = lambda what, part: None
) -> dict[str, NDArray[np.float32]]:
    """What single images are coloured and sorted by: ``elbo`` and ``reconstruction`` (nats, see `image_terms`) and ``mse``, float32 (N,).

    They are the terms whose means `evaluate` quotes. ``mu``: the images' codes, float32 (N, d).
    """
    reconstruction, kl = image_terms(handle, images, progress)
    progress("squared error", 1.0)
    columns = {"elbo": -(reconstruction + kl), "reconstruction": reconstruction, "mse": squared_errors(handle, mu, images)}
    return {name: column.astype(np.float32) for name, column in columns.items()}


def elbo_figures(handle: ModelHandle, images: NDArray[np.uint8], progress: Progress) -> Figures:
    """ELBO, reconstruction and KL of each image, `ELBO_SAMPLES` draws of z for each; see `image_terms`."""
    r, k = image_terms(handle, images, progress)
    bernoulli = handle.architecture.likelihood == "bernoulli"
    draw = f"fixed binary draw (seed {TEST_DRAW_SEED}), encoder sees the draw" if bernoulli else "pixels in 0..1 as they are"
    score = "log p(x|z)" if bernoulli else "log density p(x|z)"
    samples = f"{ELBO_SAMPLES} samples of z for each image"
    return {
        "elbo": _mean(-(r + k), unit="nats/image", protocol=f"ELBO, beta 1, {draw}, {samples}", seed=ELBO_SEED),
        "reconstruction": _mean(r, unit="nats/image", protocol=f"-E_q[{score}], {draw}, {samples}", seed=ELBO_SEED),
        "kl": _mean(k, unit="nats/image", protocol=f"KL(q(z|x) || N(0, I)), closed form, {draw}"),
    }


def colours(handle: ModelHandle) -> str:
    """The word for a model's images as they are, before any binarisation."""
    return "grey" if handle.architecture.image_shape[2] == 1 else "colour"


def squared_errors(handle: ModelHandle, mu: NDArray[np.float32], images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Squared difference per pixel between each image as it is and its decoded posterior mean, pixels in 0..1; float64 (N,)."""
    errors = [np.zeros(0)]
    for start in range(0, len(images), BATCH):
        difference = decode(handle, mu[start : start + BATCH]) - images[start : start + BATCH].astype(np.float32) / 255
        errors.append(np.square(difference, dtype=np.float64).reshape(len(difference), -1).mean(1))
    return np.concatenate(errors)


def mse_figure(handle: ModelHandle, mu: NDArray[np.float32], images: NDArray[np.uint8]) -> Figures:
    """Mean of `squared_errors`."""
    kind = colours(handle)
    protocol = f"per pixel, {kind} image against the decoded posterior mean of the {kind} image"
    return {"mse": _mean(squared_errors(handle, mu, images), unit=f"squared {kind} level, 0..1", protocol=protocol)}


def knn_figures(
    train_codes: NDArray[np.float32],
    train_labels: NDArray[np.int64],
    codes: NDArray[np.float32],
    labels: NDArray[np.int64],
    kind: str = "grey",
) -> Figures:
    """Accuracy of 1-NN and 5-NN (Euclidean, majority vote), fitted on training codes and scored on the others."""
    from sklearn.neighbors import KNeighborsClassifier

    figures: Figures = {}
    for k in (1, 5):
        if len(train_codes) < k:
            continue
        hits = KNeighborsClassifier(k).fit(train_codes, train_labels).predict(codes) == labels
        protocol = f"{k}-NN, Euclidean, majority vote, fitted on the posterior means of {len(train_codes):,} training images ({kind})"
        figures[f"knn{k}"] = _mean(hits.astype(np.float64), unit="accuracy", protocol=protocol)
    return figures


def active_units(mu: NDArray[np.float32]) -> Figures:
    """Number of latent dimensions whose posterior mean varies over images by more than 0.01 (Burda et al. 2016)."""
    count = int((mu.var(axis=0, dtype=np.float64) > ACTIVE_VARIANCE).sum())
    protocol = f"variance over images of the posterior mean > {ACTIVE_VARIANCE}"
    return {"active_units": _figure(count, n=len(mu), protocol=protocol, unit="dimensions")}


@full_precision()
def evaluate(handle: ModelHandle, dataset: ImageDataset, progress: Progress = lambda what, part: None) -> Figures:
    """All figures on the test part of a data set; k-NN is left out where there are no labels.

    Returns
    -------
    dict
        As in the JSON contract: key to value, se, unit, n, protocol, seed, seconds.

    Raises
    ------
    DatasetError
        The images do not fit the model, or there is no test part.
    """
    test = dataset.split.test
    if dataset.image_shape != handle.architecture.image_shape:
        raise DatasetError(f"{dataset.name} has images of {dataset.image_shape}, the model is for {handle.architecture.image_shape}.")
    if len(test) == 0:
        raise DatasetError(f"{dataset.name} has no test images to evaluate on.")
    figures: Figures = {}

    def add(compute: Callable[[], Figures]) -> None:
        begun = time.perf_counter()
        found = compute()
        seconds = round(time.perf_counter() - begun, 3)
        figures.update({key: {**figure, "seconds": seconds} for key, figure in found.items()})

    images = dataset.images[test]
    add(lambda: elbo_figures(handle, images, progress))
    mu, _ = encode(handle, images)
    progress("MSE", 0.0)
    add(lambda: mse_figure(handle, mu, images))
    add(lambda: active_units(mu))
    if dataset.labels is not None:
        progress("k-NN", 0.0)
        train = np.sort(np.concatenate([dataset.split.train, dataset.split.validation]))
        train_labels, labels = dataset.labels[train], dataset.labels[test]
        known, asked = train_labels >= 0, labels >= 0
        if known.any() and asked.any():
            train_codes, _ = encode(handle, dataset.images[train[known]])
            add(lambda: knn_figures(train_codes, train_labels[known], mu[asked], labels[asked], colours(handle)))
    return figures
