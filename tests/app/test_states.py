"""The states that must look right, each made by the program's own means: what they say, and that no word of theirs is cut.

With LATENT_EXPLORER_PICTURES naming a folder, each is drawn there as <state>-<width>x<height>-<theme>.png, to be looked at.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latent_explorer.app.features import datasets as datasets_feature
from latent_explorer.app.features import opening as opening_feature
from latent_explorer.core.types import ImageDataset, Split
from tests.app.conftest import Desk, make_model
from tests.app.test_training import diverge
from tests.views.hand import Key, look, settle
from tests.views.room import faults

SIZES = ((900, 600), (1366, 768), (1600, 1000), (3840, 2160))
PICTURES = os.environ.get("LATENT_EXPLORER_PICTURES", "")


class Stage:
    """Makes states, and looks at each in several sizes."""

    def __init__(self, new_desk: Callable[..., Desk], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name, self.monkeypatch = name, monkeypatch
        self.gate = threading.Event()
        self._new_desk = new_desk

    def desk(self, theme: str = "dark") -> Desk:
        desk = self._new_desk(theme)
        desk.window.resize(1600, 1000)
        desk.window.arrange()
        settle()
        return desk

    def wait_here(self, module: Any, name: str) -> None:
        """A function of a module does not answer before the gate is opened."""
        real = getattr(module, name)

        def slow(*arguments: Any, **named: Any) -> Any:
            self.gate.wait(60)
            return real(*arguments, **named)

        self.monkeypatch.setattr(module, name, slow)

    def look_at(self, desk: Desk, *, sizes: tuple[tuple[int, int], ...] = SIZES[:3], rested: bool = True) -> None:
        """In each size no word is cut; with a folder for pictures they are drawn, dark and light."""
        for size in sizes:
            desk.window.resize(*size)
            desk.window.arrange()
            settle()
            if rested:
                desk.rest()
            assert (desk.window.width(), desk.window.height()) == size
            assert faults(desk.window) == [], size
            for theme in ("dark", "light") if PICTURES else ():
                desk.program.appearance.set_theme(theme)
                settle()
                if rested:
                    desk.rest()
                Path(PICTURES).mkdir(parents=True, exist_ok=True)
                desk.window.grab().save(f"{PICTURES}/{self.name}-{size[0]}x{size[1]}-{theme}.png")


@pytest.fixture
def stage(request: pytest.FixtureRequest, new_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    stage = Stage(new_desk, request.node.name.removeprefix("test_"), monkeypatch)
    yield stage
    stage.gate.set()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, digits: ImageDataset) -> Path:
    """Trained long enough for a plane to look at."""
    path = tmp_path_factory.mktemp("states") / "digits-trained.safetensors"
    make_model(path, digits, hidden=(64, 64), epochs=60)
    return path


def part_of(dataset: ImageDataset, rows: np.ndarray, **changes: Any) -> ImageDataset:
    """Some images of a data set, with a split of their own: a third is the test part."""
    order = np.random.default_rng(0).permutation(len(rows))
    cut = len(rows) // 3
    split = Split(np.sort(order[cut:]), np.zeros(0, np.int64), np.sort(order[:cut]))
    labels = None if dataset.labels is None else dataset.labels[rows]
    values: dict[str, Any] = {"images": dataset.images[rows].copy(), "labels": labels, "split": split, "columns": {}}
    return replace(dataset, **{**values, **changes})


def shown(desk: Desk, dataset: ImageDataset, path: Path, **settings: Any) -> None:
    """A model of a data set, trained a little, and that data set open."""
    make_model(path, dataset, **settings)
    desk.open(path)
    desk.session.set_dataset(dataset)
    desk.rest()


# --- starting ----------------------------------------------------------------------------------------------------------------


def test_first_start(stage: Stage) -> None:
    """A shipped model, no images of its data set, nothing asked."""
    desk = stage.desk()
    desk.program.start(None)
    desk.wait(lambda: desk.session.dataset is not None and desk.session.slot is not None and desk.session.slot.ready)
    desk.rest()
    assert desk.says("not on this computer")
    assert "Train" in desk.button("train_button").text()
    stage.look_at(desk, sizes=SIZES)


def test_no_data_set_found(stage: Stage, tmp_path: Path) -> None:
    """The folder that the variable names is empty: the built-in digits are there."""
    stage.monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path))
    desk = stage.desk()
    desk.program.start(None)
    desk.wait(lambda: desk.session.dataset is not None and desk.session.slot is not None and desk.session.slot.ready)
    desk.rest()
    assert desk.session.dataset is not None and desk.session.dataset.name == "digits"
    assert desk.says("not on this computer")
    stage.look_at(desk)


def test_data_set_loading(stage: Stage, trained: Path) -> None:
    stage.wait_here(datasets_feature, "load_dataset")
    desk = stage.desk()
    desk.program.start(trained)
    desk.wait(lambda: desk.session.slot is not None and desk.image() is not None)
    desk.wait(lambda: desk.program.mosaic.settled and desk.says("Loading"))
    assert desk.session.dataset is None
    stage.look_at(desk, rested=False)


def test_model_loading(stage: Stage, tmp_path: Path, digits: ImageDataset) -> None:
    """Points and pictures are there before the networks are: numpy decodes meanwhile."""
    path = tmp_path / "digits-conv.safetensors"
    make_model(path, digits, hidden=(32,), epochs=20, network="conv", channels=(8, 16))
    stage.wait_here(opening_feature, "_build")
    desk = stage.desk()
    desk.program.start(path)
    desk.wait(lambda: desk.session.slot is not None and desk.image() is not None and desk.says("Loading PyTorch"))
    assert not desk.slot.ready
    stage.look_at(desk, rested=False)


# --- training ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def at_work(stage: Stage, trained: Path) -> Desk:
    """A run that goes on as long as the test likes."""
    desk = stage.desk()
    desk.open(trained)
    desk.train(hidden="64,64", epochs=5000)
    desk.wait(lambda: desk.progress and desk.progress[-1].epoch >= 30)
    return desk


def end(desk: Desk) -> None:
    desk.press("stop")
    desk.wait(lambda: desk.session.run_state == "idle")
    desk.rest()


def test_training(stage: Stage, at_work: Desk) -> None:
    assert at_work.says("Training: digits")
    stage.look_at(at_work, rested=False)
    end(at_work)


def test_paused(stage: Stage, at_work: Desk) -> None:
    at_work.press("train")
    at_work.wait(lambda: at_work.session.run_state == "paused")
    assert at_work.says("Paused: digits")
    assert at_work.button("train_button").text() == "Resume"
    stage.look_at(at_work, rested=False)
    end(at_work)


def test_stopped(stage: Stage, at_work: Desk) -> None:
    end(at_work)
    at_work.wait(lambda: at_work.button("train_button").text() == "Continue")
    assert at_work.says("Stopped after ")
    stage.look_at(at_work)


def test_diverged(stage: Stage, trained: Path) -> None:
    desk = stage.desk()
    desk.open(trained)
    diverge(stage.monkeypatch, after=200)
    desk.train(hidden="64,64", epochs=5000)
    desk.wait(lambda: desk.session.run_state == "idle" and desk.progress and desk.progress[-1].outcome == "diverged")
    desk.rest()
    assert desk.says("smaller learning rate")
    stage.look_at(desk)


# --- data --------------------------------------------------------------------------------------------------------------------


def test_model_without_its_data_set(stage: Stage, tmp_path: Path, digits: ImageDataset) -> None:
    """Scatter from stored codes, decodes in the place of images."""
    mine = part_of(digits, np.arange(900), name="my drawings")
    path = tmp_path / "my-drawings.safetensors"
    make_model(path, mine, hidden=(64,), epochs=40)
    desk = stage.desk()
    desk.open(path)
    assert "images not on this computer" in desk.window.image.nearest.spoken()
    stage.look_at(desk)


def test_one_class(stage: Stage, tmp_path: Path, digits: ImageDataset) -> None:
    assert digits.labels is not None
    rows = np.flatnonzero(digits.labels == 3)
    threes = part_of(digits, rows, name="threes", labels=np.zeros(len(rows), np.int64), class_names=("three",))
    desk = stage.desk()
    shown(desk, threes, tmp_path / "threes.safetensors", hidden=(32,), epochs=150)
    assert not desk.window.plane.legend.isVisible()
    assert desk.says("class three") or desk.says("No code within")
    stage.look_at(desk)


def test_no_labels(stage: Stage, tmp_path: Path, digits: ImageDataset) -> None:
    bare = part_of(digits, np.arange(1797), name="unlabelled", labels=None, class_names=())
    desk = stage.desk()
    shown(desk, bare, tmp_path / "unlabelled.safetensors", hidden=(64,), epochs=40)
    assert not desk.window.plane.legend.isVisible()
    assert not desk.says("class")
    stage.look_at(desk)


def test_300_points(stage: Stage, tmp_path: Path, digits: ImageDataset) -> None:
    few = part_of(digits, np.arange(900), name="few")
    desk = stage.desk()
    shown(desk, few, tmp_path / "few.safetensors", hidden=(64,), epochs=60)
    assert desk.says("300 points")
    stage.look_at(desk)


def ellipses(count: int) -> ImageDataset:
    """Colour images of 120 x 200: a disc whose place and colour follow two factors."""
    generator = np.random.default_rng(5)
    along, warm = generator.random(count), generator.random(count)
    y, x = np.mgrid[0:120, 0:200]
    images = np.empty((count, 120, 200, 3), np.uint8)
    for k in range(count):
        distance = np.hypot(x - (30 + 140 * along[k]), (y - 60) * 1.3)
        disc = np.clip((34 - distance) / 6, 0, 1)[..., None]
        ground, ink = np.array([28, 34, 52]), np.array([70 + 185 * warm[k], 120, 235 - 185 * warm[k]])
        images[k] = np.rint(ground + (ink - ground) * disc)
    order = np.arange(count)
    split = Split(order[: count * 2 // 3], order[:0], order[count * 2 // 3 :])
    labels = (along > 0.5).astype(np.int64) + 2 * (warm > 0.5)
    names = ("left, blue", "right, blue", "left, red", "right, red")
    return ImageDataset("discs in colour", images, labels, names, split)


def test_colour_images_that_are_not_square(stage: Stage, tmp_path: Path) -> None:
    desk = stage.desk()
    dataset = ellipses(450)
    shown(desk, dataset, tmp_path / "discs.safetensors", hidden=(32,), epochs=60, batch_size=32, lr=2e-3)
    assert desk.says("120 × 200 colour")
    image = desk.window.image
    for size in SIZES[1:3]:
        desk.window.resize(*size)
        desk.window.arrange()
        desk.rest()
        target = image.pixels.target()
        assert target.width() / target.height() == pytest.approx(200 / 120, rel=0.02)
        assert image.nearest.isVisible()
        assert all(place.width() / place.height() == pytest.approx(200 / 120, rel=0.05) for place in image.nearest.places())
    stage.look_at(desk, sizes=SIZES)


def test_more_than_two_dimensions(stage: Stage, tmp_path: Path, digits: ImageDataset) -> None:
    """The plane is a slice; its panel comes with the model."""
    desk = stage.desk()
    shown(desk, digits, tmp_path / "digits-32.safetensors", hidden=(64,), latent_dim=32, epochs=30, likelihood="gaussian", sigma=0.2)
    assert desk.window.slice.isVisible()
    assert desk.says("Gaussian, σ 0.2")
    stage.look_at(desk)


def test_many_classes(stage: Stage, trained: Path) -> None:
    """EMNIST has 47; all can be reached in the legend."""
    desk = stage.desk()
    desk.open(trained)
    codes, data = desk.slot.codes["mean"], desk.slot.data
    assert data is not None
    many = replace(codes, labels=np.arange(len(codes.z)) % 47)
    names = tuple(f"kind {k}" for k in range(47))
    desk.session.put_slot(replace(desk.slot, codes={"mean": many}, data=replace(data, class_names=names)))
    desk.rest()
    stage.look_at(desk)
    assert desk.window.plane.rect().contains(desk.window.plane.legend.geometry())


# --- sizes -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_twice_as_large(stage: Stage, large_screen: None, trained: Path, theme: str) -> None:
    """For a projector: the interface at its double size."""
    stage.name = "twice_as_large"
    desk = stage.desk(theme)
    desk.open(trained)
    height = desk.window.fontMetrics().height()
    for _ in range(5):
        desk.wish("larger")
    assert desk.window.fontMetrics().height() >= 1.9 * height
    stage.look_at(desk, sizes=((1920, 1080), (3840, 2160)))
    desk.wish("normal_size")


def test_full_screen(stage: Stage, trained: Path) -> None:
    """The plane with its legend, and the decoded image."""
    desk = stage.desk()
    desk.open(trained)
    desk.window.plane.setFocus()
    desk.hand.key(Key.Key_F11)
    desk.rest()
    assert desk.window.plane.legend.isVisible()
    assert desk.window.image.isVisible()
    assert not desk.window.model.isVisible()
    if PICTURES:
        desk.window.grab().save(f"{PICTURES}/full_screen.png")
    assert len(np.unique(look(desk.window).reshape(-1, 3), axis=0)) > 100
    desk.hand.key(Key.Key_Escape)
    assert desk.window.model.isVisible()
