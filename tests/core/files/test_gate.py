from __future__ import annotations

import gzip
import io
import os
import pickle
import socket
import zipfile
from pathlib import Path

import numpy as np
import pytest

from latent_explorer.core.errors import CheckpointError, DatasetError
from latent_explorer.core.files.gate import gunzip, gunzip_head, read_bytes, shown, size_text, sniff

posix = pytest.mark.skipif(os.name != "posix", reason="pipes, sockets and devices as files are a POSIX matter")


def one_sentence(error: BaseException, path: Path | str) -> str:
    text = str(error)
    assert shown(str(path)) in text
    assert text.endswith(".")
    assert text.isprintable(), "one line, no control characters"
    return text


def test_reads_a_file_up_to_the_cap_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_bytes(path, cap=5) == b"12345"
    with pytest.raises(DatasetError) as caught:
        read_bytes(path, cap=4)
    assert "too large" in one_sentence(caught.value, path)


def test_reads_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert read_bytes(tmp_path / "a", cap=0) == b""


def test_the_error_type_and_the_word_are_the_callers(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"The model file .* does not exist"):
        read_bytes(tmp_path / "missing", cap=1, what="model file", error=CheckpointError)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        read_bytes(tmp_path, cap=1)
    assert "is a folder" in one_sentence(caught.value, tmp_path)


@posix
@pytest.mark.parametrize("as_link", [False, True])
def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path, as_link: bool) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    if as_link:
        (tmp_path / "link").symlink_to(path)
        path = tmp_path / "link"
    with pytest.raises(DatasetError) as caught:
        read_bytes(path, cap=1)
    assert "is a pipe" in one_sentence(caught.value, path)


@posix
def test_a_pipe_put_in_place_after_the_first_look_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, pipe = tmp_path / "a", tmp_path / "pipe"
    path.write_bytes(b"12345")
    os.mkfifo(pipe)
    real = os.open
    monkeypatch.setattr(os, "open", lambda name, flags: real(pipe, flags))
    with pytest.raises(DatasetError, match="is a pipe"):
        read_bytes(path, cap=10)


@posix
def test_devices_and_sockets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is a device"):
        read_bytes(os.devnull, cap=1)
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        with pytest.raises(DatasetError, match="is a socket"):
            read_bytes(path, cap=1)


def test_no_permission_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DatasetError) as caught:
        read_bytes(path, cap=1)
    assert "no permission" in one_sentence(caught.value, path)


@pytest.mark.parametrize("size", [0, 600, 5000])
def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(1000))

    def meddle(head: bytes) -> None:
        path.write_bytes(bytes(size))

    with pytest.raises(DatasetError, match="changed while"):
        read_bytes(path, cap=2000, check=meddle)


def test_check_sees_the_head_before_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(256)) * 4)
    seen: list[bytes] = []
    assert read_bytes(path, cap=2000, check=seen.append) == path.read_bytes()
    assert seen == [path.read_bytes()[:512]]


@pytest.mark.parametrize("name", ["a\0b", "\ud800x"])
def test_names_that_no_file_can_have(name: str) -> None:
    with pytest.raises(DatasetError) as caught:
        read_bytes(name, cap=1)
    one_sentence(caught.value, name)


@posix
@pytest.mark.parametrize("name", [b"new\nline", b"\xff\xfe", "right\u202eleft".encode(), b"n" * 255, b"<b>x"])
def test_wild_names_stay_on_one_line(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))
    path.write_bytes(b"12")
    assert read_bytes(path, cap=2) == b"12"
    with pytest.raises(DatasetError) as caught:
        read_bytes(path, cap=1)
    one_sentence(caught.value, path)


def test_shown_is_bounded_and_keeps_both_ends() -> None:
    assert shown("a\nb") == "a\\nb"
    assert shown("x" * 300) == "x" * 300
    assert shown("start" + "x" * 1000 + "end").startswith("startx")
    assert shown("start" + "x" * 1000 + "end").endswith("xend")
    assert len(shown("x" * 1000)) == 300


def test_size_text() -> None:
    assert [size_text(n) for n in (0, 999, 1500, 12_000_000, 3 * 10**9)] == ["0 bytes", "999 bytes", "1.5 kB", "12 MB", "3 GB"]


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, a=np.zeros(1))
    return buffer.getvalue()


def empty_zip() -> bytes:
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", "empty"),
        (b"\x00", "unknown"),
        (b"1234567", "unknown"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (npz(), "zip"),
        (empty_zip(), "zip"),
        *((pickle.dumps([1, 2], protocol), "pickle") for protocol in (2, 3, 4, 5)),
        (bytes([0, 0, 8, 3, 0, 0, 0, 1]), "idx"),
        (bytes([0, 0, 7, 3, 0, 0, 0, 1]), "unknown"),
        ((40).to_bytes(8, "little") + b'{"a":', "safetensors"),
        ((0x088B1F).to_bytes(8, "little") + b'{"a":', "safetensors"),
        ((2**63).to_bytes(8, "little") + b'{"a":', "unknown"),
        (b"\x93NUMPY\x01\x00", "npy"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
        (b"\xef\xbb\xbf \n<!DOCTYPE HTML><html>", "html"),
        (b"<?xml version='1.0'?>", "xml"),
        (b"BM\x00\x00\x00\x00\x00\x00\x00\x00", "bmp"),
        (b"BM is how this text begins", "unknown"),
    ],
)
def test_sniff(head: bytes, kind: str) -> None:
    assert sniff(head) == kind


def test_gunzip_round_trip_at_the_cap() -> None:
    data = os.urandom(100_000)
    assert gunzip(gzip.compress(data), cap=len(data), path="a.gz") == data
    assert gunzip_head(gzip.compress(data), 10) == data[:10]
    assert gunzip(gzip.compress(b""), cap=0, path="a.gz") == b""


GOOD = gzip.compress(bytes(1000) + b"end", mtime=0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (GOOD[:-1], "cut"),
        (GOOD[:12], "cut"),
        (GOOD[:-8] + bytes([GOOD[-8] ^ 1]) + GOOD[-7:], "damaged"),
        (GOOD + b"junk", "4 bytes of other data"),
        (GOOD + GOOD, "other data"),
        (b"not gzip at all", "damaged"),
        (gzip.compress(bytes(1004), mtime=0), "more than"),
    ],
)
def test_gunzip_refuses_in_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(DatasetError) as caught:
        gunzip(data, cap=1003, path="a.gz")
    assert said in one_sentence(caught.value, "a.gz")


def test_a_bomb_is_not_unpacked() -> None:
    import tracemalloc

    bomb = gzip.compress(bytes(64_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match="more than"):
            gunzip(bomb, cap=1000, path="bomb.gz")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


def test_gunzip_head_never_raises() -> None:
    assert gunzip_head(b"nonsense", 10) == b""
    assert gunzip_head(GOOD[:5], 10) == b""
