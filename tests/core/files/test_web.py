"""One request: certificates, proxies, threads. What servers can do wrong is in tests/core/data/test_download.py."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.files import web
from latent_explorer.core.files.web import WebError, WebFile
from tests.core.data import mirror as moods
from tests.core.data.mirror import Mirror

NAME = "t10k-images-idx3-ubyte.gz"


def nothing() -> None:
    """Nobody cancels."""


def fetched(url: str, size: int, start: int = 0) -> bytes:
    with WebFile(url, start, size, nothing) as answer:
        assert answer.begin == start
        return b"".join(answer)


def running() -> bool:
    return any(thread.name == "download" for thread in threading.enumerate())


def gone() -> None:
    """Waits until no thread of a request is left; much less than the time after which a socket gives up by itself."""
    end = time.monotonic() + 15
    while running():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def certified(new_mirror: Callable[[], Mirror], tmp_path: Path) -> tuple[Mirror, Path]:
    """A server with a certificate of its own, and the certificate's file."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl, to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    places = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *places], check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    mirror = new_mirror()
    mirror.secure(context)
    return mirror, certificate


def test_whole_and_part(mirror: Mirror) -> None:
    data = mirror.files[NAME]
    assert fetched(mirror.url + NAME, len(data)) == data
    assert fetched(mirror.url + NAME, len(data), 70_000) == data[70_000:]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "/etc/passwd", "data:,x", ""])
def test_the_web_only(url: str) -> None:
    with pytest.raises(ValueError, match="is not on the web"):
        WebFile(url, 0, 10, nothing)


def test_tls(certified: tuple[Mirror, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    mirror, certificate = certified
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert fetched(mirror.url + NAME, len(mirror.files[NAME])) == mirror.files[NAME]


def test_a_certificate_that_nobody_vouches_for(certified: tuple[Mirror, Path]) -> None:
    mirror, _ = certified
    with pytest.raises(WebError, match="certificate that cannot be trusted") as caught:
        fetched(mirror.url + NAME, len(mirror.files[NAME]))
    assert not caught.value.offline
    assert mirror.asked == []


def test_cancel_while_tls_is_silent(certified: tuple[Mirror, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    mirror, certificate = certified
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mirror.mood = moods.stalls
    got: list[int] = []
    looks: list[int] = []

    def cancel() -> None:
        looks.append(1)
        if sum(got) == len(mirror.files[NAME]) // 2 and len(looks) > 5:
            raise Cancelled

    with pytest.raises(Cancelled), WebFile(mirror.url + NAME, 0, len(mirror.files[NAME]), cancel) as answer:
        for piece in answer:
            got.append(len(piece))
    gone()


def test_cancel_while_a_server_is_silent(mirror: Mirror) -> None:
    """The thread does not stay behind, although the server does."""
    mirror.mood = moods.silent

    def cancel() -> None:
        if mirror.asked:
            raise Cancelled

    with pytest.raises(Cancelled), WebFile(mirror.url + NAME, 0, 10, cancel):
        pass
    gone()


def test_the_wrong_part_is_refused(mirror: Mirror) -> None:
    mirror.mood = moods.other_part
    with pytest.raises(WebError, match="another part") as caught, WebFile(mirror.url + NAME, 5, len(mirror.files[NAME]), nothing):
        pass
    assert caught.value.bad_start


def test_the_environment_s_proxy_is_used(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://{mirror.host}")
    assert fetched(f"http://far-away.invalid/{NAME}", len(mirror.files[NAME])) == mirror.files[NAME]


def test_cancel_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which nothing can interrupt: the thread is left behind, and ends when the answer comes."""
    answers, asked = threading.Event(), threading.Event()

    def slow(*arguments: Any, **more: Any) -> Any:
        asked.set()
        answers.wait(60)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    def cancel() -> None:
        if asked.is_set():
            raise Cancelled

    with pytest.raises(Cancelled), WebFile("http://slow.invalid/x", 0, 10, cancel):
        pass
    assert running()
    answers.set()
    gone()


def test_a_name_that_is_looked_up_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()

    def slow(*arguments: Any, **more: Any) -> Any:
        answers.wait(60)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    monkeypatch.setattr(web, "PATIENCE", 0.3)
    with pytest.raises(WebError, match="does not answer") as caught, WebFile("http://slow.invalid/x", 0, 10, nothing):
        pass
    assert caught.value.offline and running()
    answers.set()
    gone()


def test_a_connection_that_opens_after_the_cancel_is_cut(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, asked = threading.Event(), threading.Event()
    create = socket.create_connection

    def slow(*arguments: Any, **more: Any) -> Any:
        asked.set()
        goes_on.wait(60)
        return create(*arguments, **more)

    monkeypatch.setattr(socket, "create_connection", slow)
    mirror.mood = moods.silent

    def cancel() -> None:
        if asked.is_set():
            raise Cancelled

    with pytest.raises(Cancelled), WebFile(mirror.url + NAME, 0, 10, cancel):
        pass
    goes_on.set()
    gone()  # although the server stays silent


def test_a_bug_in_the_thread_is_no_bad_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(line: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(web, "_opener", broken)
    with pytest.raises(ZeroDivisionError), WebFile("http://127.0.0.1:1/x", 0, 10, nothing):
        pass
