from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latent_explorer.cli import running
from latent_explorer.cli.progress import TrainingDisplay
from latent_explorer.core.checkpoint.record import read_checkpoint, read_record
from latent_explorer.core.config import TrainingConfig
from latent_explorer.core.types import ImageDataset, TrainingProgress
from tests.cli.conftest import TINY, Said, environment

Call = Callable[..., Said]


def at_step(monkeypatch: pytest.MonkeyPatch, step: int, action: Callable[[], Any]) -> None:
    """Does something when the run has made so many steps."""

    def tell(self: TrainingDisplay, progress: TrainingProgress) -> None:
        if progress.step == step and not progress.outcome:
            action()

    monkeypatch.setattr(TrainingDisplay, "tell", tell)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_json_tells_the_run(call: Call, tmp_path: Path, digits: ImageDataset) -> None:
    out = tmp_path / "a.safetensors"
    said = call("train", *TINY, "--out", out, "--validation", 100, "--batch-size", 50, "--json")
    assert said.code == 0
    assert said.err == ""
    record = read_record(out)
    result = said.json
    assert result["model"] == {"name": "a", "hash": record.handle.content_hash, "path": str(out)}
    assert result["data"] == {"name": "digits", "hash": digits.content_hash, "train": 1098, "validation": 100, "test": 599}
    assert (result["schema"], result["epochs"], result["steps"], result["outcome"]) == (1, 2, 44, "finished")
    validation = result["validation"]
    assert validation["loss"] == pytest.approx(validation["reconstruction"] + validation["kl"], abs=1e-4)


def test_the_file_says_how_it_was_made(call: Call, tmp_path: Path, digits: ImageDataset) -> None:
    out = tmp_path / "folder name" / "b.safetensors"
    out.parent.mkdir()
    arguments = ("--out", out, "--beta", "2.5", "--decoder-hidden", "8,24", "--seed", 7, "--warmup", 1, "--name", "my model")
    assert call("train", *TINY, *arguments).code == 0
    record = read_record(out)
    assert record.name == "my model"
    assert record.epoch == 2
    assert not record.resumable
    assert record.training == TrainingConfig(epochs=2, beta=2.5, seed=7, warmup_epochs=1.0, objective="elbo")
    assert record.handle.architecture.decoder_widths == (8, 24)
    assert record.data.content_hash == digits.content_hash
    assert set(record.versions) == {"latent_explorer", "torch", "numpy", "python"}
    assert record.history is not None and record.history.epoch[-1] == 2
    assert str(tmp_path) not in record.command
    assert record.command.startswith("latent-explorer train --data digits --out b.safetensors ")
    assert "--beta 2.5" in record.command and "--decoder-hidden 8,24" in record.command and "'my model'" in record.command
    assert np.array_equal(record.codes["mean"].index, digits.split.test)


def test_the_recorded_command_makes_the_same_model(call: Call, tiny: Path, tmp_path: Path) -> None:
    import shlex

    words = shlex.split(read_record(tiny).command)
    again = tmp_path / "again.safetensors"
    words[words.index("--out") + 1] = str(again)
    assert words[0] == "latent-explorer"
    assert call(*words[1:], "--quiet").code == 0
    assert read_record(again).handle.content_hash == read_record(tiny).handle.content_hash


KINDS = [
    ("--network", "residual", "--hidden", "8,8,6"),
    ("--network", "conv", "--channels", "2,3"),
    ("--network", "conv", "--channels", "2", "--likelihood", "gaussian", "--precision", "bfloat16"),
    ("--likelihood", "gaussian", "--sigma", "0.25", "--binarize", "none", "--latent-dim", "3"),
]


@pytest.mark.parametrize("given", KINDS, ids=[" ".join(words[1::2]) for words in KINDS])
def test_every_kind_of_model_is_trained_and_recorded(call: Call, tmp_path: Path, given: tuple[str, ...]) -> None:
    """The recorded command makes the same model, and the other commands take it."""
    import shlex

    out, again = tmp_path / "a.safetensors", tmp_path / "again.safetensors"
    base = ("--data", "digits", "--hidden", "8", "--epochs", "1", "--batch-size", "200", "--threads", "1", "--quiet")
    assert call("train", *base, *given, "--out", out).code == 0
    record = read_record(out)
    found = {"--network": "dense", "--likelihood": "bernoulli", **dict(zip(given[::2], given[1::2], strict=True))}
    a = record.handle.architecture
    assert (a.network, a.likelihood) == (found["--network"], found["--likelihood"])
    assert ",".join(map(str, a.stages)) == found.get("--channels", "")
    assert a.sigma == (float(found["--sigma"]) if "--sigma" in found else None)
    assert a.latent_dim == int(found.get("--latent-dim", 2))
    assert record.training is not None
    assert record.training.binarize == ("none" if a.likelihood == "gaussian" else "dynamic")
    assert record.training.precision == found.get("--precision", "float32")
    words = shlex.split(record.command)
    words[words.index("--out") + 1] = str(again)
    assert call(*words[1:], "--quiet").code == 0
    assert read_record(again).handle.content_hash == record.handle.content_hash
    figures = call("evaluate", out, "--data", "digits", "--quick", "--threads", "1", "--json").json["figures"]
    assert ("as they are" in figures["elbo"]["protocol"]) == (a.likelihood == "gaussian")
    assert f"{a.network_words} / {a.latent_dim} / " in call("info", out).out
    assert a.likelihood_words in call("info", out).out


def test_the_effective_beta_of_a_fixed_sigma_is_said(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "a.safetensors"
    fixed = ("--likelihood", "gaussian", "--sigma", "0.1", "--beta", "4")
    with monkeypatch.context() as patch:
        at_step(patch, 3, interrupt)
        said = call("train", *TINY[:-1], *fixed, "--out", out)
    assert said.err.startswith("With sigma fixed at 0.1, beta 4 is an effective beta of 0.04:")
    # A run that goes on says it too; a quiet one does not, nor one whose beta is what it seems.
    assert call("train", "--data", "digits", "--resume", out, "--out", out).err.startswith("With sigma fixed at 0.1")
    assert call("train", *TINY, *fixed, "--out", out).err == ""
    for given in ((), ("--likelihood", "gaussian")):
        assert "effective beta" not in call("train", *TINY[:-1], *given, "--out", out).err


def test_words_go_to_stderr(call: Call, tmp_path: Path) -> None:
    said = call("train", *TINY[:-1], "--out", tmp_path / "a.safetensors")
    assert said.code == 0
    assert said.out == ""
    assert "epoch 2/2" in said.err and "validation ELBO -" in said.err and "left" in said.err


@pytest.mark.parametrize("step", [0, 9, 13], ids=["before the first step", "between epochs", "within an epoch"])
def test_an_interrupted_run_goes_on_exactly(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    whole, cut, rest = (tmp_path / f"{name}.safetensors" for name in ("whole", "cut", "rest"))
    assert call("train", *TINY, "--out", whole).code == 0
    with monkeypatch.context() as patch:
        at_step(patch, step, interrupt)
        said = call("train", *TINY, "--out", cut, "--json")
    assert said.code == 130
    assert said.json["outcome"] == "stopped" and step <= said.json["steps"] <= step + 1
    assert read_record(cut).resumable
    assert call("train", "--data", "digits", "--resume", cut, "--out", rest, "--threads", 1, "--quiet").code == 0
    wanted, found = read_checkpoint(whole), read_checkpoint(rest)
    assert found.weights.keys() == wanted.weights.keys()
    assert all(np.array_equal(found.weights[name], wanted.weights[name]) for name in wanted.weights)
    assert found.record.handle.content_hash == wanted.record.handle.content_hash
    assert np.array_equal(found.record.codes["mean"].z, wanted.record.codes["mean"].z)
    assert found.record.training == wanted.record.training
    assert not found.record.resumable
    assert cut.exists()


def test_the_hint_after_an_interrupt_works(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shlex

    out = tmp_path / "with space.safetensors"
    with monkeypatch.context() as patch:
        at_step(patch, 3, interrupt)
        said = call("train", *TINY[:-1], "--out", out)
    hint = shlex.split(said.err.strip().splitlines()[-1].partition("to go on: ")[2])
    assert hint[0] == "latent-explorer"
    assert call(*hint[1:], "--quiet").code == 0
    assert not read_record(out).resumable
    assert sorted(path.name for path in tmp_path.iterdir()) == [out.name]


def test_an_unfinished_run_never_replaces_another_model(call: Call, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, partial = tmp_path / "a.safetensors", tmp_path / "a.partial.safetensors"
    shutil.copy(tiny, out)
    with monkeypatch.context() as patch:
        at_step(patch, 3, interrupt)
        assert call("train", *TINY, "--out", out).code == 130
    assert out.read_bytes() == tiny.read_bytes()
    assert read_record(partial).resumable
    kept = partial.read_bytes()
    assert "holds an unfinished run" in call("train", *TINY, "--out", out).sentence
    assert partial.read_bytes() == kept
    assert call("train", "--data", "digits", "--resume", partial, "--out", out, "--threads", 1, "--quiet").code == 0
    assert read_record(out).handle.content_hash == read_record(tiny).handle.content_hash
    assert not partial.exists()


def test_a_second_interrupt_ends_at_once(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def twice() -> None:
        interrupt()
        interrupt()

    before = signal.getsignal(signal.SIGINT)
    at_step(monkeypatch, 3, twice)
    assert call("train", *TINY, "--out", tmp_path / "a.safetensors").code == 130
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is before


def test_a_crash_leaves_the_last_save(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "a.safetensors"

    def crash() -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(running, "AUTOSAVE", 0.0)
    at_step(monkeypatch, 13, crash)
    said = call("train", *TINY, "--out", out)
    assert said.code == 1
    assert "Traceback" in said.err and "on purpose" in said.err
    record = read_record(out)
    assert record.resumable and record.epoch == 1


def test_saves_on_the_way_leave_nothing_behind(call: Call, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "a.safetensors"
    shutil.copy(tiny, out)
    monkeypatch.setattr(running, "AUTOSAVE", 0.0)
    assert call("train", *TINY, "--out", out).code == 0
    assert list(tmp_path.iterdir()) == [out]
    assert not read_record(out).resumable


def test_divergence_keeps_the_last_good_weights(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from latent_explorer.core.nn import training

    step = training._Run.take_step
    monkeypatch.setattr(training._Run, "take_step", lambda self: self.step < 12 and step(self))
    out = tmp_path / "a.safetensors"
    said = call("train", *TINY, "--out", out)
    assert "diverged" in said.sentence and str(out) in said.sentence
    assert np.isfinite(read_record(out).codes["mean"].z).all()


def test_a_model_that_cannot_be_written_is_kept(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from latent_explorer.core.checkpoint.library import my_models

    folder = tmp_path / "gone"
    folder.mkdir()
    at_step(monkeypatch, 3, lambda: shutil.rmtree(folder))
    said = call("train", *TINY, "--out", folder / "a.safetensors")
    assert "My models" in said.sentence
    (kept,) = my_models()
    assert read_record(kept.path).epoch == 2


def test_resume_refuses_what_does_not_fit(call: Call, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut, out = tmp_path / "cut.safetensors", tmp_path / "out.safetensors"
    with monkeypatch.context() as patch:
        at_step(patch, 3, interrupt)
        assert call("train", *TINY, "--out", cut).code == 130
    assert "no unfinished run" in call("train", "--data", "digits", "--resume", tiny, "--out", out).sentence
    assert "--lr cannot be given with --resume" in call("train", "--data", "digits", "--resume", cut, "--out", out, "--lr", "0.1").sentence
    with monkeypatch.context() as patch:
        from latent_explorer.core.data import registry

        patch.setattr(registry, "load_dataset", lambda name: other())
        assert "same images only" in call("train", "--data", "digits", "--resume", cut, "--out", out).sentence
    assert not out.exists()


def other() -> ImageDataset:
    from latent_explorer.core.data.builtin import digits

    dataset = digits()
    images = 255 - dataset.images
    return ImageDataset("other", images, dataset.labels, dataset.class_names, dataset.split)


REFUSED = [
    (("--epochs", "-5"), "--epochs is -5; it must be a whole number from 1 to"),
    (("--epochs", "0"), "--epochs is 0; it must be"),
    (("--epochs", "1_000"), "--epochs is '1_000'; it must be"),
    (("--epochs", "nan"), "--epochs is 'nan'; it must be"),
    (("--epochs", "2.5"), "--epochs is 2.5; it must be"),
    (("--epochs", "٣"), "--epochs is '٣'; it must be"),
    (("--epochs", ""), "--epochs is ''; it must be"),
    (("--batch-size", "0"), "--batch-size is 0; it must be"),
    (("--lr", "nan"), "--lr is 'nan'; it must be a number above 0"),
    (("--lr", "1e999"), "--lr is inf; it must be a number above 0"),
    (("--lr", "0,001"), "--lr is '0,001'; it must be"),
    (("--beta", "-1"), "--beta is -1; it must be"),
    (("--warmup", "inf"), "--warmup is 'inf'; it must be"),
    (("--clip", "0"), "--clip is 0; it must be"),
    (("--seed", "-1"), "--seed is -1; it must be"),
    (("--hidden", "16,x"), "--hidden is 'x'; it must be"),
    (("--hidden", ""), "--hidden is ''; it must be"),
    (("--hidden", "99999"), "--hidden is 99999; it must be"),
    (("--latent-dim", "0"), "--latent-dim is 0; it must be"),
    (("--activation", "swish"), "'--activation'"),
    (("--network", "mlp"), "'--network'"),
    (("--likelihood", "poisson"), "'--likelihood'"),
    (("--precision", "float16"), "'--precision'"),
    (("--channels", "8"), "--channels is (8,); a dense network has none, so leave it out or choose conv"),
    (("--network", "residual", "--channels", "8"), "a residual network has none"),
    (("--network", "conv", "--channels", "8,x"), "a width of --channels is 'x'; it must be"),
    (("--network", "conv", "--channels", "0"), "a width of --channels is 0; it must be"),
    (("--network", "conv", "--channels", "1,1,1,1,1,1,1,1,1"), "it must be 1 to 8 widths, such as 32,64"),
    (("--sigma", "0.1"), "--sigma is 0.1; the bernoulli likelihood has none, so leave it out or choose gaussian"),
    (("--likelihood", "gaussian", "--sigma", "0"), "--sigma is 0; it must be a number from 0.001"),
    (("--likelihood", "gaussian", "--sigma", "learned"), "--sigma is 'learned'; it must be"),
    (("--likelihood", "gaussian", "--binarize", "dynamic"), "--binarize is 'dynamic', which needs the bernoulli likelihood; leave it out"),
    (("--family", "autoencoder", "--binarize", "dynamic"), "needs another family: Autoencoder bounds no likelihood; leave it out"),
    (("--family", "autoencoder", "--beta", "4"), "--beta is 4; Autoencoder has no KL that it would weigh, so leave it out"),
    (("--family", "qlvm", "--warmup", "3"), "--warmup is 3; QLVM has no KL that it would weigh, so leave it out"),
    (("--family", "vae", "--nodes", "40,64"), "--nodes is 40,64; VAE is not trained by quadrature, so leave it out or choose"),
    (("--family", "wae-mmd", "--samples", "5"), "--samples is 5; WAE-MMD has no ELBO to draw z for, so leave it out"),
    (("--family", "wae-mmd", "--objective", "iwae"), "--objective is 'iwae'; WAE-MMD is trained by wasserstein, so leave it out"),
    (("--family", "vae", "--objective", "quadrature"), "VAE is trained by elbo, iwae, so choose one of these"),
    (("--start", "pca"), "--start is 'pca'; only a model that is trained by quadrature starts elsewhere than at scratch, so leave it out"),
    (("--family", "hyperspherical-vae", "--latent-dim", "2"), "--latent-dim is 2; the sphere of Hyperspherical VAE has 3, so leave it out"),
    (("--family", "qlvm", "--latent-dim", "5"), "--latent-dim is 5; QLVM sums over nodes of a plane, so choose 1 or 2, or the family vae"),
    (("--validation", "5000"), "choose 0 to 1,197"),
    (("--threads", "0"), "0 is not a whole number from 1 to 1024"),
    (("--threads", "9" * 5000), "is not a whole number"),
    (("--device", "warp"), "device is 'warp'"),
    (("--data", "no such data"), 'There is no data set "no such data"'),
    (("--name", ""), "--name must have"),
    (("--epochs",), "'--epochs' requires an argument"),
    (("--out", "--seed", "1"), "'--out' requires a value"),
    (("--nonsense",), "No such option"),
    (("extra",), "extra"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=[" ".join(a)[:30] for a, _ in REFUSED])
def test_bad_settings_are_refused_in_one_sentence(call: Call, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    sentence = call("train", "--data", "digits", "--out", tmp_path / "a.safetensors", *arguments).sentence
    assert words in sentence
    assert list(tmp_path.iterdir()) == []


def test_missing_options_are_named(call: Call, tmp_path: Path) -> None:
    assert "'--out'" in call("train", "--data", "digits").sentence
    assert "'--data'" in call("train", "--out", tmp_path / "a.safetensors").sentence


def test_out_is_checked_before_training(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "train_to_file", lambda *a, **k: pytest.fail("it trained"))
    (tmp_path / "folder.safetensors").mkdir()
    (tmp_path / "fixed.safetensors").write_bytes(b"")
    (tmp_path / "fixed.safetensors").chmod(0o444)
    for out, words in [
        (tmp_path, "it is a folder"),
        (tmp_path / "folder.safetensors", "it is a folder"),
        (tmp_path / "missing" / "a.safetensors", "its folder does not exist"),
        (tmp_path / "a.pt", "must end in .safetensors"),
        (tmp_path / "fixed.safetensors", "it is read-only"),
        (Path("a\0.safetensors"), "--out"),
        (tmp_path / ("a" * 300 + ".safetensors"), "--out"),
    ]:
        assert words in call("train", *TINY, "--out", out).sentence


def test_a_real_interrupt_saves_and_ends_soon(tmp_path: Path) -> None:
    out = tmp_path / "a.safetensors"
    command = [sys.executable, "-m", "latent_explorer", "train", *TINY[:-1], "--epochs", "100000", "--out", str(out)]
    # An autosave shows from outside that training has begun.
    code = f"import sys; from latent_explorer.cli import main, running; running.AUTOSAVE = 0.0; sys.exit(main.main({command[3:]!r}))"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, env=environment())
    try:
        deadline = time.monotonic() + 100
        while not out.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)  # the promise is 2 s; this is a watchdog
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert read_record(out).resumable


def test_quadrature_begins_with_the_decoder_of_a_named_model(call: Call, tmp_path: Path) -> None:
    vae, out = tmp_path / "vae.safetensors", tmp_path / "exact.safetensors"
    assert call("train", "--data", "digits", "--hidden", 16, "--epochs", 20, "--out", vae).code == 0
    words = ("--family", "qlvm", "--hidden", 16, "--data", "digits", "--epochs", 1, "--nodes", 8, "--lr", "1e-6", "--average", 0)
    said = call("train", *words, "--out", out, "--start", "model", "--start-model", vae)
    assert said.code == 0
    before, after = read_checkpoint(vae), read_checkpoint(out)
    for name, weight in after.weights.items():
        np.testing.assert_allclose(weight, before.weights[name], atol=1e-3)
    assert f"--start-model {vae.name}" in after.record.command


@pytest.mark.parametrize("words", [("--start", "model"), ("--start-model", "digits")])
def test_a_start_and_its_model_belong_together(call: Call, tmp_path: Path, words: tuple[str, ...]) -> None:
    said = call("train", "--family", "qlvm", "--data", "digits", "--out", tmp_path / "a.safetensors", *words)
    assert said.code == 2
    assert "belong together" in said.err
