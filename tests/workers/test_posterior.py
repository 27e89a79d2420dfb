"""The posterior's field and what goes with it, in the compute lane."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.nn.exact import places
from latent_explorer.core.nn.exact import posterior as exact_posterior
from latent_explorer.core.nn.handles import forget
from latent_explorer.core.nn.inference import decode, encode
from latent_explorer.core.plane.cells import cells_between, cells_for
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.posterior_field import REGIONS
from latent_explorer.core.types import Codes, ModelHandle, Slot
from latent_explorer.workers.field_wish import Content, FieldAnswer, Wish
from latent_explorer.workers.fields import Survey
from latent_explorer.workers.posterior import SIDE, Subject, compare, field_of, find, note_of
from latent_explorer.workers.task import Context
from tests.core.nn.exact.linear import linear_gaussian
from tests.core.nn.exact.lively import grey_images, lively

CELLS = cells_between(np.full(2, -4.5), np.full(2, 4.5), 180, 180)


@pytest.fixture
def handle() -> ModelHandle:
    return lively()[1]


def subject(row: int = 0, **more: object) -> Subject:
    return Subject("an image", grey_images(row + 1)[row], **more)  # type: ignore[arg-type]


def density(values: np.ndarray) -> np.ndarray:
    return 10.0 ** values.astype(float)


@pytest.mark.parametrize("sigma", [0.1, 0.01])
def test_the_field_is_a_linear_decoder_s_normal_density(sigma: float) -> None:
    """Also where it is much narrower than the grid, and then only the decoder itself says how high it is."""
    exact = linear_gaussian(sigma)
    image = exact.draw(1)[0]
    mean, covariance = exact.posterior(image.reshape(-1).astype(float))
    pixels = np.rint(255 * image).astype(np.uint8)
    mean, _ = exact.posterior(pixels.reshape(-1) / 255)
    finding = find(Subject("drawn", pixels), exact.handle, 64)
    assert finding.posterior.refined == (sigma == 0.01)
    sd = np.sqrt(np.diag(covariance))
    cells = cells_between(mean - 3 * sd, mean + 3 * sd, 50, 50)
    field = field_of(finding, PlaneFrame.identity(), cells)
    peak = -0.5 * np.linalg.slogdet(2 * math.pi * covariance)[1]
    assert finding.highest == pytest.approx(peak, abs=0.02)
    assert finding.levels == pytest.approx([peak + math.log(1 - share) for share in REGIONS], abs=0.12)
    away = cells.centres() - mean
    wanted = peak - 0.5 * np.einsum("ni,ij,nj->n", away, np.linalg.inv(covariance), away)
    seen = wanted > finding.highest - 6
    np.testing.assert_allclose(field.values.ravel()[seen] * math.log(10), wanted[seen], atol=0.05)


def test_where_the_posterior_is_out_of_sight_nothing_is_drawn() -> None:
    exact = linear_gaussian(0.01)
    finding = find(Subject("drawn", np.rint(255 * exact.draw(1)[0]).astype(np.uint8)), exact.handle, 64)
    away = 4.4 * np.sign(-finding.posterior.mode)
    field = field_of(finding, PlaneFrame.identity(), cells_between(away - 0.05, away + 0.05, 20, 20))
    assert field.strength is not None and not field.strength.any() and np.isfinite(field.values).all()


def test_a_draft_is_near_the_field_and_asks_nobody(handle: ModelHandle) -> None:
    finding = find(subject(), handle, SIDE)
    fine = field_of(finding, PlaneFrame.identity(), CELLS)
    forgotten = replace(finding, handle=ModelHandle("nobody", handle.architecture))
    draft = field_of(forgotten, PlaneFrame.identity(), CELLS, draft=True)
    assert np.abs(density(fine.values) - density(draft.values)).max() < 0.05 * density(fine.values).max()
    with pytest.raises(Cancelled):
        field_of(forgotten, PlaneFrame.identity(), CELLS)


def test_it_integrates_to_one_and_the_regions_hold_their_shares(handle: ModelHandle) -> None:
    finding = find(subject(1), handle, SIDE)
    field = field_of(finding, PlaneFrame.identity(), CELLS)
    share = density(field.values) * CELLS.step_x * CELLS.step_y
    assert share.sum() == pytest.approx(1, abs=0.01)
    for level, wanted in zip(field.levels, REGIONS, strict=True):
        assert share[field.values >= level].sum() == pytest.approx(wanted, abs=0.02)


def test_hidden_pixels_do_not_count(handle: ModelHandle) -> None:
    upper = find(subject(part="upper"), handle, 64)
    assert upper.mask is not None and upper.mask.sum() == 10
    other = grey_images(1)[0].copy()
    other[2:] = 255 - other[2:]
    same = find(Subject("another", other, part="upper"), handle, 64)
    np.testing.assert_allclose(same.posterior.probability, upper.posterior.probability, atol=1e-6)
    whole = find(subject(), handle, 64)
    assert np.abs(whole.posterior.probability - upper.posterior.probability).max() > 1e-3


def test_a_place_stands_for_its_picture(handle: ModelHandle) -> None:
    z = np.array([0.4, -0.9], np.float32)
    finding = find(Subject("a pin", None, z), handle, 64)
    assert np.abs(finding.image / 255 - decode(handle, z[None])[0]).max() <= 0.5 / 255 + 1e-6


def test_the_comparison_has_the_gap_and_the_expected_picture(handle: ModelHandle) -> None:
    finding = find(subject(), handle, 64)
    compared = compare(finding)
    assert compared.gap == pytest.approx(finding.posterior.log_evidence - compared.elbo) and compared.gap > 0
    assert compared.mean is not None and compared.covariance is not None
    share = finding.posterior.probability.ravel().astype(float)
    wanted = np.einsum("g,ghwc->hwc", share, decode(handle, finding.posterior.z))
    assert np.abs(compared.expected / 255 - wanted).max() < 0.01
    hidden = compare(find(subject(part="left"), handle, 64))
    assert math.isnan(hidden.elbo) and hidden.mean is not None
    nobody = compare(find(Subject("an image", grey_images(1)[0]), lively("qlvm")[1], 64))
    assert nobody.mean is None and math.isnan(nobody.gap)
    assert nobody.place is None and compared.place == pytest.approx(compared.mean, abs=1e-6)
    wae = lively("wae-mmd")[1]  # an encoder of points
    there = compare(find(Subject("an image", grey_images(1)[0]), wae, 64))
    assert there.mean is None and there.place == pytest.approx(encode(wae, grey_images(1))[0][0])


def test_a_model_that_was_let_go_is_not_asked(handle: ModelHandle) -> None:
    finding = find(subject(), handle, 64)
    forget(handle)
    with pytest.raises(Cancelled):
        find(subject(), handle, 64)
    with pytest.raises(Cancelled):
        compare(finding)


@pytest.mark.parametrize("asked", ["completion", "encoded"])
def test_a_model_that_goes_while_it_is_asked_is_no_error(handle: ModelHandle, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """Whichever of the questions comes just after, and the picture that was begun is completed by the decoder that it began with."""
    finding, begun = find(subject(), handle, 64), 0
    name = "_posterior" if asked == "completion" else "completion"
    real = getattr(exact_posterior, name)

    def then_let_go(*given: object) -> object:
        nonlocal begun
        answer = real(*given)
        forget(handle)
        begun += 1
        return answer

    completed = 0
    encoded = places.encoded

    def counted(*given: Any) -> object:
        nonlocal completed
        completed += 1
        return encoded(*given)

    monkeypatch.setattr(exact_posterior, name, then_let_go)
    monkeypatch.setattr(places, "encoded", counted)
    with pytest.raises(Cancelled):
        compare(finding)
    assert begun == completed == 1


def test_another_error_of_the_model_is_not_taken_for_its_absence(handle: ModelHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object, **more: object) -> object:
        raise KeyError("an error of the program")

    monkeypatch.setattr(exact_posterior, "posterior", broken)
    with pytest.raises(KeyError):
        find(subject(), handle, 64)


def test_the_note_says_when_the_grid_is_too_coarse(handle: ModelHandle) -> None:
    assert "narrower" not in note_of(find(subject(), handle, SIDE))
    exact = linear_gaussian(0.01)
    narrow = find(Subject("drawn", np.rint(255 * exact.draw(1)[0]).astype(np.uint8)), exact.handle, 64)
    assert "divided further" in note_of(narrow)


def slot(handle: ModelHandle, **more: object) -> Slot:
    codes = Codes("mean", np.zeros((3, 2), np.float32), np.arange(3), np.arange(3))
    return Slot(0, 1, PlaneFrame.identity(), {"mean": codes}, handle, ready=True, **more)  # type: ignore[arg-type]


def answer(survey: Survey, content: Content, *, draft: bool = False) -> FieldAnswer:
    cells = cells_for((-3.0, -2.0, 6.0, 4.0), (120, 80), 4)
    return survey.answer(Wish(content, cells, draft=draft), Context(lambda what, part: None))


def test_the_survey_asks_once_for_each_image(handle: ModelHandle) -> None:
    survey, shown, one, two = Survey(), slot(handle), subject(0), subject(1)
    first = answer(survey, Content("posterior", shown, subject=one))
    again = answer(survey, Content("posterior", shown, subject=one), draft=True)
    assert first.finding is again.finding is not None
    assert first.field is not None and first.field.contours
    other = answer(survey, Content("posterior", shown, subject=two))
    assert other.finding is not None and other.finding is not first.finding
    assert other.finding.subject is two
    later = answer(survey, Content("posterior", replace(shown, revision=2), subject=two))
    assert later.finding is not other.finding
    assert answer(survey, Content("density", shown)).finding is None
    assert answer(survey, Content("posterior", shown)).field is None


def test_a_first_look_comes_before_the_whole_of_it() -> None:
    """Of a posterior narrower than cells it has no lines yet; its height is the grid's, and the whole one's its own."""
    exact = linear_gaussian(0.01)
    image = np.rint(255 * exact.draw(1)[0]).astype(np.uint8)
    content = Content("posterior", slot(exact.handle), subject=Subject("drawn", image))
    survey = Survey()
    first, second = (answer(survey, content, draft=draft) for draft in (True, False))
    assert first.finding is not None and second.finding is not None and first.field is not None and second.field is not None
    assert first.finding.posterior.draft and not second.finding.posterior.draft
    assert first.field.levels == first.field.names == () and len(second.field.levels) == 2
    assert "first look" in first.field.note and "divided further" in second.field.note
    assert answer(survey, content, draft=True).finding is second.finding
    wide = find(subject(), lively()[1], SIDE, draft=True)
    assert wide.levels == pytest.approx(find(subject(), lively()[1], SIDE).levels)


def test_the_same_subject_is_known_again() -> None:
    image = grey_images(1)[0]
    assert Subject("a", image).same_as(Subject("a", image.copy()))
    assert not Subject("a", image).same_as(Subject("a", image, part="upper"))
    assert not Subject("a", image).same_as(Subject("a", image, condition=1))
    assert not Subject("a", image).same_as(Subject("a", None, np.zeros(2, np.float32)))
    assert Subject("a", None, np.zeros(2, np.float32)).same_as(Subject("a", None, np.zeros(2, np.float32)))
    assert not Subject("a", None, np.zeros(2, np.float32)).same_as(Subject("a", None, np.ones(2, np.float32)))
    assert not Subject("a", image).same_as(None)
