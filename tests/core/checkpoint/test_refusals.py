"""Any file is loaded, or refused in one sentence; nothing in it runs."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from latent_explorer.core.checkpoint.record import read_checkpoint, serialize
from latent_explorer.core.errors import CheckpointError
from tests.core.checkpoint.models import architecture, codes, container, edited, join, record, split, state, weights, with_record

GOOD = serialize(record(), weights(), state())
HEADER, BODY = split(GOOD)
TEXT = HEADER["__metadata__"]["latent_explorer"]
ARCHITECTURE = architecture().to_record()


def refusal(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path)
    text = str(caught.value)
    assert str(path) in text
    assert text.endswith(".")
    assert text.isprintable(), "one line"
    assert len(text) < 900
    assert ";" in text, "the sentence says what to do"
    return text


def tensor(name: str, **changes: Any) -> bytes:
    def change(header: dict[str, Any]) -> None:
        header[name].update(changes)

    return edited(GOOD, change)


def extra(name: str, shape: Any = (0,), offsets: Any = None, dtype: Any = "F32") -> bytes:
    entry = {"dtype": dtype, "shape": list(shape), "data_offsets": offsets or [len(BODY), len(BODY)]}
    return edited(GOOD, lambda header: header.update({name: entry}))


def doubled_key() -> bytes:
    text = json.dumps(HEADER)
    name = '"model.encoder.bias"'
    entry = json.dumps(HEADER["model.encoder.bias"])
    return join((text[:-1] + f", {name}: {entry}}}").encode(), BODY)


def metadata(text: str) -> bytes:
    return edited(GOOD, lambda header: header["__metadata__"].update(latent_explorer=text))


def changed(**tensors: Any) -> bytes:
    """The tensors of the good file, some replaced ("__" stands for a full stop) or, by None, left out."""
    from safetensors.numpy import load

    merged = {**load(GOOD), **{name.replace("__", "."): array for name, array in tensors.items()}}
    return container({name: array for name, array in merged.items() if array is not None}, {"latent_explorer": TEXT})


def first(array: np.ndarray[Any, Any], value: float) -> np.ndarray[Any, Any]:
    copy = array.copy()
    copy.flat[0] = value
    return copy


CONTAINERS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "7 bytes": (b"\x01\0\0\0\0\0\0", "not a safetensors file"),
    "header beyond the file": (len(GOOD).to_bytes(8, "little") + GOOD[8:], "ends within its header"),
    "header of 2^63": ((2**63).to_bytes(8, "little") + GOOD[8:], "not a safetensors file"),
    "header of 0": (bytes(8) + GOOD[8:], "not valid JSON"),
    "header over 1 MB": (join(json.dumps(HEADER).encode() + b" " * (1 << 20), BODY), "larger than 1 MB"),
    "not UTF-8": (join(b'{"\xff": 1}', BODY), "UTF-8"),
    "a list": (join([1], BODY), "not a safetensors file"),
    "an object that is not closed": (join(b'{"a":', BODY), "not valid JSON"),
    "junk after the JSON": (join(json.dumps(HEADER).encode() + b"junk", BODY), "not valid JSON"),
    "5,000 deep": (join(b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", BODY), "download it again"),
    "100,000 deep": (join(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, BODY), "nested too deeply"),
    "NaN in the JSON": (join(b'{"a": NaN}', BODY), "NaN"),
    "a number of 10,000 digits": (join(b'{"a": ' + b"1" * 10_000 + b"}", BODY), "not valid JSON"),
    "doubled key": (doubled_key(), "twice"),
    "cut by one byte": (GOOD[:-1], "ends before its tensors do"),
    "cut in half": (GOOD[: len(GOOD) // 2], "cut"),
    "a byte after the end": (GOOD + b"x", "other data after its tensors"),
    "a hole": (extra("optim.x", (1,), [len(BODY) + 4, len(BODY) + 8]) + bytes(8), "hole"),
    "overlap": (extra("optim.x", (1,), [0, 4]), "overlap"),
    "shape against size": (tensor("model.encoder.bias", shape=[4]), "does not fit its bytes"),
    "negative shape": (tensor("model.encoder.bias", shape=[-3]), "impossible shape"),
    "shape of texts": (tensor("model.encoder.bias", shape=["3"]), "impossible shape"),
    "shape of truths": (extra("optim.x", (True, 0)), "impossible shape"),
    "[0, 2^62]": (extra("optim.x", (0, 2**62)), "impossible shape"),
    "100 dimensions": (extra("optim.x", [0] * 100), "impossible shape"),
    "offsets backwards": (tensor("model.encoder.bias", data_offsets=[12, 0]), "does not fit its bytes"),
    "three offsets": (tensor("model.encoder.bias", data_offsets=[0, 0, 12]), "impossible offsets"),
    "unknown dtype": (tensor("model.encoder.bias", dtype="BF16"), "type of number"),
    "dtype as a list": (tensor("model.encoder.bias", dtype=["F32"]), "type of number"),
    "an entry too many": (tensor("model.encoder.bias", colour="red"), "is not described"),
    "an entry that is a number": (edited(GOOD, lambda header: header.update({"model.x": 1})), "is not described"),
    "100,000 tensors": (join(b"{" + b",".join(b'"%d":0' % n for n in range(100_000)) + b"}", b""), "100,000 tensors"),
    "metadata of numbers": (edited(GOOD, lambda header: header.update(__metadata__={"a": 1})), "metadata are not texts"),
    "metadata as a list": (edited(GOOD, lambda header: header.update(__metadata__=[])), "metadata are not texts"),
    "no record": (edited(GOOD, lambda header: header.pop("__metadata__")), "of another program"),
}

RECORDS: dict[str, tuple[bytes, str]] = {
    "not JSON": (metadata("hello"), "record is not valid JSON"),
    "a list": (metadata("[]"), "not a JSON object"),
    "deep": (metadata("[" * 100_000), "record is nested too deeply"),
    "doubled": (metadata('{"format": "1.0", "format": "1.0"}'), "twice"),
    "no format": (metadata("{}"), "no format version"),
    "format as a number": (with_record(GOOD, {"format": 1.0}), "no format version"),
    "format 999": (with_record(GOOD, {"format": "999.0"}), "is of format 999.0, and this version opens 1.x"),
    "format 0.9": (with_record(GOOD, {"format": "0.9"}), "is of format 0.9"),
    "no architecture": (with_record(GOOD, {"architecture": {}}), "lacks image_shape"),
    "architecture as a list": (with_record(GOOD, {"architecture": []}), "not an object"),
    "hidden size 10^9": (with_record(GOOD, {"architecture": {**ARCHITECTURE, "hidden": [10**9]}}), "1000000000"),
    "hidden sizes without end": (with_record(GOOD, {"architecture": {**ARCHITECTURE, "hidden": [1] * 50_000}}), "hidden is"),
    "unknown family": (with_record(GOOD, {"architecture": {**ARCHITECTURE, "family": "os.system"}}), "family is 'os.system'"),
    "unknown entry": (with_record(GOOD, {"architecture": {**ARCHITECTURE, "new": 1}}), "unknown entry"),
    "200 million weights": (
        with_record(GOOD, {"architecture": {**ARCHITECTURE, "hidden": [8192] * 16, "decoder_hidden": [8192] * 16}}),
        "choose smaller widths",
    ),
    "training with a text": (with_record(GOOD, {"training": {"epochs": "many"}}), "epochs is 'many'"),
    "training as a list": (with_record(GOOD, {"training": [1]}), "not an object"),
    "training with a huge number": (with_record(GOOD, {"training": {"lr": 10**400}}), "damaged"),
    "sizes": (with_record(GOOD, {"data": {"sizes": [1, 2]}}), "three numbers"),
    "negative sizes": (with_record(GOOD, {"data": {"sizes": [1, 2, -3]}}), "from 0 up"),
    "class names": (with_record(GOOD, {"data": {"class_names": [1]}}), "class names"),
    "preprocessing": (with_record(GOOD, {"data": {"preprocessing": "whitened"}}), "update the program"),
    "data": (with_record(GOOD, {"data": 1}), "not an object"),
    "name": (with_record(GOOD, {"name": ["a"]}), "short text"),
    "epoch": (with_record(GOOD, {"epoch": -1}), "epoch in its record"),
    "versions": (with_record(GOOD, {"versions": {"a": 1}}), "not texts"),
    "figures": (with_record(GOOD, {"figures": []}), "not an object"),
    "newline in a value": (with_record(GOOD, {"architecture": {**ARCHITECTURE, "network": "a\nb\u202e"}}), "network is"),
}

INDEX, Z = codes().index, codes().z
TENSORS: dict[str, tuple[bytes, str]] = {
    "no weights": (changed(**{f"model__{name.replace('.', '__')}": None for name in weights()}), "no weights"),
    "NaN weight": (changed(model__encoder__bias=np.array([0, np.nan, 0], np.float32)), "NaN or infinity"),
    "Inf weight": (changed(model__encoder__bias=np.array([0, -np.inf, 0], np.float16)), "NaN or infinity"),
    "float64 weight": (changed(model__encoder__bias=np.zeros(3)), "neither float32 nor float16"),
    "int64 weight": (changed(model__encoder__bias=np.zeros(3, np.int64)), "neither float32 nor float16"),
    "unknown prefix": (changed(evil=np.zeros(1, np.float32)), "unknown tensor 'evil'"),
    "codes without index": (changed(codes__index=None), "lack their index or labels"),
    "codes without labels": (changed(codes__labels=None), "lack their index or labels"),
    "codes without z": (changed(codes__mean__z=None), "not 6 finite points of 2 dimensions"),
    "index alone": (changed(codes__mean__z=None, codes__mean__log_var=None, codes__mean__elbo=None), "no positions"),
    "index as float": (changed(codes__index=INDEX.astype(np.float32)), "as int64"),
    "index in two dimensions": (changed(codes__index=INDEX.reshape(2, 3)), "differ in length"),
    "labels of another length": (changed(codes__labels=np.zeros(5, np.int64)), "differ in length"),
    "labels beyond the classes": (changed(codes__labels=first(INDEX * 0, 3)), "between -1 and 2"),
    "labels below -1": (changed(codes__labels=first(INDEX * 0, -2)), "between -1 and 2"),
    "index beyond the data": (changed(codes__index=first(INDEX, 20)), "data set does not have"),
    "negative index": (changed(codes__index=first(INDEX, -1)), "data set does not have"),
    "z of three dimensions": (changed(codes__mean__z=np.zeros((6, 3), np.float32)), "finite points of 2"),
    "z as float64": (changed(codes__mean__z=Z.astype(np.float64)), "not float32"),
    "z with NaN": (changed(codes__mean__z=first(Z, np.nan)), "finite points"),
    "column of another length": (changed(codes__mean__elbo=np.zeros(5, np.float32)), "not float32 with 6 rows"),
    "column without dimensions": (changed(codes__mean__elbo=np.array(1, np.float32)), "not float32 with 6 rows"),
    "codes of no kind": (changed(codes__z=Z), "unknown codes"),
    "codes too deep": (changed(codes__a__b__c=Z), "unknown codes"),
    "history without epochs": (changed(history__epoch=None), "lacks its epochs"),
    "history of unequal lengths": (changed(history__train_loss=np.zeros(2, np.float32)), "row of 3 float32"),
    "history as float64": (changed(history__train_loss=np.zeros(3)), "row of 3 float32"),
    "history in two dimensions": (changed(history__epoch=np.zeros((3, 1), np.float32)), "row of 3 float32"),
}


@pytest.mark.parametrize(("data", "said"), CONTAINERS.values(), ids=CONTAINERS)
def test_damaged_containers(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    assert said in refusal(path)


@pytest.mark.parametrize(("data", "said"), RECORDS.values(), ids=RECORDS)
def test_impossible_records(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    assert said in refusal(path)


@pytest.mark.parametrize(("data", "said"), TENSORS.values(), ids=TENSORS)
def test_tensors_that_break_their_prefixs_rule(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    assert said in refusal(path)


def test_the_good_file_that_all_these_come_from_opens(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    for data in (GOOD, edited(GOOD, lambda header: None), with_record(GOOD, {}), changed(), extra("optim.x")):
        path.write_bytes(data)
        assert read_checkpoint(path).record.name == "tiny ü"


class Marker:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (open, (str(self.path), "w"))


def torch_zip(payload: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", payload)
        archive.writestr("archive/version", "3\n")
    return buffer.getvalue()


def object_npy(payload: Marker) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([payload], dtype=object), allow_pickle=True)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["model.safetensors", "model.pt", "model.pth", "model.pkl", "model"])
@pytest.mark.parametrize("dress", ["0", "2", "5", "zip", "npy", "gzip"])
def test_pickle_in_any_dress_is_refused_and_never_run(tmp_path: Path, name: str, dress: str) -> None:
    marker = Marker(tmp_path / "marker")
    payload = pickle.dumps(marker, int(dress) if dress.isdigit() else 2)
    pickle.loads(payload).close()
    assert marker.path.exists(), "the trap works"
    marker.path.unlink()
    path = tmp_path / name
    path.write_bytes({"zip": torch_zip(payload), "npy": object_npy(marker), "gzip": gzip.compress(payload)}.get(dress, payload))
    text = refusal(path)
    if dress in ("2", "5", "zip"):
        assert "can run code" in text
        assert "safetensors.torch.save_file" in text
    assert not marker.path.exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<!DOCTYPE html><html>404</html>", "web page"),
        (gzip.compress(GOOD, mtime=0), "gzipped; unpack it first"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a safetensors file"),
        (bytes([0, 0, 8, 3]) + bytes(100), "a data set, not a model"),
    ],
)
def test_other_formats_are_named(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    assert said in refusal(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)
    assert "does not exist" in refusal(tmp_path / "missing")
    if os.name == "posix":
        os.mkfifo(tmp_path / "pipe")
        assert "is a pipe" in refusal(tmp_path / "pipe")


def test_a_large_foreign_file_is_refused_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    with path.open("wb") as file:
        file.write(b"\x80\x02")
        file.truncate(2 << 30)  # sparse: it takes no room
    import tracemalloc

    tracemalloc.start()
    try:
        assert "can run code" in refusal(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_mutated_file_loads_or_is_refused_and_nothing_else(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    wild = bytearray(GOOD)
    header = int.from_bytes(GOOD[:8], "little") + 8
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, header - 1) | st.integers(0, len(wild) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=4) | st.sampled_from([b"0", b"-", b"9", b'"', b"{", b"]", b",", b"e", b"\\"]))
        wild[place : place + (len(piece) if data.draw(st.booleans()) else 0)] = piece
    check(tmp_path_factory, bytes(wild))


@settings(deadline=None)
@given(st.binary(max_size=200), st.booleans())
@example(b"{}", True)
@example(b'{"__metadata__":{"latent_explorer":"{}"}}', True)
def test_random_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes, framed: bool) -> None:
    assert not check(tmp_path_factory, join(data, b"") if framed else data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(json.loads(TEXT))), JSON)
def test_any_json_in_the_record_loads_or_is_refused(tmp_path_factory: pytest.TempPathFactory, key: str, value: Any) -> None:
    check(tmp_path_factory, with_record(GOOD, {key: value}))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(ARCHITECTURE)), JSON)
def test_any_json_in_the_architecture_loads_or_is_refused(tmp_path_factory: pytest.TempPathFactory, key: str, value: Any) -> None:
    check(tmp_path_factory, with_record(GOOD, {"architecture": {**ARCHITECTURE, key: value}}))


def check(factory: pytest.TempPathFactory, data: bytes) -> bool:
    """Whether the bytes open as a model; any error but a refusal in one line fails the test."""
    path = factory.getbasetemp() / "wild.safetensors"
    path.write_bytes(data)
    try:
        checkpoint = read_checkpoint(path)
    except CheckpointError as problem:
        assert str(problem).isprintable()
        assert str(problem).endswith(".")
        return False
    assert all(np.isfinite(array).all() for array in checkpoint.weights.values())
    return True
