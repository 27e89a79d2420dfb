"""Reading in a process of its own: messages arrive whole, and whatever becomes of the process is one sentence."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from latent_explorer.core.errors import Cancelled, DatasetError
from latent_explorer.core.files import apart
from latent_explorer.core.files.apart import ApartError, Message, read_apart, receive, send

HERE = "tests.core.files.test_apart"


# What the process runs


def echo(file: io.FileIO) -> Iterator[Message]:
    for line in file.read().splitlines():
        yield {"text": line.decode()}, [np.arange(len(line), dtype=np.float32)]


def refuse(file: io.FileIO) -> Iterator[Message]:
    yield {}, []
    raise DatasetError("The file is not to our liking.")


def trip(file: io.FileIO) -> Iterator[Message]:
    yield {}, []
    raise KeyError("of a library")


def crash(file: io.FileIO) -> Iterator[Message]:
    yield {}, []
    os.kill(os.getpid(), signal.SIGKILL)


def devour(file: io.FileIO) -> Iterator[Message]:
    yield {"bytes": len(bytearray(apart.MEMORY))}, []


def print_much(file: io.FileIO) -> Iterator[Message]:
    print("words that are no message", flush=True)
    os.write(1, b"nor are these")
    yield {"done": True}, []


def write_something(file: io.FileIO) -> Iterator[Message]:
    Path(file.read().decode()).write_text("something")
    yield {}, []


def sleep(file: io.FileIO) -> Iterator[Message]:
    yield {}, []
    time.sleep(600)


def ask(name: str, path: Path, poll: object = None, **options: float) -> list[Message]:
    with io.FileIO(path) as file, closing(read_apart(f"{HERE}:{name}", file, poll or (lambda: None), **options)) as messages:  # type: ignore[arg-type]
        return list(messages)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"one\nthree\n")
    return path


def test_messages_arrive_in_order_and_whole(file: Path) -> None:
    messages = ask("echo", file)
    assert [words["text"] for words, _ in messages] == ["one", "three"]
    assert [array.tolist() for _, (array,) in messages] == [[0, 1, 2], [0, 1, 2, 3, 4]]


def test_what_is_printed_is_no_message(file: Path) -> None:
    assert ask("print_much", file) == [({"done": True}, [])]


def test_its_known_errors_are_ours(file: Path) -> None:
    with pytest.raises(DatasetError, match=r"^The file is not to our liking\.$"):
        ask("refuse", file)


@pytest.mark.parametrize(("name", "said"), [("trip", "damaged .KeyError."), ("crash", "crash")])
def test_what_else_happens_there_is_the_files_fault(file: Path, name: str, said: str) -> None:
    with pytest.raises(ApartError, match=said):
        ask(name, file)


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are the system's")
def test_it_has_little_memory_and_writes_no_file(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ApartError, match="not enough memory"):
        ask("devour", file)
    (tmp_path / "name").write_text(str(tmp_path / "written"))
    with pytest.raises(ApartError):
        ask("write_something", tmp_path / "name")
    assert not (tmp_path / "written").exists() or (tmp_path / "written").stat().st_size == 0


def test_a_process_that_is_stuck_is_ended(file: Path) -> None:
    with pytest.raises(ApartError, match="nothing came of it"):
        ask("sleep", file, patience=0.3)


def test_cancelling_ends_it(file: Path) -> None:
    calls = 0

    def poll() -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        ask("sleep", file, poll)


@given(
    st.lists(hnp.arrays(st.sampled_from([np.float32, np.float64, np.int32, np.int64]), hnp.array_shapes(min_side=0, max_dims=3))),
    st.dictionaries(st.text(max_size=5), st.one_of(st.integers(-9, 9), st.text(max_size=5), st.booleans())),
)
def test_the_wire_carries_words_and_arrays(arrays: list[np.ndarray], words: dict[str, object]) -> None:
    pipe = io.BytesIO()
    send(pipe, words, arrays)
    pipe.seek(0)
    message = receive(pipe)
    assert message is not None
    got, back = message
    assert got == words
    for array, other in zip(arrays, back, strict=True):
        np.testing.assert_array_equal(array, other)
    assert receive(pipe) is None


@given(st.binary(min_size=1, max_size=60))
def test_nothing_on_the_wire_is_taken_on_trust(data: bytes) -> None:
    with pytest.raises(ApartError):
        receive(io.BytesIO(data))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"words": {}, "arrays": [["<f4", [1e9]]]}',
        '{"words": {}, "arrays": [["<f4", [99999, 99999]]]}',
        '{"words": {}, "arrays": [["|O", [1]]]}',
        '{"words": {}, "arrays": [["<f4", [2]]]}',
        '{"words": 3, "arrays": []}',
    ],
)
def test_false_sizes_and_types_are_refused(text: str) -> None:
    with pytest.raises(ApartError):
        receive(io.BytesIO(len(text).to_bytes(8, "little") + text.encode() + b"1234"))
