from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from latent_explorer.core import resources
from latent_explorer.core.checkpoint.library import (
    MAX_NAME,
    ModelEntry,
    automatic_name,
    delete_model,
    my_model_path,
    my_models,
    my_models_folder,
    reference_to,
    rename_model,
    reserve_name,
    resolve_model,
    shipped,
)
from latent_explorer.core.checkpoint.record import read_record, serialize, write_checkpoint
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import CheckpointError, ExportError
from tests.core.checkpoint.models import record, split, weights, with_record

WHEN = datetime(2026, 11, 20, 14, 3, 5)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LATENT_EXPLORER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "package")
    return tmp_path / "home" / "data" / "models"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """The folder of shipped models."""
    folder = tmp_path / "package" / "_resources" / "models"
    folder.mkdir(parents=True)
    return folder


def index(folder: Path, models: object) -> None:
    (folder / "index.json").write_text(json.dumps({"schema": 1, "models": models}))


def ship(folder: Path, *names: str) -> None:
    for name in names:
        (folder / f"{name}.safetensors").write_bytes(b"x")
    index(folder, [{"name": name, "file": f"{name}.safetensors", "title": name.upper()} for name in names])


def keep(name: str, seconds: int = 0) -> Path:
    path = my_model_path(name)
    write_checkpoint(path, record(name=name), weights())
    os.utime(path, (1_000_000 + seconds, 1_000_000 + seconds))
    return path


def test_shipped_models_come_in_the_order_of_the_index(shelf: Path) -> None:
    ship(shelf, "mnist-dense", "digits", "a")
    assert [entry.name for entry in shipped()] == ["mnist-dense", "digits", "a"]
    assert shipped()[0] == ModelEntry("mnist-dense", shelf / "mnist-dense.safetensors", True, "MNIST-DENSE")
    (shelf / "digits.safetensors").unlink()
    assert [entry.name for entry in shipped()] == ["mnist-dense", "a"]


def test_without_an_index_nothing_ships() -> None:
    assert shipped() == ()


@pytest.mark.parametrize("models", [None, [1], [{}], [{"name": 1, "file": "a"}], [{"name": "a", "file": "../a"}]])
def test_a_damaged_index_is_said(shelf: Path, models: object) -> None:
    index(shelf, models)
    with pytest.raises(CheckpointError, match=r"list of models .* is damaged; install the program again\."):
        shipped()


def test_an_index_that_is_no_json(shelf: Path) -> None:
    (shelf / "index.json").write_text("[" * 100_000)
    with pytest.raises(CheckpointError, match="is damaged"):
        shipped()


def test_my_models_newest_first(home: Path) -> None:
    assert my_models() == ()
    for seconds, name in ((1, "old"), (3, "new"), (2, "middle")):
        keep(name, seconds)
    (home / "notes.txt").touch()
    (home / ".hidden.safetensors").touch()
    (home / "folder.safetensors").mkdir()
    if os.name == "posix":
        Path(os.fsdecode(os.fsencode(home) + b"/\xff.safetensors")).touch()
        (home / "gone.safetensors").symlink_to(home / "nowhere")
    assert my_models() == tuple(ModelEntry(name, home / f"{name}.safetensors", False) for name in ("new", "middle", "old"))


def test_resolving_prefers_a_path_then_shipped_then_mine(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ship(shelf, "digits")
    mine, both = keep("mine"), keep("digits")
    assert resolve_model("mine") == mine
    assert resolve_model("digits") == shelf / "digits.safetensors"
    assert resolve_model(str(both)) == both
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert resolve_model("digits") == shelf / "digits.safetensors"
    (tmp_path / "mine").touch()
    assert resolve_model("mine") == Path("mine")


@pytest.mark.parametrize("text", ["", "nothing", "a\0b", "x" * 5000, "new\nline"])
def test_an_unknown_model_lists_the_names(shelf: Path, text: str) -> None:
    ship(shelf, "digits")
    keep("mine")
    with pytest.raises(CheckpointError, match=r"one of these names: digits, mine\.") as caught:
        resolve_model(text)
    assert str(caught.value).isprintable()


def test_of_many_models_the_newest_are_listed(shelf: Path) -> None:
    ship(shelf, "digits")
    for k in range(25):
        keep(f"run {k:02}", k)
    with pytest.raises(CheckpointError) as caught:
        resolve_model("nothing")
    sentence = str(caught.value)
    assert sentence.count(",") == 19
    assert "names: digits, run 24, run 23," in sentence
    assert sentence.endswith("run 06 (and 6 older ones in My models).")


def test_an_automatic_name_is_new_and_can_be_a_file_name() -> None:
    model = ModelConfig(image_shape=(8, 8, 1), hidden=(512, 512))
    name = automatic_name("digits", model, WHEN)
    assert name == "digits dense 512-512 2026-11-20 14.03.05"
    keep(name)
    assert automatic_name("digits", model, WHEN) == f"{name} 2"
    keep(f"{name} 2")
    assert automatic_name("DIGITS", model, WHEN) == name.replace("digits", "DIGITS") + " 3"
    assert "8-D" in automatic_name("digits", ModelConfig(image_shape=(8, 8, 1), latent_dim=8), WHEN)
    told = ModelConfig(image_shape=(8, 8, 1), hidden=(512, 512), family="conditional-vae", classes=10)
    assert automatic_name("digits", told, WHEN) == "digits conditional-vae dense 512-512 2026-11-20 14.03.05"
    assert len(automatic_name("x" * 500, replace(told, hidden=(1000,) * 5, latent_dim=1024), WHEN)) <= MAX_NAME
    deep = ModelConfig(image_shape=(8, 8, 1), latent_dim=1024, hidden=(1000,) * 16)
    for data in ("../..", "a/b\n:", "", "x" * 500):
        path = my_model_path(automatic_name(data, deep, WHEN))
        assert path.parent == my_models_folder()
        path.touch()


def test_two_programs_that_begin_in_the_same_second_get_different_names() -> None:
    model = ModelConfig(image_shape=(8, 8, 1), hidden=(512, 512))
    at_once = threading.Barrier(8)

    def ask(number: int) -> str:
        at_once.wait(10)
        return reserve_name("digits", model, WHEN)

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(ask, range(8)))
    assert len(set(names)) == 8
    assert "digits dense 512-512 2026-11-20 14.03.05" in names
    assert my_models() == ()  # nothing is there to open yet


def test_reserved_names_leave_nothing_for_ever() -> None:
    model = ModelConfig(image_shape=(8, 8, 1), hidden=(512,))
    reserve_name("old", model, WHEN)
    (left,) = my_models_folder().iterdir()
    os.utime(left, (1_000_000, 1_000_000))
    reserve_name("new", model, WHEN)
    assert [path.name for path in my_models_folder().iterdir()] == [left.name.replace("old", "new")]


@pytest.mark.parametrize(
    "name", ["", "  ", "a/b", "a\\b", "..", ".hidden", "a.", "a\nb", "a\0b", "CON", "com1.x", "a:b", "x" * 101, "\u202ea", "ü" * 101]
)
def test_names_that_no_file_should_have(name: str) -> None:
    with pytest.raises(ExportError) as caught:
        my_model_path(name)
    assert str(caught.value).isprintable()
    path = keep("old")
    with pytest.raises(ExportError):
        rename_model(path, name)
    assert path.is_file()


def test_renaming_changes_the_file_name_and_the_record_and_nothing_else(home: Path) -> None:
    old = keep("old")
    hash_before, time = read_record(old).handle.content_hash, old.stat().st_mtime_ns
    new = rename_model(old, " new ü ")
    assert new == home / "new ü.safetensors"
    assert os.listdir(home) == ["new ü.safetensors"]
    found = read_record(new)
    assert (found.name, found.handle.content_hash) == ("new ü", hash_before)
    assert new.read_bytes() == serialize(record(name="new ü"), weights())
    assert new.stat().st_mtime_ns == time


def test_renaming_keeps_what_a_newer_version_wrote() -> None:
    path = keep("old")
    path.write_bytes(with_record(path.read_bytes(), {"format": "1.7", "mood": "good"}))
    text = json.loads(split(rename_model(path, "new").read_bytes())[0]["__metadata__"]["latent_explorer"])
    assert (text["mood"], text["format"], text["name"]) == ("good", "1.7", "new")


def test_a_taken_name_is_refused_whatever_its_case() -> None:
    old, other = keep("old"), keep("Other")
    before = other.read_bytes()
    with pytest.raises(ExportError, match="is taken"):
        rename_model(old, "other")
    assert other.read_bytes() == before
    assert old.is_file()
    assert rename_model(old, "old") == old
    assert rename_model(old, "OLD").name == "OLD.safetensors"


def test_a_damaged_model_is_not_renamed() -> None:
    path = my_model_path("bad")
    path.write_bytes(b"junk")
    with pytest.raises(CheckpointError):
        rename_model(path, "good")
    assert path.read_bytes() == b"junk"


def test_deleting() -> None:
    keep("one")
    path = keep("two")
    delete_model(path)
    assert [entry.name for entry in my_models()] == ["one"]
    with pytest.raises(ExportError, match="not in My models"):
        delete_model(path)


@pytest.mark.skipif(os.name != "posix", reason="links are a POSIX matter")
def test_deleting_a_link_leaves_what_it_leads_to(home: Path, tmp_path: Path) -> None:
    keep("one")
    precious = tmp_path / "precious"
    precious.touch()
    (home / "link.safetensors").symlink_to(precious)
    delete_model(home / "link.safetensors")
    assert precious.exists()
    assert not (home / "link.safetensors").is_symlink()


def test_only_my_models_can_be_renamed_and_deleted(shelf: Path, home: Path, tmp_path: Path) -> None:
    ship(shelf, "digits")
    keep("one")
    (home / "notes.txt").touch()
    (tmp_path / "home" / "data" / "x.safetensors").touch()
    for path in (shelf / "digits.safetensors", home / "notes.txt", home / ".." / "x.safetensors", home):
        with pytest.raises(ExportError, match="not in My models"):
            delete_model(path)
        with pytest.raises(ExportError, match="not in My models"):
            rename_model(path, "new")
        assert path.exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(ExportError, match="cannot be made"):
        my_model_path("a")
    assert my_models() == ()


def test_a_reference_leads_back_from_any_folder(shelf: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ship(shelf, "digits")
    hidden, mine = keep("digits"), keep("mine")
    loose = tmp_path / "loose.safetensors"
    loose.write_bytes(mine.read_bytes())
    monkeypatch.chdir(tmp_path)
    cases = {shelf / "digits.safetensors": "digits", mine: "mine", hidden: str(hidden), loose: str(loose), Path(loose.name): str(loose)}
    references = {path: reference_to(path) for path in cases}
    assert references == cases
    monkeypatch.chdir("/")
    for path, reference in references.items():
        assert resolve_model(reference).samefile(tmp_path / path)
