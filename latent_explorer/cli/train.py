"""``latent-explorer train``: train a model without a window."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from latent_explorer.cli.options import (
    Command,
    F,
    ParamType,
    Setting,
    Widths,
    data_option,
    json_option,
    out_option,
    quiet_option,
    threads_option,
)
from latent_explorer.core.config import (
    ACTIVATIONS,
    BINARIZE,
    CONV_CHANNELS,
    LIKELIHOODS,
    NETWORKS,
    OBJECTIVES,
    PRECISIONS,
    SCHEDULES,
    STARTS,
    ModelConfig,
    TrainingConfig,
    default_hidden,
    effective_beta_words,
)
from latent_explorer.core.errors import DatasetError, ExportError, SettingError, TrainingError
from latent_explorer.core.families import FAMILIES
from latent_explorer.core.usual import with_usual

if TYPE_CHECKING:
    from latent_explorer.cli.running import Ended, Run
    from latent_explorer.core.types import ImageDataset

MODEL_DEFAULTS = ModelConfig((1, 1, 1))
TRAINING_DEFAULTS = TrainingConfig()
MODEL_FIELDS = ("family", "network", "hidden", "decoder_hidden", "channels", "activation", "latent_dim", "likelihood", "sigma", "lower_dim")
OPTIONS = {"warmup_epochs": "warmup", "clip_norm": "clip"}  # fields whose option has another name
TRAINING_FIELDS = (
    "epochs", "batch_size", "lr", "schedule", "beta", "warmup_epochs", "clip_norm", "binarize", "precision", "seed", "validation",
    "objective", "samples", "nodes", "weight_decay", "average", "start",
)  # fmt: skip
BY_KIND = ("hidden", "decoder_hidden", "channels", "latent_dim", "lower_dim", "objective")  # whose defaults depend on family and network
SILENT = ("quiet", "as_json")  # options that do not belong in the recorded command
MAX_NAME = 100
INTERRUPTED = 130


def _widths(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))


DEFAULT_WIDTHS = f"[default: {_widths(default_hidden('dense'))}; conv: {_widths(default_hidden('conv'))}]"


def _flag(field: str) -> str:
    return "--" + OPTIONS.get(field, field).replace("_", "-")


def _setting(field: str, text: str, metavar: str | None = "N", kind: ParamType | None = None) -> Callable[[F], F]:
    """An option for a field of the configurations, with its default."""
    default = getattr(TRAINING_DEFAULTS if field in TRAINING_FIELDS else MODEL_DEFAULTS, field)
    if field in BY_KIND:
        default = None
    shown = default is not None
    if isinstance(default, tuple):  # click would show it in brackets
        text, shown = f"{text}  [default: {','.join(map(str, default))}]", False
    return click.option(_flag(field), field, type=kind or Setting(), default=default, show_default=shown, metavar=metavar, help=text)


@click.command("train", cls=Command)
@data_option
@out_option("FILE.safetensors", "The model. An existing file is replaced, at the end and only by a run that finished.")
@_setting("family", "What kind of model; docs/families.md tells each.", kind=click.Choice(tuple(FAMILIES)), metavar=None)
@_setting(
    "network", "Dense layers, dense layers with shortcuts, or convolutions and dense layers.", kind=click.Choice(NETWORKS), metavar=None
)
@_setting("hidden", f"Encoder widths from the image inward; the decoder mirrors them.  {DEFAULT_WIDTHS}", "N,N,...", Widths())
@_setting("decoder_hidden", "Decoder widths from the code outward.", "N,N,...", Widths())
@_setting(
    "channels",
    f"Of the stages of a conv network, each of which halves the image.  [default: {_widths(CONV_CHANNELS)}]",
    "N,N,...",
    Widths(),
)
@_setting("activation", "Between layers.", kind=click.Choice(ACTIVATIONS), metavar=None)
@_setting("latent_dim", "Latent dimensions.  [default: 2; on the sphere 3]")
@_setting("lower_dim", "Latent dimensions of the lower level of a hierarchical VAE.  [default: 16]")
@_setting("likelihood", "Of pixels: black or white, or grey levels around a mean.", kind=click.Choice(LIKELIHOODS), metavar=None)
@_setting("sigma", "Standard deviation of the Gaussian likelihood, pixels in 0..1; without it, it is learned.", "X")
@_setting("objective", "What is made large; by default the family's usual one.", kind=click.Choice(OBJECTIVES), metavar=None)
@_setting("samples", "Draws of z for each image: K of the IWAE bound, or a mean for the ELBO.")
@_setting("nodes", "Nodes a side of quadrature, in equal parts of the epochs.", "N,N,...", Widths())
@_setting("start", "Where quadrature begins.", kind=click.Choice(STARTS), metavar=None)
@_setting("epochs", "Passes over the training images.")
@_setting("batch_size", "Images in a step.")
@_setting("lr", "Adam's learning rate.", "X")
@_setting("schedule", "Learning rate over the run.", kind=click.Choice(SCHEDULES), metavar=None)
@_setting("beta", "Weight of the KL.", "X")
@_setting("warmup_epochs", "Epochs over which the weight of the KL rises from 0.", "X")
@_setting("clip_norm", "Largest norm of the gradient.", "X")
@_setting("weight_decay", "AdamW's weight decay.", "X")
@_setting("average", "Decay of the averaged weights that are shown and kept, such as 0.98; 0 keeps the newest.", "X")
@_setting("binarize", "dynamic: fresh binary pixels for each step; none: grey pixels.", kind=click.Choice(BINARIZE), metavar=None)
@_setting(
    "precision",
    "Of the matrix products of training; bfloat16 is faster where the processor has it.",
    kind=click.Choice(PRECISIONS),
    metavar=None,
)
@_setting("seed", "Of weights, order and noise; equal seeds and threads give equal models.")
@_setting("validation", "Images set aside from the training set; without it 10,000 for sets of MNIST's size, else a tenth.")
@click.option("--name", metavar="TEXT", help="The model's name; without it, that of the file.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda|mps", help="Where to train.")
@click.option(
    "--resume",
    metavar="FILE",
    type=Path,
    help="Go on with a stopped run; architecture and settings are those of the file.",
)
@threads_option
@json_option
@quiet_option
@click.pass_context
def command(ctx: click.Context, /, *, data: str, out: Path, as_json: bool, quiet: bool, **options: Any) -> int:
    """Train a model and write it with the codes of the test images.

    Ctrl+C stops the run and saves it (exit code 130); --resume goes on exactly where it stopped. A long run is also saved
    about once a minute, at the end of an epoch. Such saves go to --out, or to FILE.partial.safetensors beside it where
    --out existed before. When a loss stops being finite the last good weights are written (exit code 2).
    """
    from latent_explorer.cli.output import check_output, print_json, say
    from latent_explorer.cli.running import train_to_file

    given = [p for p in ctx.command.params if p.name and ctx.get_parameter_source(p.name) == ParameterSource.COMMANDLINE]
    resume: Path | None = options["resume"]
    options = with_usual(options["family"], options, frozenset(p.name for p in given if p.name))
    settings = None if resume is not None else _settings(TrainingConfig, {field: options[field] for field in TRAINING_FIELDS})
    name = options["name"]
    if name is not None and not (0 < len(name.strip()) <= MAX_NAME and name.isprintable()):
        raise click.UsageError(f"--name must have 1 to {MAX_NAME} printable characters")
    check_output(out, (".safetensors",))
    _check_partial(out, resume)
    if resume is not None:
        _refuse_beside_resume(given, ctx)

    from latent_explorer.core.data.registry import load_dataset
    from latent_explorer.core.memory import check_memory

    if settings is None:
        assert resume is not None
        run = _resumed(resume, out, options)
        dataset = load_dataset(data)
        _check_same_data(run, dataset)
    else:
        _settings(ModelConfig, _architecture(options, (1, 1, 1), 2))  # refused before the data are read
        dataset = load_dataset(data)
        model = _settings(ModelConfig, _architecture(options, dataset.image_shape, dataset.classes))
        if model.likelihood != "bernoulli" and "--binarize" in (_flag(p.name) for p in given if p.name) and settings.binarize != "none":
            raise click.UsageError(f"--binarize {settings.binarize} needs the bernoulli likelihood; leave it out")
        settings = settings.for_model(model)
        from latent_explorer.core.nn.device import resolve_device  # not before it is needed: torch takes a second

        check_memory(model, settings, len(dataset.images), resolve_device(options["device"]).type)
        run = _fresh(model, settings, out, name, _command_text(given, ctx, dataset))

    from latent_explorer.core.nn.device import set_threads

    set_threads(options["threads"])
    if words := effective_beta_words(run.model, run.settings):
        say(words, quiet=quiet)
    ended = train_to_file(run, dataset, device=options["device"], quiet=quiet)
    if as_json:
        print_json(_result(ended))
    _conclude(ended, data, out, lambda text: say(text, quiet=quiet))
    return INTERRUPTED if ended.progress.outcome == "stopped" else 0


def _architecture(options: dict[str, Any], image_shape: tuple[int, int, int], classes: int | None) -> dict[str, Any]:
    told = classes if FAMILIES[options["family"]].conditional else None
    return {"image_shape": image_shape, **{field: options[field] for field in MODEL_FIELDS}, "classes": told}


def _settings(kind: Any, values: dict[str, Any]) -> Any:
    """A configuration; what it refuses is named by its option."""
    try:
        return kind(**values)
    except SettingError as error:
        text = str(error)
        for field in values:
            name = _flag(field).removeprefix("--")
            if text.startswith((f"{name} is ", f"a width of {name} is ")):
                text = text.replace(f"{name} is ", f"--{name} is ", 1)
                break
        raise SettingError(text) from error


def _check_partial(out: Path, resume: Path | None) -> None:
    """Refuse to write over the unfinished run that an earlier call left."""
    from latent_explorer.cli.output import same_file
    from latent_explorer.cli.running import partial_path
    from latent_explorer.core.files.gate import shown

    partial = partial_path(out)
    if out.exists() and partial.exists() and not (resume is not None and same_file(partial, resume)):
        raise ExportError(
            f"{shown(partial)} holds an unfinished run that this one would replace; go on with it by --resume, move or delete it,"
            " or choose another --out."
        )


def _refuse_beside_resume(given: list[click.Parameter], ctx: click.Context) -> None:
    fixed = [_flag(p.name) for p in given if p.name in (*MODEL_FIELDS, *TRAINING_FIELDS)]
    if fixed:
        raise click.UsageError(f"{fixed[0]} cannot be given with --resume, which goes on with the settings of the file; leave it out", ctx)


def _resumed(resume: Path, out: Path, options: dict[str, Any]) -> Run:
    from latent_explorer.cli.running import Run
    from latent_explorer.core.checkpoint.weights import load_model
    from latent_explorer.core.files.gate import shown

    record = load_model(resume)
    if not record.resumable or record.training is None:
        raise TrainingError(f"{shown(resume)} holds no unfinished run, so it cannot be continued; train a new model without --resume.")
    name = options["name"] or record.name
    return Run(record.handle.architecture, record.training, name, record.command, out, record)


def _check_same_data(run: Run, dataset: ImageDataset) -> None:
    assert run.resumed is not None
    wanted = run.resumed.data
    if dataset.content_hash != wanted.content_hash:
        raise DatasetError(
            f"The run was trained on {wanted.name} ({wanted.content_hash[:12]}) and can go on with the same images only,"
            f" but --data leads to {dataset.name} ({dataset.content_hash[:12]}); give the data it began with."
        )


def _fresh(model: ModelConfig, settings: TrainingConfig, out: Path, name: str | None, command_text: str) -> Run:
    from latent_explorer.cli.running import Run
    from latent_explorer.core.files.gate import shown

    return Run(model, settings, name or shown(out.stem), command_text, out)


def _command_text(given: list[click.Parameter], ctx: click.Context, dataset: ImageDataset) -> str:
    """The command as it was given, with the data's name and the file's name in the place of paths of this machine."""
    words = ["latent-explorer", "train"]
    for param in given:
        if param.name in SILENT or param.name is None:
            continue
        value = ctx.params[param.name]
        if param.name == "data":
            value = dataset.name
        elif isinstance(value, Path):
            value = value.name
        elif isinstance(value, tuple):
            value = ",".join(map(str, value))
        words += [param.opts[0], str(value)]
    return shlex.join(words)


def _result(ended: Ended) -> dict[str, Any]:
    """What ``--json`` prints."""
    from latent_explorer.cli.inputs import model_words
    from latent_explorer.cli.progress import last_finite

    record, progress = ended.record, ended.progress
    parts = {part: last_finite(ended.history, f"validation_{part}") for part in ("loss", "reconstruction", "kl")}
    data = {"name": record.data.name, "hash": record.data.content_hash}
    return {
        "schema": 1,
        "model": {**model_words(record), "path": str(record.path)},
        "data": {**data, **dict(zip(("train", "validation", "test"), record.data.sizes, strict=True))},
        "epochs": progress.epoch,
        "steps": progress.step,
        "seconds": round(progress.seconds, 3),
        "validation": None if None in parts.values() else parts,
        "outcome": progress.outcome,
    }


def _conclude(ended: Ended, data: str, out: Path, tell: Callable[[str], None]) -> None:
    """Say how the run ended.

    Raises
    ------
    TrainingError
        It diverged.
    """
    from latent_explorer.cli.progress import clock, validation_elbo
    from latent_explorer.core.files.gate import shown

    progress, path = ended.progress, str(ended.record.path)
    place = shown(path)
    if progress.outcome == "diverged":
        raise TrainingError(
            f"Training diverged in epoch {progress.epoch + 1}: loss or gradient is no longer finite; the last good weights are in {place};"
            " try a smaller --lr or --clip."
        )
    if progress.outcome == "stopped":
        again = shlex.join(["latent-explorer", "train", "--resume", path, "--data", data, "--out", str(out)])
        tell(f"Stopped after {progress.step:,} of {progress.steps:,} steps and saved; to go on: {again}")
        return
    elbo = validation_elbo(ended.history)
    quality = "" if elbo is None else f", validation ELBO {elbo:.2f} nats/image"
    epochs = "1 epoch" if progress.epoch == 1 else f"{progress.epoch} epochs"
    tell(f"Wrote {place}: {epochs} in {clock(progress.seconds)}{quality}")
