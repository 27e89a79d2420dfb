"""Every test starts from a clean desk and leaves one: own settings, no network, nothing left running."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings as hypothesis_settings

if TYPE_CHECKING:
    from latent_explorer.core.types import ImageDataset

# Before torch and Qt are imported by anybody. Two threads: the reference machine has two cores, and equal sums need equal threads.
os.environ["OMP_NUM_THREADS"] = "2"
os.environ["QT_QPA_PLATFORM"] = "offscreen"

hypothesis_settings.register_profile("project", deadline=None, derandomize=True, database=None)
hypothesis_settings.load_profile("project")

QT_FIXTURES = {"qapp", "qtbot", "qtmodeltester"}
PATIENCE = 3.0  # seconds that a thread asked to stop may take after the test


# --- isolation ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def own_home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own: settings, own models, caches and logs of the person who runs the tests stay out of reach."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("LATENT_EXPLORER_HOME", str(home))
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(home / variable.lower()))
    if QT_FIXTURES & set(request.fixturenames):
        from PySide6.QtCore import QSettings

        for file_format in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
            QSettings.setPath(file_format, QSettings.Scope.UserScope, str(home / "settings"))
    return home


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests talk to this machine only."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            self.close()
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)


# --- nothing left running ----------------------------------------------------------------------------------------------------


def _own_threads() -> set[threading.Thread]:
    """Threads of Python's own making; a QThread that ran Python leaves a dummy entry behind for ever and is looked at below."""
    return {t for t in threading.enumerate() if t.is_alive() and not isinstance(t, threading._DummyThread)}


def _instances(*bases: type) -> list[Any]:
    """All living objects of these classes, by exact type, since isinstance would wake lazy proxies."""
    types: set[type] = set()
    fresh = set(bases)
    while fresh:
        types |= fresh
        derived: set[type] = set().union(*(type.__subclasses__(base) for base in fresh))
        fresh = derived - types
    return [item for item in gc.get_objects() if type(item) in types]


def _qt_leftovers(windows_before: set[int]) -> list[str]:
    """Running QThreads, active QTimers and top-level widgets that the test left behind."""
    import shiboken6
    from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
    from PySide6.QtWidgets import QApplication

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # None: to all
    found = []
    for thing in _instances(QThread, QTimer):
        if not shiboken6.isValid(thing):
            continue
        if isinstance(thing, QThread) and thing.isRunning() and thing is not QThread.currentThread():
            found.append(f"a running QThread: {thing!r} {thing.objectName()}")
        elif isinstance(thing, QTimer) and thing.isActive():
            found.append(f"an active QTimer: {thing!r} {thing.objectName()}, parent {thing.parent()!r}")
    for widget in QApplication.topLevelWidgets():
        if shiboken6.isValid(widget) and shiboken6.getCppPointer(widget)[0] not in windows_before:
            found.append(f"a top-level widget: {widget!r} {widget.objectName()} {widget.windowTitle()!r}, parent {widget.parent()!r}")
    return found


def _clear_away() -> None:
    """Stops what a failed test left: the next test is not to blame, and a QThread destroyed while it runs aborts the process."""
    import shiboken6
    from PySide6.QtCore import QThread, QTimer
    from PySide6.QtWidgets import QApplication

    for thing in _instances(QThread, QTimer):
        if not shiboken6.isValid(thing):
            continue
        if isinstance(thing, QTimer):
            thing.stop()
        elif thing.isRunning() and thing is not QThread.currentThread():
            thing.requestInterruption()
            thing.quit()
            if not thing.wait(2000):
                thing.terminate()
                thing.wait(2000)
    for widget in QApplication.topLevelWidgets():
        widget.hide()
        widget.deleteLater()


@pytest.fixture(scope="session")
def _settled_heap() -> None:
    """What the imports made is set aside, so that looking through the living objects after each test is quick.

    Among them are the compiled kernels: loading them sets all aside that lives then, which might be a test's window.
    """
    with contextlib.suppress(ImportError):
        importlib.import_module("latent_explorer.core.raster.kernels")
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_left_running(request: pytest.FixtureRequest, own_home: Path, no_network: None) -> Iterator[None]:
    """Fails a test that leaves a thread, a running QThread, an active QTimer or a top-level widget behind."""
    uses_qt = bool(QT_FIXTURES & set(request.fixturenames))
    threads_before = _own_threads()
    windows_before: set[int] = set()
    if uses_qt:
        request.getfixturevalue("qapp")
        request.getfixturevalue("_settled_heap")
        import shiboken6
        from PySide6.QtWidgets import QApplication

        windows_before = {shiboken6.getCppPointer(widget)[0] for widget in QApplication.topLevelWidgets()}

    yield

    deadline = time.monotonic() + PATIENCE
    while (threads := _own_threads() - threads_before) and time.monotonic() < deadline:
        next(iter(threads)).join(0.05)
    found = [f"a thread: {thread!r}" for thread in threads]

    if uses_qt:
        leftovers = _qt_leftovers(windows_before)
        if leftovers:  # perhaps only rubbish in reference cycles, and a thread on its way out
            gc.collect()
            leftovers = _qt_leftovers(windows_before)
        while any("QThread" in line for line in leftovers) and time.monotonic() < deadline:
            time.sleep(0.02)
            leftovers = _qt_leftovers(windows_before)
        if leftovers:
            _clear_away()
        found += leftovers
    if found:
        pytest.fail("the test left behind " + "; ".join(found), pytrace=False)


# --- data --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that has no data sets: LATENT_EXPLORER_DATA is not set."""
    monkeypatch.delenv("LATENT_EXPLORER_DATA", raising=False)


@pytest.fixture(scope="session")
def digits() -> ImageDataset:
    """scikit-learn's 1,797 digits of 8 x 8, built in."""
    from latent_explorer.core.data.builtin import digits as load

    return load()


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The folder with the four real MNIST files; the test is skipped where LATENT_EXPLORER_DATA does not lead to one."""
    from latent_explorer.core.data.idx import is_idx_folder

    root = os.environ.get("LATENT_EXPLORER_DATA")
    for folder in (Path(root), Path(root, "mnist")) if root else ():
        if is_idx_folder(folder):
            return folder
    pytest.skip("needs the real MNIST files: LATENT_EXPLORER_DATA does not lead to them")


@pytest.fixture(scope="session")
def mnist(mnist_folder: Path) -> ImageDataset:
    """The real MNIST: 60,000 training and 10,000 test images."""
    from latent_explorer.core.data.idx import read_idx_folder

    return read_idx_folder(mnist_folder)
