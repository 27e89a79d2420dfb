"""On another device: everything goes to where the weights are, and comes back before numpy sees it.

There is no other device in most machines that run the tests, so torch's "meta" stands in for one: it has shapes and no
numbers, and refuses to compute with tensors of the CPU, as any device does. What comes back is filled with ones. Whether
the numbers are right on cuda or mps, these tests cannot say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from latent_explorer.core.checkpoint import weights as weights_module
from latent_explorer.core.checkpoint.weights import load_model, save_model
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import TrainingError
from latent_explorer.core.nn import training
from latent_explorer.core.nn.device import full_precision
from latent_explorer.core.nn.evaluation import evaluate
from latent_explorer.core.nn.families.vae import reparameterize
from latent_explorer.core.nn.handles import forget, module_of, weights_of
from latent_explorer.core.nn.inference import codes_of, decode, decode_bytes, device_of, encode
from latent_explorer.core.nn.training import train
from latent_explorer.core.types import DataReference, ImageDataset, ModelRecord
from tests.core.checkpoint.models import record
from tests.core.nn.small import module_for, same_bits, settings, toy

AWAY = torch.device("meta")
SHAPE = (8, 6, 1)
KINDS: dict[str, dict[str, Any]] = {
    "dense": {},
    "residual": {"network": "residual", "hidden": (8, 8)},
    "conv": {"network": "conv", "hidden": (8,), "channels": (4, 6)},
    "gaussian": {"likelihood": "gaussian", "sigma": None},
    "fixed sigma": {"likelihood": "gaussian", "sigma": 0.2},
    "full covariance": {"family": "full-covariance-vae"},
    "two levels": {"family": "hierarchical-vae"},
    "transformer": {"family": "transformer-vae"},
    "sphere": {"family": "hyperspherical-vae"},
    "resconv": {"network": "resconv", "hidden": (8,), "channels": (4, 6)},
    "levels": {"likelihood": "discretised_logistic"},
    "continuous": {"likelihood": "continuous_bernoulli"},
}


def model_of(kind: str) -> ModelConfig:
    return ModelConfig(SHAPE, **{"hidden": (8,), **KINDS[kind]})


@pytest.fixture(scope="module")
def data() -> ImageDataset:
    return toy(40, 12, SHAPE)


class Drawer(torch.Generator):
    """A generator that may say that it lives elsewhere."""

    def __new__(cls, device: Any = "cpu") -> Drawer:
        made = super().__new__(cls)
        made.place = torch.device(device)
        return made

    @property
    def device(self) -> torch.device:
        return self.place


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[torch.Tensor]]:
    """The device "cuda" is there, and is the stand-in. The list collects what came back from it."""
    back: list[torch.Tensor] = []
    to_cpu, to_number, draw_normal, draw_uniform = torch.Tensor.cpu, torch.Tensor.item, torch.randn, torch.rand

    def cpu(tensor: torch.Tensor) -> torch.Tensor:
        if not tensor.is_meta:
            return to_cpu(tensor)
        assert tensor.dtype != torch.float64, "mps has no float64: convert on the CPU"
        back.append(tensor)
        return torch.ones(tensor.shape, dtype=tensor.dtype)

    def item(tensor: torch.Tensor) -> Any:
        return 1.0 if tensor.is_meta else to_number(tensor)

    def same_place(draw: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        def drawn(*size: Any, generator: torch.Generator | None = None, device: Any = None, **more: Any) -> torch.Tensor:
            if generator is not None and device is not None:
                assert generator.device == torch.device(device), "a generator draws on its own device only"
            return draw(*size, generator=generator, device=device, **more)

        return drawn

    monkeypatch.setattr(torch.Tensor, "cpu", cpu)
    monkeypatch.setattr(torch.Tensor, "item", item)
    monkeypatch.setattr(torch, "Generator", Drawer)
    monkeypatch.setattr(torch, "randn", same_place(draw_normal))
    monkeypatch.setattr(torch, "rand", same_place(draw_uniform))
    monkeypatch.setattr(torch, "autocast", lambda device, dtype, enabled: nullcontext())  # which the stand-in has not
    for module in (weights_module, training):
        monkeypatch.setattr(module, "resolve_device", lambda name: AWAY if name == "cuda" else torch.device("cpu"))
    yield back


def saved(kind: str, data: ImageDataset, folder: Path) -> Path:
    _, handle = module_for(model_of(kind))
    path = folder / "model.safetensors"
    save_model(path, record(handle=handle, codes={}, history=None, data=DataReference("toy", data.content_hash, (), SHAPE, (40, 0, 12))))
    forget(handle)
    return path


def test_the_stand_in_refuses_what_any_device_refuses(elsewhere: list[torch.Tensor]) -> None:
    module, _ = module_for(model_of("dense"))
    module.to(AWAY)
    with pytest.raises(RuntimeError, match="device"):
        module.mean_image(torch.zeros(3, 2))
    with pytest.raises(TypeError, match="meta"):
        module.mean_image(torch.zeros(3, 2, device=AWAY)).numpy()
    with pytest.raises(AssertionError, match="own device"):
        torch.randn(3, generator=torch.Generator(), device=AWAY)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_computes_where_it_was_loaded(kind: str, data: ImageDataset, tmp_path: Path, elsewhere: list[torch.Tensor]) -> None:
    path = saved(kind, data, tmp_path)
    loaded = load_model(path, "cuda")
    assert device_of(module_of(loaded.handle)) == AWAY
    assert all(tensor.device == AWAY for tensor in (*module_of(loaded.handle).parameters(), *module_of(loaded.handle).buffers()))
    mu, log_var = encode(loaded.handle, data.images)
    d = model_of(kind).latent_dim
    assert mu.shape == log_var.shape == (52, d)
    assert decode(loaded.handle, mu).shape == data.images.shape
    assert decode_bytes(loaded.handle, mu).dtype == np.uint8
    assert codes_of(loaded.handle, data, data.split.test).z.shape == (12, d)
    assert len(elsewhere) >= 6
    assert device_of(module_of(load_model(path).handle)).type == "cpu"


@pytest.mark.parametrize("kind", KINDS)
def test_figures_are_computed_there_from_draws_made_here(
    kind: str, data: ImageDataset, tmp_path: Path, elsewhere: list[torch.Tensor]
) -> None:
    precise: list[bool] = []
    handle = load_model(saved(kind, data, tmp_path), "cuda").handle
    figures = evaluate(handle, data, lambda what, part: precise.append(not torch.backends.cudnn.allow_tf32), quick=True)
    assert precise and all(precise)
    assert {"elbo", "reconstruction", "kl", "mse", "knn1", "active_units"} <= set(figures)
    assert elsewhere


@pytest.mark.parametrize("binarize", ["dynamic", "none"])
@pytest.mark.parametrize("kind", ["dense", "residual", "conv", "resconv", "full covariance", "two levels", "transformer", "sphere"])
def test_a_run_trains_there_and_its_weights_come_back(kind: str, binarize: str, data: ImageDataset, elsewhere: list[torch.Tensor]) -> None:
    check_run(kind, binarize, data)


@pytest.mark.parametrize("kind", ["gaussian", "fixed sigma", "levels", "continuous"])
def test_a_run_on_grey_pixels_trains_there(kind: str, data: ImageDataset, elsewhere: list[torch.Tensor]) -> None:
    check_run(kind, "none", data)


def check_run(kind: str, binarize: str, data: ImageDataset) -> None:
    last = list(train(model_of(kind), settings(epochs=1, validation=8, binarize=binarize), data, device="cuda"))[-1]
    assert last.outcome == "finished"
    assert last.snapshot is not None and last.codes is not None
    assert device_of(module_of(last.snapshot)).type == "cpu"
    assert {array.dtype for array in weights_of(last.snapshot).values()} == {np.dtype(np.float32)}
    assert last.codes.z.shape == (12, model_of(kind).latent_dim)


def test_noise_drawn_here_is_the_same_everywhere(elsewhere: list[torch.Tensor]) -> None:
    here = reparameterize(torch.zeros(4, 2), torch.zeros(4, 2), torch.Generator().manual_seed(3), 5)
    again = torch.randn(5, 4, 2, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(here, again, rtol=0, atol=0)
    there = torch.zeros(4, 2, device=AWAY)
    assert reparameterize(there, there, torch.Generator().manual_seed(3), 5).device == AWAY


def test_a_saved_model_does_not_remember_its_device(data: ImageDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved("dense", data, tmp_path)
    loaded: ModelRecord = load_model(path)
    table = weights_of(loaded.handle)
    assert same_bits(table, {name: tensor.numpy() for name, tensor in module_of(loaded.handle).state_dict().items()})
    save_model(tmp_path / "again.safetensors", loaded)
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_full_precision_comes_and_goes() -> None:
    before = torch.backends.cudnn.allow_tf32
    with pytest.raises(KeyError), full_precision():
        assert not torch.backends.cudnn.allow_tf32
        raise KeyError
    assert torch.backends.cudnn.allow_tf32 == before


def test_memory_that_runs_out_before_the_first_step_is_a_sentence(data: ImageDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(module: object, **more: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(training, "Optimizer", full)
    with pytest.raises(TrainingError, match=r"^Memory ran out while training; [^\n]*\.$"):
        next(train(model_of("dense"), settings(), data, device="cpu"))
