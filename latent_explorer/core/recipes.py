"""Recipes: settings by name, for systems that the literature and its tutorials know, and for models that ship with the program.

What a recipe sets are fields of `ModelConfig` and `TrainingConfig`; docs/recipes.md says what each shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

DRAWS = 100  # pictures of the prior


@dataclass(frozen=True)
class Part:
    """One model of a recipe.

    Parameters
    ----------
    key : str
        Ends the file's name where a recipe makes more than one.
    settings : mapping
        Fields of both configurations, where they are other than the family's usual ones.
    draws : int
        Pictures of the prior that are drawn when it is trained; 0 for none.
    """

    key: str
    settings: Mapping[str, Any]
    draws: int = 0


@dataclass(frozen=True)
class Recipe:
    """One or several models that belong together.

    Parameters
    ----------
    name : str
    sentence : str
        What it shows.
    parts : tuple of Part
        One for each model.
    """

    name: str
    sentence: str
    parts: tuple[Part, ...] = field(default=())


def _many(shared: Mapping[str, Any], draws: int = 0, **parts: Mapping[str, Any]) -> tuple[Part, ...]:
    return tuple(Part(key.replace("_", "-"), {**shared, **own}, draws) for key, own in parts.items())


GREY = {"binarize": "none"}
SHORT = {"epochs": 10, "batch_size": 128, "lr": 0.001, "schedule": "constant"}  # as tutorials train
COLLAPSE = {**SHORT, "hidden": (256, 128), "family": "beta-vae", "warmup_epochs": 0.0}
SIGMA = {**SHORT, "hidden": (128,), "likelihood": "gaussian"}
AGAINST = {**SHORT, **GREY, "hidden": (256,), "latent_dim": 32}
EXACT = {"family": "qlvm", "hidden": (768, 768, 768, 768), "clip_norm": 20.0, "average": 0.98, "precision": "bfloat16", "seed": 0}
SHIPPED = {"hidden": (512, 512, 512), "batch_size": 200, "lr": 0.002, "average": 0.998, "precision": "bfloat16", "seed": 0}

_ALL = (
    Recipe(
        "linear-encoder",
        "A dense VAE whose encoder is one linear layer, with cross entropy on grey pixels: how much of a plane a straight map finds.",
        (Part("", {**SHORT, **GREY, "hidden": (), "decoder_hidden": (512, 512)}),),
    ),
    Recipe(
        "dense-128-128",
        "The small VAE of many tutorials, 784-128-128, batches of 128, 10 epochs, with 100 pictures drawn from the prior.",
        (Part("", {**SHORT, "hidden": (128, 128)}, DRAWS),),
    ),
    Recipe(
        "autoencoder-against-vae",
        "An autoencoder and a VAE with 256 hidden units and 32 latent dimensions on the same images: what the KL costs and what it buys.",
        (
            Part("autoencoder", {**AGAINST, "family": "autoencoder"}),
            Part("vae", AGAINST, DRAWS),
        ),
    ),
    Recipe(
        "posterior-collapse",
        "The same beta-VAE with beta 1, 10 and 100: images blur, and then the codes say nothing about them any more.",
        _many(COLLAPSE, DRAWS, beta_1={"beta": 1.0}, beta_10={"beta": 10.0}, beta_100={"beta": 100.0}),
    ),
    Recipe(
        "sigma-vae",
        "A 2-D VAE with 128 hidden units by squared error + KL, and with a Gaussian decoder that learns its sigma (Rybkin et al. 2021).",
        _many(SIGMA, DRAWS, mse={"sigma": 0.5**0.5}, learned={}),
    ),
    Recipe(
        "quadrature",
        "A decoder alone, by the exact likelihood of the plane, in three epochs: past -132.50 nats on MNIST (Davidson et al. 2018, S2).",
        (Part("", {**EXACT, "epochs": 3, "batch_size": 250, "lr": 0.006, "nodes": (24, 32, 40), "weight_decay": 0.01}),),
    ),
    Recipe(
        "mnist-qlvm",
        "The model that the window opens with: as quadrature, for 88 epochs and with more nodes; about an hour on one core.",
        (
            Part(
                "",
                {
                    **EXACT,
                    "epochs": 88,
                    "batch_size": 500,
                    "lr": 0.005,
                    "nodes": (40, 64, 64, 91),
                    "weight_decay": 0.05,
                    "validation": 0,
                },
            ),
        ),
    ),
    Recipe(
        "mnist-dense",
        "The VAE that ships with the program: encoder and decoder of three layers, averaged weights, 100 epochs.",
        (Part("", {**SHIPPED, "epochs": 100, "warmup_epochs": 5.0, "clip_norm": 10.0, "average": 0.999}),),
    ),
    Recipe(
        "mnist-autoencoder",
        "The autoencoder that ships with the program, of the same networks as the VAE.",
        (Part("", {**SHIPPED, "family": "autoencoder", "epochs": 40, "precision": "float32"}),),
    ),
    Recipe(
        "mnist-conditional",
        "The conditional VAE that ships with the program: a plane of styles for each digit.",
        (Part("", {**SHIPPED, "family": "conditional-vae", "epochs": 25, "warmup_epochs": 3.0}),),
    ),
    Recipe(
        "mnist-sphere",
        "The hyperspherical VAE that ships with the program: digits on a globe.",
        (Part("", {**SHIPPED, "family": "hyperspherical-vae", "epochs": 30, "warmup_epochs": 3.0}),),
    ),
)
RECIPES: Mapping[str, Recipe] = MappingProxyType({recipe.name: recipe for recipe in _ALL})
