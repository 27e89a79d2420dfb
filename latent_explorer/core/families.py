"""The model families by their facts: what each has, lacks and is shown as. Plain values; the networks are in `core.nn.families`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Family:
    """What the program knows of a family before any model of it is built.

    Parameters
    ----------
    key : str
        As in ``--family`` and in the architecture's record.
    title, sentence : str
        For people: its name, and what it is in one sentence.
    latent_dim : int
        The usual number of coordinates of z. On the sphere that is 3: unit vectors.
    space : str
        Where z lies: "plane" (all of R^d), "torus" ([0, 1)^2, both ends joined) or "sphere" (unit vectors).
    encoder, prior, spread : bool
        Whether it has an encoder, a prior to sample from, and a posterior with a width.
    bound : str
        What its loss is the negative of: "elbo", "ll" (exact log-likelihood by quadrature), or "" where it is no bound at all.
    penalty : str
        What beta multiplies: "kl", "mmd", or "" for nothing.
    conditional, levels : bool
        Whether it takes labels; whether it has a second level of latent variables below z.
    discriminator : bool
        Whether it has a network of the encoder's kind that tells images of the data from its own.
    networks, likelihoods : tuple of str
        That it can be built with.
    objectives : tuple of str
        That it can be trained by, the usual one first.
    lacks : str
        A sentence in the place of figures that are not defined for it; "" where all are.
    """

    key: str
    title: str
    sentence: str
    latent_dim: int = 2
    space: str = "plane"
    encoder: bool = True
    prior: bool = True
    spread: bool = True
    bound: str = "elbo"
    penalty: str = "kl"
    conditional: bool = False
    levels: bool = False
    discriminator: bool = False
    networks: tuple[str, ...] = ("dense", "residual", "conv", "resconv")
    likelihoods: tuple[str, ...] = ("bernoulli", "continuous_bernoulli", "gaussian", "discretised_logistic")
    objectives: tuple[str, ...] = ("elbo", "iwae")
    lacks: str = ""


NO_PRIOR = "It has no prior, so sampling, ELBO and likelihood are not defined; only codes and pictures are."

_ALL = (
    Family(
        "vae",
        "VAE",
        "An encoder gives each image a small cloud on the plane, a decoder turns points into images, and a normal prior keeps the"
        " clouds together (Kingma & Welling 2014).",
    ),
    Family(
        "qlvm",
        "QLVM",
        "A decoder trained by the exact likelihood, summed over nodes of the whole plane, without any encoder: the plane is the model"
        " (Martinez & Williams 2026).",
        encoder=False,
        bound="ll",
        objectives=("quadrature",),
    ),
    Family(
        "qlvm-torus",
        "QLVM on the torus",
        "As the QLVM, with a plane whose ends are joined, left to right and top to bottom: it has no edge and no far outside.",
        space="torus",
        encoder=False,
        bound="ll",
        objectives=("quadrature",),
    ),
    Family(
        "pca",
        "PCA",
        "The plane of the two directions in which the images vary most: the linear baseline, in closed form.",
        prior=False,
        spread=False,
        bound="",
        penalty="",
        networks=("dense",),
        likelihoods=("gaussian",),
        objectives=("closed",),
        lacks=NO_PRIOR,
    ),
    Family(
        "autoencoder",
        "Autoencoder",
        "An encoder and a decoder that only have to reproduce the images: nothing fills the space between their codes.",
        prior=False,
        spread=False,
        bound="",
        penalty="",
        objectives=("reconstruction",),
        lacks=NO_PRIOR,
    ),
    Family(
        "full-covariance-vae",
        "VAE, full covariance",
        "A VAE whose clouds may be tilted: the encoder gives each image a whole covariance matrix, by its Cholesky factor.",
    ),
    Family(
        "beta-vae",
        "beta-VAE",
        "A VAE whose KL counts beta times, rising over the first epochs: a larger beta gives tidier planes and blurred images"
        " (Higgins et al. 2017). Rate–distortion, beside the losses, shows what each beta pays for what.",
    ),
    Family(
        "conditional-vae",
        "Conditional VAE",
        "A VAE that is told the class, in encoder and decoder: the plane is left with style, and there is one plane for each class.",
        conditional=True,
    ),
    Family(
        "hierarchical-vae",
        "Hierarchical VAE",
        "Two levels: the plane is the upper one, and a lower one adds what the plane leaves open, so that one point has many images.",
        levels=True,
    ),
    Family(
        "vae-gan",
        "VAE-GAN",
        "A VAE whose images are judged by a discriminator's features in the place of pixels: sharper, and without a likelihood"
        " (Larsen et al. 2016).",
        bound="",
        discriminator=True,
        likelihoods=("bernoulli", "gaussian"),
        objectives=("adversarial",),
        lacks="Its loss is a discriminator's, no likelihood, so it has no ELBO and no log p(x).",
    ),
    Family(
        "wae-mmd",
        "WAE-MMD",
        "An autoencoder whose codes as a whole, not each cloud, are pulled to the prior by the maximum mean discrepancy"
        " (Tolstikhin et al. 2018).",
        spread=False,
        bound="",
        penalty="mmd",
        objectives=("wasserstein",),
        lacks="Its encoder gives points, not clouds, so it has no KL and no ELBO.",
    ),
    Family(
        "transformer-vae",
        "Transformer VAE",
        "A VAE whose encoder cuts the image into patches and lets them attend to each other; the plane is the same.",
        networks=("dense", "residual", "conv", "resconv"),
    ),
    Family(
        "hyperspherical-vae",
        "Hyperspherical VAE",
        "A VAE on a globe: the prior is even over the sphere, which has no centre to crowd and no edge to flee to (Davidson et al. 2018).",
        latent_dim=3,
        space="sphere",
    ),
)
FAMILIES: Mapping[str, Family] = MappingProxyType({family.key: family for family in _ALL})
