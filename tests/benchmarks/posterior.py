"""Exact inference on mnist-dense: the posterior of one image as a field, and log p(x) of all MNIST test images.

`posterior.heatmap_ms`: one grey test image after another, the decoder's numbers at all nodes kept, all cores: until the field is
there to be drawn, which is the draft that the window shows first: the normalised field, log p(x), mode, mean and covariance by the
grid alone. `posterior.full_ms`: the same with cells divided where the posterior is narrow, and the mode climbed to, which follows in
the window; both are measured in turns. `evaluate.ll_s`: all test images' fixed binary draws on 256 x 256 nodes, decoding included.
Its peer is IWAE-5000 with the encoder's q, the time of 100 images times 100. Where MNIST is not at hand, the digits (without aims).
"""

from __future__ import annotations

import statistics

import numpy as np

from latent_explorer.core.checkpoint.library import resolve_model
from latent_explorer.core.checkpoint.weights import load_model
from latent_explorer.core.data.registry import available, load_dataset
from latent_explorer.core.nn.device import set_threads
from latent_explorer.core.nn.exact.importance import iwae_by_encoder
from latent_explorer.core.nn.exact.many import log_likelihoods
from latent_explorer.core.nn.exact.posterior import posterior
from latent_explorer.core.nn.likelihoods import fixed_binary_draw
from tests.benchmarks.figure import Figure, now, quick

AIMS = {128: 8.0, 256: 30.0}  # ms
AIM_ALL = 8.0  # s
IMAGES = 100
WEIGHED = 100


def measure() -> list[Figure]:
    set_threads(None)
    data = "mnist" if "mnist" in available() else "digits"
    name = "mnist-dense" if data == "mnist" else "digits"
    handle = load_model(resolve_model(name)).handle
    dataset = load_dataset(data)
    images = dataset.images[dataset.split.test]
    figures = []
    for side, aim in AIMS.items():
        posterior(handle, images[0], side)
        times: dict[bool, list[float]] = {True: [], False: []}
        for image in images[1 : 1 + (3 if quick() else IMAGES)]:
            for draft, spent in times.items():
                begin = now()
                posterior(handle, image, side, draft=draft)
                spent.append(1e3 * (now() - begin))
        for key, draft, wanted in (("heatmap_ms", True, aim if data == "mnist" else None), ("full_ms", False, None)):
            figures.append(Figure(f"posterior.{key}.{side}.{name}", statistics.median(times[draft]), "ms", len(times[draft]), wanted))
    binary = fixed_binary_draw(images)[: 100 if quick() else len(images)]
    begin = now()
    found = log_likelihoods(handle, binary, 256)
    seconds = now() - begin
    assert np.isfinite(found).all()
    few = binary[: 2 if quick() else WEIGHED]
    begin = now()
    iwae_by_encoder(handle, few)
    weighed = (now() - begin) * len(binary) / len(few)
    figures.append(Figure(f"evaluate.ll_s.{name}", seconds, "s", len(binary), AIM_ALL if data == "mnist" else None, weighed))
    return figures
