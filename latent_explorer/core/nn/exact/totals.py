"""What is kept of each image's terms while they pass by: log p(x), the best node, and the posterior's moments."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from latent_explorer.core.nn.exact.grids import Nodes
from latent_explorer.core.nn.exact.sums import Piece

TURN = 2 * math.pi


def embedded(kind: str, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places as vectors whose means mean something, (n, v): themselves; on the torus cosine and sine of each angle."""
    if kind != "torus":
        return z
    angles = TURN * z
    return np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(len(z), -1)


@dataclass(frozen=True, eq=False)
class Moments:
    """Of the posterior on the nodes, for each image.

    Parameters
    ----------
    log_evidence : float64 array, shape (N,)
        log p(x), nats.
    node : int64 array, shape (N,)
        Where the posterior has its largest mass.
    mean : float64 array, shape (N, d)
        On the torus that of the directions, on the sphere brought back to it.
    covariance : float64 array, shape (N, d, d)
    entropy : float64 array, shape (N,)
        Of the posterior's density over the space, nats.
    information : float64 array, shape (N,)
        KL of the posterior to the prior, nats.
    """

    log_evidence: NDArray[np.float64]
    node: NDArray[np.int64]
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    entropy: NDArray[np.float64]
    information: NDArray[np.float64]


class Totals:
    """Adds pieces up; every number is kept relative to the largest term so far, in float64."""

    def __init__(self, nodes: Nodes, count: int, device: torch.device) -> None:
        self._nodes = nodes
        v = embedded(nodes.kind, nodes.z.astype(np.float64))
        squares = (v[:, :, None] * v[:, None]).reshape(len(v), -1)
        features = np.concatenate([np.ones((len(v), 1)), v, squares, nodes.log_weight[:, None]], axis=1)
        self._width = v.shape[1]
        self._features = torch.from_numpy(features).to(device)
        self._peak = torch.full((count,), -math.inf, dtype=torch.float64, device=device)
        self._node = torch.zeros(count, dtype=torch.int64, device=device)
        self._sums = torch.zeros((count, features.shape[1]), dtype=torch.float64, device=device)
        self._joint = torch.zeros(count, dtype=torch.float64, device=device)

    def add(self, piece: Piece) -> None:
        """Some terms more."""
        rows, joint = piece.rows, piece.joint.double()
        top, place = joint.max(dim=1)
        before = self._peak[rows]
        peak = torch.maximum(before, top)
        share = torch.exp(joint - peak[:, None])
        keep = torch.exp(before - peak)
        self._node[rows] = torch.where(top > before, piece.nodes[place], self._node[rows])
        self._sums[rows] = keep[:, None] * self._sums[rows] + share @ self._features[piece.nodes]
        self._joint[rows] = keep * self._joint[rows] + (share * joint).sum(1)
        self._peak[rows] = peak

    def moments(self) -> Moments:
        """What they come to."""
        mass = self._sums[:, 0]
        log_evidence = (self._peak + mass.log()).cpu().numpy()
        means = (self._sums / mass[:, None]).cpu().numpy()
        joint = (self._joint / mass).cpu().numpy()
        first = means[:, 1 : 1 + self._width]
        second = means[:, 1 + self._width : -1].reshape(-1, self._width, self._width)
        mean, covariance = summary(self._nodes.kind, first, second)
        entropy = log_evidence - joint + self._nodes.log_cell
        information = joint - means[:, -1] - log_evidence
        return Moments(log_evidence, self._node.cpu().numpy(), mean, covariance, entropy, information)


def summary(kind: str, first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (N, d) and covariance (N, d, d) from the first two moments of `embedded` places.

    On the torus the deviation of an angle is taken as the sine of it, which differs little for a posterior narrower than a
    tenth of a turn.
    """
    if kind != "torus":
        covariance = second - first[:, :, None] * first[:, None]
        if kind == "sphere":
            length = np.linalg.norm(first, axis=1, keepdims=True)
            return first / np.maximum(length, 1e-12), covariance
        return first, covariance
    angles = np.arctan2(first[:, 1::2], first[:, 0::2])
    along = np.zeros((len(first), angles.shape[1], first.shape[1]))
    for axis in range(angles.shape[1]):  # sin(a - mean) as a combination of cos a and sin a
        along[:, axis, 2 * axis], along[:, axis, 2 * axis + 1] = -np.sin(angles[:, axis]), np.cos(angles[:, axis])
    return angles / TURN % 1, along @ second @ along.transpose(0, 2, 1) / TURN**2
