"""What training is measured beside: the loop that tutorials use, and the matrix products that no loop can do without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import gaussian_kl, reparameterize
from latent_explorer.core.types import ImageDataset


class Tutorial(Dataset[tuple[torch.Tensor, int]]):
    """Images and classes as torchvision's MNIST with ``ToTensor()`` gives them, which tutorials use: one by one, by way of Pillow.

    The same steps in the same order as in torchvision 0.29, without the package, which takes longer still.
    """

    def __init__(self, dataset: ImageDataset) -> None:
        rows = dataset.split.train
        self._images = torch.from_numpy(dataset.images[rows].squeeze(-1) if dataset.images.shape[-1] == 1 else dataset.images[rows])
        self._classes = torch.zeros(len(rows), dtype=torch.int64) if dataset.labels is None else torch.from_numpy(dataset.labels[rows])

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, k: int) -> tuple[torch.Tensor, int]:
        image, one = self._images[k], int(self._classes[k])
        return to_tensor(Image.fromarray(image.numpy())), one


def to_tensor(picture: Image.Image) -> torch.Tensor:
    """A picture as float32 (C, H, W) in 0..1, in the steps of torchvision's function of the same name."""
    pixels = torch.from_numpy(np.array(picture, np.uint8, copy=True))
    pixels = pixels.view(picture.size[1], picture.size[0], len(picture.getbands()))
    return pixels.permute((2, 0, 1)).contiguous().to(dtype=torch.get_default_dtype()).div(255)


def tutorial(model: ModelConfig, settings: TrainingConfig, dataset: ImageDataset) -> Iterator[tuple[Model, float]]:
    """After each step: the module, and its loss. Grey pixels unless `settings` say dynamic; torch's Adam as it comes."""
    torch.manual_seed(settings.seed)
    module = build(model, settings.seed)
    optimizer = torch.optim.Adam(module.parameters(), lr=settings.lr)
    while True:
        for batch, _ in DataLoader(Tutorial(dataset), batch_size=settings.batch_size, shuffle=True):
            x = batch.reshape(len(batch), -1)
            if settings.binarize == "dynamic":
                x = torch.bernoulli(x)
            optimizer.zero_grad()
            mu, log_var = module.encode(x)
            logits = module.decode(reparameterize(mu, log_var))
            reconstruction = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(batch)
            loss = reconstruction + gaussian_kl(mu, log_var).mean()
            loss.backward()
            optimizer.step()
            yield module, loss.item()


def matrix_products(model: ModelConfig, batch: int) -> Callable[[], None]:
    """One step's products of a dense network, float32, and nothing else: outputs, weight gradients, input gradients but the first."""
    chains = (model.pixels, *model.hidden, 2 * model.latent_dim), (model.latent_dim, *model.decoder_widths, model.pixels)
    layers = [(torch.randn(batch, a), torch.randn(b, a), torch.randn(batch, b)) for chain in chains for a, b in pairwise(chain)]

    def step() -> None:
        for k, (x, weight, gradient) in enumerate(layers):
            torch.mm(x, weight.t())
            torch.mm(gradient.t(), x)
            if k:
                torch.mm(gradient, weight)

    return step
