"""The gradient of the dense Bernoulli VAE, written out: what autograd and its memory add to a step on the CPU is a third of it.

The test of this room compares it with autograd; docs/figures.md has the times of both.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from latent_explorer.core.nn.families.base import Batch, Model
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.likelihoods import Bernoulli
from latent_explorer.core.nn.networks import DenseEncoder
from latent_explorer.core.nn.optimizer import Optimizer

aten = torch.ops.aten


class _Activation(NamedTuple):
    """An activation, in place if its derivative needs the outputs alone; and ``backward(gradient, inputs, outputs)``, in place."""

    forward: Callable[[Tensor], Tensor]
    backward: Callable[[Tensor, Tensor, Tensor], Tensor]


ACTIVATIONS: dict[type[nn.Module], _Activation] = {
    nn.SiLU: _Activation(functional.silu, lambda g, x, y: aten.silu_backward.grad_input(g, x, grad_input=g)),
    nn.ReLU: _Activation(torch.relu_, lambda g, x, y: aten.threshold_backward.grad_input(g, y, 0, grad_input=g)),
    nn.Tanh: _Activation(torch.tanh_, lambda g, x, y: aten.tanh_backward.grad_input(g, y, grad_input=g)),
}


class _Layer(NamedTuple):
    """A linear layer, where its gradients belong, and the activation before it (none before the first)."""

    weight: Tensor
    bias: Tensor
    weight_gradient: Tensor
    bias_gradient: Tensor
    before: _Activation | None


class _Chain:
    """Linear layers with an activation between any two, forwards and backwards."""

    def __init__(self, layers: nn.Sequential, gradients: dict[Tensor, Tensor]) -> None:
        self._layers: list[_Layer] = []
        for activation, linear in pairwise((None, *layers)):
            if isinstance(linear, nn.Linear):
                weight, bias = linear.weight, linear.bias
                before = None if activation is None else ACTIVATIONS[type(activation)]
                self._layers.append(_Layer(weight, bias, gradients[weight], gradients[bias], before))
        self._seen: list[tuple[Tensor, Tensor]] = []  # of each layer: its inputs before and after the activation

    def forward(self, x: Tensor) -> Tensor:
        """Numbers (B, inputs) to (B, outputs)."""
        self._seen.clear()
        for layer in self._layers:
            y = layer.before.forward(x) if layer.before else x
            self._seen.append((x, y))
            x = torch.addmm(layer.bias, y, layer.weight.t())
        return x

    def backward(self, g: Tensor) -> Tensor:
        """From d loss / d outputs (B, outputs): the gradients of all weights, and d loss / d outputs of the first layer."""
        for k in reversed(range(len(self._layers))):
            layer, (x, y) = self._layers[k], self._seen[k]
            torch.mm(g.t(), y, out=layer.weight_gradient)
            torch.sum(g, 0, out=layer.bias_gradient)
            if layer.before:
                g = layer.before.backward(torch.mm(g, layer.weight), x, y)
        return g

    def by_inputs(self, g: Tensor) -> Tensor:
        """d loss / d inputs (B, inputs), from what `backward` gave."""
        return torch.mm(g, self._layers[0].weight)


class WrittenGradient:
    """``Gradient`` of a module that `fits`, in float32 on the CPU."""

    def __init__(self, module: Model, optimizer: Optimizer) -> None:
        assert isinstance(module, VAE) and isinstance(module.encoder, DenseEncoder)
        gradients = optimizer.gradients_in_place()
        self._encoder = _Chain(module.encoder.layers, gradients)
        self._decoder = _Chain(module.decoder.layers, gradients)

    @staticmethod
    def fits(module: Model) -> bool:
        """Whether the module is what is written out here: a VAE as it comes, dense networks, binary (or grey) pixels."""
        return type(module) is VAE and module.config.network == "dense" and isinstance(module.likelihood, Bernoulli)

    @torch.inference_mode()
    def __call__(self, batch: Batch) -> tuple[float, float]:
        """As of `Gradient`.

        With B images, a = logits, z = mu + s eps, v = log s^2:

        ``d loss / d a  = (sigmoid(a) - x) / B``,
        ``d loss / d mu = d loss / d z + beta mu / B``,
        ``d loss / d v  = d loss / d z * eps s / 2 + beta (s^2 - 1) / (2 B)``.
        """
        x, beta, count = batch.x, batch.beta, len(batch.x)
        mu, log_var = self._encoder.forward(x).chunk(2, dim=-1)
        std = torch.exp(0.5 * log_var)
        shift = torch.randn(mu.shape, generator=batch.generator).mul_(std)  # s eps
        logits = self._decoder.forward(mu + shift)

        reconstruction = functional.softplus(logits).addcmul_(x, logits, value=-1).sum().item() / count
        variance = std.square()
        kl = 0.5 * (mu.square() + variance - 1 - log_var).sum().item() / count

        by_logits = logits.sigmoid_().sub_(x).mul_(1 / count)
        by_z = self._decoder.by_inputs(self._decoder.backward(by_logits))
        by_mu = torch.add(by_z, mu, alpha=beta / count)
        by_log_var = shift.mul_(by_z).mul_(0.5).add_(variance.sub_(1), alpha=0.5 * beta / count)
        self._encoder.backward(torch.cat((by_mu, by_log_var), dim=-1))
        return reconstruction, kl
