"""The Python API: shapes, equality with the command line, sentences, laziness, and the page that explains it."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import latent_explorer
from latent_explorer import Encoded, LatentExplorerError, Model, load
from latent_explorer.api import load_dataset, models
from latent_explorer.core.checkpoint.library import my_model_path, resolve_model
from latent_explorer.core.checkpoint.record import read_record
from latent_explorer.core.checkpoint.weights import save_model
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import CheckpointError, DatasetError, DeviceError, InputError, SettingError
from latent_explorer.core.nn import inference
from latent_explorer.core.nn.handles import forget, has, module_of
from latent_explorer.core.types import DataReference, ImageDataset
from tests.core.checkpoint.models import record
from tests.core.nn.small import module_for

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "api.md"
NO_QT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("PySide6", "shiboken6", "pyqtgraph"):
            raise ModuleNotFoundError(f"{name} is not installed", name=name)

sys.meta_path.insert(0, Absent())
"""


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    """Commands of the command line set torch's threads for the thread they run in; here that is the tests' own."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def model() -> Iterator[Model]:
    with load("digits", threads=1) as opened:
        yield opened


@pytest.fixture
def colour(tmp_path: Path) -> Iterator[Model]:
    """Three latent dimensions, colour images that are wider than high, no stored codes."""
    architecture = ModelConfig((4, 5, 3), 3, (8,))
    _, handle = module_for(architecture)
    data = DataReference("toy", "ab" * 32, (), (4, 5, 3), (10, 4, 6))
    save_model(tmp_path / "colour.safetensors", record(handle=handle, name="colour", codes={}, history=None, data=data))
    forget(handle)
    with load(tmp_path / "colour.safetensors") as opened:
        yield opened


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Model]:
    """A conditional model of three classes."""
    _, handle = module_for(ModelConfig((4, 5, 1), hidden=(8,), family="conditional-vae", classes=3))
    data = DataReference("toy", "ab" * 32, ("a", "b", "c"), (4, 5, 1), (10, 4, 6))
    save_model(tmp_path / "told.safetensors", record(handle=handle, name="told", codes={}, history=None, data=data))
    forget(handle)
    with load(tmp_path / "told.safetensors") as opened:
        yield opened


def process(code: str) -> str:
    """What code prints in a fresh process without Qt."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", NO_QT + code], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


# --- equal to the command line -------------------------------------------------------------------------------------------------


def test_encode_gives_what_the_command_line_writes(model: Model, digits: ImageDataset, tmp_path: Path) -> None:
    from latent_explorer.cli.main import main

    assert main(["encode", "digits", "--data", "digits", "--out", str(tmp_path / "a.npz"), "--threads", "1", "--quiet"]) == 0
    with np.load(tmp_path / "a.npz") as archive:
        assert model.encode(digits.images[digits.split.test]).mu.tobytes() == archive["z"].tobytes()


def test_decode_gives_what_the_command_line_writes(model: Model, tmp_path: Path) -> None:
    from latent_explorer.cli.main import main

    out = tmp_path / "a.npz"
    assert main(["decode", "digits", "--z", "-1,0.5", "--z", "2,0.1", "--out", str(out), "--threads", "1", "--quiet"]) == 0
    with np.load(out) as archive:
        assert model.decode([[-1, 0.5], [2, 0.1]]).tobytes() == archive["images"].tobytes()


def test_the_codes_are_those_of_the_file_and_of_the_encoder(model: Model, digits: ImageDataset) -> None:
    codes = model.codes
    assert codes is not None
    stored = read_record(resolve_model("digits")).codes["mean"]
    np.testing.assert_array_equal(codes.z, stored.z)
    assert digits.labels is not None
    np.testing.assert_array_equal(codes.labels, digits.labels[codes.index])
    encoded = model.encode(digits.images[codes.index])
    np.testing.assert_allclose(encoded.mu, codes.z, atol=1e-5)
    assert encoded.mu.flags.writeable and encoded.log_var.flags.writeable
    assert not codes.z.flags.writeable


# --- shapes, types, ranges -----------------------------------------------------------------------------------------------------


def test_what_a_model_says_of_itself(model: Model, colour: Model) -> None:
    path = resolve_model("digits")
    assert (model.name, model.latent_dim, model.image_shape, model.device) == ("digits", 2, (8, 8, 1), "cpu")
    assert model.record.path == path
    assert model.hash == read_record(path).handle.content_hash
    assert (colour.name, colour.latent_dim, colour.image_shape, colour.codes) == ("colour", 3, (4, 5, 3), None)
    assert repr(colour) == f"<Model 'colour': vae, dense, images 4 x 5 x 3, latent_dim 3, hash {colour.hash[:12]}, on cpu>"


def test_every_form_of_grey_images_gives_the_same_codes(model: Model, digits: ImageDataset) -> None:
    images = digits.images[:8]  # as many as an image has rows: (8, 8, 8) is eight images, not one
    wanted = model.encode(images)
    assert isinstance(wanted, Encoded)
    assert wanted.mu.shape == wanted.log_var.shape == wanted.std.shape == (8, 2)
    assert wanted.mu.dtype == wanted.log_var.dtype == wanted.std.dtype == np.float32
    np.testing.assert_allclose(wanted.std**2, np.exp(wanted.log_var), rtol=1e-5)
    for same in (images[..., 0], images.copy(order="F"), images[::-1][::-1]):
        assert model.encode(same).mu.tobytes() == wanted.mu.tobytes()
    for floats in (np.float16, np.float32, np.float64):
        scaled = (images / 255).astype(floats)
        np.testing.assert_allclose(model.encode(scaled).mu, wanted.mu, atol=0.05 if floats is np.float16 else 1e-5)
    for one in (images[3], images[3, ..., 0], images[3:4]):
        found = model.encode(one)
        assert found.mu.shape == found.log_var.shape == (1, 2)
        np.testing.assert_allclose(found.mu[0], wanted.mu[3], atol=1e-5)
    mu, log_var = model.encode(images[:0])
    assert mu.shape == log_var.shape == (0, 2)


def test_bools_are_black_and_white(model: Model, digits: ImageDataset) -> None:
    black_and_white = digits.images[:5] > 127
    found = model.encode(black_and_white).mu
    np.testing.assert_allclose(found, model.encode(black_and_white.astype(np.uint8) * np.uint8(255)).mu, atol=1e-5)
    assert abs(found - model.encode(digits.images[:5]).mu).max() > 0.01


def test_colour_images(colour: Model) -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 5, 3), np.uint8)
    encoded = colour.encode(images)
    assert encoded.mu.shape == (7, 3)
    np.testing.assert_allclose(colour.encode(images[2]).mu[0], encoded.mu[2], atol=1e-6)
    assert colour.decode(encoded.mu).shape == (7, 4, 5, 3)


def test_a_conditional_model_encodes_and_decodes_with_the_classes_that_it_is_given(told: Model) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 1)).astype(np.uint8)
    labels = np.array([2, 0, 1])
    codes = told.encode(images, labels=labels)
    pictures = told.decode(codes.mu, labels=labels)
    for k, label in enumerate(labels.tolist()):
        np.testing.assert_allclose(told.encode(images[k], labels=label).mu, codes.mu[k : k + 1], atol=1e-6)
        for alone in (told.decode(codes.mu[k], label), told.decode(codes.mu[k], labels=label), told.decode(codes.mu[k], labels=[label])):
            np.testing.assert_allclose(alone, pictures[k : k + 1], atol=1e-6)
    assert np.abs(told.encode(images, labels=0).mu - codes.mu)[0].max() > 1e-4
    assert np.abs(told.decode(codes.mu, 0) - pictures)[0].max() > 1e-4
    for call in (lambda: told.encode(images), lambda: told.decode(codes.mu), lambda: told.decode(codes.mu, labels=[0, 3, 1])):
        with pytest.raises(InputError, match="whole number from 0 to 2 for each"):
            call()
    with pytest.raises(InputError, match="labels alone"):
        told.decode(codes.mu, 1, labels=labels)


def test_other_models_are_told_no_classes(model: Model) -> None:
    for call in (lambda: model.encode(np.zeros((8, 8)), labels=0), lambda: model.decode([0, 0], labels=0)):
        with pytest.raises(InputError, match="told no class"):
            call()


def test_every_form_of_points_gives_the_same_images(model: Model) -> None:
    z = np.array([[0.25, -1.5], [1, 2], [0, 0]], np.float32)
    wanted = model.decode(z)
    assert wanted.dtype == np.float32
    assert wanted.shape == (3, 8, 8, 1)
    assert 0 <= wanted.min() < wanted.max() <= 1
    assert wanted.flags.writeable
    for same in (z.tolist(), z.astype(float), z.copy(order="F"), tuple(map(tuple, z))):
        assert model.decode(same).tobytes() == wanted.tobytes()
    one = model.decode((0.25, -1.5))
    assert one.shape == (1, 8, 8, 1)
    np.testing.assert_allclose(one[0], wanted[0], atol=1e-6)
    np.testing.assert_allclose(model.decode([1, 2])[0], wanted[1], atol=1e-6)  # whole numbers are numbers
    assert model.decode(np.zeros((0, 2))).shape == (0, 8, 8, 1)


# --- sentences -----------------------------------------------------------------------------------------------------------------

IMAGES = [
    (np.zeros((5, 9, 9)), r"shape \(5, 9, 9\); digits takes \(n, 8, 8, 1\) or \(n, 8, 8\), or one image \(8, 8, 1\) or \(8, 8\)\."),
    (np.zeros((5, 8, 8, 3), np.uint8), r"shape \(5, 8, 8, 3\); digits takes \(n, 8, 8, 1\)"),
    (np.zeros((2, 64)), r"shape \(2, 64\)"),
    (0.5, r"shape \(\)"),
    ([], r"shape \(0,\)"),
    (np.zeros((2, 8, 8), int), r"type int64; give uint8 in 0\.\.255, or floats in 0\.\.1\."),
    (np.full((2, 8, 8), "a"), "type <U1"),
    (np.full((2, 8, 8), 1j), "type complex128"),
    (np.full((2, 8, 8), 255.0), r"values from 255 to 255; give floats in 0\.\.1"),
    (np.full((2, 8, 8), -0.1), "values from -0.1 to -0.1"),
    (np.full((2, 8, 8), np.nan), "values from nan to nan"),
    ([[1.0], [2.0, 3.0]], "images cannot become a numpy array"),
]
POINTS = [
    (np.zeros((5, 3)), r"^z has the shape \(5, 3\); digits takes \(n, 2\) or one point \(2,\)\.$"),
    ([1.0, 2.0, 3.0], r"shape \(3,\)"),
    (np.zeros((1, 1, 2)), r"shape \(1, 1, 2\)"),
    (1.0, r"shape \(\)"),
    ([1.0, np.nan], "NaN"),
    ([np.inf, 0.0], "infinity"),
    ([1e39, 0.0], "too large for float32"),
    (["a", "b"], "type <U1; give numbers"),
    ([1j, 0], "type complex128"),
    ([[1.0], [2.0, 3.0]], "z cannot become a numpy array"),
]


@pytest.mark.parametrize(("images", "words"), IMAGES)
def test_images_that_do_not_fit_are_refused_in_one_sentence(model: Model, images: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        model.encode(images)
    assert isinstance(caught.value, LatentExplorerError)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("z", "words"), POINTS)
def test_points_that_do_not_fit_are_refused_in_one_sentence(model: Model, z: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        model.decode(z)
    assert "\n" not in str(caught.value)


def test_a_colour_model_names_its_shape(colour: Model) -> None:
    with pytest.raises(InputError, match=r"shape \(4, 5\); colour takes \(n, 4, 5, 3\), or one image \(4, 5, 3\)\.$"):
        colour.encode(np.zeros((4, 5)))


def test_what_cannot_be_loaded_is_a_known_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(CheckpointError, match="no model file or model"):
        load("no-such-model")
    with pytest.raises(CheckpointError, match="cannot be opened"):
        load(tmp_path / "junk.safetensors")
    with pytest.raises(DeviceError, match="The device cuda is not available here"):
        load("digits", device="cuda")
    with pytest.raises(SettingError, match="device is 'gpu'; it must be one of auto, cpu"):
        load("digits", device="gpu")
    wrong: list[Any] = [0, -1, 1.5, True, "2", 1025]
    for threads in wrong:
        with pytest.raises(SettingError, match="whole number from 1 to 1024, or None"):
            load("digits", threads=threads)
    with pytest.raises(DatasetError, match='no data set "nothing"'):
        load_dataset("nothing")


def test_memory_that_runs_out_is_a_sentence(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")

    def broken(*arguments: Any) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(inference, "decode", full)
    with pytest.raises(DeviceError, match=r"^Memory ran out on cpu while computing; [^\n]*\.$"):
        model.decode([0, 0])
    monkeypatch.setattr(inference, "decode", broken)
    with pytest.raises(RuntimeError, match=r"^something else$"):
        model.decode([0, 0])


# --- names, threads, letting go ------------------------------------------------------------------------------------------------


def test_names_are_those_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = models()
    assert "digits" in names and "mnist-dense" in names
    path = my_model_path("mine, a copy")
    path.write_bytes(resolve_model("digits").read_bytes())
    assert models() == (*names, "mine, a copy")
    with load("mine, a copy") as mine, load(path) as same, load(str(path)) as again:
        assert mine.record.path == path
        assert mine.hash == same.hash == again.hash
    monkeypatch.chdir(tmp_path)  # an existing file comes before a name
    (tmp_path / "mine, a copy").write_bytes(b"junk")
    with pytest.raises(CheckpointError):
        load("mine, a copy")


def test_auto_takes_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with load("digits", device="auto") as model:
        assert model.device == "cpu"
        assert next(module_of(model.record.handle).parameters()).device.type == "cpu"


def test_threads_hold_within_calls_only(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    real = inference.decode

    def decode(*arguments: Any) -> Any:
        counts.append(torch.get_num_threads())
        return real(*arguments)

    monkeypatch.setattr(inference, "decode", decode)
    torch.set_num_threads(2)
    with load("digits", threads=1) as one, load("digits", threads=3) as three, load("digits") as free:
        for model in (one, three, free):
            model.decode([0, 0])
            assert torch.get_num_threads() == 2
    assert counts == [1, 3, 2]
    monkeypatch.setattr(inference, "decode", lambda *arguments: 1 / 0)
    with load("digits", threads=1) as one, pytest.raises(ZeroDivisionError):
        one.decode([0, 0])
    assert torch.get_num_threads() == 2


def test_one_model_serves_several_threads(model: Model) -> None:
    z = np.random.default_rng(0).normal(size=(40, 2))
    wanted = [model.decode(point) for point in z]
    found: list[Any] = [None] * len(z)

    def work(first: int) -> None:
        for k in range(first, len(z), 4):
            found[k] = model.decode(z[k])

    workers = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    np.testing.assert_array_equal(found, wanted)


def test_closing_lets_the_weights_go(model: Model, digits: ImageDataset) -> None:
    handle = model.record.handle
    assert has(handle) and not model.closed
    model.close()
    model.close()
    assert model.closed and not has(handle)
    assert "closed" in repr(model)
    assert model.codes is not None
    for call in (lambda: model.decode([0, 0]), lambda: model.encode(digits.images[:1])):
        with pytest.raises(InputError, match=r"^The model digits was closed; load it again\.$"):
            call()


def test_a_model_that_nobody_holds_is_let_go() -> None:
    first, second = load("digits"), load("digits")
    handle = first.record.handle
    assert handle.id != second.record.handle.id  # closing one leaves the other
    del first
    gc.collect()
    assert not has(handle)
    assert second.decode([0, 0]).shape == (1, 8, 8, 1)


# --- laziness, types, and the page ---------------------------------------------------------------------------------------------


def test_each_step_loads_no_more_than_it_needs() -> None:
    said = process("""
def told(*names):
    print(*(name in sys.modules for name in names))

import latent_explorer
told("numpy", "torch", "latent_explorer.api", "latent_explorer.core")
assert {"load", "models", "Model"} <= set(dir(latent_explorer))
assert not hasattr(latent_explorer, "no_such_name")
told("numpy", "torch", "latent_explorer.api", "latent_explorer.core")
latent_explorer.models(), latent_explorer.Model, latent_explorer.LatentExplorerError
latent_explorer.load_dataset("digits")
told("numpy", "torch")
try:
    latent_explorer.load("no-such-model")
except latent_explorer.LatentExplorerError:
    told("numpy", "torch")
latent_explorer.load("digits")
told("numpy", "torch")
""")
    nothing, numbers, all_ = "False False False False\n", "True False\n", "True True\n"
    assert said == nothing + nothing + numbers + numbers + all_


def test_the_package_gives_what_it_names() -> None:
    assert set(latent_explorer.__all__) <= set(dir(latent_explorer))
    for name in latent_explorer.__all__:
        assert getattr(latent_explorer, name) is not None
    assert latent_explorer.load is load
    with pytest.raises(AttributeError, match=r"^module 'latent_explorer' has no attribute 'no_such_name'$"):
        _ = latent_explorer.no_such_name  # type: ignore[attr-defined]
    assert (ROOT / "latent_explorer" / "py.typed").is_file()


def blocks(kind: str, text: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_page_prints_what_it_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    code, wanted = blocks("python", text), blocks("text", text)
    assert len(code) == len(wanted) >= 5
    mark = "\nprint('<block>')\n"
    said = process(mark.join([*code, ""])).split("<block>\n")
    assert said == [*wanted, ""]


def test_the_page_names_all_that_there_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    told = set(re.findall(r"[A-Za-z_]+", text))
    public = {name for name in vars(Model) if not name.startswith("_")}
    assert public | set(latent_explorer.__all__) <= told


# --- the exact posterior ---------------------------------------------------------------------------------------------------------


def test_the_posterior_is_that_of_bayes_rule(model: Model) -> None:
    """From decoded pictures alone: p(x|z) of a binary image at all nodes, by the prior."""
    data = load_dataset("digits")
    image = (data.images[data.split.test[0]] > 127).astype(np.float32)
    found = model.posterior(image, 32)
    axis = -4.5 + 9 / 32 * (np.arange(32) + 0.5)
    np.testing.assert_allclose(found.axis, axis, rtol=1e-6)
    z = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)  # row by row: z[0] fast, z[1] slowly
    np.testing.assert_allclose(found.z, z, rtol=1e-6)
    p = model.decode(z).reshape(len(z), -1).astype(float).clip(1e-12, 1 - 1e-7)
    joint = np.where(image.reshape(-1) > 0.5, np.log(p), np.log1p(-p)).sum(1) - 0.5 * (z * z).sum(1)
    share = np.exp(joint - np.logaddexp.reduce(joint)).reshape(32, 32)
    assert found.score == "ll"
    if not found.refined:
        np.testing.assert_allclose(found.probability, share, atol=2e-4)
    assert np.unravel_index(share.argmax(), share.shape) == np.unravel_index(found.probability.argmax(), share.shape)
    assert found.probability.dtype == np.float32 and not found.probability.flags.writeable
    grey = model.posterior(data.images[data.split.test[0], ..., 0])
    assert (grey.score, grey.side) == ("grey score", 128)


def test_what_has_no_posterior_is_refused_in_a_sentence(model: Model, colour: Model) -> None:
    with pytest.raises(SettingError, match="this model has 3"):
        colour.posterior(np.zeros((4, 5, 3)))
    with pytest.raises(InputError, match="give one image"):
        model.posterior(np.zeros((2, 8, 8)))
    with pytest.raises(SettingError, match="resolution is 100000"):
        model.posterior(np.zeros((8, 8)), 100_000)
    with pytest.raises(SettingError, match="mask is"):
        model.posterior(np.zeros((8, 8)), mask=[True, False])
    with pytest.raises(SettingError, match="told no class"):
        model.posterior(np.zeros((8, 8)), condition=1)
