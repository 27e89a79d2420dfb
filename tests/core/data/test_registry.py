from __future__ import annotations

from pathlib import Path

import pytest

from latent_explorer.core.data.registry import available, find_folder, load_dataset
from latent_explorer.core.errors import DatasetError
from tests.core.data.idx_files import arrays, write

BUILT_IN = ("digits", "shapes", "shapes-28", "shapes-64", "shapes-colour", "shapes-64-colour")


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "data"
    root.mkdir()
    write(root / "Fashion_MNIST", arrays())
    write(root / "mnist", arrays(train=30))
    (root / "empty").mkdir()
    (root / "file").touch()
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(root))
    return root


@pytest.mark.usefixtures("no_data_folder")
def test_what_is_built_in_is_always_there() -> None:
    assert available() == BUILT_IN
    assert load_dataset("Digits").name == "digits"
    assert find_folder("mnist") is None


def test_a_folder_of_folders(offered: Path) -> None:
    assert available() == (*BUILT_IN, "fashion-mnist", "mnist")
    assert find_folder("MNIST") == offered / "mnist"
    assert load_dataset("mnist").images.shape == (40, 5, 4, 1)
    assert load_dataset("fashion_mnist").name == "fashion-mnist"


def test_the_variable_may_name_the_four_files_folder_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(write(tmp_path / "anything", arrays())))
    assert available() == (*BUILT_IN, "mnist")
    assert load_dataset("mnist").name == "mnist"


@pytest.mark.usefixtures("no_data_folder")
def test_a_path_is_read_as_a_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "letters", arrays())
    assert load_dataset(folder).name == "letters"
    assert load_dataset(str(folder)).source == str(folder)


def test_a_folder_without_the_files_hides_no_name(offered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mnist", "digits", "other"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert len(load_dataset("mnist").images) == 40
    assert load_dataset("digits").source == "built in"
    with pytest.raises(DatasetError, match="The folder other lacks"):
        load_dataset("other")


@pytest.mark.usefixtures("no_data_folder")
@pytest.mark.parametrize("name", ["nonsense", "", "no\nsuch", "a\0b", "x" * 5000])
def test_an_unknown_name_lists_what_exists_in_one_short_sentence(name: str) -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset(name)
    text = str(caught.value)
    assert f"choose one of {', '.join(BUILT_IN)}, or give a folder" in text
    assert text.isprintable()
    assert len(text) < 200 + min(len(name), 300)


@pytest.mark.usefixtures("no_data_folder")
def test_mnist_that_is_not_here_is_said_where_to_get() -> None:
    with pytest.raises(DatasetError, match=r"^MNIST is not on this computer; get it with latent-explorer download mnist ") as caught:
        load_dataset("MNIST")
    assert "four files" in str(caught.value)
    assert len(str(caught.value)) < 240


@pytest.mark.usefixtures("no_data_folder")
def test_a_file_is_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    with pytest.raises(DatasetError, match="is a file, not a data set"):
        load_dataset(tmp_path / "a.csv")


@pytest.mark.parametrize("root", ["", "/no/such/folder"])
def test_a_variable_that_leads_nowhere_offers_nothing(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_DATA", root)
    assert available() == BUILT_IN
