from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from latent_explorer.core.checkpoint import record as module
from latent_explorer.core.checkpoint.record import content_hash, read_checkpoint, read_record, serialize, write_checkpoint
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import ExportError
from latent_explorer.core.types import Codes, ModelRecord
from tests.core.checkpoint.models import architecture, codes, record, state, weights, with_record

ROOT = Path(__file__).resolve().parents[3]


def same_codes(one: Codes, two: Codes) -> None:
    for name in ("z", "index", "labels"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        assert getattr(one, name).dtype == getattr(two, name).dtype
    assert one.kind == two.kind
    assert one.columns.keys() == two.columns.keys()
    for name, column in one.columns.items():
        np.testing.assert_array_equal(column, two.columns[name])


def test_round_trip_of_everything(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    given = record(codes={"mean": codes(), "exact_mode": codes("exact_mode")})
    written = write_checkpoint(path, given, weights(), state())
    checkpoint = read_checkpoint(path)
    found = checkpoint.record
    for name in ("name", "data", "training", "command", "versions", "epoch"):
        assert getattr(found, name) == getattr(given, name)
    assert found.handle.architecture == architecture()
    assert found.path == written.path == path
    assert found.resumable
    assert written.resumable
    assert found.handle.content_hash == written.handle.content_hash == content_hash(weights(), architecture())
    assert written.handle.id == "x"
    assert found.codes.keys() == {"mean", "exact_mode"}
    for kind, stored in found.codes.items():
        same_codes(stored, given.codes[kind])
    assert found.history is not None
    assert given.history is not None
    np.testing.assert_array_equal(found.history.epoch, given.history.epoch)
    np.testing.assert_array_equal(found.history.columns["train_loss"], given.history.columns["train_loss"])
    assert found.figures == {"elbo": {"value": -1.5, "n": 6}, "ll": {"value": None, "reason": "none"}}
    for ours, theirs in ((weights(), checkpoint.weights), (state(), checkpoint.state)):
        assert ours.keys() == theirs.keys()
        for name, array in ours.items():
            np.testing.assert_array_equal(theirs[name], array)
            assert theirs[name].dtype == array.dtype
            assert theirs[name].shape == array.shape


def test_the_least_there_can_be(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_checkpoint(path, record(codes={}, history=None, training=None, figures={}, name=""), weights())
    found = read_record(path)
    assert (found.codes, found.history, found.training, found.resumable) == ({}, None, None, False)
    assert found.name == "model"


def test_the_handle_is_new_each_time_and_arrays_are_independent(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_checkpoint(path, record(), weights())
    one, two = read_checkpoint(path), read_checkpoint(path)
    assert one.record.handle.id != two.record.handle.id
    assert len(one.record.handle.id) == 32
    array = one.weights["encoder.bias"]
    array += 1
    np.testing.assert_array_equal(two.weights["encoder.bias"], weights()["encoder.bias"])
    assert not one.record.codes["mean"].z.flags.writeable


def test_truncating_the_file_after_reading_hurts_nobody(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_checkpoint(path, record(), weights())
    checkpoint = read_checkpoint(path)
    os.truncate(path, 0)
    np.testing.assert_array_equal(checkpoint.weights["decoder.weight"], weights()["decoder.weight"])


def test_equal_content_gives_equal_bytes() -> None:
    reverse = dict(reversed(list(weights().items())))
    other = record(
        codes=dict(reversed([(kind, codes(kind)) for kind in ("mean", "exact_mode")])), figures=dict(reversed(record().figures.items()))
    )
    one = serialize(record(codes={kind: codes(kind) for kind in ("mean", "exact_mode")}), weights(), state())
    assert serialize(other, reverse, dict(reversed(state().items()))) == one
    assert serialize(dataclasses.replace(other, handle=dataclasses.replace(other.handle, id="another")), weights(), state()) == one


def test_bytes_are_equal_in_another_process_with_another_hash_seed() -> None:
    code = (
        "import hashlib; from tests.core.checkpoint.models import *; from latent_explorer.core.checkpoint.record import serialize;"
        "print(hashlib.sha256(serialize(record(), weights(), state())).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert digests == {hashlib.sha256(serialize(record(), weights(), state())).hexdigest() + "\n"}


def test_what_was_read_is_written_as_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_checkpoint(path, record(), weights(), state())
    checkpoint = read_checkpoint(path)
    assert serialize(checkpoint.record, checkpoint.weights, checkpoint.state) == path.read_bytes()


def test_the_library_reads_it_and_there_is_one_metadata_key(tmp_path: Path) -> None:
    data = serialize(record(), weights(), state())
    tensors = safetensors.numpy.load(data)
    np.testing.assert_array_equal(tensors["model.encoder.bias"], weights()["encoder.bias"])
    assert tensors["codes.index"].dtype == np.int64
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert list(header["__metadata__"]) == ["latent_explorer"]
    text = json.loads(header["__metadata__"]["latent_explorer"])
    assert text["format"] == "1.0"
    assert text["data"]["preprocessing"] == "uint8/255"


def test_the_content_hash_is_of_weights_and_architecture_only(tmp_path: Path) -> None:
    base = content_hash(weights(), architecture())
    hashes = [write_checkpoint(tmp_path / "a", changed, weights()) for changed in (record(), record(codes={}, name="b", epoch=9))]
    assert {item.handle.content_hash for item in hashes} == {base}
    bit = weights()
    bit["encoder.bias"][0] = np.nextafter(bit["encoder.bias"][0], np.float32(9))
    renamed = {name.replace("bias", "bios"): array for name, array in weights().items()}
    half = {name: array.astype(np.float16) for name, array in weights().items()}
    reshaped = {name: array.reshape(-1) for name, array in weights().items()}
    others = [content_hash(changed, architecture()) for changed in (bit, renamed, half, reshaped)]
    others.append(content_hash(weights(), ModelConfig(image_shape=(4, 4, 1), hidden=(3,), activation="relu")))
    assert len({base, *others}) == 6


def test_the_content_hash_follows_its_definition() -> None:
    array = np.array([[1.5, -2.0]], np.float32)
    expected = hashlib.sha256(b'["model.w","F32",[1,2]]\n' + array.astype("<f4").tobytes())
    expected.update(json.dumps(architecture().to_record(), sort_keys=True, separators=(",", ":")).encode())
    assert content_hash({"w": array}, architecture()) == expected.hexdigest()
    assert content_hash({"w": np.asfortranarray(array).astype(">f4")}, architecture()) == expected.hexdigest()


def test_float16_weights_stay_float16(tmp_path: Path) -> None:
    half = {name: array.astype(np.float16) for name, array in weights().items()}
    write_checkpoint(tmp_path / "a", record(), half)
    checkpoint = read_checkpoint(tmp_path / "a")
    assert {array.dtype for array in checkpoint.weights.values()} == {np.dtype(np.float16)}


def test_a_newer_minor_format_opens_and_its_keys_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a"
    changes = {"format": "1.7", "mood": {"good": True}, "training": {**record().training.to_record(), "new": 1}}  # type: ignore[union-attr]
    path.write_bytes(with_record(serialize(record(), weights()), changes))
    assert read_record(path).training == record().training


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_could_not_be_opened_again_are_not_saved(tmp_path: Path, bad: float) -> None:
    path = tmp_path / "a"
    write_checkpoint(path, record(), weights())
    before = path.read_bytes()
    broken = weights()
    broken["encoder.bias"][1] = bad
    with pytest.raises(ExportError, match="NaN or infinity"):
        write_checkpoint(path, record(), broken)
    assert path.read_bytes() == before


def test_a_record_too_large_to_be_opened_again_is_not_saved() -> None:
    with pytest.raises(ExportError, match="larger than 1 MB"):
        serialize(record(figures={"x": "y" * (1 << 20)}), weights())


def test_a_file_too_large_to_be_opened_again_is_not_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CAP", 1 << 21)
    with pytest.raises(ExportError, match="more than can be opened again"):
        serialize(record(), weights())


def test_bugs_are_not_dressed_as_the_users_errors() -> None:
    with pytest.raises(ValueError, match="state is named"):
        serialize(record(), weights(), {"momentum": np.zeros(1)})
    with pytest.raises(ValueError, match="float64"):
        serialize(record(), {"w": np.zeros(1)})
    other = dataclasses.replace(codes("exact_mode"), index=np.arange(6))
    with pytest.raises(ValueError, match="share their index"):
        serialize(record(codes={"mean": codes(), "exact_mode": other}), weights())


def test_a_record_is_read_without_torch(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_checkpoint(path, record(), weights())
    code = (
        "import sys; from latent_explorer.core.checkpoint.record import read_record;"
        " read_record(sys.argv[1]); print('torch' in sys.modules, 'PySide6' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_record_type_is_the_shared_one(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a", record(), weights())
    assert isinstance(read_record(tmp_path / "a"), ModelRecord)
