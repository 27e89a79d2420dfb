"""One file from the web, in pieces: bounded, resumable, and never a wait that cannot be cancelled.

Looking up a name, connecting and reading can each block for long, and none of them can be interrupted; so a request runs in a
thread of its own, and who wants the data looks ten times a second whether some came and whether anybody cancelled.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import queue
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from latent_explorer import __version__
from latent_explorer.core.files.gate import HEAD, shown, sniff

POLL = 0.1  # seconds between two looks
PATIENCE = 30.0  # seconds without a single byte, after which a server counts as dead
PIECE = 1 << 16
WAITING = 16  # pieces read ahead of whoever writes them: 1 MB
SCHEMES = ("http", "https")
GOODBYE = 0.2  # seconds that an abandoned thread gets to end while we watch

_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)", re.ASCII)
_UNREACHABLE = (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL)

_ASTRAY = "sends on to addresses that cannot be followed"  # in a circle, too often, or off the web


class WebError(Exception):
    """A server did not deliver. The text continues a sentence that begins with the server's name.

    Parameters
    ----------
    text : str
        Such as "answered 404 (Not Found)".
    offline : bool
        Whether it is as if there were no network at all.
    bad_start : bool
        Whether the server may well deliver when asked for the whole file.
    """

    def __init__(self, text: str, *, offline: bool = False, bad_start: bool = False) -> None:
        super().__init__(text)
        self.offline, self.bad_start = offline, bad_start


def _web_error(problem: Exception) -> WebError:
    """What went wrong, in words; a problem that is none of the network's comes out as it went in."""
    if isinstance(problem, WebError):
        return problem
    if isinstance(problem, urllib.error.HTTPError):
        problem.close()
        if 300 <= problem.code < 400:
            return WebError(_ASTRAY)
        text = f"answered {problem.code} ({_phrase(problem.code)})"
        return WebError(text, bad_start=problem.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    if isinstance(problem, urllib.error.URLError) and isinstance(problem.reason, Exception):
        problem = problem.reason
    if isinstance(problem, TimeoutError):
        return WebError("does not answer", offline=True)
    if isinstance(problem, ssl.SSLCertVerificationError):
        return WebError("has a certificate that cannot be trusted (is this computer's clock right?)")
    if isinstance(problem, socket.gaierror):
        return WebError("cannot be found", offline=True)
    if isinstance(problem, http.client.IncompleteRead | ConnectionError) and getattr(problem, "errno", None) != errno.ECONNREFUSED:
        return WebError("broke off")
    if isinstance(problem, OSError):
        return WebError(f"cannot be reached ({_reason(problem)})", offline=problem.errno in _UNREACHABLE)
    if isinstance(problem, http.client.HTTPException | ValueError):  # ValueError: a redirect to what is no address
        return WebError("answers in a way that cannot be understood")
    raise problem


def _reason(problem: OSError) -> str:
    return shown(str(problem.strerror or problem)).rstrip(".") or type(problem).__name__


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "no known code"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to the web only, never to a file of this computer."""

    def redirect_request(  # the base class's
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if urlsplit(newurl).scheme not in SCHEMES:
            fp.close()
            raise WebError(_ASTRAY)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Line:
    """The connection that is open now, so that another thread can cut it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.cut_off = threading.Event()

    def opened(self, connected: socket.socket) -> None:
        """Called by the thread that reads, as soon as there is something to cut."""
        with self._lock:
            self._socket = connected
            if self.cut_off.is_set():
                self._shut()

    def cut(self) -> None:
        """End whatever waits for the network; any thread."""
        with self._lock:
            self.cut_off.set()
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # The plain socket's own: that of ssl would throw away the state which the reading thread is using.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _opener(line: _Line) -> urllib.request.OpenerDirector:
    """Web only, proxies as the environment says; neither files nor FTP nor passwords."""

    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            line.opened(self.sock)

    class Secure(http.client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            line.opened(self.sock)

    class PlainHandler(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Plain, req)

    class SecureHandler(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Secure, req, context=_certificates())

    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        PlainHandler(),
        SecureHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _certificates() -> ssl.SSLContext:
    """The system's, and those of certifi where the system shows none, as with Python from python.org on macOS."""
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        with contextlib.suppress(ImportError):
            import certifi

            context.load_verify_locations(certifi.where())
    return context


class WebFile:
    """A GET request for one file; a context manager, and an iterator over the pieces of its data.

    Parameters
    ----------
    url : str
        http or https.
    start : int
        The first byte wanted; a server may begin at 0 all the same: see `begin`.
    size : int
        Bytes of the whole file: a server that claims another size is refused, and never more is read.
    poll : callable
        Called about ten times a second while waiting; what it raises ends the request.

    Raises
    ------
    WebError
        On entering and on iterating.
    """

    def __init__(self, url: str, start: int, size: int, poll: Callable[[], None]) -> None:
        if urlsplit(url).scheme not in SCHEMES:
            raise ValueError(f"{url!r} is not on the web")
        self._url, self._start, self._size, self._poll = url, start, size, poll
        self._line = _Line()
        self._pieces: queue.Queue[int | bytes | Exception | None] = queue.Queue(WAITING)
        self.begin = 0  # where the data begin: at `start` or, where the server cannot do that, at 0

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="download", daemon=True)
        self._thread.start()
        try:
            begin = self._next()
        except BaseException:
            self._end()
            raise
        assert isinstance(begin, int)
        self.begin = begin
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._next()) is not None:
            assert isinstance(piece, bytes)
            yield piece

    def _end(self) -> None:
        self._line.cut()
        # Usually at once. A thread that still looks up a name cannot be woken: it is left to end by itself.
        self._thread.join(GOODBYE)

    def _next(self) -> int | bytes | None:
        """What the thread hands over next."""
        patience = time.monotonic() + PATIENCE
        while True:
            self._poll()
            with contextlib.suppress(queue.Empty):
                item = self._pieces.get(timeout=POLL)
                if isinstance(item, Exception):
                    raise item
                return item
            if time.monotonic() > patience:
                raise WebError("does not answer", offline=True)

    # In the thread

    def _run(self) -> None:
        try:
            self._read()
        except Exception as problem:
            try:
                told: Exception = _web_error(problem)
            except Exception as bug:
                told = bug
            self._hand_over(told)

    def _hand_over(self, item: int | bytes | Exception | None) -> bool:
        """False when nobody wants it any more."""
        while not self._line.cut_off.is_set():
            with contextlib.suppress(queue.Full):
                self._pieces.put(item, timeout=POLL)
                return True
        return False

    def _read(self) -> None:
        headers = {"User-Agent": f"latent-explorer/{__version__}", "Accept-Encoding": "identity"}
        if self._start:
            headers["Range"] = f"bytes={self._start}-"
        request = urllib.request.Request(self._url, headers=headers)
        with _opener(self._line).open(request, timeout=PATIENCE) as answer:
            begin = self._begin(answer)
            left = self._size - begin
            piece = answer.read1(min(PIECE, left))
            if begin == 0:
                self._check_whole(answer, piece)
            wanted = self._hand_over(begin)
            while wanted and piece:
                left -= len(piece)
                wanted = self._hand_over(piece)
                # Not one byte more than the file has: an endless answer ends here.
                piece = answer.read1(min(PIECE, left)) if left else b""
        self._hand_over(None)

    def _begin(self, answer: http.client.HTTPResponse) -> int:
        """Where the answer's data begin."""
        if answer.status == HTTPStatus.OK:
            return 0
        if answer.status != HTTPStatus.PARTIAL_CONTENT or not self._start:
            raise WebError(f"answered {answer.status} ({_phrase(answer.status)})")
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
        if found is None or int(found[1]) != self._start or found[2] not in ("*", str(self._size)):
            raise WebError("sent another part than the one asked for", bad_start=True)
        return self._start

    def _check_whole(self, answer: http.client.HTTPResponse, head: bytes) -> None:
        """Refuse at once what cannot be the file."""
        if sniff(head[:HEAD]) in ("html", "xml"):
            raise WebError("sent a web page instead (does this network want you to log in first?)")
        claimed = answer.headers.get("Content-Length", "").strip()
        if claimed.isascii() and claimed.isdecimal() and int(claimed[:18]) != self._size:
            raise WebError(f"offers {int(claimed[:18]):,} bytes instead of {self._size:,}")
