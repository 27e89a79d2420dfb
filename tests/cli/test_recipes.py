"""``train --recipe``, ``recipes`` and ``doctor``."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latent_explorer.cli.progress import TrainingDisplay
from latent_explorer.core.checkpoint.record import read_record
from latent_explorer.core.recipes import RECIPES
from latent_explorer.core.types import TrainingProgress
from tests.cli.conftest import Said
from tests.cli.test_train import interrupt

Call = Callable[..., Said]
SHORT = ("--data", "digits", "--epochs", "1", "--threads", "1", "--quiet")


def test_recipes_are_listed_with_what_they_show(call: Call) -> None:
    said = call("recipes")
    for name, recipe in RECIPES.items():
        assert f"{name} " in said.out and recipe.sentence in said.out
    found = call("recipes", "--json").json
    assert found["recipes"]["autoencoder-against-vae"]["models"][1]["settings"]["latent_dim"] == 32
    assert "there is no" not in call("train", "--help").err
    assert "--recipe" in call("train", "--recipe", "nonsense", *SHORT, "--out", "a.safetensors").sentence


def test_a_recipe_of_one_model_draws_its_prior_and_says_where(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "small.safetensors"
    said = call("train", "--recipe", "dense-128-128", *SHORT[:-1], "--out", out)
    assert said.code == 0
    drawn = tmp_path / "small-prior.png"
    assert f"Wrote {drawn}: 100 pictures of the prior" in said.err
    assert np.asarray(Image.open(drawn)).shape == (80, 80)  # ten rows of ten pictures of 8 x 8
    record = read_record(out)
    assert record.handle.architecture.hidden == (128, 128)
    assert record.training is not None
    assert (record.training.batch_size, record.training.schedule, record.training.epochs) == (128, "constant", 1)  # --epochs goes before
    assert {path.name for path in tmp_path.iterdir()} == {"small.safetensors", "small-prior.png"}


def test_a_recipe_of_two_models_makes_two_files(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "pair.safetensors"
    result = call("train", "--recipe", "autoencoder-against-vae", *SHORT, "--out", out, "--name", "my pair", "--json").json
    assert result["recipe"] == "autoencoder-against-vae"
    names = [Path(run["model"]["path"]).name for run in result["runs"]]
    assert names == ["pair-autoencoder.safetensors", "pair-vae.safetensors"]
    assert [run["model"]["name"] for run in result["runs"]] == ["my pair autoencoder", "my pair vae"]
    assert "prior" not in result["runs"][0] and result["runs"][1]["prior"].endswith("pair-vae-prior.png")
    assert not out.exists()
    families = {name: read_record(tmp_path / name).handle.architecture.family for name in names}
    assert list(families.values()) == ["autoencoder", "vae"]


@pytest.mark.parametrize("name", ["linear-encoder", "sigma-vae"])
def test_the_recorded_command_needs_no_recipe(call: Call, tmp_path: Path, name: str) -> None:
    """Recipes may change; the file's command makes the same model."""
    assert call("train", "--recipe", name, *SHORT, "--out", tmp_path / "a.safetensors").code == 0
    for path in sorted(tmp_path.glob("a*.safetensors")):
        record = read_record(path)
        words = shlex.split(record.command)
        assert "--recipe" not in words
        again = tmp_path / "again.safetensors"
        words[words.index("--out") + 1] = str(again)
        assert call(*words[1:], "--quiet").code == 0
        assert read_record(again).handle.content_hash == record.handle.content_hash
        again.unlink()


def test_a_stopped_recipe_says_what_was_not_begun(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(self: TrainingDisplay, progress: TrainingProgress) -> None:
        if progress.step == 3 and not progress.outcome:
            interrupt()

    monkeypatch.setattr(TrainingDisplay, "tell", tell)
    said = call("train", "--recipe", "sigma-vae", *SHORT[:-1], "--out", tmp_path / "s.safetensors")
    assert said.code == 130
    assert f"Not begun: {tmp_path / 's-learned.safetensors'}" in said.err
    assert "--resume" in said.err
    assert {path.name for path in tmp_path.iterdir()} == {"s-mse.safetensors"}


def test_files_are_refused_before_anything_is_trained(call: Call, tmp_path: Path) -> None:
    (tmp_path / "s-learned.safetensors").mkdir()
    said = call("train", "--recipe", "sigma-vae", *SHORT, "--out", tmp_path / "s.safetensors")
    assert "s-learned.safetensors cannot be written: it is a folder" in said.sentence
    assert not (tmp_path / "s-mse.safetensors").exists()
    how = ("--data", "digits", "--out", tmp_path / "r.safetensors", "--resume", tmp_path / "x.safetensors")
    resumed = call("train", "--recipe", "sigma-vae", *how)
    assert "--recipe cannot be given with --resume" in resumed.sentence


@pytest.mark.parametrize("family", ["autoencoder", "pca", "wae-mmd", "vae-gan"])
def test_a_family_without_a_bound_says_so(call: Call, tmp_path: Path, family: str) -> None:
    out = tmp_path / "a.safetensors"
    said = call("train", "--family", family, *SHORT[:-1], *(() if family == "pca" else ("--hidden", "16")), "--out", out)
    assert said.code == 0
    assert "ELBO" not in said.err.replace(" no ELBO", "").replace("sampling, ELBO and", "")
    assert "validation loss" in said.err
    assert ("no prior" if family in ("autoencoder", "pca") else "no ELBO") in said.err
    assert call("train", "--family", family, *SHORT, "--binarize", "dynamic", "--out", out).code == 2


def test_a_decoder_by_quadrature_has_a_log_likelihood(call: Call, tmp_path: Path) -> None:
    settings = ("--family", "qlvm", "--hidden", "16", "--nodes", "8", "--batch-size", "500")
    assert "validation log-likelihood -" in call("train", *settings, *SHORT[:-1], "--out", tmp_path / "q.safetensors").err


# --- the doctor -------------------------------------------------------------------------------------------------------------


def test_the_doctor_speaks_of_settings_losses_and_with_data_of_codes(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "sick.safetensors"
    assert call("train", *SHORT, "--hidden", "16", "--beta", "60", "--epochs", "3", "--lr", "0.005", "--out", out).code == 0
    plain = call("doctor", out)
    assert plain.code == 0 and "Beta is 60" in plain.out and "With --data" in plain.out
    assert "problem: All posteriors are the prior" in plain.out  # its last validation KL says so
    told = call("doctor", out, "--data", "digits", "--threads", "1")
    assert "problem: All posteriors are the prior" in told.out and "With --data" not in told.out
    found = call("doctor", out, "--data", "digits", "--threads", "1", "--json").json
    assert found["model"]["name"] == "sick" and found["images"] == 119  # a tenth of the training images
    assert found["findings"][0].keys() == {"key", "severity", "sentence", "suggestion"}
    assert "collapse" in {finding["key"] for finding in found["findings"]}


def test_the_doctor_wants_the_data_of_the_training(call: Call, tiny: Path) -> None:
    said = call("doctor", tiny, "--data", "shapes")
    assert "8 x 8" in said.sentence or "other data" in said.sentence
