"""Model files with their networks: what was saved decodes the same, what does not fit is refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latent_explorer.core.checkpoint.record import Checkpoint, content_hash, read_checkpoint, write_checkpoint
from latent_explorer.core.checkpoint.weights import load_model, publish_checkpoint, save_model
from latent_explorer.core.errors import CheckpointError
from latent_explorer.core.nn.evaluation import evaluate
from latent_explorer.core.nn.handles import has, module_of, state_of, weights_of
from latent_explorer.core.nn.inference import codes_of, decode, decode_bytes, encode
from latent_explorer.core.nn.records import run_record
from latent_explorer.core.types import ModelRecord, TrainingProgress
from tests.core.nn.small import architecture, run, same_bits, settings, toy, weights

DATASET = toy()
Z = np.random.default_rng(0).standard_normal((50, 2))


@pytest.fixture(scope="module")
def record() -> ModelRecord:
    return run_record(run(DATASET, settings()), settings(), DATASET, name="tiny", command="latent-explorer train")


def test_what_was_saved_decodes_and_encodes_the_same(record: ModelRecord, tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    saved = save_model(path, record)
    loaded = load_model(path)
    assert loaded.handle.id != record.handle.id
    assert has(loaded.handle)
    assert decode(loaded.handle, Z).tobytes() == decode(record.handle, Z).tobytes()
    assert encode(loaded.handle, DATASET.images)[0].tobytes() == encode(record.handle, DATASET.images)[0].tobytes()
    assert same_bits(weights_of(loaded.handle), weights_of(record.handle))
    assert loaded.codes["mean"].z.tobytes() == record.codes["mean"].z.tobytes()
    assert loaded.codes["mean"].z.tobytes() == codes_of(loaded.handle, DATASET, DATASET.split.test).z.tobytes()
    module = module_of(loaded.handle)
    assert not module.training
    assert not any(p.requires_grad for p in module.parameters())
    assert saved.path == loaded.path == path


KINDS: dict[str, dict[str, Any]] = {
    "residual": {"network": "residual", "hidden": (6, 6, 4)},
    "conv": {"network": "conv", "channels": (2, 3)},
    "gaussian": {"likelihood": "gaussian"},
    "fixed sigma": {"likelihood": "gaussian", "sigma": 0.2},
    "both": {"network": "conv", "channels": (2,), "likelihood": "gaussian", "latent_dim": 3, "activation": "relu"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_model_comes_back_from_its_file(kind: str, tmp_path: Path) -> None:
    """All that its figures hang on: a fixed sigma stands in the record alone, a learned one among the weights."""
    config = architecture(DATASET, **KINDS[kind])
    how = settings().for_model(config)
    given = run_record(run(DATASET, how, config), how, DATASET, name=kind, command="")
    saved = save_model(tmp_path / "model.safetensors", given)
    loaded = load_model(tmp_path / "model.safetensors")
    assert loaded.handle.architecture == config
    assert loaded.handle.content_hash == saved.handle.content_hash
    assert same_bits(weights_of(loaded.handle), weights_of(given.handle))
    assert ("likelihood.log_sigma" in weights_of(loaded.handle)) == (kind in ("gaussian", "both"))
    z = np.random.default_rng(0).standard_normal((50, config.latent_dim))
    assert decode(loaded.handle, z).tobytes() == decode(given.handle, z).tobytes()
    assert encode(loaded.handle, DATASET.images)[0].tobytes() == encode(given.handle, DATASET.images)[0].tobytes()
    figures, again = (evaluate(record.handle, DATASET, quick=True) for record in (given, loaded))
    assert {key: figure["value"] for key, figure in figures.items()} == {key: figure["value"] for key, figure in again.items()}
    if config.likelihood == "gaussian":
        module, before = module_of(loaded.handle), module_of(given.handle)
        assert module.likelihood.log_sigma.item() == before.likelihood.log_sigma.item()  # type: ignore[union-attr]


def test_the_content_hash_is_of_weights_and_architecture_alone(record: ModelRecord, tmp_path: Path) -> None:
    one = save_model(tmp_path / "one.safetensors", record)
    other = replace(record, name="other", codes={}, history=None, command="x", figures={"mse": {"value": 1.0}})
    two = save_model(tmp_path / "two.safetensors", other)
    hashes = {one.handle.content_hash, two.handle.content_hash}
    hashes |= {load_model(tmp_path / f"{name}.safetensors").handle.content_hash for name in ("one", "two")}
    assert hashes == {content_hash(weights_of(record.handle), record.handle.architecture)}
    changed = {name: array.copy() for name, array in weights_of(record.handle).items()}
    changed["decoder.layers.0.bias"][0] += 1e-6
    assert content_hash(changed, record.handle.architecture) not in hashes
    assert content_hash(weights_of(record.handle), replace(record.handle.architecture, activation="tanh")) not in hashes


def test_state_is_saved_only_when_asked_for(tmp_path: Path) -> None:
    stopped = run(DATASET, settings(), stop_at=3)
    record = run_record(stopped, settings(), DATASET, name="half", command="")
    path = tmp_path / "half.safetensors"
    assert not save_model(path, record).resumable
    assert not state_of(load_model(path).handle)
    assert save_model(path, record, with_state=True).resumable
    loaded = load_model(path)
    assert loaded.resumable
    assert record.resumable
    assert same_bits(state_of(loaded.handle), state_of(record.handle))


def test_half_precision_weights_load_as_float32(record: ModelRecord, tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    write_checkpoint(path, record, {name: array.astype(np.float16) for name, array in weights_of(record.handle).items()})
    loaded = load_model(path)
    assert {array.dtype for array in weights_of(loaded.handle).values()} == {np.dtype(np.float32)}
    difference = decode_bytes(loaded.handle, Z).astype(int) - decode_bytes(record.handle, Z)
    assert np.abs(difference).max() <= 1


def spoiled(record: ModelRecord, tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> Checkpoint:
    table = dict(weights_of(record.handle))
    change(table)
    path = tmp_path / "spoiled.safetensors"
    write_checkpoint(path, record, table)
    return read_checkpoint(path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda table: table.pop("encoder.layers.0.bias"), "encoder.layers.0.bias"),
        (lambda table: table.update({"extra.weight": np.zeros((2, 2), np.float32)}), "extra.weight"),
        (lambda table: table.update({"encoder.layers.0.bias": np.zeros(9, np.float32)}), "encoder.layers.0.bias"),
        (lambda table: table.update({"encoder.layers.0.bias": np.zeros((8, 1), np.float32)}), "encoder.layers.0.bias"),
        (lambda table: table.update({"decoder.layers.0.weight": np.zeros((2, 8), np.float32)}), "decoder.layers.0.weight"),
    ],
    ids=["missing", "one too many", "too long", "of other dimensions", "transposed"],
)
def test_weights_that_do_not_fit_are_refused(record: ModelRecord, tmp_path: Path, change: Any, named: str) -> None:
    checkpoint = spoiled(record, tmp_path, change)
    with pytest.raises(CheckpointError) as refused:
        publish_checkpoint(checkpoint, tmp_path / "spoiled.safetensors")
    text = str(refused.value)
    assert text.startswith("spoiled.safetensors: ")
    assert named in text
    assert text.endswith(".")
    assert "\n" not in text
    assert not has(checkpoint.record.handle)


def test_a_record_made_on_the_way_has_codes_of_just_these_weights() -> None:
    """The live codes are of mixed age there; what is kept is encoded anew."""
    at_epochs: list[tuple[TrainingProgress, ModelRecord]] = []

    def see(progress: TrainingProgress) -> None:
        if progress.resumable:
            at_epochs.append((progress, run_record(progress, settings(), DATASET, name="x", command="y")))

    last = run(DATASET, settings(), see=see, snapshots_per_second=1e9)
    assert [record.epoch for _, record in at_epochs] == [1, 2]
    assert all(record.resumable for _, record in at_epochs)
    assert last.snapshot is not None
    final = run_record(last, settings(), DATASET, name="x", command="y")
    assert final.codes["mean"].z.tobytes() == codes_of(last.snapshot, DATASET, DATASET.split.test).z.tobytes()
    assert at_epochs[1][1].codes["mean"].z.tobytes() == final.codes["mean"].z.tobytes()
    assert at_epochs[0][1].codes["mean"].z.tobytes() != final.codes["mean"].z.tobytes()
    assert (final.name, final.command, final.epoch, final.resumable) == ("x", "y", 2, False)
    assert final.data.content_hash == DATASET.content_hash
    assert set(final.versions) == {"latent_explorer", "torch", "numpy", "python"}
    assert same_bits(weights(last), weights_of(final.handle))
