"""Fields in the compute lane: what is remembered, what is dropped, and codes of every kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import Cancelled
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import forget, publish
from latent_explorer.core.plane.cells import Cells, cells_for
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.sample import sample_rows
from latent_explorer.core.scene import Rows
from latent_explorer.core.types import Codes, ModelHandle, Slot
from latent_explorer.workers import fields
from latent_explorer.workers.field_wish import Content, FieldAnswer, Wish
from latent_explorer.workers.fields import Survey
from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.task import Context, Task

NAMES = ("density", "class_density:1", "prior", "holes", "sensitivity", "information", "regions")
WINDOW = (-3.0, -2.0, 6.0, 4.0)
CELLS = cells_for(WINDOW, (120, 80), 4)


def codes(z: np.ndarray, labels: np.ndarray | None = None, **columns: np.ndarray) -> Codes:
    count = len(z)
    known = np.arange(count) % 3 if labels is None else labels
    return Codes("mean", z.astype(np.float32), np.arange(count), known.astype(np.int64), columns)


def cloud(count: int = 300, latent_dim: int = 2, *, variances: bool = True) -> Codes:
    z = np.random.default_rng(0).normal(size=(count, latent_dim))
    return codes(z, **({"log_var": np.full(z.shape, -4.0, np.float32)} if variances else {}))


@pytest.fixture(scope="module")
def handle() -> ModelHandle:
    return new_handle(2)


def new_handle(latent_dim: int) -> ModelHandle:
    config = ModelConfig((3, 3, 1), latent_dim=latent_dim, hidden=(6,))
    made = ModelHandle(f"fields {latent_dim}", config)
    publish(made, build(config, 1).eval().requires_grad_(False))
    return made


def slot(handle: ModelHandle | None, some: Codes, frame: PlaneFrame | None = None) -> Slot:
    return Slot(0, 1, frame or PlaneFrame.identity(), {"mean": some}, handle, ready=True)


def answer(survey: Survey, content: Content, cells: Cells = CELLS) -> FieldAnswer:
    return survey.answer(Wish(content, cells), Context(lambda what, part: None))


@pytest.mark.parametrize("name", NAMES)
def test_every_field_fills_its_cells(handle: ModelHandle, name: str) -> None:
    found = answer(Survey(), Content(name, slot(handle, cloud())))
    assert found.field is not None
    assert found.field.kind == name.partition(":")[0]
    assert found.field.values.shape == (CELLS.rows, CELLS.columns)
    assert found.field.rectangle == pytest.approx(WINDOW)
    assert np.isfinite(found.field.values).mean() > 0.8
    assert found.field.note.endswith(".") and found.field.title
    assert found.seconds > 0 and found.pace > 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("latent_dim", [1, 5])
def test_every_field_on_a_line_and_on_a_slice(name: str, latent_dim: int) -> None:
    frame = PlaneFrame.line() if latent_dim == 1 else PlaneFrame.axes(3, 1, np.full(5, 0.2))
    found = answer(Survey(), Content(name, slot(new_handle(latent_dim), cloud(latent_dim=latent_dim), frame)))
    assert found.field is not None
    values = found.field.values
    assert np.isfinite(values).mean() > 0.8
    if latent_dim == 1 and name != "regions":
        assert (values == values[0]).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_field_in_the_coordinates_phi(handle: ModelHandle, name: str) -> None:
    frame = PlaneFrame.identity().shown_as("phi")
    found = answer(Survey(), Content(name, slot(handle, cloud(), frame)), cells_for((-0.1, -0.1, 1.2, 1.2), (48, 48), 2))
    assert found.field is not None
    assert np.isfinite(found.field.values[4:-4, 4:-4]).mean() > 0.8
    if name in ("prior", "sensitivity", "holes"):
        assert np.isnan(found.field.values[0]).all()


def test_holes_are_those_of_tilted_posteriors(handle: ModelHandle) -> None:
    """All posteriors lie near x = y: beside that line is a hole, though each axis by itself is as wide as the prior."""
    z = np.zeros((300, 2))
    spread = {"log_var": np.zeros(z.shape, np.float32), "cov": np.tile(np.array([[1, 0.99], [0.99, 1]], np.float32), (300, 1, 1))}
    found = answer(Survey(), Content("holes", slot(handle, codes(z, **spread))))
    assert found.field is not None
    x, y = CELLS.centres().reshape(CELLS.rows, CELLS.columns, 2).transpose(2, 0, 1)
    beside, along = (np.abs(x - y) > 1.5) & (np.hypot(x, y) < 2.5), (np.abs(x - y) < 0.05) & (np.hypot(x, y) < 2)
    assert (found.field.values[beside] < -1).all() and (found.field.values[along] > 0.5).all()


BAD = {
    "none": np.zeros((0, 2)),
    "no numbers": np.full((9, 2), np.nan),
    "one": np.zeros((1, 2)),
    "equal": np.full((500, 2), 0.5),
    "far": np.full((6, 2), 1e30),
    "mixed": np.array([[0.0, 0.0], [np.nan, 1.0], [np.inf, 0.0], [3e38, -3e38], [1.0, 1.0], [0.2, 0.1]]),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("name", ["density", "class_density:0", "holes", "regions"])
@pytest.mark.parametrize("variances", [True, False])
def test_codes_of_every_kind(handle: ModelHandle, name: str, kind: str, variances: bool) -> None:
    z = BAD[kind]
    some = codes(z, np.zeros(len(z)), **({"log_var": np.full(z.shape, -2.0, np.float32)} if variances else {}))
    found = answer(Survey(), Content(name, slot(handle, some))).field
    if kind in ("none", "no numbers"):
        assert found is None
    elif kind != "far":
        assert found is not None and np.isfinite(found.values).any()
        assert math.isfinite(found.low) and found.high > found.low


def test_hidden_classes_and_rows_are_left_out(handle: ModelHandle) -> None:
    whole = slot(handle, cloud())

    def values(**more: Any) -> np.ndarray:
        found = answer(Survey(), Content("density", whole, **more)).field
        assert found is not None
        return found.values

    third = Rows(np.arange(0, 300, 3))
    assert np.array_equal(values(hidden=frozenset({1, 2})), values(shown=third))
    assert np.array_equal(values(hidden=frozenset({0})), values(concealed=third))
    assert not np.array_equal(values(), values(shown=third))
    assert answer(Survey(), Content("density", whole, hidden=frozenset({0, 1, 2}))).field is None
    one = answer(Survey(), Content("class_density:0", whole, hidden=frozenset({0}))).field
    assert one is not None and np.array_equal(one.values, values(shown=third))  # the person asks for that class


def test_of_very_many_codes_an_even_sample_is_taken(handle: ModelHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "MOST_COUNTED", 100)
    monkeypatch.setattr(fields, "PIECE", 30)
    some = cloud(301)
    found = answer(Survey(), Content("density", slot(handle, some))).field
    assert found is not None and found.note.startswith("100 of 301 codes")
    monkeypatch.setattr(fields, "MOST_COUNTED", 1000)
    fewer = answer(Survey(), Content("density", slot(handle, codes(some.z[np.sort(sample_rows(301, 100))])))).field
    assert fewer is not None
    assert np.corrcoef(10 ** found.values.ravel(), 10 ** fewer.values.ravel())[0, 1] > 0.9  # their bandwidths differ


def test_the_range_of_colours_does_not_depend_on_the_window(handle: ModelHandle) -> None:
    for name in NAMES:
        survey, content = Survey(), Content(name, slot(handle, cloud()))
        one, two = answer(survey, content).field, answer(survey, content, cells_for((2.0, 2.0, 0.1, 0.1), (40, 40), 4)).field
        assert one is not None and two is not None
        assert (one.low, one.high) == (two.low, two.high)


def test_what_does_not_depend_on_the_window_is_found_out_once(handle: ModelHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    look = Survey._look

    def watched(survey: Survey, wish: Wish) -> None:
        looks.append(wish.content.name)
        look(survey, wish)

    monkeypatch.setattr(Survey, "_look", watched)
    survey, shown = Survey(), slot(handle, cloud())
    for change in ({}, {"epoch": 3}, {"revision": 1}):
        answer(survey, Content("density", replace(shown, **change)))  # type: ignore[arg-type]
    assert looks == ["density"]
    answer(survey, Content("density", replace(shown, codes={"mean": cloud()})))
    assert looks == ["density"] * 2
    answer(survey, Content("sensitivity", shown))
    answer(survey, Content("sensitivity", replace(shown, codes={"mean": cloud()})))
    assert looks[2:] == ["sensitivity"]
    answer(survey, Content("sensitivity", replace(shown, revision=1)))
    assert looks[2:] == ["sensitivity"] * 2


@pytest.mark.parametrize("name", NAMES)
def test_a_dropped_wish_is_not_computed(handle: ModelHandle, name: str) -> None:
    wish = Wish(Content(name, slot(handle, cloud())), CELLS)
    wish.drop()
    with pytest.raises(Cancelled):
        Survey().answer(wish, Context(lambda what, part: None))


@pytest.mark.parametrize("name", ["density", "holes", "sensitivity", "regions"])
def test_a_wish_can_be_dropped_while_it_is_computed(handle: ModelHandle, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "PIECE", 50)
    asked: list[float] = []
    progress = Wish.progress

    def impatient(wish: Wish, part: float) -> None:
        asked.append(part)
        if len(asked) > 2:
            wish.drop()
        progress(wish, part)

    monkeypatch.setattr(Wish, "progress", impatient)
    with pytest.raises(Cancelled):
        answer(Survey(), Content(name, slot(handle, cloud(5000))), cells_for(WINDOW, (600, 400), 2))
    assert len(asked) == 3


def test_a_model_that_was_let_go_is_no_mistake() -> None:
    gone = new_handle(3)
    forget(gone)
    with pytest.raises(Cancelled):
        answer(Survey(), Content("sensitivity", slot(gone, cloud(latent_dim=3), PlaneFrame.axes(0, 1, np.zeros(3)))))


def test_in_the_lane_only_the_newest_waits(handle: ModelHandle, qtbot: QtBot) -> None:
    lane = NewestLane("compute", 1, low_priority=True)
    survey, shown = Survey(), slot(handle, cloud())
    answers: list[FieldAnswer] = []

    def work(name: str) -> Callable[[Context], FieldAnswer]:
        return lambda context: survey.answer(Wish(Content(name, shown), CELLS), context)

    try:
        lane.hold()
        for name in NAMES:
            lane.submit(Task("", work(name), answers.append, kind="field"))
        lane.release()
        qtbot.waitUntil(lambda: bool(answers) and not lane.busy, timeout=60_000)
    finally:
        lane.close()
    assert [found.wish.content.name for found in answers] == [NAMES[-1]]


@pytest.mark.parametrize("most", ["MOST_COUNTED", "MOST_POSTERIORS", "MOST_VOTERS"])
def test_of_very_many_codes_in_turn_all_classes_are_seen(handle: ModelHandle, monkeypatch: pytest.MonkeyPatch, most: str) -> None:
    """Rows that go round in a circle of classes: every so many of them would be of one class alone."""
    monkeypatch.setattr(fields, most, 1000)
    name = {"MOST_COUNTED": "density", "MOST_POSTERIORS": "holes", "MOST_VOTERS": "regions"}[most]
    count = 4000
    z = np.where(np.arange(count)[:, None] % 4 == 0, -1.5, 1.5) * [1, 0] + np.random.default_rng(1).normal(0, 0.2, (count, 2))
    some = codes(z, np.arange(count) % 4, log_var=np.full((count, 2), -3.0, np.float32))
    found = answer(Survey(), Content(name, slot(handle, some)))
    assert found.field is not None
    row = found.field.values[CELLS.rows // 2]
    left, right = row[CELLS.columns // 4], row[3 * CELLS.columns // 4]
    assert left != right if name == "regions" else abs(left - right) < 1.0  # of three in four and one in four, log10


def on_torus(name: str, some: Codes, cells: Cells) -> np.ndarray:
    slot = Slot(1, 1, PlaneFrame.torus(), {"mean": some})
    field = answer(Survey(), Content(name, slot), cells).field
    assert field is not None
    return np.array(field.values)


def test_a_density_of_a_torus_goes_on_beyond_its_ends_and_comes_again() -> None:
    """Codes at one corner are seen at all four, and in the next square as in the first."""
    z = 0.02 * np.random.default_rng(3).standard_normal((400, 2)) % 1.0
    values = on_torus("density", codes(z), Cells(-1.0, 1.0, 0.05, 0.05, 60, 20))
    first, second, third = values[:, :20], values[:, 20:40], values[:, 40:]
    np.testing.assert_allclose(first, second, atol=1e-3)
    np.testing.assert_allclose(second, third, atol=1e-3)
    assert min(second[0, 0], second[0, -1], second[-1, 0], second[-1, -1]) > second[10, 10] + 1


def test_class_regions_of_a_torus_are_those_of_the_nearest_codes_round_its_ends() -> None:
    places = np.repeat([(0.97, 0.5), (0.5, 0.5)], 30, axis=0) + np.random.default_rng(4).normal(0, 1e-3, (60, 2))
    values = on_torus("regions", codes(places, np.repeat([1, 0], 30)), Cells(0.0, 1.0, 0.05, 0.05, 20, 20))
    assert values[10, 0] == 1  # at 0.025, and the codes at 0.97 lie 0.055 away, round the end
    assert values[10, 10] == 0
