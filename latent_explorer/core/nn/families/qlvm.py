"""The QLVM: a decoder trained and read by sums over nodes of latent space, without an encoder.

Sources: Martinez & Williams 2026 (arXiv 2601.18676); its ancestor is generative topographic mapping (Bishop, Svensen &
Williams 1998).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.nn.families.base import Batch, Model, Terms
from latent_explorer.core.nn.nodes import midpoints, shifted_nodes

SIDE = 64  # nodes along each axis by which images are encoded: the same for all, so that codes do not hang on the run
NODES = 4096  # decoded at once
LEAST_SHARE = 1e-3  # images that a node must answer for, together, to be followed by the gradient
LEAST_VARIANCE = 1e-12
NARROW = 0.3  # share of the highest node, from which on there are too few for a sum
FARTHEST = 1.5  # distances of nodes that a peak is looked for
SOFTNESS = 0.2  # standard deviation of what is added to given places on the plane; on the torus a part of 1
TORUS_SOFTNESS = 0.03


class QLVM(Model):
    """p(x) = sum over nodes g of w_g p(x|z_g), and by Bayes' rule the posterior p(z_g|x): no encoder is asked.

    The loss of one image is -log p(x) = ``reconstruction + kl``, with the exact posterior in the place of q: E[-log p(x|z)]
    and KL(p(z|x) || p(z)), both over the nodes. ``nodes`` a side are used in training, in equal parts of the run; ``side`` is that
    of the fixed midpoints by which `terms` is computed.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.nodes: tuple[int, ...] = (SIDE,)
        self.side = SIDE

    def configure(self, settings: TrainingConfig) -> None:
        """As of `Model`: the nodes."""
        super().configure(settings)
        self.nodes = settings.nodes

    def joint(self, x: Tensor, z: Tensor, log_weight: Tensor) -> Tensor:
        """log p(x_b|z_g) + log w_g, shape (B, G)."""
        parts = [self.likelihood.table(x, self.decode(some)) for some in z.split(NODES)]
        return torch.cat(parts, dim=1).float() + log_weight

    def terms(self, x: Tensor, generator: torch.Generator | None = None, samples: int | None = None, labels: Tensor | None = None) -> Terms:
        """Both terms of -log p(x) of each image, nats (B,), by the fixed midpoints: nothing is drawn."""
        z, log_weight = midpoints(self.config, self.side, x.device)
        return posterior(self.joint(x, z, log_weight), log_weight)[1]

    def encode(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the exact posterior, (B, d) each, by `SIDE` midpoints a side.

        On the torus the mean is that of the directions, and the variance that of the way to it. A posterior that is narrower
        than the midpoints' distance has the place and the width of the parabola through its highest one and those beside it.
        """
        z, log_weight = midpoints(self.config, SIDE, x.device)
        joint = self.joint(x, z, log_weight)
        share = torch.softmax(joint, dim=1)
        torus = self.config.facts.space == "torus"
        h = (z[1, -1] - z[0, -1]).item()
        if torus:
            angles = 2 * math.pi * z
            mean = torch.atan2(share @ torch.sin(angles), share @ torch.cos(angles)) / (2 * math.pi)
            away = (z[None] - mean[:, None] + 0.5) % 1 - 0.5
            variance = torch.einsum("bg,bgd->bd", share, away.square())
        else:
            mean = share @ z
            variance = share @ z.square() - mean.square()
        highest, best = share.max(1)
        shift, width, peaked = parabola(joint.unflatten(1, (SIDE,) * z.shape[1]), best, torus=torus)
        narrow = (peaked & (highest > NARROW))[:, None]
        mean = torch.where(narrow, z[best] + h * shift, mean)
        variance = torch.where(narrow, h * h * width, variance.clamp_min(LEAST_VARIANCE))
        return mean % 1 if torus else mean, variance.log()

    def loss(self, batch: Batch) -> tuple[Tensor, Terms]:
        """-log p(x) by fresh nodes; its gradient is right, its graph has only the nodes that answer for any image.

        By Fisher's identity the gradient of log p(x) is the posterior mean of that of log p(x|z), so the posterior is
        computed without a graph, and then the expected log p(x|z) with one, of the few nodes that have a share in it.
        """
        if batch.places is not None:
            return self._at_places(batch)
        side = self.nodes[min(int(batch.part * len(self.nodes)), len(self.nodes) - 1)]
        # Where posteriors are narrow, so must the midpoints be by which the run is judged.
        self.side = SIDE if side < SIDE else 2 * SIDE
        z, log_weight = shifted_nodes(self.config, side, batch.generator)
        with torch.no_grad():
            joint = self.joint(batch.x, z, log_weight)
            share, terms = posterior(joint, log_weight)
            taken = share.sum(0)
            active = torch.nonzero(taken > LEAST_SHARE).squeeze(1)
            share = share[:, active]
        expected = self.likelihood.expected(self.decode(z[active]), share, batch.x)
        return -expected / len(batch.x), terms

    def _at_places(self, batch: Batch) -> tuple[Tensor, Terms]:
        """-log p(x|z) with z near the places that were given: the decoder learns a plane before it looks for a better one."""
        assert batch.places is not None
        noise = torch.randn(batch.places.shape, generator=batch.generator, device=batch.places.device)
        softness = TORUS_SOFTNESS if self.config.facts.space == "torus" else SOFTNESS
        reconstruction = -self.likelihood.log_prob(batch.x, self.decode(batch.places + softness * noise).float())
        return reconstruction.mean(), Terms(reconstruction.detach(), torch.zeros_like(reconstruction.detach()))


def posterior(joint: Tensor, log_weight: Tensor) -> tuple[Tensor, Terms]:
    """The posterior of each image over the nodes, and -log p(x) in two: what it expects of -log p(x|z), and its KL to the prior.

    Parameters
    ----------
    joint : Tensor, shape (B, G)
        log p(x|z_g) + log w_g.
    log_weight : Tensor, shape (G,)

    Returns
    -------
    share : Tensor, shape (B, G); rows add up to 1
    terms : Terms
    """
    evidence = torch.logsumexp(joint, dim=1, keepdim=True)
    share = torch.sub(joint, evidence).exp_()
    expected = torch.einsum("bg,bg->b", share, joint)  # of log p(x|z) + log w
    evidence = evidence.squeeze(1)
    kl = expected - evidence - share @ log_weight
    return share, Terms(-evidence - kl, kl)


def parabola(table: Tensor, best: Tensor, *, torus: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The paraboloid through each image's highest node and those around it.

    Parameters
    ----------
    table : Tensor, shape (B, side) or (B, side, side)
        Logarithms of the posterior, up to a constant.
    best : int64 Tensor, shape (B,)
        Of the highest node, counted through all.
    torus : bool
        Whether both ends are joined; else at an edge the nodes one farther in are taken.

    Returns
    -------
    shift : Tensor, shape (B, d)
        From the highest node to the peak, in distances of nodes, at most `FARTHEST` from the middle of those it goes through.
    variance : Tensor, shape (B, d)
        Of the normal distribution with this logarithm, in squared distances.
    peaked : bool Tensor, shape (B,)
        Whether it has a peak.
    """
    d, side = table.ndim - 1, table.shape[1]
    rows = torch.arange(len(table), device=table.device)
    places = [best // side, best % side][2 - d :]
    middle = [place if torus else place.clamp(1, side - 2) for place in places]

    def at(*steps: int) -> Tensor:
        return table[(rows, *((place + step) % side for place, step in zip(middle, steps, strict=True)))].double()

    zero = (0,) * d
    axes = torch.eye(d, dtype=torch.int64).tolist()
    ahead = [at(*axis) for axis in axes]
    behind = [at(*(-step for step in axis)) for axis in axes]
    slope = torch.stack([0.5 * (one - two) for one, two in zip(ahead, behind, strict=True)], dim=1)
    bend = torch.diag_embed(torch.stack([one - 2 * at(*zero) + two for one, two in zip(ahead, behind, strict=True)], dim=1))
    if d == 2:
        bend[:, 0, 1] = bend[:, 1, 0] = 0.25 * (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1))
    peaked = (bend[:, 0, 0] < 0) & (torch.linalg.det(-bend) > 0)
    bend = torch.where(peaked[:, None, None], bend, -torch.eye(d, dtype=bend.dtype, device=bend.device))
    covariance = torch.linalg.inv(-bend)
    inward = torch.stack([one - two for one, two in zip(middle, places, strict=True)], dim=1)
    shift = (covariance @ slope[..., None]).squeeze(-1).clamp(-FARTHEST, FARTHEST) + inward
    return shift.to(table.dtype), covariance.diagonal(dim1=1, dim2=2).clamp_min(LEAST_VARIANCE).to(table.dtype), peaked
