from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from latent_explorer.core.errors import ExportError
from latent_explorer.core.files import atomic
from latent_explorer.core.files.atomic import atomic_write

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and pipes are a POSIX matter")


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a"
    atomic_write(path, b"one")
    assert path.read_bytes() == b"one"
    atomic_write(str(path), b"")
    assert path.read_bytes() == b""
    assert os.listdir(tmp_path) == ["a"]


def fail(number: int) -> object:
    def raise_it(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return raise_it


@pytest.mark.parametrize(
    ("place", "number", "said"),
    [
        ("fsync", errno.ENOSPC, "disk is full"),
        ("fsync", errno.EIO, os.strerror(errno.EIO)),
        ("replace", errno.EACCES, "no permission"),
        ("replace", errno.EROFS, "no permission"),
        ("open", errno.EACCES, "no permission"),
        ("open", errno.ENAMETOOLONG, "too long"),
    ],
)
def test_a_failure_leaves_the_old_file_whole_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, number: int, said: str
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, place, fail(number))
    with pytest.raises(ExportError) as caught:
        atomic_write(path, b"new and longer")
    monkeypatch.undo()
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert str(caught.value).endswith(".")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_disk_that_fills_up_midway_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def half(descriptor: int, data: bytes) -> None:
        with open(descriptor, "wb") as file:
            file.write(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic, "_write_whole", half)
    with pytest.raises(ExportError, match="disk is full; free some space"):
        atomic_write(path, b"new" * 1000)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_an_interrupt_leaves_the_old_file_and_no_temporary_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_the_data_are_synced_before_the_name_is_moved_and_the_folder_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else f"{os.fstat(descriptor).st_size} bytes")
        real_sync(descriptor)

    def replace(source: str, target: str) -> None:
        assert Path(source).parent == Path(target).parent == tmp_path.resolve()
        steps.append("replace")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    atomic_write(tmp_path / "a", b"12345")
    assert steps == ["5 bytes", "replace", *(["folder"] if os.name == "posix" else [])]


@posix
def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def sync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    atomic_write(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"


@posix
def test_keeps_the_mode_and_follows_the_umask_for_new_files(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    atomic_write(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    old = os.umask(0o027)
    try:
        atomic_write(tmp_path / "b", b"new")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o640


@posix
def test_writes_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there" / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    atomic_write(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert os.listdir(tmp_path / "there") == ["real"]


@posix
def test_a_read_only_file_is_respected(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(ExportError, match="read-only"):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"


@posix
def test_a_pipe_and_a_link_to_itself_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExportError, match="a pipe or a device"):
        atomic_write(tmp_path / "pipe", b"x")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(ExportError, match="cannot be written"):
        atomic_write(tmp_path / "loop", b"x")
    assert (tmp_path / "loop").is_symlink()


def test_folders_missing_folders_and_impossible_names(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is a folder"):
        atomic_write(tmp_path, b"x")
    with pytest.raises(ExportError, match="folder does not exist"):
        atomic_write(tmp_path / "no" / "a", b"x")
    with pytest.raises(ExportError, match="no file name can have"):
        atomic_write(str(tmp_path / "a") + "\0", b"x")


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    atomic_write(path, b"x")
    assert path.read_bytes() == b"x"
