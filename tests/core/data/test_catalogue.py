from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from latent_explorer.core.data.catalogue import CATALOGUE, find_entry
from latent_explorer.core.data.idx import is_idx_folder
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.files.gate import size_text


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_entry_is_complete(name: str) -> None:
    entry = CATALOGUE[name]
    assert entry.name == name == name.lower()
    assert all((entry.title, entry.about, entry.authors, entry.licence))
    assert len(entry.mirrors) >= 2
    assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in entry.mirrors)
    assert len({file.name for file in entry.files}) == len(entry.files)
    for file in entry.files:
        assert file.size > 0 and "/" not in file.name
        assert all(len(value) == 64 and set(value) <= set("0123456789abcdef") for value in (file.sha256, file.content))


def test_mnist_is_what_the_reader_looks_for(tmp_path: Path) -> None:
    entry = find_entry(" MNIST")
    for file in entry.files:
        (tmp_path / file.name).touch()
    assert is_idx_folder(tmp_path)
    assert size_text(entry.size) == "11.6 MB"


def test_the_content_is_that_of_the_real_mnist(mnist_folder: Path) -> None:
    """However the copy at hand is compressed."""
    for file in find_entry("mnist").files:
        plain = mnist_folder / file.name.removesuffix(".gz")
        data = plain.read_bytes() if plain.exists() else gzip.decompress((mnist_folder / file.name).read_bytes())
        assert hashlib.sha256(data).hexdigest() == file.content


def test_half_a_set_is_not_there(own_home: Path) -> None:
    entry = find_entry("mnist")
    assert entry.folder == own_home / "cache" / "datasets" / "mnist"
    entry.folder.mkdir(parents=True)
    for file in entry.files:
        assert not entry.is_here()
        with open(entry.folder / file.name, "wb") as there:
            there.truncate(file.size)
    assert entry.is_here()
    with open(entry.folder / entry.files[0].name, "ab") as there:
        there.truncate(entry.files[0].size - 1)
    assert not entry.is_here()


def test_an_unknown_name() -> None:
    with pytest.raises(DatasetError, match=r'no data set "cifar\\n" to download; choose from: mnist'):
        find_entry("cifar\n")
