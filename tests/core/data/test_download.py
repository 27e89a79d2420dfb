"""Downloads against servers on this machine: good ones, and all kinds of bad ones."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from latent_explorer.core.data import download as module
from latent_explorer.core.data.catalogue import CatalogueEntry
from latent_explorer.core.data.download import download
from latent_explorer.core.data.registry import available, find_folder, load_dataset
from latent_explorer.core.errors import Cancelled, DatasetError
from latent_explorer.core.files import web
from tests.core.data import mirror as moods
from tests.core.data.mirror import Mirror, Mood, content, dead_url, entry_of, is_noise

NewMirror = Callable[[], Mirror]
IMAGES = "train-images-idx3-ubyte.gz"
ROOT = Path(__file__).resolve().parents[3]


class Teller:
    """Writes down what is told, and cancels when a condition is met."""

    def __init__(self, until: Callable[[int], bool] = lambda done: False) -> None:
        self.told: list[tuple[int, int]] = []
        self._until = until

    def __call__(self, done: int, total: int) -> None:
        self.told.append((done, total))
        if self._until(done):
            raise Cancelled


def whole(entry: CatalogueEntry) -> bool:
    """Whether the cache has exactly the small set, and nothing half beside it."""
    there = {path.name: path.read_bytes() for path in entry.folder.iterdir() if path.name != ".lock"}
    return there == content()


def refused(entry: CatalogueEntry) -> str:
    """The sentence."""
    with pytest.raises(DatasetError) as caught:
        download(entry, Teller())
    text = str(caught.value)
    assert text.isprintable() and text.endswith(".") and text.count(". ") == 0 and len(text) < 400
    assert text.startswith("MNIST could not be downloaded") and "; " in text
    assert not entry.is_here()
    return text


def images_only(mirror: Mirror, *others: str) -> CatalogueEntry:
    """A set of one file, so that each request counts."""
    return entry_of({IMAGES: mirror.files[IMAGES]}, mirror.url, *others)


def test_a_good_download(mirror: Mirror, offered_entry: CatalogueEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LATENT_EXPLORER_DATA", raising=False)
    assert "mnist" not in available() and not offered_entry.is_here()
    teller = Teller()
    assert download(offered_entry, teller) == offered_entry.folder
    assert whole(offered_entry) and offered_entry.is_here()
    done = [step for step, _ in teller.told]
    assert done == sorted(done) and done[0] == 0 and done[-1] == offered_entry.size
    assert {total for _, total in teller.told} == {offered_entry.size}
    assert 0 < done[len(done) // 2] < offered_entry.size
    assert mirror.asked == [(name, 0) for name in mirror.files]
    assert "mnist" in available() and find_folder("mnist") == offered_entry.folder
    dataset = load_dataset("MNIST")
    assert dataset.name == "mnist" and dataset.images.shape == (500, 28, 28, 1) and is_noise(dataset.images)


def test_what_is_there_is_not_fetched_again(mirror: Mirror, offered_entry: CatalogueEntry) -> None:
    download(offered_entry, Teller())
    asked = len(mirror.asked)
    mirror.mood = moods.missing
    download(offered_entry, Teller())
    assert len(mirror.asked) == asked


@pytest.mark.parametrize("damage", [b"", b"x" * 100, None])
def test_a_damaged_file_is_fetched_again(mirror: Mirror, offered_entry: CatalogueEntry, damage: bytes | None) -> None:
    download(offered_entry, Teller())
    path = offered_entry.folder / IMAGES
    path.write_bytes(bytes(path.stat().st_size) if damage is None else damage)
    mirror.asked.clear()
    download(offered_entry, Teller())
    assert mirror.asked == [(IMAGES, 0)] and whole(offered_entry)


def test_the_environment_goes_before_the_cache(offered_entry: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    download(offered_entry, Teller())
    shutil.copytree(offered_entry.folder, tmp_path / "mnist")
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path))
    assert find_folder("mnist") == tmp_path / "mnist"


# --- mirrors that do it in another way -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mood", [moods.no_range, moods.no_length, moods.chunked, moods.endless_after_data], ids=lambda mood: mood.__name__)
def test_other_ways_to_deliver(mirror: Mirror, mood: Mood) -> None:
    mirror.mood = mood
    entry = entry_of(mirror.files, mirror.url)
    download(entry, Teller())
    assert whole(entry)


def test_a_redirect_is_followed(new_mirror: NewMirror) -> None:
    first, second = new_mirror(), new_mirror()
    first.mood = moods.on_to(second)
    entry = entry_of(first.files, first.url)
    download(entry, Teller())
    assert whole(entry) and second.asked == [(name, 0) for name in first.files]


# --- resuming ------------------------------------------------------------------------------------------------------------------


def leave_part(entry: CatalogueEntry, data: bytes) -> Path:
    entry.folder.mkdir(parents=True)
    part = entry.folder / f"{IMAGES}.part"
    part.write_bytes(data)
    return part


def test_a_cut_is_resumed_where_it_was(mirror: Mirror) -> None:
    """Each connection brings half of the rest; as long as something comes it goes on."""
    mirror.mood = moods.cut
    entry = images_only(mirror)
    text = refused(entry)
    assert f"{mirror.host} broke off" in text
    starts = [start for _, start in mirror.asked]
    assert len(starts) == module.ROUNDS and starts == sorted(starts) and starts[0] == 0 and len(set(starts)) == len(starts)
    part = (entry.folder / f"{IMAGES}.part").read_bytes()
    assert mirror.files[IMAGES].startswith(part) and len(part) > entry.size * 0.9
    mirror.mood, mirror.sent = moods.good, 0
    teller = Teller()
    download(entry, teller)
    assert mirror.asked[-1] == (IMAGES, len(part)) and mirror.sent == entry.size - len(part)
    assert teller.told[0] == (len(part), entry.size)
    assert (entry.folder / IMAGES).read_bytes() == mirror.files[IMAGES]
    assert entry.is_here() and not (entry.folder / f"{IMAGES}.part").exists()


def test_a_cut_is_resumed_at_another_mirror(new_mirror: NewMirror) -> None:
    first, second = new_mirror(), new_mirror()
    first.mood = moods.cut
    entry = images_only(first, second.url)
    download(entry, Teller())
    assert entry.is_here()
    assert first.asked == [(IMAGES, 0)] and second.asked == [(IMAGES, entry.size // 2)]


@pytest.mark.parametrize("mood", [moods.no_range, moods.no_length, moods.other_part, moods.no_such_part], ids=lambda mood: mood.__name__)
def test_a_server_that_cannot_resume(mirror: Mirror, mood: Mood) -> None:
    entry = images_only(mirror)
    leave_part(entry, mirror.files[IMAGES][:5000])
    mirror.mood = mood
    download(entry, Teller())
    assert entry.is_here() and (entry.folder / IMAGES).read_bytes() == mirror.files[IMAGES]
    assert mirror.asked == ([(IMAGES, 5000)] if mood in (moods.no_range, moods.no_length) else [(IMAGES, 5000), (IMAGES, 0)])


@pytest.mark.parametrize("size", [1, 5000, None])
def test_a_part_of_something_else_is_thrown_away(mirror: Mirror, size: int | None) -> None:
    """Also one that is as long as the whole."""
    entry = images_only(mirror)
    leave_part(entry, b"x" * (entry.size if size is None else size))
    download(entry, Teller())
    assert (entry.folder / IMAGES).read_bytes() == mirror.files[IMAGES]
    assert mirror.asked == ([(IMAGES, 0)] if size is None else [(IMAGES, size), (IMAGES, 0)])


def test_a_part_that_is_whole_needs_no_server(mirror: Mirror) -> None:
    entry = images_only(mirror)
    leave_part(entry, mirror.files[IMAGES])
    download(entry, Teller())
    assert entry.is_here() and mirror.asked == []


def test_a_part_that_is_too_long_or_no_file(mirror: Mirror, tmp_path: Path) -> None:
    entry = images_only(mirror)
    part = leave_part(entry, bytes(entry.size + 1))
    download(entry, Teller())
    assert mirror.asked == [(IMAGES, 0)]
    (entry.folder / IMAGES).unlink()
    (tmp_path / "mine").write_text("precious")
    part.symlink_to(tmp_path / "mine")
    download(entry, Teller())
    assert (tmp_path / "mine").read_text() == "precious"
    assert (entry.folder / IMAGES).read_bytes() == mirror.files[IMAGES]


# --- refusals ------------------------------------------------------------------------------------------------------------------

BAD: list[tuple[Mood, str]] = [
    (moods.wrong, "sent other data than the original"),
    (moods.short, "offers {short:,} bytes instead of {size:,}"),
    (moods.short_unsaid, "broke off"),
    (moods.empty, "offers 0 bytes instead of {size:,}"),
    (moods.nothing, "broke off"),
    (moods.cut_chunks, "broke off"),
    (moods.hangs_up, "broke off"),
    (moods.page, "sent a web page instead"),
    (moods.endless, "sent other data than the original"),
    (moods.too_long, "offers {long:,} bytes instead of {size:,}"),
    (moods.missing, "answered 404 (Not Found)"),
    (moods.broken, "answered 503 (Service Unavailable)"),
    (moods.odd, "answered 799 (no known code)"),
    (moods.no_content, "answered 204 (No Content)"),
    (moods.unasked_part, "answered 206 (Partial Content)"),
    (moods.circle, "sends on to addresses that cannot be followed"),
    (moods.spiral, "sends on to addresses that cannot be followed"),
    (moods.off_the_web("file:///etc/passwd"), "sends on to addresses that cannot be followed"),
    (moods.off_the_web("ftp://127.0.0.1/x"), "sends on to addresses that cannot be followed"),
    (moods.off_the_web("http://[bad"), "answers in a way that cannot be understood"),
    (moods.garbage, "answers in a way that cannot be understood"),
]


@pytest.mark.parametrize(("mood", "words"), BAD, ids=[f"{number}-{mood.__name__}" for number, (mood, _) in enumerate(BAD)])
def test_a_bad_mirror_is_one_sentence_and_the_next_is_tried(new_mirror: NewMirror, mood: Mood, words: str) -> None:
    bad, fine = new_mirror(), new_mirror()
    bad.mood = mood
    entry = images_only(bad)
    expected = words.format(size=entry.size, short=entry.size - 5, long=entry.size + 4)
    text = refused(entry)
    assert f"{bad.host} {expected}" in text and "try again later" in text
    assert not (entry.folder / IMAGES).exists()
    both = replace(entry, mirrors=(bad.url, fine.url))
    download(both, Teller())
    assert (entry.folder / IMAGES).read_bytes() == fine.files[IMAGES]


def test_no_more_than_the_file_is_read(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror.mood = moods.endless
    entry = images_only(mirror)
    sizes: list[int] = []
    is_right = module._Fetch._is_right
    monkeypatch.setattr(module._Fetch, "_is_right", lambda self, path: sizes.append(path.stat().st_size) or is_right(self, path))
    refused(entry)
    assert sizes == [entry.size]
    assert not list(entry.folder.glob("*.part"))  # nothing wrong is kept to be resumed


def test_the_hash_of_the_content_counts_too(mirror: Mirror) -> None:
    entry = images_only(mirror)
    other = replace(entry, files=(replace(entry.files[0], content="0" * 64),))
    assert "sent other data than the original" in refused(other)


def test_all_mirrors_dead_is_one_sentence(new_mirror: NewMirror) -> None:
    first, second = new_mirror(), new_mirror()
    first.mood, second.mood = moods.missing, moods.page
    text = refused(images_only(first, second.url))
    assert f"{first.host} answered 404 (Not Found) and {second.host} sent a web page instead" in text


def test_offline_is_one_sentence(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = replace(images_only(mirror), mirrors=(dead_url(), dead_url()))
    text = refused(entry)
    assert "cannot be reached; check that this computer is online and try again" in text and "folder" in text
    entry = replace(entry, mirrors=("http://no-such-host.invalid/sets/",))

    def unknown(*arguments: object, **more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "no-such-host.invalid cannot be reached; check that this computer is online" in refused(entry)


@pytest.mark.parametrize("mood", [moods.silent, moods.stalls], ids=lambda mood: mood.__name__)
def test_a_silent_server_is_given_up(new_mirror: NewMirror, mood: Mood, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PATIENCE", 0.3)
    first, second = new_mirror(), new_mirror()
    first.mood = mood
    entry = images_only(first, second.url)
    download(entry, Teller())
    assert entry.is_here()
    assert second.asked == [(IMAGES, 0 if mood is moods.silent else entry.size // 2)]


# --- disks ---------------------------------------------------------------------------------------------------------------------


def test_a_full_disk(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = images_only(mirror)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    text = refused(entry)
    assert "the disk is full; free" in text and str(entry.folder) in text
    monkeypatch.undo()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_a_disk_that_fills_while_it_is_written(mirror: Mirror) -> None:
    """By a limit on the size of files, in a process of its own; the next attempt resumes."""
    entry = images_only(mirror)
    limit = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000))"
    )
    done = in_a_process(entry, limit)
    assert done.communicate(timeout=60)[1].startswith("DatasetError") and done.returncode == 0
    assert (entry.folder / f"{IMAGES}.part").stat().st_size == 50000
    download(entry, Teller())
    assert mirror.asked[-1] == (IMAGES, 50000) and entry.is_here()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind root")
def test_a_protected_folder(mirror: Mirror, own_home: Path) -> None:
    entry = images_only(mirror)
    own_home.chmod(0o500)
    try:
        assert "no permission" in refused(entry)
    finally:
        own_home.chmod(0o700)


@pytest.mark.parametrize("place", ["cache", "cache/datasets", "cache/datasets/mnist"])
def test_a_file_in_the_way(mirror: Mirror, own_home: Path, place: str) -> None:
    (own_home / place).parent.mkdir(parents=True, exist_ok=True)
    (own_home / place).touch()
    assert "there is a file where a folder should be" in refused(images_only(mirror))


# --- cancelling ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mood", [moods.silent, moods.stalls, moods.good], ids=lambda mood: mood.__name__)
def test_cancel(mirror: Mirror, mood: Mood) -> None:
    """Also while the server is silent. What has come is kept."""
    mirror.mood = mood
    entry = images_only(mirror)
    wanted = 0 if mood is moods.silent else entry.size // 4
    teller = Teller(lambda done: done >= wanted and len(teller.told) >= 5)
    with pytest.raises(Cancelled):
        download(entry, teller)
    assert not entry.is_here() and not list(entry.folder.glob("tmp*"))
    mirror.mood = moods.good
    download(entry, Teller())
    assert entry.is_here()
    if mood is not moods.silent:
        assert mirror.asked[-1][1] >= wanted  # resumed


def test_progress_goes_on_while_a_server_is_silent(mirror: Mirror) -> None:
    """So Cancel is noticed."""
    mirror.mood = moods.silent
    teller = Teller(lambda done: len(teller.told) == 10)
    with pytest.raises(Cancelled):
        download(images_only(mirror), teller)
    assert teller.told == [(0, len(mirror.files[IMAGES]))] * 10


# --- several at once, and sudden ends ------------------------------------------------------------------------------------------


def in_a_process(entry: CatalogueEntry, before: str = "") -> subprocess.Popen[str]:
    """Downloads an entry in a process of its own; it prints each step, and at the end "here" or the error's name."""
    code = f"""
{before}
import json, sys
from latent_explorer.core.data.catalogue import CatalogueEntry, RemoteFile
from latent_explorer.core.data.download import download
from latent_explorer.core.errors import DatasetError
*words, files, mirrors = json.loads(sys.argv[1])
entry = CatalogueEntry(*words, tuple(RemoteFile(*file) for file in files), tuple(mirrors))
try:
    download(entry, lambda done, total: print(done, flush=True))
    print("here" if entry.is_here() else "nowhere", flush=True)
except DatasetError as error:
    print(type(error).__name__, error, file=sys.stderr)
"""
    files = [(file.name, file.size, file.sha256, file.content) for file in entry.files]
    words = json.dumps([entry.name, entry.title, entry.about, entry.authors, entry.licence, files, entry.mirrors])
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", code, words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_killed_midway(mirror: Mirror) -> None:
    """kill -9 leaves a part, no wrong file; the next download goes on from there and clears away."""
    mirror.mood = moods.stalls
    entry = entry_of(mirror.files, mirror.url)
    process = in_a_process(entry)
    assert process.stdout is not None and process.stderr is not None
    half = len(mirror.files[IMAGES]) // 2
    for line in process.stdout:
        if int(line) == half:
            break
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    process.wait()
    process.stdout.close()
    process.stderr.close()
    assert not entry.is_here()
    assert (entry.folder / f"{IMAGES}.part").read_bytes() == mirror.files[IMAGES][:half]
    assert list(entry.folder.glob("tmp*"))  # what pooch had no time to remove
    mirror.mood = moods.good
    download(entry, Teller())
    assert mirror.asked[1] == (IMAGES, half)
    assert whole(entry)


def test_two_processes_at_once(mirror: Mirror) -> None:
    """One downloads; the other waits, sees the progress, and fetches nothing."""
    gate = threading.Event()

    def slow(handler: moods.Handler, data: bytes, start: int) -> None:
        handler.head(200, Content_Length=len(data))
        handler.body(data[: len(data) // 2])
        gate.wait(60)
        handler.body(data[len(data) // 2 :])

    mirror.mood = slow
    entry = entry_of(mirror.files, mirror.url)
    half = len(mirror.files[IMAGES]) // 2
    processes = [in_a_process(entry) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == half:  # the one who waits knows it as well
                break
    gate.set()
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert out.splitlines()[-1] == "here" and err == ""
    assert mirror.asked == [(name, 0) for name in mirror.files]
    assert whole(entry)


def test_two_threads_at_once_and_one_cancels(mirror: Mirror) -> None:
    """Who waits can be cancelled; when the first is cancelled, the second takes over."""
    mirror.mood = moods.stalls
    entry = entry_of(mirror.files, mirror.url)
    half = len(mirror.files[IMAGES]) // 2
    leave = threading.Event()
    ended: list[Any] = []
    first = Teller(lambda done: leave.is_set())

    def run() -> None:
        try:
            download(entry, first)
        except Cancelled as cancelled:
            ended.append(cancelled)

    thread = threading.Thread(target=run)
    thread.start()
    while not any(done == half for done, _ in first.told):
        time.sleep(0.01)
    second = Teller(lambda done: len(second.told) >= 3)
    with pytest.raises(Cancelled):
        download(entry, second)
    assert second.told == [(half, entry.size)] * 3 and len(mirror.asked) == 1
    mirror.mood = moods.good
    leave.set()
    download(entry, Teller())
    thread.join()
    assert len(ended) == 1
    assert mirror.asked[1] == (IMAGES, half) and whole(entry)


def test_without_locks_nobody_shares_a_part(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that knows no locks."""
    from latent_explorer.core.files import lock

    def unknown(descriptor: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_lock", unknown)
    entry = images_only(mirror)
    part = leave_part(entry, mirror.files[IMAGES][:5000])
    mirror.mood = moods.cut
    refused(entry)
    assert part.stat().st_size == 5000
    mirror.mood = moods.good
    mirror.asked.clear()
    download(entry, Teller())
    assert entry.is_here() and mirror.asked == [(IMAGES, 0)]
    assert sorted(path.name for path in entry.folder.iterdir()) == [".lock", IMAGES, part.name]
