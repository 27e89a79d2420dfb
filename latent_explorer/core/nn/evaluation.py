"""Every figure we quote about a model, each with its protocol: what is computed, and in which order."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.errors import DatasetError
from latent_explorer.core.nn.device import full_precision
from latent_explorer.core.nn.exact.forms import form_of
from latent_explorer.core.nn.exact.grids import why_not
from latent_explorer.core.nn.exact.many import KINDS, exact_codes, log_likelihoods
from latent_explorer.core.nn.figures.against import anomaly_figures
from latent_explorer.core.nn.figures.codes import KEYS as CODE_KEYS
from latent_explorer.core.nn.figures.codes import active_units, code_figures, knn_figures
from latent_explorer.core.nn.figures.exact import KEYS as EXACT_KEYS
from latent_explorer.core.nn.figures.exact import SLOW, exact_figures, quoted_pixels, width_figure
from latent_explorer.core.nn.figures.form import Figures, Progress, absent
from latent_explorer.core.nn.figures.planes import magnification_figure, plane_figures
from latent_explorer.core.nn.figures.terms import ELBO_SAMPLES, elbo_figures, image_terms, squared_errors
from latent_explorer.core.nn.figures.terms import KEYS as TERM_KEYS
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.nn.inference import all_told, classes_for, encode, read_with
from latent_explorer.core.sample import sample_rows
from latent_explorer.core.types import Codes, ImageDataset, ModelHandle, Split

__all__ = ["ELBO_SAMPLES", "active_units", "elbo_figures", "evaluate", "image_columns", "image_terms", "knn_figures"]

Labels = NDArray[np.int64]

PLANE_KEYS = ("hole_mass", "leak", "magnification_p99")
ANOMALY_KEYS = ("auroc", "aupr")


def image_columns(
    handle: ModelHandle,
    mu: NDArray[np.float32],
    images: NDArray[np.uint8],
    progress: Progress = lambda what, part: None,
    labels: Labels | None = None,
) -> dict[str, NDArray[np.float32]]:
    """What single images are coloured and sorted by, float32 (N,); only what is defined for the model.

    ``ll``: exact log p(x), by the grid; ``elbo`` and ``reconstruction`` (nats, see `image_terms`); ``mse``. They are the terms
    whose means `evaluate` quotes, on the same pixels. ``mu``: the images' codes, float32 (N, d).

    Of a conditional model ``ll`` and ``elbo`` are of p(x|y). Where a class is not known, they are of ``p(x) = sum_y p(x|y) / K`` for
    all images; by the likeliest class y, ``log p(x) >= ELBO(x|y) - log K``.
    """
    columns: dict[str, NDArray[np.float64]] = {}
    config = handle.architecture
    told, shared = classes_for(handle, images, labels), 0.0
    if not all_told(config, labels):
        labels, shared = None, math.log(config.classes or 1)
    if handle.architecture.facts.bound == "elbo":
        reconstruction, kl = image_terms(handle, images, progress, labels=told)
        columns |= {"elbo": -(reconstruction + kl) - shared, "reconstruction": reconstruction}
    if not why_not(handle.architecture) and form_of(module_of(handle)) is not None:
        pixels = quoted_pixels(handle, images)
        columns["ll"] = log_likelihoods(handle, pixels, labels=labels, progress=lambda part: progress("log p(x)", part))
    progress("squared error", 1.0)
    columns["mse"] = squared_errors(handle, mu, images, told)
    return {name: column.astype(np.float32) for name, column in columns.items()}


@full_precision()
def evaluate(
    handle: ModelHandle,
    dataset: ImageDataset,
    progress: Progress = lambda what, part: None,
    *,
    quick: bool = False,
    against: ImageDataset | None = None,
) -> Figures:
    """All figures on the test part of a data set; those that need labels are left out where there are none.

    Of a conditional model they are figures of the images whose class it knows; where there are none, no figure is defined.

    Parameters
    ----------
    quick : bool
        Leave out what exact inference gives: the likelihood, its checks, and figures of exact codes.
    against : ImageDataset or None
        A second data set, whose test images a model ought to take for strange.

    Returns
    -------
    dict
        As in the JSON contract: key to value, se, unit, n, protocol, seed, seconds; what is not defined for the model has the value
        None and a reason.

    Raises
    ------
    DatasetError
        The images do not fit the model, or there is no test part.
    """
    for data in (dataset, *([against] if against else [])):
        if data.image_shape != handle.architecture.image_shape:
            raise DatasetError(f"{data.name} has images of {data.image_shape}, the model is for {handle.architecture.image_shape}.")
        if len(data.split.test) == 0:
            raise DatasetError(f"{data.name} has no test images to evaluate on.")
    whole, dataset = len(dataset.split.test), _known_to(handle, dataset)
    if len(dataset.split.test) == 0:
        reason = f"{handle.architecture.facts.title} is told each image's class, and no test image has one that it knows."
        keys = [*TERM_KEYS, *CODE_KEYS, *PLANE_KEYS, *(ANOMALY_KEYS if against else ())]
        keys += [] if quick else [*EXACT_KEYS, *_exact_code_keys()]
        return {key: {**figure, "seconds": 0.0} for key, figure in absent(reason, *keys).items()}
    few = f"; {len(dataset.split.test):,} of {whole:,} test images, those with a class that the model knows"
    figures: Figures = {}

    def add(compute: Callable[[], Figures]) -> None:
        begun = time.perf_counter()
        found = compute()
        seconds = round(time.perf_counter() - begun, 3)
        if len(dataset.split.test) < whole:
            found = {key: {**figure, "protocol": figure["protocol"] and figure["protocol"] + few} for key, figure in found.items()}
        figures.update({key: {**figure, "seconds": seconds} for key, figure in found.items()})

    test = dataset.split.test
    images, labels = dataset.images[test], None if dataset.labels is None else dataset.labels[test]
    elbo: list[NDArray[np.float64] | None] = [None]

    def bounds() -> Figures:
        found, elbo[0] = elbo_figures(handle, images, progress, labels)
        return found

    add(bounds)
    mu, said = read_with(module_of(handle), images, labels)
    labelled = _labelled_training_rows(dataset)
    progress("codes", 0.0)
    if handle.architecture.facts.encoder:
        train = None if labelled is None else (encode(handle, dataset.images[labelled], _of(dataset, labelled))[0], _of(dataset, labelled))
        add(lambda: code_figures(handle, mu, images, labels, train))
        add(lambda: plane_figures(handle, mu, said.get("log_var"), said.get("cov")))
    else:
        instead = "those of exact codes were left out." if quick else "see the keys that end in .exact_mode."
        add(lambda: absent(f"It has no encoder; {instead}", *CODE_KEYS, *PLANE_KEYS[:2]))
    add(lambda: magnification_figure(handle))
    if not quick:
        exact_figures(handle, images, labels, elbo[0], add, progress)
        reason = why_not(handle.architecture)
        if reason or form_of(module_of(handle)) is None:
            slow = "Its likelihood is no matrix product, so codes of all images would take very long."
            add(lambda: absent(reason or slow, *_exact_code_keys()))
        else:
            _exact_code_figures(handle, dataset, labelled, add, progress)
    if against is not None:
        _anomalies(handle, dataset, against, mu, quick, add, progress)
    return figures


def _exact_code_keys() -> list[str]:
    return [f"{key}.{kind}" for kind in KINDS for key in CODE_KEYS]


def _known_to(handle: ModelHandle, dataset: ImageDataset) -> ImageDataset:
    """The data set with the images alone whose class a conditional model knows; for another model as it is."""
    config, split, labels = handle.architecture, dataset.split, dataset.labels
    parts = (split.train, split.validation, split.test)
    if labels is None and config.facts.conditional:
        return replace(dataset, split=Split(*(rows[:0] for rows in parts)))
    if labels is None or all_told(config, labels):
        return dataset
    return replace(dataset, split=Split(*(rows[(labels[rows] >= 0) & (labels[rows] < (config.classes or 0))] for rows in parts)))


def _labelled_training_rows(dataset: ImageDataset) -> Labels | None:
    """Rows of all images that are not test and have a label; validation images count as training images."""
    rows = np.sort(np.concatenate([dataset.split.train, dataset.split.validation]))
    if dataset.labels is None:
        return None
    rows = rows[dataset.labels[rows] >= 0]
    return rows if len(rows) else None


def _of(dataset: ImageDataset, rows: Labels) -> Labels:
    assert dataset.labels is not None
    return dataset.labels[rows]


def _exact_code_figures(
    handle: ModelHandle, dataset: ImageDataset, labelled: Labels | None, add: Callable[[Callable[[], Figures]], None], progress: Progress
) -> None:
    """Of the codes by mode and mean of the exact posterior; encoding's time is told with the first figure."""
    test = dataset.split.test
    codes: dict[str, Codes] = {}
    train: dict[str, Codes] = {}

    def encode_test() -> Figures:
        codes.update(exact_codes(handle, dataset, test, progress=lambda part: progress("exact codes", part)))
        return width_figure(handle, codes["exact_mode"].columns["width"])

    add(encode_test)
    if labelled is not None:
        train.update(exact_codes(handle, dataset, labelled, progress=lambda part: progress("exact codes of training images", part)))
    images, labels = dataset.images[test], None if dataset.labels is None else dataset.labels[test]
    for kind in KINDS:
        known = (train[kind].z, train[kind].labels) if kind in train else None
        add(partial(code_figures, handle, codes[kind].z, images, labels, known, f".{kind}"))


def _anomalies(
    handle: ModelHandle,
    dataset: ImageDataset,
    against: ImageDataset,
    mu: NDArray[np.float32],
    quick: bool,
    add: Callable[[Callable[[], Figures]], None],
    progress: Progress,
) -> None:
    """AUROC and AUPR by -log p(x), and by the squared error of what the code decodes to.

    A likelihood that is no matrix product is summed for `SLOW` images of each set, as elsewhere.
    """
    parts = [data.images[data.split.test] for data in (dataset, against)]
    reason = why_not(handle.architecture)
    slow = not reason and form_of(module_of(handle)) is None
    summed = [sample_rows(len(part), SLOW) if slow else slice(None) for part in parts]

    def by_likelihood() -> Figures:
        told = (
            None
            if not all(all_told(handle.architecture, None if d.labels is None else d.labels[d.split.test]) for d in (dataset, against))
            else [d.labels[d.split.test] for d in (dataset, against) if d.labels is not None]
        )
        scores = [
            -log_likelihoods(
                handle,
                quoted_pixels(handle, part)[rows],
                128,
                None if not handle.architecture.facts.conditional or told is None else told[k][rows],
            )
            for k, (part, rows) in enumerate(zip(parts, summed, strict=True))
        ]
        words = "-log p(x), grid of 128 nodes a side"
        if slow:
            words += f", an even sample of at most {SLOW} of each, since this likelihood is no matrix product"
        return anomaly_figures(scores[0], scores[1], words, against.name)

    def by_error() -> Figures:
        errors = [squared_errors(handle, z, part) for z, part in zip((mu, encode(handle, parts[1])[0]), parts, strict=True)]
        return anomaly_figures(errors[0], errors[1], "squared error of the decoded posterior mean", against.name, ".reconstruction")

    progress("anomalies", 0.0)
    if quick or reason:
        add(lambda: absent(reason or "It was left out with --quick.", "auroc", "aupr"))
    else:
        add(by_likelihood)
    if handle.architecture.facts.encoder and not handle.architecture.facts.conditional:
        add(by_error)
