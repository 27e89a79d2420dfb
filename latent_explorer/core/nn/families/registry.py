"""The explicit list of model families."""

from __future__ import annotations

import torch

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.autoencoder import Autoencoder
from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.families.conditional import ConditionalVAE
from latent_explorer.core.nn.families.full_covariance import FullCovarianceVAE
from latent_explorer.core.nn.families.hierarchical import HierarchicalVAE
from latent_explorer.core.nn.families.hyperspherical import HypersphericalVAE
from latent_explorer.core.nn.families.pca import PCA
from latent_explorer.core.nn.families.qlvm import QLVM
from latent_explorer.core.nn.families.transformer import TransformerVAE
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.families.vae_gan import VAEGAN
from latent_explorer.core.nn.families.wae import WAE

FAMILIES: dict[str, type[Model]] = {
    "vae": VAE,
    "beta-vae": VAE,
    "qlvm": QLVM,
    "qlvm-torus": QLVM,
    "pca": PCA,
    "autoencoder": Autoencoder,
    "wae-mmd": WAE,
    "vae-gan": VAEGAN,
    "full-covariance-vae": FullCovarianceVAE,
    "conditional-vae": ConditionalVAE,
    "hierarchical-vae": HierarchicalVAE,
    "transformer-vae": TransformerVAE,
    "hyperspherical-vae": HypersphericalVAE,
}


def build(config: ModelConfig, seed: int | None = None) -> Model:
    """New networks for an architecture, on the CPU; their first weights depend on `seed` alone when it is given."""
    if seed is None:
        return FAMILIES[config.family](config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return FAMILIES[config.family](config)


def expected_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight, without allocating any."""
    with torch.device("meta"):
        module = FAMILIES[config.family](config)
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
