"""``latent-explorer train``: train a model without a window."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from latent_explorer.cli.options import (
    NONE,
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
from latent_explorer.cli.recipes import Job, draw, drawn_path, jobs_of
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
from latent_explorer.core.recipes import RECIPES
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
SILENT = ("quiet", "as_json", "recipe")  # options that do not belong in the recorded command
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
@click.option(
    "--recipe",
    type=click.Choice(tuple(RECIPES)),
    metavar="NAME",
    help="Settings by name; `latent-explorer recipes` lists them. Other options go before what it says.",
)
@_setting("family", "What kind of model; docs/families.md tells each.", kind=click.Choice(tuple(FAMILIES)), metavar=None)
@_setting(
    "network", "Dense layers, dense layers with shortcuts, or convolutions and dense layers.", kind=click.Choice(NETWORKS), metavar=None
)
@_setting("hidden", f"Encoder widths from the image inward, or none; the decoder mirrors them.  {DEFAULT_WIDTHS}", "N,N,...", Widths())
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
@_setting("start", "Where quadrature begins; model: at the decoder of --start-model.", kind=click.Choice(STARTS), metavar=None)
@click.option("--start-model", metavar="MODEL", help="The model whose decoder a run with --start model begins with.")
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

    A recipe of several models writes FILE-NAME.safetensors for each.
    """
    from latent_explorer.cli.output import check_output

    given = [p for p in ctx.command.params if p.name and ctx.get_parameter_source(p.name) == ParameterSource.COMMANDLINE]
    resume: Path | None = options["resume"]
    name = options["name"]
    if name is not None and not (0 < len(name.strip()) <= MAX_NAME and name.isprintable()):
        raise click.UsageError(f"--name must have 1 to {MAX_NAME} printable characters")
    check_output(out, (".safetensors",))
    if resume is not None:
        _refuse_beside_resume(given, ctx)
        _check_partial(out, resume)
        from latent_explorer.core.data.registry import load_dataset

        run = _resumed(resume, out, options)
        dataset = load_dataset(data)
        _check_same_data(run, dataset)
        return _train([run], [0], dataset, data, options, as_json=as_json, quiet=quiet)

    jobs = jobs_of(options, frozenset(p.name for p in given if p.name), out)
    for job in jobs:
        _check_job(job)

    from latent_explorer.core.data.registry import load_dataset

    dataset = load_dataset(data)
    runs = [_fresh(job, dataset, ctx) for job in jobs]
    return _train(runs, [job.draws for job in jobs], dataset, data, options, as_json=as_json, quiet=quiet)


def _check_job(job: Job) -> None:
    """Refuse, before the data are read, what could not be trained or written."""
    from latent_explorer.cli.output import check_output

    options = _filled(job)
    with _by_option():
        settings = TrainingConfig(**{field: options[field] for field in TRAINING_FIELDS})
    if (options["start"] == "model") != (options["start_model"] is not None):
        raise click.UsageError("--start model and --start-model MODEL belong together; give both or neither")
    with _by_option():
        model = ModelConfig(**_architecture(options, (1, 1, 1), 2))
        settings.for_model(model)
        _refuse_idle(job.chosen, model, settings)
    check_output(job.out, (".safetensors",))
    _check_partial(job.out, None)
    if job.draws:
        check_output(drawn_path(job.out), (".png",))


def _refuse_idle(chosen: frozenset[str], model: ModelConfig, settings: TrainingConfig) -> None:
    """Refuse what was chosen and would change nothing: somebody meant something by it.

    Raises
    ------
    SettingError
        Names the setting, why it is idle, and what to do.
    """
    facts = model.facts
    if model.sees_grey and "binarize" in chosen and settings.binarize != "none":
        needed = "the bernoulli likelihood" if model.likelihood != "bernoulli" else f"another family: {facts.title} bounds no likelihood"
        raise SettingError(f"binarize is {settings.binarize!r}, which needs {needed}; leave it out.")
    if "nodes" in chosen and facts.bound != "ll":
        raise SettingError(
            f"nodes is {_widths(settings.nodes)}; {facts.title} is not trained by quadrature, so leave it out or choose the family qlvm."
        )
    if "samples" in chosen and facts.bound != "elbo":
        raise SettingError(
            f"samples is {settings.samples}; {facts.title} has no ELBO to draw z for, so leave it out or choose the family vae."
        )
    if facts.bound == "ll" or not facts.penalty:
        for field in {"beta", "warmup_epochs"} & chosen:
            name, value = _flag(field).removeprefix("--"), getattr(settings, field)
            raise SettingError(
                f"{name} is {value:g}; {facts.title} has no KL that it would weigh, so leave it out or choose the family vae."
            )


def _filled(job: Job) -> dict[str, Any]:
    """All options, with the family's usual ones where nobody chose."""
    return with_usual(job.options["family"], job.options, job.chosen)


def _train(
    runs: list[Run], draws: list[int], dataset: ImageDataset, data: str, options: Mapping[str, Any], *, as_json: bool, quiet: bool
) -> int:
    """Train one model after the other; ends early where one is stopped or diverges."""
    from latent_explorer.cli.output import print_json, say
    from latent_explorer.cli.running import train_to_file
    from latent_explorer.core.nn.device import set_threads

    set_threads(options["threads"])
    results = []
    for k, (run, count) in enumerate(zip(runs, draws, strict=True)):
        for words in (_number(k, runs, run), effective_beta_words(run.model, run.settings), run.model.facts.lacks):
            if words:
                say(words, quiet=quiet)
        ended = train_to_file(run, dataset, device=options["device"], quiet=quiet)
        whole = ended.progress.outcome == "finished"
        result = _result(ended)
        drawn = drawn_path(run.out) if count and whole else None
        if drawn is not None:
            draw(ended.record, count, drawn)
            result["prior"] = str(drawn)
        results.append(result)
        if as_json and (not whole or k == len(runs) - 1):
            print_json(results[0] if len(runs) == 1 else {"schema": 1, "recipe": options["recipe"], "runs": results})
        _conclude(ended, data, run.out, lambda text: say(text, quiet=quiet))
        if drawn is not None:
            say(f"Wrote {drawn}: {count} pictures of the prior", quiet=quiet)
        if not whole:
            if left := [str(later.out) for later in runs[k + 1 :]]:
                say(f"Not begun: {', '.join(left)}", quiet=quiet)
            return INTERRUPTED
    return 0


def _number(k: int, runs: list[Run], run: Run) -> str:
    return f"Model {k + 1} of {len(runs)}, {run.out.name}" if len(runs) > 1 else ""


def _architecture(options: dict[str, Any], image_shape: tuple[int, int, int], classes: int | None) -> dict[str, Any]:
    told = classes if FAMILIES[options["family"]].conditional else None
    return {"image_shape": image_shape, **{field: options[field] for field in MODEL_FIELDS}, "classes": told}


@contextmanager
def _by_option() -> Iterator[None]:
    """A setting that is refused within is named by its option."""
    try:
        yield
    except SettingError as error:
        text = str(error)
        for field in (*MODEL_FIELDS, *TRAINING_FIELDS):
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
    fixed = [_flag(p.name) for p in given if p.name in ("recipe", *MODEL_FIELDS, *TRAINING_FIELDS)]
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


def _fresh(job: Job, dataset: ImageDataset, ctx: click.Context) -> Run:
    """A new run, refused where model and data do not fit."""
    from latent_explorer.cli.running import Run
    from latent_explorer.core.files.gate import shown
    from latent_explorer.core.memory import check_memory
    from latent_explorer.core.nn.device import resolve_device  # not before it is needed: torch takes a second

    options = _filled(job)
    with _by_option():
        settings = TrainingConfig(**{field: options[field] for field in TRAINING_FIELDS})
        model = ModelConfig(**_architecture(options, dataset.image_shape, dataset.classes))
        settings = settings.for_model(model)
    check_memory(model, settings, len(dataset.images), resolve_device(options["device"]).type)
    begin = _begin(options["start_model"]) if settings.start == "model" else None
    return Run(model, settings, options["name"] or shown(job.out.stem), _command_text(job, dataset, ctx), job.out, begin=begin)


def _begin(model: str) -> tuple[ModelConfig, Mapping[str, Any]]:
    """Architecture and weights of the model to start from."""
    from latent_explorer.core.checkpoint.library import resolve_model
    from latent_explorer.core.checkpoint.record import read_checkpoint

    found = read_checkpoint(resolve_model(model))
    return found.record.handle.architecture, found.weights


def _command_text(job: Job, dataset: ImageDataset, ctx: click.Context) -> str:
    """A command that trains this model: what was given and what a recipe said, with names in the place of paths of this machine."""
    words = ["latent-explorer", "train"]
    for param in ctx.command.params:
        if param.name not in job.chosen or param.name in SILENT:
            continue
        value = {"data": dataset.name, "out": job.out.name, **job.options}[param.name]
        if param.name == "start_model":
            value = Path(value).name
        if isinstance(value, tuple):
            value = ",".join(map(str, value)) or NONE
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
    from latent_explorer.cli.progress import clock, validation_words
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
    words = validation_words(ended.history, ended.record.handle.architecture.facts)
    quality = f", {words} nats/image" if words else ""
    epochs = "1 epoch" if progress.epoch == 1 else f"{progress.epoch} epochs"
    tell(f"Wrote {place}: {epochs} in {clock(progress.seconds)}{quality}")
