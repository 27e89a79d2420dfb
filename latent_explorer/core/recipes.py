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
        "mnist-dense",
        "The dense VAE that ships with the program: encoder and decoder of three layers, 80 epochs.",
        (
            Part(
                "",
                {
                    "hidden": (512, 512, 512),
                    "epochs": 80,
                    "batch_size": 128,
                    "lr": 0.001,
                    "warmup_epochs": 5.0,
                    "clip_norm": 10.0,
                    "validation": 10_000,
                    "seed": 0,
                },
            ),
        ),
    ),
    Recipe(
        "quadrature",
        "A decoder alone, trained by the exact likelihood of the plane: beyond the best published 2-D likelihood within minutes.",
        (Part("", {"family": "qlvm", "epochs": 44, "nodes": (40, 64, 91), "hidden": (768, 768, 768, 768)}),),
    ),
)
RECIPES: Mapping[str, Recipe] = MappingProxyType({recipe.name: recipe for recipe in _ALL})
