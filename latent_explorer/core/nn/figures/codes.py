"""Figures of codes, whatever they come from: the encoder's means, or the exact posterior's mode or mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.exact.totals import embedded
from latent_explorer.core.nn.figures.form import Figures, absent, figure, mean_figure
from latent_explorer.core.nn.figures.sharpness import sharpness_figure
from latent_explorer.core.nn.figures.terms import Labels, colours, squared_errors
from latent_explorer.core.plane.slices import ACTIVE_VARIANCE
from latent_explorer.core.sample import sample_rows
from latent_explorer.core.types import ModelHandle

Floats = NDArray[np.float32]

KEYS = ("mse", "sharpness", "active_units", "knn1", "knn5", "v_measure", "trustworthiness")
NEIGHBOURS = 12  # of the trustworthiness
TRUSTED = 2000  # images that it is computed on: it needs all their distances
SEED = 0

WORDS = {"": "posterior means", ".exact_mode": "modes of the exact posteriors", ".exact_mean": "means of the exact posteriors"}


def distances_in(config: ModelConfig, z: Floats) -> tuple[Floats, str]:
    """Codes as vectors between which Euclid's distance means something, and what to call it."""
    if config.facts.space != "torus":
        return z, "Euclidean"
    return embedded("torus", z.astype(np.float64)).astype(np.float32), "Euclidean between cosines and sines"


def mse_figure(
    handle: ModelHandle, z: Floats, images: NDArray[np.uint8], labels: Labels | None = None, words: str = "posterior mean"
) -> Figures:
    """Mean of `squared_errors`."""
    kind = colours(handle)
    protocol = f"per pixel, {kind} image against the decoded {words} of the {kind} image"
    return {"mse": mean_figure(squared_errors(handle, z, images, labels), unit=f"squared {kind} level, 0..1", protocol=protocol)}


def knn_figures(
    train_codes: Floats,
    train_labels: Labels,
    codes: Floats,
    labels: Labels,
    kind: str = "grey",
    words: str = "posterior means",
    distance: str = "Euclidean",
) -> Figures:
    """Accuracy of 1-NN and 5-NN (majority vote), fitted on training codes and scored on the others."""
    from sklearn.neighbors import KNeighborsClassifier

    figures: Figures = {}
    for k in (1, 5):
        if len(train_codes) < k:
            continue
        hits = KNeighborsClassifier(k).fit(train_codes, train_labels).predict(codes) == labels
        protocol = f"{k}-NN, {distance}, majority vote, fitted on the {words} of {len(train_codes):,} training images ({kind})"
        figures[f"knn{k}"] = mean_figure(hits.astype(np.float64), unit="accuracy", protocol=protocol)
    return figures


def active_units(mu: Floats, words: str = "posterior mean") -> Figures:
    """Number of latent dimensions whose posterior mean varies over images by more than 0.01 (Burda et al. 2016)."""
    count = int((mu.var(axis=0, dtype=np.float64) > ACTIVE_VARIANCE).sum())
    protocol = f"variance over images of the {words} > {ACTIVE_VARIANCE}"
    return {"active_units": figure(count, n=len(mu), protocol=protocol, unit="dimensions")}


def v_measure(codes: Floats, labels: Labels, distance: str = "Euclidean") -> Figures:
    """How well K-means on the codes finds the classes: the harmonic mean of homogeneity and completeness (Rosenberg & Hirschberg 2007)."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import v_measure_score

    count = len(np.unique(labels))
    if count < 2 or len(codes) < count:
        return absent("There are fewer than two classes, or fewer images than classes.", "v_measure")
    if len(np.unique(codes, axis=0)) < count:
        return absent("The codes lie at fewer places than there are classes.", "v_measure")
    found = KMeans(count, n_init=10, random_state=SEED).fit_predict(codes)
    protocol = f"V-measure of K-means ({count} clusters, {distance}, best of 10 starts) against the labels"
    return {"v_measure": figure(float(v_measure_score(labels, found)), n=len(codes), protocol=protocol, unit="0..1", seed=SEED)}


def trustworthiness(codes: Floats, images: NDArray[np.uint8], distance: str = "Euclidean") -> Figures:
    """Whether neighbours on the plane are neighbours as images (Venna & Kaski 2001), on `TRUSTED` images at most."""
    from sklearn.manifold import trustworthiness as score

    rows = sample_rows(len(codes), TRUSTED)
    pixels = images[rows].reshape(len(codes[rows]), -1).astype(np.float32) / 255
    if len(pixels) <= 2 * NEIGHBOURS:
        return absent(f"It needs more than {2 * NEIGHBOURS} images.", "trustworthiness")
    found = float(score(pixels, codes[rows], n_neighbors=NEIGHBOURS))
    protocol = f"trustworthiness, {NEIGHBOURS} neighbours, {distance}, of {len(pixels):,} images that are evenly taken"
    return {"trustworthiness": figure(found, n=len(pixels), protocol=protocol, unit="0..1")}


def code_figures(
    handle: ModelHandle,
    codes: Floats,
    images: NDArray[np.uint8],
    labels: Labels | None,
    train: tuple[Floats, Labels] | None,
    suffix: str = "",
) -> Figures:
    """All figures of the test images' codes (N, d).

    Parameters
    ----------
    labels : int64 array, shape (N,), or None
        -1 for an image without one.
    train : (codes, labels) or None
        Of training images, all with labels.
    suffix : str
        Of the keys: "", ".exact_mode" or ".exact_mean".
    """
    config, words = handle.architecture, WORDS[suffix]
    one = words.replace("means of the exact posteriors", "mean of the exact posterior").replace(
        "modes of the exact posteriors", "mode of the exact posterior"
    )
    one = "posterior mean" if not suffix else one
    told = labels if config.facts.conditional else None
    places, distance = distances_in(config, codes)
    found = mse_figure(handle, codes, images, told, one) | sharpness_figure(handle, codes, images, told, one)
    if config.facts.space == "sphere":
        found |= absent("Codes are unit vectors, which vary whether or not they are used; see the KL.", "active_units", unit="dimensions")
    else:
        found |= active_units(codes, one)
    if labels is not None and train is not None:
        asked = labels >= 0
        if asked.any() and len(train[0]):
            known = distances_in(config, train[0])[0]
            found |= knn_figures(known, train[1], places[asked], labels[asked], colours(handle), words, distance)
        if asked.any():
            found |= v_measure(places[asked], labels[asked], distance)
    found |= trustworthiness(places, images, distance)
    return {f"{key}{suffix}": value for key, value in found.items()}
