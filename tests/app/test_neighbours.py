"""What the strip shows: the images of the nearest codes, by brute force; or their decodes, and it says which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QDockWidget

from latent_explorer.app.features.neighbours import DECODED, REAL
from latent_explorer.core.nn.inference import decode_bytes
from latent_explorer.core.types import Images
from latent_explorer.views.neighbour_strip import NeighbourStrip
from tests.app.conftest import Desk
from tests.views.hand import settle


class Watched:
    """What the strip was given last, and how often."""

    def __init__(self, strip: NeighbourStrip, monkeypatch: pytest.MonkeyPatch) -> None:
        self.images: Images | None = None
        self.words: list[str] = []
        self.times = 0
        give = strip.set_neighbours

        def take(images: Images | None, neighbours: Any = ()) -> None:
            self.images, self.words, self.times = images, [neighbour.hint for neighbour in neighbours], self.times + 1
            give(images, neighbours)

        monkeypatch.setattr(strip, "set_neighbours", take)


@pytest.fixture
def large(desk: Desk) -> Desk:
    """High enough for the strip."""
    desk.window.resize(1100, 900)
    settle()
    return desk


@pytest.fixture
def watched(large: Desk, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(large.window.image.nearest, monkeypatch)


def nearest(desk: Desk, z: Any) -> list[int]:
    """Rows of the codes by brute force."""
    codes = desk.slot.codes["mean"]
    return np.argsort(np.hypot(*(codes.z.astype(float) - np.array(z)).T))[:6].tolist()


def probed(desk: Desk) -> tuple[float, ...]:
    shown = desk.program.probe.shown
    assert shown is not None
    return shown[0]


def test_the_images_of_the_nearest_codes_follow_the_pointer(large: Desk, watched: Watched, models: dict[str, Path]) -> None:
    desk = large
    desk.open(models["small"])
    assert desk.session.dataset is not None
    spoken = desk.window.image.nearest.spoken()
    assert spoken.startswith(REAL) and "digits" in spoken
    for x, y in ((0.3, 0.4), (0.5, 0.5), (0.7, 0.35)):
        desk.hand.move(desk.plane, desk.pixel(x, y))
        desk.rest()
        codes, rows = desk.slot.codes["mean"], nearest(desk, probed(desk))
        assert watched.images is not None
        np.testing.assert_array_equal(watched.images, desk.session.dataset.images[codes.index[rows]])
        distances = np.hypot(*(codes.z[rows].astype(float) - probed(desk)).T)
        for words, row, distance in zip(watched.words, rows, distances, strict=True):
            assert f"class {codes.labels[row]}:" in words
            assert f"{codes.index[row]:,}" in words
            assert f"{distance:.3f}" in words


def test_without_their_data_set_the_nearest_codes_are_decoded(large: Desk, watched: Watched, models: dict[str, Path]) -> None:
    desk = large
    desk.open(models["small"])
    dataset = desk.session.dataset
    assert dataset is not None and desk.slot.handle is not None
    other = replace(dataset, images=dataset.images // 2, name="others")
    desk.session.set_dataset(other)
    desk.rest()
    assert desk.window.image.nearest.spoken().startswith(f"{DECODED} (its data set, digits, is not the open one)")
    desk.hand.move(desk.plane, desk.pixel(0.6, 0.4))
    desk.rest()
    z = desk.slot.codes["mean"].z[nearest(desk, probed(desk))]
    assert watched.images is not None
    assert np.abs(watched.images.astype(int) - decode_bytes(desk.slot.handle, z)).max() <= 1
    desk.session.set_dataset(dataset)
    desk.rest()
    assert desk.window.image.nearest.spoken().startswith(REAL)
    np.testing.assert_array_equal(watched.images, dataset.images[desk.slot.codes["mean"].index[nearest(desk, probed(desk))]])


def test_a_model_whose_images_are_nowhere_says_so(large: Desk, models: dict[str, Path]) -> None:
    desk = large
    desk.open(models["small"])
    assert desk.slot.data is not None and desk.session.dataset is not None
    gone = replace(desk.slot.data, name="gone", content_hash="0")
    desk.session.put_slot(replace(desk.slot, data=gone))
    desk.rest()
    assert desk.window.image.nearest.spoken().startswith(f"{DECODED} (images not on this computer)")


def test_decodes_are_asked_for_once_and_only_where_they_are_seen(large: Desk, watched: Watched, models: dict[str, Path]) -> None:
    desk = large
    desk.open(models["small"])
    dataset = desk.session.dataset
    assert dataset is not None
    desk.session.set_dataset(replace(dataset, images=dataset.images // 2))
    desk.rest()
    place = desk.pixel(0.6, 0.4)
    desk.hand.move(desk.plane, place)
    desk.rest()
    times = watched.times
    desk.hand.move(desk.plane, place)
    desk.rest()
    assert watched.times == times  # the same codes
    dock = desk.window.findChild(QDockWidget, "dock_image")
    assert dock is not None
    dock.hide()
    settle()
    assert not desk.window.image.nearest.isVisible()
    desk.hand.move(desk.plane, desk.pixel(0.3, 0.4))
    desk.rest()
    assert watched.times == times
    dock.show()
    settle()
    desk.rest()
    assert watched.times > times
    z = desk.slot.codes["mean"].z[nearest(desk, probed(desk))]
    assert desk.slot.handle is not None and watched.images is not None
    assert np.abs(watched.images.astype(int) - decode_bytes(desk.slot.handle, z)).max() <= 1


def test_a_code_without_a_label_has_no_class(large: Desk, watched: Watched, models: dict[str, Path]) -> None:
    desk = large
    desk.open(models["small"])
    codes = desk.slot.codes["mean"]
    bare = replace(codes, labels=np.full(len(codes.z), -1, np.int64))
    desk.session.put_slot(replace(desk.slot, codes={"mean": bare}))
    desk.rest()
    assert watched.words and not any("class" in words for words in watched.words)


def test_while_training_the_strip_shows_the_newest_codes(large: Desk, watched: Watched, models: dict[str, Path]) -> None:
    desk = large
    desk.open(models["small"])
    desk.train(epochs=3)
    desk.wait(lambda: desk.session.run_state == "idle" and desk.progress and desk.progress[-1].outcome)
    desk.rest()
    assert desk.session.dataset is not None
    codes = desk.slot.codes["mean"]
    assert watched.images is not None
    np.testing.assert_array_equal(watched.images, desk.session.dataset.images[codes.index[nearest(desk, probed(desk))]])


def test_a_slow_decoder_does_not_hold_up_the_probe(
    large: Desk, watched: Watched, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The strip's decodes have a lane of their own: while they take their time, the probe answers."""
    import threading

    from latent_explorer.app.features import neighbours

    desk, gate = large, threading.Event()
    desk.open(models["small"])
    assert desk.session.dataset is not None
    decode: Callable[[Any], Any] = neighbours.decode

    def slow(request: Any) -> Any:
        assert gate.wait(60)
        return decode(request)

    monkeypatch.setattr(neighbours, "decode", slow)
    desk.session.set_dataset(replace(desk.session.dataset, images=desk.session.dataset.images // 2))
    try:
        desk.wait(lambda: desk.program.lanes.tiles.busy)
        for x in (0.3, 0.5, 0.7):
            desk.hand.move(desk.plane, desk.pixel(x, 0.4))
            z = desk.slot.frame.to_z(np.array(_under(desk, x)))
            desk.wait(lambda z=z: desk.shows(z))
        assert desk.program.lanes.tiles.busy
    finally:
        gate.set()
    handle, codes = desk.slot.handle, desk.slot.codes["mean"]
    assert handle is not None

    def follows() -> bool:
        """By what is probed now: on a busy machine a last move of the pointer may come late."""
        expected = decode_bytes(handle, codes.z[nearest(desk, probed(desk))])
        return watched.images is not None and bool(np.abs(watched.images.astype(int) - expected).max() <= 1)

    desk.wait(follows)


def _under(desk: Desk, x: float) -> tuple[float, float]:
    """Plane coordinates of the pixel that the pointer rests on."""
    pixel = desk.pixel(x, 0.4)
    point = desk.window.plane._to_plane(pixel.toPointF())
    return point.x(), point.y()
