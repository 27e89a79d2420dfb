"""One image's exact posterior at any places, and beside the encoder's."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from latent_explorer.core.nn.exact.climbing import log_prior
from latent_explorer.core.nn.exact.forms import Decoder
from latent_explorer.core.nn.exact.posterior import decoder_for
from latent_explorer.core.nn.exact.sums import Progress, no_progress
from latent_explorer.core.nn.families.full_covariance import FullCovarianceVAE
from latent_explorer.core.nn.inference import Pixels, eval_mode, grey_tensor
from latent_explorer.core.posterior import Posterior
from latent_explorer.core.types import ModelHandle

Doubles = NDArray[np.float64]

PIECE = 512  # places at once: newer wishes are heard in between
ORDER = 24  # of the Gauss-Hermite rule along each axis, by which the ELBO is integrated


class Encoded(NamedTuple):
    """The encoder's q(z|x) of one image: mean (d,), covariance (d, d), both float64; and its ELBO, nats, by quadrature."""

    mean: Doubles
    covariance: Doubles
    elbo: float


@torch.inference_mode()
def log_density_at(
    handle: ModelHandle,
    image: Pixels,
    z: Doubles,
    found: Posterior,
    mask: NDArray[np.bool_] | None = None,
    condition: int | None = None,
    progress: Progress = no_progress,
) -> Doubles:
    """log p(z|x) = log p(x|z) + log p(z) - log p(x) at places (n, d), by the decoder itself: (n,), nats.

    Parameters
    ----------
    image, mask, condition
        As of `posterior`, which `found` came of.
    """
    decoder = decoder_for(handle, condition)
    x, device = grey_tensor(image[None]), decoder.device
    if mask is not None:
        known = np.broadcast_to(mask.reshape(*image.shape[:2], -1), image.shape).flatten()
        decoder = Decoder(decoder.module, condition, torch.from_numpy(known).to(device))
    places = torch.from_numpy(z.astype(np.float32)).to(device)
    parts = [np.zeros(0)]
    for some in places.split(PIECE) if len(places) else ():
        joint = decoder.table(x.to(device), some)[0] + log_prior(found.space, some)
        parts.append(joint.double().cpu().numpy() - found.log_evidence)
        progress(len(parts) * PIECE / len(places))
    return np.concatenate(parts)


@torch.inference_mode()
def encoded(handle: ModelHandle, image: Pixels, condition: int | None = None) -> Encoded | None:
    """What the encoder says of one image; None for a model without an encoder whose q is normal.

    ``ELBO = E_q[log p(x|z)] - KL(q || p)``: the expectation by Gauss and Hermite's rule, so that no noise is in the gap.
    """
    facts = handle.architecture.facts
    if not (facts.encoder and facts.spread) or facts.space != "plane":
        return None
    decoder = decoder_for(handle, condition)
    module, x = decoder.module, grey_tensor(image[None]).to(decoder.device)
    labels = None if condition is None else torch.tensor([condition], device=x.device)
    with eval_mode(module):
        mu, log_var = (numbers[0].double().cpu().numpy() for numbers in module.encode(x, labels))
        factor = np.diag(np.exp(log_var / 2))
        if isinstance(module, FullCovarianceVAE):
            factor = module.posterior(x).factor[0].double().cpu().numpy()
    nodes, shares = normal_rule(len(mu))
    z = torch.from_numpy((mu + nodes @ factor.T).astype(np.float32)).to(x.device)
    table = torch.cat([decoder.table(x, some)[0] for some in z.split(PIECE)])
    # By the factor, as the family has it: the product of a narrow one with itself has no determinant left in float32.
    kl = 0.5 * (np.square(factor).sum() + mu @ mu - len(mu)) - np.log(np.diagonal(factor)).sum()
    return Encoded(mu, factor @ factor.T, float(shares @ table.double().cpu().numpy() - kl))


def normal_rule(dimensions: int) -> tuple[Doubles, Doubles]:
    """Places (n, d) and shares (n,) that integrate over N(0, I): exact for polynomials of a degree below ``2 ORDER``."""
    roots, weights = np.polynomial.hermite_e.hermegauss(ORDER)
    weights = weights / math.sqrt(2 * math.pi)
    places = np.stack(np.meshgrid(*[roots] * dimensions, indexing="ij"), axis=-1).reshape(-1, dimensions)
    shares = np.prod(np.stack(np.meshgrid(*[weights] * dimensions, indexing="ij"), axis=-1).reshape(-1, dimensions), axis=1)
    return places, shares
