"""Web servers on this machine that hold a small data set and misbehave as told."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import numpy as np
import pytest

from latent_explorer.core.data import catalogue, registry
from latent_explorer.core.data.catalogue import CatalogueEntry, RemoteFile
from tests.core.data import idx_files

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

Mood = Callable[["Handler", bytes, int], None]  # who answers, the whole file, the first byte asked for


class Mirror:
    """A server that answers in a mood; `asked` has (file's name, first byte asked for), `sent` the bytes of bodies."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files, self.mood = dict(files), good
        self.asked: list[tuple[str, int]] = []
        self.sent = 0
        self.leaving = threading.Event()
        mirror = self

        class Here(Handler):
            of = mirror

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Here)
        self._server.daemon_threads = False  # so that closing waits for them
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}/sets/"

    def secure(self, context: ssl.SSLContext) -> None:
        """From now on by TLS."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")

    def close(self) -> None:
        self.leaving.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Handler(http.server.BaseHTTPRequestHandler):
    of: Mirror
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        self.of.asked.append((name, start))
        self.close_connection = True
        with contextlib.suppress(OSError):  # the other side has gone
            self.of.mood(self, self.of.files[name], start)

    def head(self, code: int, **headers: object) -> None:
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.flush()

    def body(self, data: bytes) -> None:
        self.wfile.write(data)
        self.of.sent += len(data)

    def stall(self) -> None:
        self.of.leaving.wait()

    def log_message(self, *arguments: object) -> None:
        pass


def good(handler: Handler, data: bytes, start: int) -> None:
    if start:
        handler.head(206, Content_Length=len(data) - start, Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
    else:
        handler.head(200, Content_Length=len(data))
    handler.body(data[start:])


def no_range(handler: Handler, data: bytes, start: int) -> None:
    good(handler, data, 0)


def no_length(handler: Handler, data: bytes, start: int) -> None:
    handler.head(200)
    handler.body(data)


def chunked(handler: Handler, data: bytes, start: int) -> None:
    handler.head(200, Transfer_Encoding="chunked")
    for piece in (data[:1000], data[1000:]):
        handler.body(b"%x\r\n%b\r\n" % (len(piece), piece))
    handler.body(b"0\r\n\r\n")


def cut_chunks(handler: Handler, data: bytes, start: int) -> None:
    handler.head(200, Transfer_Encoding="chunked")
    handler.body(b"%x\r\n%b" % (len(data), data[:10]))


def cut(handler: Handler, data: bytes, start: int) -> None:
    """Promises all, and ends after half of what is left."""
    end = start + max(1, (len(data) - start) // 2)
    if start:
        handler.head(206, Content_Length=len(data) - start, Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
    else:
        handler.head(200, Content_Length=len(data))
    handler.body(data[start:end])


def nothing(handler: Handler, data: bytes, start: int) -> None:
    handler.head(200, Content_Length=len(data))


def empty(handler: Handler, data: bytes, start: int) -> None:
    handler.head(200, Content_Length=0)


def wrong(handler: Handler, data: bytes, start: int) -> None:
    good(handler, bytes(255 - value for value in data), start)


def short(handler: Handler, data: bytes, start: int) -> None:
    good(handler, data[:-5], 0)


def short_unsaid(handler: Handler, data: bytes, start: int) -> None:
    no_length(handler, data[:-5], 0)


def page(handler: Handler, data: bytes, start: int) -> None:
    text = b"<!DOCTYPE html><html><body>Log in to FreeWifi</body></html>"
    handler.head(200, Content_Type="text/html", Content_Length=len(text))
    handler.body(text)


def endless(handler: Handler, data: bytes, start: int) -> None:
    handler.head(200)
    while not handler.of.leaving.is_set():
        handler.body(bytes(1 << 16))


def endless_after_data(handler: Handler, data: bytes, start: int) -> None:
    """The file, and then more and more."""
    handler.head(200)
    handler.body(data)
    while not handler.of.leaving.is_set():
        handler.body(bytes(1 << 16))


def too_long(handler: Handler, data: bytes, start: int) -> None:
    good(handler, data + b"more", 0)


def missing(handler: Handler, data: bytes, start: int) -> None:
    handler.head(404, Content_Length=0)


def broken(handler: Handler, data: bytes, start: int) -> None:
    handler.head(503, Content_Length=0)


def odd(handler: Handler, data: bytes, start: int) -> None:
    handler.head(799, Content_Length=0)


def no_content(handler: Handler, data: bytes, start: int) -> None:
    handler.head(204)


def unasked_part(handler: Handler, data: bytes, start: int) -> None:
    handler.head(206, Content_Length=len(data), Content_Range=f"bytes 0-{len(data) - 1}/{len(data)}")
    handler.body(data)


def other_part(handler: Handler, data: bytes, start: int) -> None:
    """From a place of its own; whole files are right."""
    if not start:
        good(handler, data, 0)
        return
    handler.head(206, Content_Length=len(data) - 7, Content_Range=f"bytes 7-{len(data) - 1}/{len(data)}")
    handler.body(data[7:])


def no_such_part(handler: Handler, data: bytes, start: int) -> None:
    if start:
        handler.head(416, Content_Length=0, Content_Range=f"bytes */{len(data)}")
    else:
        good(handler, data, 0)


def circle(handler: Handler, data: bytes, start: int) -> None:
    handler.head(302, Location=handler.path, Content_Length=0)


def spiral(handler: Handler, data: bytes, start: int) -> None:
    """Another address each time."""
    folder, _, name = handler.path.rpartition("/")
    handler.head(302, Location=f"{folder}/x/{name}", Content_Length=0)


def off_the_web(address: str) -> Mood:
    def mood(handler: Handler, data: bytes, start: int) -> None:
        handler.head(302, Location=address, Content_Length=0)

    return mood


def on_to(mirror: Mirror) -> Mood:
    def mood(handler: Handler, data: bytes, start: int) -> None:
        handler.head(301, Location=mirror.url + handler.path.rpartition("/")[2], Content_Length=0)

    return mood


def silent(handler: Handler, data: bytes, start: int) -> None:
    handler.stall()


def stalls(handler: Handler, data: bytes, start: int) -> None:
    """Half of the file, then nothing more."""
    handler.head(200, Content_Length=len(data))
    handler.body(data[: len(data) // 2])
    handler.stall()


def garbage(handler: Handler, data: bytes, start: int) -> None:
    handler.body(b"\x00\x01\x02 what is this?\r\n\r\n")


def hangs_up(handler: Handler, data: bytes, start: int) -> None:
    """Not a single byte."""


def content() -> dict[str, bytes]:
    """Four files as MNIST's, of 300 + 200 images of 28 x 28; noise, so that the images are several pieces long."""
    arrays = idx_files.arrays(train=300, test=200, side=(28, 28), classes=10)
    return {f"{name}.gz": gzip.compress(idx_files.idx(array), mtime=0) for name, array in zip(idx_files.NAMES, arrays, strict=True)}


def entry_of(files: Mapping[str, bytes], *urls: str, name: str = "mnist") -> CatalogueEntry:
    """How a catalogue describes them."""
    remote = (
        RemoteFile(file, len(data), hashlib.sha256(data).hexdigest(), hashlib.sha256(gzip.decompress(data)).hexdigest())
        for file, data in files.items()
    )
    return CatalogueEntry(name, "MNIST", "500 pictures of noise", "nobody", "CC0", tuple(remote), urls)


@pytest.fixture
def new_mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Mirror]]:
    """Starts servers with the small set; they are closed after the test."""
    for variable in PROXIES:
        monkeypatch.delenv(variable, raising=False)
    started: list[Mirror] = []

    def start() -> Mirror:
        started.append(Mirror(content()))
        return started[-1]

    yield start
    for mirror in started:
        mirror.close()


@pytest.fixture
def mirror(new_mirror: Callable[[], Mirror]) -> Mirror:
    """One server, in a good mood."""
    return new_mirror()


@pytest.fixture
def offered_entry(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    """The whole program believes that the small set is MNIST, and that the server has it."""
    entry = entry_of(mirror.files, mirror.url)
    listed = MappingProxyType({entry.name: entry})
    for module in (catalogue, registry):
        monkeypatch.setattr(module, "CATALOGUE", listed)
    return entry


def dead_url() -> str:
    """An address at which nobody listens."""
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{there.getsockname()[1]}/sets/"


def is_noise(images: np.ndarray) -> bool:
    """Whether these are the pictures of the small set."""
    first = idx_files.arrays(train=300, test=200, side=(28, 28), classes=10)[0][0]
    return bool((images[0, ..., 0] == first).all())
