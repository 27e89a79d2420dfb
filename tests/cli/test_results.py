"""encode, decode, grid, evaluate, info: what they write agrees with what core computes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latent_explorer.cli.evaluate import table
from latent_explorer.core.checkpoint.record import read_record
from latent_explorer.core.types import ImageDataset
from tests.cli.conftest import Said

Call = Callable[..., Said]


def decoded(path: Path, z: list[list[float]]) -> np.ndarray:
    from latent_explorer.core.checkpoint.weights import load_model
    from latent_explorer.core.nn.inference import decode_bytes

    return decode_bytes(load_model(path).handle, np.array(z, np.float32))


def test_encode_csv_gives_the_codes_back_exactly(call: Call, tiny: Path, tmp_path: Path, digits: ImageDataset) -> None:
    out = tmp_path / "codes.csv"
    assert call("encode", tiny, "--data", "digits", "--out", out).code == 0
    lines = out.read_text(encoding="ascii").splitlines()
    assert lines[0] == "index,label,z0,z1"
    table = [line.split(",") for line in lines[1:]]
    codes = read_record(tiny).codes["mean"]
    assert [int(row[0]) for row in table] == codes.index.tolist() == digits.split.test.tolist()
    assert [int(row[1]) for row in table] == codes.labels.tolist()
    z = np.array([[np.float32(v) for v in row[2:]] for row in table], np.float32)
    np.testing.assert_allclose(z, codes.z, atol=1e-5)  # another thread count may sum in another order
    assert call("encode", tiny, "--data", "digits", "--out", tmp_path / "codes.npz").code == 0
    with np.load(tmp_path / "codes.npz") as archive:
        assert set(archive.files) == {"z", "label", "index"}
        assert np.array_equal(archive["z"], z)
        assert archive["z"].dtype == np.float32 and archive["index"].dtype == np.int64


@pytest.mark.parametrize(("split", "count"), [("train", 1079), ("validation", 119), ("test", 599), ("all", 1797)])
def test_encode_splits(call: Call, tiny: Path, tmp_path: Path, split: str, count: int) -> None:
    said = call("encode", tiny, "--data", "digits", "--out", tmp_path / "a.csv", "--split", split, "--json")
    assert said.code == 0
    assert said.json["data"]["n"] == count
    assert len((tmp_path / "a.csv").read_text().splitlines()) == count + 1


def test_encode_uses_the_division_of_the_training(call: Call, tmp_path: Path) -> None:
    from tests.cli.conftest import TINY

    model = tmp_path / "a.safetensors"
    assert call("train", *TINY, "--validation", 10, "--out", model).code == 0
    said = call("encode", model, "--data", "digits", "--out", tmp_path / "a.csv", "--split", "validation", "--json")
    assert said.json["data"]["n"] == 10


def test_decode_one_picture(call: Call, tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    assert call("decode", tiny, "--z", "-1,0.1", "--out", out, "--scale", 3).code == 0
    with Image.open(out) as picture:
        assert picture.size == (24, 24)
        pixels = np.asarray(picture)
        told = json.loads(picture.text["latent_explorer"])
    assert np.array_equal(pixels[::3, ::3], decoded(tiny, [[-1, 0.1]])[0, ..., 0])
    assert np.array_equal(pixels, pixels[::3, ::3].repeat(3, 0).repeat(3, 1))
    assert told["z"] == [-1, 0.1]
    assert told["model"] == {"name": "tiny", "hash": read_record(tiny).handle.content_hash}
    assert told["schema"] == 1 and told["family"] == "vae" and told["version"]


def test_decode_a_strip_a_folder_and_an_archive(call: Call, tiny: Path, tmp_path: Path) -> None:
    points = ("--z", "-1,0.5", "--z=1,-2", "--z", "-.5,1e-1")
    images = decoded(tiny, [[-1, 0.5], [1, -2], [-0.5, 0.1]])
    assert call("decode", tiny, *points, "--out", tmp_path / "strip.png").code == 0
    with Image.open(tmp_path / "strip.png") as picture:
        assert np.array_equal(np.asarray(picture), np.hstack(images[..., 0]))
    folder = tmp_path / "pictures"
    assert call("decode", tiny, *points, "--out", folder).code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["z_0000.png", "z_0001.png", "z_0002.png"]
    with Image.open(folder / "z_0001.png") as picture:
        assert np.array_equal(np.asarray(picture), images[1, ..., 0])
        assert json.loads(picture.text["latent_explorer"])["z"] == [1, -2]
    assert call("decode", tiny, *points, "--out", tmp_path / "a.npz").code == 0
    with np.load(tmp_path / "a.npz") as archive:
        assert archive["images"].dtype == np.float32 and archive["images"].shape == (3, 8, 8, 1)
        assert np.array_equal(np.rint(archive["images"] * 255).astype(np.uint8), images)
        assert np.array_equal(archive["z"], np.array([[-1, 0.5], [1, -2], [-0.5, 0.1]], np.float32))


def test_grid_has_y_up(call: Call, tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "g.png"
    said = call("grid", tiny, "--n", 3, "--out", out, "--json")
    assert said.json["grid"] == {"n": 3, "space": "plane", "axis": [-3, 0, 3]}
    with Image.open(out) as picture:
        page = np.asarray(picture)
        assert json.loads(picture.text["latent_explorer"])["grid"]["axis"] == [-3, 0, 3]
    assert page.shape == (24, 24)
    top_left, bottom_left, top_right = decoded(tiny, [[-3, 3], [-3, -3], [3, 3]])[..., 0]
    # Pictures decoded alone and in a batch may differ in the last bit, so by one level.
    for found, wanted in ((page[:8, :8], top_left), (page[-8:, :8], bottom_left), (page[:8, -8:], top_right)):
        assert np.abs(found.astype(int) - wanted).max() <= 1
    assert np.abs(top_left.astype(int) - bottom_left).max() > 1
    assert np.abs(top_left.astype(int) - top_right).max() > 1


def test_grid_of_the_prior(call: Call, tiny: Path, tmp_path: Path) -> None:
    axis = call("grid", tiny, "--n", 4, "--space", "prior", "--out", tmp_path / "g.png", "--json").json["grid"]["axis"]
    assert axis == pytest.approx([-1.1503494, -0.31863937, 0.31863937, 1.1503494])


@pytest.mark.parametrize("axes", [None, (2, 0)])
def test_grid_of_more_dimensions_is_a_slice_through_the_mean(call: Call, solid: Path, tmp_path: Path, axes: tuple[int, int] | None) -> None:
    z = read_record(solid).codes["mean"].z.astype(np.float64)
    right, up = axes or np.argsort(-z.var(axis=0))[:2]
    out = tmp_path / "g.png"
    said = call("grid", solid, "--n", 3, *(("--axes", "2,0") if axes else ()), "--out", out, "--json")
    told = said.json["grid"]
    assert told["axes"] == [right, up]
    places = [z.mean(axis=0) for _ in range(2)]
    for place, (x, y) in zip(places, ((-3, 3), (3, -3)), strict=True):
        place[right], place[up] = x, y
    assert told["origin"] == pytest.approx([0 if k in (right, up) else value for k, value in enumerate(z.mean(axis=0))], abs=1e-6)
    with Image.open(out) as picture:
        page = np.asarray(picture)
        assert json.loads(picture.text["latent_explorer"])["grid"] == told
    for found, wanted in zip((page[:8, :8], page[-8:, -8:]), decoded(solid, places)[..., 0], strict=True):
        assert np.abs(found.astype(int) - wanted).max() <= 1
    words = call("grid", solid, "--n", 2, "--out", out).err
    assert "to the right" in words and "the codes' mean" in words


def test_grid_of_two_dimensions_can_be_turned(call: Call, tiny: Path, tmp_path: Path) -> None:
    assert call("grid", tiny, "--n", 3, "--axes", "1,0", "--out", tmp_path / "g.png", "--json").json["grid"]["axes"] == [1, 0]
    with Image.open(tmp_path / "g.png") as picture:
        top_left = np.asarray(picture)[:8, :8]
    assert np.abs(top_left.astype(int) - decoded(tiny, [[3, -3]])[0, ..., 0]).max() <= 1


@pytest.mark.parametrize("axes", ["0", "0,0", "0,1,2", "-1,0", "0,x", "0.5,1", "", "0,3"])
def test_grid_axes_that_span_no_plane(call: Call, solid: Path, tmp_path: Path, axes: str) -> None:
    said = call("grid", solid, f"--axes={axes}", "--out", tmp_path / "g.png")
    assert "axes" in said.sentence
    assert not (tmp_path / "g.png").exists()


def test_decode_takes_as_many_numbers_as_there_are_dimensions(call: Call, solid: Path, tmp_path: Path) -> None:
    assert call("decode", solid, "--z", "-1,0,1", "--out", tmp_path / "a.png").code == 0
    assert "3-dimensional" in call("decode", solid, "--z", "-1,0", "--out", tmp_path / "a.png").sentence


def test_evaluate_json(call: Call, tiny: Path, digits: ImageDataset) -> None:
    said = call("evaluate", tiny, "--data", "digits", "--quick", "--json")
    assert said.code == 0
    assert said.err == ""
    result = said.json
    assert result["schema"] == 1
    assert result["model"] == {"name": "tiny", "hash": read_record(tiny).handle.content_hash}
    assert result["data"] == {"name": "digits", "split": "test", "n": 599, "hash": digits.content_hash}
    codes = {"mse", "sharpness", "knn1", "knn5", "v_measure", "trustworthiness", "active_units"}
    assert set(result["figures"]) == {"elbo", "reconstruction", "kl", "hole_mass", "leak", "magnification_p99"} | codes
    for figure in result["figures"].values():
        assert set(figure) == {"value", "se", "unit", "n", "protocol", "seed", "seconds"}
    assert result["figures"]["elbo"]["value"] == pytest.approx(
        -result["figures"]["reconstruction"]["value"] - result["figures"]["kl"]["value"]
    )


def test_evaluate_by_exact_inference(call: Call, tiny: Path, digits: ImageDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from latent_explorer.core.nn.figures import exact

    monkeypatch.setattr(exact, "SAMPLES", 20)
    said = call("evaluate", tiny, "--data", "digits", "--against", "digits", "--threads", "1", "--json")
    assert said.code == 0
    result = said.json
    assert result["data"]["against"] == {"name": "digits", "split": "test", "n": 599, "hash": digits.content_hash}
    figures = result["figures"]
    assert figures["auroc"]["value"] == pytest.approx(0.5)
    assert figures["elbo"]["value"] < figures["ll_quadrature.256"]["value"]
    assert {f"ll_quadrature.{side}" for side in (128, 256, 512)} | {"knn5.exact_mode", "mse.exact_mean", "gap"} <= set(figures)
    assert figures["bits_per_dim"]["value"] is None and "discretised logistic" in figures["bits_per_dim"]["reason"]


def test_evaluate_in_words(call: Call, tiny: Path) -> None:
    said = call("evaluate", tiny, "--data", "digits", "--quick")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "tiny on 599 test images of digits"
    assert sum("±" in line and "n = 599" in line for line in lines) >= 5
    assert len({line.index("n = ") for line in lines if "n = " in line}) == 1


def test_what_is_rounded_to_nothing_has_no_sign() -> None:
    figure = {"unit": "nats", "n": 9, "protocol": "p", "seed": None}
    lines = table(
        {
            "a": {**figure, "value": -1e-9, "se": 0.5},
            "b": {**figure, "value": -1e-9, "se": None},
            "c": {**figure, "value": -10.0, "se": None},
        }
    )
    assert [line.split()[1] for line in lines[::2]] == ["0.0000", "0.0000", "-10.0000"]


def test_evaluate_says_what_fits_beside(call: Call) -> None:
    said = " ".join(call("evaluate", "--help").out.split())
    assert "shapes-28, which is built in, or a folder with four IDX files" in said


def test_info(call: Call, tiny: Path) -> None:
    said = call("info", tiny, "--json")
    record = read_record(tiny)
    result = said.json
    assert result["model"]["hash"] == record.handle.content_hash
    assert result["model"]["bytes"] == os.path.getsize(tiny)
    assert result["architecture"] == record.handle.architecture.to_record()
    assert result["data"]["sizes"] == {"train": 1079, "validation": 119, "test": 599}
    assert result["epoch"] == 2 and result["resumable"] is False and result["codes"] == {"mean": 599}
    words = call("info", tiny).out
    assert record.handle.content_hash in words and "dense 16 / 2 / 16" in words and record.command in words


def bad(tmp_path: Path, tiny: Path) -> list[tuple[tuple[object, ...], str]]:
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_bytes(b"")
    csv, png = tmp_path / "a.csv", tmp_path / "a.png"
    source = tmp_path / "model.png"
    source.write_bytes(tiny.read_bytes())
    return [
        (("info", "no-such-model"), 'no model file or model "no-such-model"'),
        (("info", tmp_path / "junk.safetensors"), "cannot be opened"),
        (("info", tmp_path), "no model file"),
        (("info",), "MODEL"),
        (("info", tiny, tiny), "extra argument"),
        (("encode", tiny, "--data", "nothing", "--out", csv), 'no data set "nothing"'),
        (("encode", tiny, "--data", tmp_path, "--out", csv), "lacks train-images"),
        (("encode", tiny, "--data", "digits", "--out", tmp_path), "it is a folder"),
        (("encode", tiny, "--data", "digits", "--out", tmp_path / "x" / "a.csv"), "its folder does not exist"),
        (("encode", tiny, "--data", "digits", "--out", tmp_path / "a.txt"), ".csv or .npz"),
        (("encode", tiny, "--data", "digits", "--out", csv, "--split", "some"), "'--split'"),
        (("encode", tiny, "--data", "digits"), "'--out'"),
        (("decode", tiny, "--out", png), "'--z'"),
        (("decode", tiny, "--z", "1", "--out", png), "give 2 numbers, not 1"),
        (("decode", tiny, "--z", "1,2,3", "--out", png), "give 2 numbers, not 3"),
        (("decode", tiny, "--z", "nan,1", "--out", png), "finite numbers"),
        (("decode", tiny, "--z", "1,inf", "--out", png), "finite numbers"),
        (("decode", tiny, "--z", "1e39,0", "--out", png), "finite numbers"),
        (("decode", tiny, "--z", "1_0,0", "--out", png), "finite numbers"),
        (("decode", tiny, "--z", "", "--out", png), "finite numbers"),
        (("decode", tiny, "--z", "0,0", "--out", tmp_path / "a.jpg"), ".png or .npz"),
        (("decode", tiny, "--z", "0,0", "--out", tmp_path / "file"), "file without ending"),
        (("decode", tiny, "--z", "0,0", "--out", tmp_path / "no" / "folder"), "its folder does not exist"),
        (("decode", tiny, "--z", "0,0", "--out", tmp_path / ("x" * 300)), "choose another folder"),
        (("decode", tiny, "--z", "0,0", "--out", tmp_path / ("x" * 300 + ".png")), "choose another one"),
        (("decode", tiny, "--z", "0,0", "--out", "a\0b"), "--out"),
        (("decode", tiny, "--z", "0,0", "--out", png, "--scale", "0"), "0 is not a whole number from 1 to 64"),
        (("decode", source, "--z", "0,0", "--out", source), "it is the file that is read"),
        (("grid", tiny, "--out", tmp_path / "folder.png"), "it is a folder"),
        (("grid", tiny, "--out", png, "--n", "0"), "0 is not a whole number from 1 to 500"),
        (("grid", tiny, "--out", png, "--n", "500", "--scale", "64"), "choose a smaller scale"),
        (("grid", tiny, "--out", png, "--space", "torus"), "'--space'"),
        (("evaluate", tiny, "--data", "nothing", "--json"), 'no data set "nothing"'),
        (("evaluate", tiny), "'--data'"),
    ]


def test_bad_input_is_refused_in_one_sentence(call: Call, tiny: Path, tmp_path: Path) -> None:
    cases = bad(tmp_path, tiny)
    before = {path.name: path.is_file() and path.read_bytes() for path in tmp_path.iterdir()}
    for arguments, words in cases:
        assert words in call(*arguments).sentence, arguments
    assert {path.name: path.is_file() and path.read_bytes() for path in tmp_path.iterdir()} == before


def test_images_of_another_size_are_refused(call: Call, tiny: Path, tmp_path: Path) -> None:
    for part, count in (("train", 4), ("t10k", 2)):
        images = np.zeros((count, 5, 6), np.uint8)
        header = bytes([0, 0, 8, 3]) + np.array(images.shape, ">i4").tobytes()
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1]) + np.array([count], ">i4").tobytes() + bytes(count))
    said = call("evaluate", tiny, "--data", tmp_path)
    assert "5 x 6 x 1" in said.sentence and "8 x 8 x 1" in said.sentence
