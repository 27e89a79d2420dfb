"""The data sets that can be downloaded: what they are, whose, how large, where from, and how their files are told to be right."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from latent_explorer.core.errors import DatasetError
from latent_explorer.core.files.gate import shown
from latent_explorer.core.resources import cache_folder


@dataclass(frozen=True)
class RemoteFile:
    """One file of a data set, as every mirror must deliver it.

    Parameters
    ----------
    name : str
        Appended to a mirror's address, and the file's name on disk.
    size : int
        Bytes.
    sha256 : str
        Of the file as it is delivered, in hexadecimal.
    content : str
        SHA-256 of what it holds, decompressed: the same for every copy, however it was compressed.
    """

    name: str
    size: int
    sha256: str
    content: str


@dataclass(frozen=True)
class CatalogueEntry:
    """A data set that can be downloaded.

    Parameters
    ----------
    name : str
        As it is loaded, such as "mnist"; also its folder's name.
    title, about, authors, licence : str
        For the person, before anything is downloaded.
    files : tuple of RemoteFile
    mirrors : tuple of str
        Addresses that end in "/", http or https, in the order in which they are tried.
    """

    name: str
    title: str
    about: str
    authors: str
    licence: str
    files: tuple[RemoteFile, ...]
    mirrors: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(file.size for file in self.files)

    @property
    def folder(self) -> Path:
        """Where its files lie after the download; it may not exist yet."""
        return cache_folder() / "datasets" / self.name

    def is_here(self) -> bool:
        """Whether all files lie in the cache, whole. They get their names only after their hash was checked, so sizes are enough."""
        return all(size_of(self.folder / file.name) == file.size for file in self.files)


def size_of(path: Path) -> int:
    """Bytes of an ordinary file, 0 where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


# The sizes and hashes of the compressed files are those of TensorFlow Datasets (url_checksums/mnist.txt) and of many others; the
# hashes of the content were computed from a copy that was compressed by other means, and agree with published ones too.
MNIST = CatalogueEntry(
    name="mnist",
    title="MNIST",
    about="70,000 handwritten digits, 28 x 28, grey",
    authors="Yann LeCun, Corinna Cortes, Christopher Burges",
    licence="CC BY-SA 3.0",
    files=(
        RemoteFile(
            "train-images-idx3-ubyte.gz",
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        RemoteFile(
            "train-labels-idx1-ubyte.gz",
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        RemoteFile(
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        RemoteFile(
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    mirrors=("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
)

CATALOGUE: Mapping[str, CatalogueEntry] = MappingProxyType({"mnist": MNIST})


def find_entry(name: str) -> CatalogueEntry:
    """The entry of that name, in any case.

    Raises
    ------
    DatasetError
        There is none.
    """
    entry = CATALOGUE.get(name.strip().lower().replace("_", "-"))
    if entry is None:
        raise DatasetError(f'There is no data set "{shown(name)}" to download; choose from: {", ".join(CATALOGUE)}.')
    return entry
