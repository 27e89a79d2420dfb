"""ELBO, reconstruction, KL and squared error of each image, by the encoder."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from latent_explorer.core.nn.figures.form import Figures, Progress, absent, mean_figure
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.nn.inference import all_told, batch_of, classes_for, decode, device_of, grey_tensor
from latent_explorer.core.nn.likelihoods import TEST_DRAW_SEED, FixedDraw
from latent_explorer.core.types import ModelHandle

KEYS = ("elbo", "reconstruction", "kl")
ELBO_SAMPLES = 16
ELBO_SEED = 20250103
BATCH = 1000

Labels = NDArray[np.int64]


def image_terms(
    handle: ModelHandle, images: NDArray[np.uint8], progress: Progress, samples: int = ELBO_SAMPLES, labels: Labels | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Reconstruction and KL of each image, nats, float64 (N,): means over some draws of z.

    The Bernoulli likelihood is that of the fixed binary draw, a density that of the grey or colour image. z is drawn on the
    CPU, so that the numbers do not hang on the device. ``labels``, int64 (N,), are for a conditional family.
    """
    module = module_of(handle)
    device = device_of(module)
    bernoulli = handle.architecture.likelihood == "bernoulli"
    fixed = FixedDraw()
    generator = torch.Generator().manual_seed(ELBO_SEED)
    reconstruction, kl = [np.zeros(0)], [np.zeros(0)]
    told = labels if handle.architecture.facts.conditional else None
    with torch.inference_mode():
        batch = min(BATCH, batch_of(handle.architecture, samples))
        for start in range(0, len(images), batch):
            part = images[start : start + batch]
            pixels = torch.from_numpy(fixed.of(part).reshape(len(part), -1)) if bernoulli else grey_tensor(part)
            classes = None if told is None else torch.from_numpy(told[start : start + batch].copy()).to(device)
            terms = module.terms(pixels.to(device), generator, samples, classes)
            reconstruction.append(terms.reconstruction.cpu().double().numpy())
            kl.append(terms.kl.cpu().double().numpy())
            progress("ELBO", min(1.0, (start + batch) / len(images)))
    return np.concatenate(reconstruction), np.concatenate(kl)


def pixels_words(handle: ModelHandle) -> str:
    """Which pixels a likelihood is quoted on."""
    bernoulli = handle.architecture.likelihood == "bernoulli"
    return f"fixed binary draw (seed {TEST_DRAW_SEED})" if bernoulli else "pixels in 0..1 as they are"


def elbo_figures(
    handle: ModelHandle, images: NDArray[np.uint8], progress: Progress, labels: Labels | None = None
) -> tuple[Figures, NDArray[np.float64] | None]:
    """ELBO, reconstruction and KL of each image, `ELBO_SAMPLES` draws of z for each; see `image_terms`. And each image's ELBO."""
    config = handle.architecture
    facts = config.facts
    if not all_told(config, labels):
        return absent(f"{facts.title} is told each image's class, and some images have none that it knows.", *KEYS, unit="nats/image"), None
    if facts.bound != "elbo":
        reason = facts.lacks or f"{facts.title} has no encoder, so there is no bound below its log p(x); see ll_quadrature."
        return absent(reason, *KEYS, unit="nats/image"), None
    r, k = image_terms(handle, images, progress, labels=labels)
    bernoulli = config.likelihood == "bernoulli"
    draw = f"{pixels_words(handle)}, encoder sees the draw" if bernoulli else pixels_words(handle)
    draw += ", each image's class is told" if facts.conditional else ""
    score = "log p(x|z)" if bernoulli or config.likelihood == "discretised_logistic" else "log density p(x|z)"
    samples = f"{ELBO_SAMPLES} samples of z for each image"
    prior = "even on the sphere" if facts.space == "sphere" else "N(0, I)"
    divergence = f"KL(q(z|x) || {prior}), closed form"
    if facts.levels:  # the lower KL hangs on z, and is a mean over its draws
        divergence = f"KL(q || {prior}) of the upper level plus a mean over {ELBO_SAMPLES} draws of the lower level's KL to p(z1|z)"
    found = {
        "elbo": mean_figure(-(r + k), unit="nats/image", protocol=f"ELBO, beta 1, {draw}, {samples}", seed=ELBO_SEED),
        "reconstruction": mean_figure(r, unit="nats/image", protocol=f"-E_q[{score}], {draw}, {samples}", seed=ELBO_SEED),
        "kl": mean_figure(k, unit="nats/image", protocol=f"{divergence}, {draw}", seed=ELBO_SEED if facts.levels else None),
    }
    return found, -(r + k)


def colours(handle: ModelHandle) -> str:
    """The word for a model's images as they are, before any binarisation."""
    return "grey" if handle.architecture.image_shape[2] == 1 else "colour"


def squared_errors(
    handle: ModelHandle, z: NDArray[np.float32], images: NDArray[np.uint8], labels: Labels | None = None
) -> NDArray[np.float64]:
    """Squared difference per pixel between each image as it is and its decoded code (N, d), pixels in 0..1; float64 (N,).

    A conditional model decodes with the classes by which it encodes: see `classes_for`.
    """
    errors, labels = [np.zeros(0)], classes_for(handle, images, labels)
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        picture = decode(handle, z[part], None if labels is None else labels[part])
        difference = picture - images[part].astype(np.float32) / 255
        errors.append(np.square(difference, dtype=np.float64).reshape(len(difference), -1).mean(1))
    return np.concatenate(errors)
