"""The four files of MNIST and of the sets made in its likeness: IDX, plain or gzipped."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.errors import DatasetError
from latent_explorer.core.files.gate import gunzip, gunzip_head, read_bytes, shown, size_text, sniff
from latent_explorer.core.types import ImageDataset, Split, freeze

IMAGES, LABELS = 3, 1  # dimensions of an image file and of a label file
UBYTE = 0x08  # the only IDX type whose values are bytes from 0 to 255

# Part of the file name -> number of dimensions, in the order in which they are read.
PARTS = {"train-images": IMAGES, "train-labels": LABELS, "t10k-images": IMAGES, "t10k-labels": LABELS}

CAP = 1 << 30  # bytes of one file, decompressed: 1.3 million images of 28 x 28

MNIST_SIZES = (60_000, 10_000)
FASHION = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def _candidates(part: str) -> tuple[str, ...]:
    stems = (f"{part}{mark}idx{PARTS[part]}-ubyte" for mark in "-.")
    return tuple(stem + ending for stem in stems for ending in ("", ".gz"))


def _find(folder: Path) -> dict[str, Path]:
    """Part -> file, for the parts that are there."""
    found: dict[str, Path] = {}
    for part in PARTS:
        try:
            found[part] = next(folder / name for name in _candidates(part) if (folder / name).exists())
        except (StopIteration, OSError, ValueError):
            continue
    return found


def is_idx_folder(folder: Path) -> bool:
    """Whether all four files are there, by name; their content is not looked at."""
    return len(_find(folder)) == len(PARTS)


def parse_idx(data: bytes, dimensions: int, path: Path) -> NDArray[np.uint8]:
    """One IDX file, plain or gzipped (told by its first bytes, never by its name).

    Parameters
    ----------
    data : bytes
        The whole file.
    dimensions : int
        3 for images (N, H, W), 1 for labels (N,).
    path : Path
        For the sentence.

    Returns
    -------
    uint8 array, read-only, with `dimensions` dimensions, each at least 1

    Raises
    ------
    DatasetError
        Anything else than such a file.
    """
    name = f"The file {shown(path)}"
    what = "images" if dimensions == IMAGES else "labels"
    start = 4 + 4 * dimensions
    zipped = sniff(data) == "gzip"
    head = gunzip_head(data, start) if zipped else data[:start]
    if sniff(head) != "idx":
        raise DatasetError(f"{name} is not an IDX file of {what}; copy or download the original again.")
    if head[2] != UBYTE:
        raise DatasetError(f"{name} holds numbers of IDX type 0x{head[2]:02x}; only bytes (0x08) can be opened.")
    if head[3] != dimensions:
        there = {IMAGES: "images", LABELS: "labels"}.get(head[3], f"{head[3]}-dimensional data")
        raise DatasetError(f"{name} should hold {what} but holds {there}; check that the files were not swapped.")
    if len(head) < start:
        raise DatasetError(f"{name} is cut: it ends within its header; copy or download it again.")
    shape = tuple(int.from_bytes(head[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions))
    expected = math.prod(shape)
    if expected == 0:
        raise DatasetError(f"{name} holds no {what}; choose a set with at least one training and one test image.")
    if expected > CAP:
        raise DatasetError(f"{name} claims {size_text(expected)} of {what}, more than the {size_text(CAP)} that can be opened.")
    plain = gunzip(data, cap=start + expected, path=path) if zipped else data
    if len(plain) - start != expected:
        sizes = " x ".join(f"{n:,}" for n in shape)
        raise DatasetError(
            f"{name} claims {sizes} = {expected:,} bytes of {what} but holds {len(plain) - start:,}; copy or download it again."
        )
    return np.frombuffer(plain, np.uint8, offset=start).reshape(shape)


def _read(path: Path, dimensions: int) -> NDArray[np.uint8]:
    # Gzip adds at most a few bytes for data it cannot compress; 1 MB leaves room for that and for the header.
    return parse_idx(read_bytes(path, cap=CAP + (1 << 20), what="IDX file"), dimensions, path)


def _name(folder: Path, sizes: tuple[int, int], shape: tuple[int, int]) -> str:
    """The folder's name in lower case, and "mnist" for a set of MNIST's sizes in a folder that claims nothing else."""
    name = shown(folder.resolve().name).lower() or "images"
    if sizes == MNIST_SIZES and shape == (28, 28) and not any(other in name for other in ("fashion", "kmnist", "kuzushiji", "emnist")):
        return "mnist"
    return name


def read_idx_folder(folder: Path, name: str | None = None) -> ImageDataset:
    """Read the four files of a folder: training images first, then test images.

    Parameters
    ----------
    folder : Path
        Holds train-images, train-labels, t10k-images and t10k-labels as ``...-idx3-ubyte`` and ``...-idx1-ubyte``,
        each plain or gzipped, with "-" or "." before "idx".
    name : str or None
        The set's name; None takes it from the folder and the sizes.

    Returns
    -------
    ImageDataset
        Grey images (N, H, W, 1); the test part is as given, the validation part is the default one.

    Raises
    ------
    DatasetError
        A file is missing or is not what it should be, or the files do not fit together.
    """
    where = f"The folder {shown(folder)}"
    if not folder.is_dir():
        raise DatasetError(f"{where} does not exist; choose the folder that holds the four MNIST files.")
    files = _find(folder)
    missing = [f"{part}-idx{PARTS[part]}-ubyte" for part in PARTS if part not in files]
    if missing:
        raise DatasetError(f"{where} lacks {', '.join(missing)} (plain or .gz); choose the folder that holds the four MNIST files.")
    arrays = {part: _read(files[part], dimensions) for part, dimensions in PARTS.items()}
    for part in ("train", "t10k"):
        counts = len(arrays[f"{part}-images"]), len(arrays[f"{part}-labels"])
        if counts[0] != counts[1]:
            raise DatasetError(
                f"{where} holds {counts[0]:,} images in {part}-images but {counts[1]:,} labels in {part}-labels; use files of the same set."
            )
    train, test = arrays["train-images"], arrays["t10k-images"]
    if train.shape[1:] != test.shape[1:]:
        sides = [f"{part.shape[1]} x {part.shape[2]}" for part in (train, test)]
        raise DatasetError(f"{where} holds training images of {sides[0]} but test images of {sides[1]}; use files of the same set.")
    labels = np.concatenate([arrays["train-labels"], arrays["t10k-labels"]]).astype(np.int64)
    sizes = (len(train), len(test))
    name = name or _name(folder, sizes, (train.shape[1], train.shape[2]))
    classes = int(labels.max()) + 1
    split = Split(
        freeze(np.arange(sizes[0], dtype=np.int64)),
        freeze(np.empty(0, np.int64)),
        freeze(np.arange(sizes[0], sum(sizes), dtype=np.int64)),
    )
    return ImageDataset(
        name=name,
        images=np.concatenate([train, test])[..., np.newaxis],
        labels=labels,
        class_names=FASHION if "fashion" in name and classes == len(FASHION) else tuple(str(k) for k in range(classes)),
        split=split,
        source=str(folder),
    ).with_validation(None)
