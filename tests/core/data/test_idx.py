from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latent_explorer.core.data.idx import FASHION, is_idx_folder, parse_idx, read_idx_folder
from latent_explorer.core.errors import DatasetError
from tests.core.data.idx_files import NAMES, arrays, idx, write


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("mark", ["-", "."])
def test_round_trip(tmp_path: Path, zipped: bool, mark: str) -> None:
    files = arrays()
    folder = write(tmp_path / "My Set", files, zipped=zipped, mark=mark)
    assert is_idx_folder(folder)
    data = read_idx_folder(folder)
    assert data.name == "my set"
    assert data.image_shape == (5, 4, 1)
    np.testing.assert_array_equal(data.images[..., 0], np.concatenate([files[0], files[2]]))
    assert data.labels is not None
    np.testing.assert_array_equal(data.labels, np.concatenate([files[1], files[3]]))
    assert data.class_names == ("0", "1", "2")
    assert data.source == str(folder)
    np.testing.assert_array_equal(data.split.test, np.arange(20, 30))
    assert len(data.split.validation) == 2
    np.testing.assert_array_equal(np.sort(np.concatenate([data.split.train, data.split.validation])), np.arange(20))
    assert not data.images.flags.writeable


def test_the_content_and_not_the_ending_says_whether_it_is_gzipped(tmp_path: Path) -> None:
    files = arrays()
    write(tmp_path, files)
    (tmp_path / (NAMES[0] + ".gz")).write_bytes(idx(files[0]))
    (tmp_path / (NAMES[1] + ".gz")).unlink()
    (tmp_path / NAMES[1]).write_bytes(gzip.compress(idx(files[1])))
    np.testing.assert_array_equal(read_idx_folder(tmp_path).images[:20, ..., 0], files[0])


def test_a_given_name_wins(tmp_path: Path) -> None:
    assert read_idx_folder(write(tmp_path / "x", arrays()), "mine").name == "mine"


@pytest.mark.parametrize(("folder", "name"), [("raw", "mnist"), ("Fashion-MNIST", "fashion-mnist")])
def test_a_set_of_mnists_sizes_is_named_mnist_unless_the_folder_says_otherwise(tmp_path: Path, folder: str, name: str) -> None:
    files = [np.zeros((60_000, 28, 28), np.uint8), np.arange(60_000) % 10, np.zeros((10_000, 28, 28), np.uint8), np.arange(10_000) % 10]
    data = read_idx_folder(write(tmp_path / folder, [array.astype(np.uint8) for array in files], zipped=False))
    assert data.name == name
    assert [len(part) for part in (data.split.train, data.split.validation, data.split.test)] == [50_000, 10_000, 10_000]
    assert data.class_names == (FASHION if name == "fashion-mnist" else tuple("0123456789"))


def test_a_folder_says_which_files_it_lacks(tmp_path: Path) -> None:
    write(tmp_path, arrays())
    (tmp_path / (NAMES[2] + ".gz")).unlink()
    assert not is_idx_folder(tmp_path)
    with pytest.raises(DatasetError, match=f"lacks {NAMES[2]} "):
        read_idx_folder(tmp_path)
    with pytest.raises(DatasetError, match="does not exist"):
        read_idx_folder(tmp_path / "nowhere")


PATH = Path("some", NAMES[0])
IMAGES = idx(np.zeros((4, 3, 2), np.uint8))
LABELS = idx(np.zeros(4, np.uint8))
ZIPPED = gzip.compress(IMAGES, mtime=0)  # all test processes name their tests alike


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not an IDX file of images"),
        (b"\0\0\x08", "not an IDX file"),
        (b"<html>404", "not an IDX file"),
        (IMAGES[:10], "ends within its header"),
        (IMAGES[:-1], "claims 4 x 3 x 2 = 24 bytes of images but holds 23"),
        (IMAGES + b"x", "holds 25"),
        (LABELS, "should hold images but holds labels"),
        (idx(np.zeros((4, 3, 2, 1), np.uint8)), "4-dimensional data"),
        (idx(np.zeros((4, 3, 2), np.uint8), kind=0x0D), "IDX type 0x0d"),
        (idx(np.zeros(0, np.uint8), shape=(2**31, 1, 1)), "2.15 GB"),
        (idx(np.zeros(0, np.uint8), shape=(2**32 - 1, 2**32 - 1, 2**32 - 1)), "more than"),
        (idx(np.zeros((0, 3, 2), np.uint8)), "holds no images"),
        (ZIPPED[:-1], "cut"),
        (ZIPPED[:-8] + bytes(4) + ZIPPED[-4:], "damaged"),
        (ZIPPED + b"junk", "other data"),
        (gzip.compress(IMAGES + bytes(20_000_000), mtime=0), "more than"),
        (gzip.compress(IMAGES[:-1], mtime=0), "holds 23"),
        (gzip.compress(IMAGES[:10], mtime=0), "ends within its header"),
        (gzip.compress(ZIPPED, mtime=0), "not an IDX file"),
        (b"\x1f\x8b\x08", "not an IDX file"),
    ],
)
def test_damaged_files_are_refused_in_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(DatasetError) as caught:
        parse_idx(data, 3, PATH)
    text = str(caught.value)
    assert said in text
    assert str(PATH) in text
    assert text.endswith(".")
    assert text.isprintable()


def test_swapped_images_and_labels(tmp_path: Path) -> None:
    files = arrays()
    files[0], files[1] = files[1], files[0]
    with pytest.raises(DatasetError, match="check that the files were not swapped"):
        read_idx_folder(write(tmp_path, files))


def test_10_images_and_11_labels(tmp_path: Path) -> None:
    files = arrays()
    files[3] = np.zeros(11, np.uint8)
    with pytest.raises(DatasetError, match="10 images in t10k-images but 11 labels in t10k-labels"):
        read_idx_folder(write(tmp_path, files))


def test_test_images_of_another_size(tmp_path: Path) -> None:
    files = arrays()
    files[2] = np.zeros((10, 4, 5), np.uint8)
    with pytest.raises(DatasetError, match="training images of 5 x 4 but test images of 4 x 5"):
        read_idx_folder(write(tmp_path, files))


@pytest.mark.skipif(os.name != "posix", reason="pipes as files are a POSIX matter")
def test_a_pipe_in_place_of_a_file(tmp_path: Path) -> None:
    write(tmp_path, arrays())
    (tmp_path / (NAMES[0] + ".gz")).unlink()
    os.mkfifo(tmp_path / NAMES[0])
    with pytest.raises(DatasetError, match="is a pipe"):
        read_idx_folder(tmp_path)


@settings(deadline=None)
@given(st.sampled_from([IMAGES, ZIPPED]), st.data())
def test_wild_bytes_load_or_are_refused(good: bytes, draw: st.DataObject) -> None:
    data = bytearray(good)
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    data = data[: draw.draw(st.integers(0, len(data)))]
    try:
        array = parse_idx(bytes(data), 3, PATH)
    except DatasetError:
        return
    assert array.dtype == np.uint8
    assert array.size == 24


def test_the_real_mnist(mnist_folder: Path) -> None:
    data = read_idx_folder(mnist_folder)
    assert data.name == "mnist"
    assert data.images.shape == (70_000, 28, 28, 1)
    assert data.labels is not None
    assert np.bincount(data.labels[:60_000]).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert data.labels[60_000:60_004].tolist() == [7, 2, 1, 0]
    assert data.class_names == tuple("0123456789")
    assert [len(part) for part in (data.split.train, data.split.validation, data.split.test)] == [50_000, 10_000, 10_000]
