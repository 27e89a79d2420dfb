"""``latent-explorer evaluate``: the figures of a model on test images, each with its protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from latent_explorer.cli.options import Command, data_option, device_option, json_option, model_argument, quiet_option, threads_option


@click.command("evaluate", cls=Command, short_help="Quote figures of a model on test images.")
@model_argument
@data_option
@click.option("--quick", is_flag=True, help="Leave out exact inference: the likelihood, its checks, and figures of exact codes.")
@click.option(
    "--against",
    metavar="NAME|PATH",
    help="A second data set with images of the same size: beside MNIST shapes-28, which is built in, or a folder with four IDX files,"
    " such as Fashion-MNIST's."
    " How well its images are told from the own ones, as AUROC and AUPR.",
)
@device_option
@threads_option
@json_option
@quiet_option
def command(
    *, model: str, data: str, quick: bool, against: str | None, device: str, threads: int | None, as_json: bool, quiet: bool
) -> None:
    """Quote figures of a model on the test part of a data set: value, standard error, number, unit and protocol.

    Where a figure is not defined for the model, the reason stands in its place. On MNIST exact inference takes minutes.
    """
    from latent_explorer.cli.inputs import computing, model_data, model_words, open_model
    from latent_explorer.cli.output import print_json
    from latent_explorer.cli.progress import Steps
    from latent_explorer.core.checkpoint.library import resolve_model

    record = open_model(resolve_model(model), threads, device)
    dataset = model_data(record, data)
    foreign = None if against is None else model_data(record, against)

    from latent_explorer.core.nn.evaluation import evaluate

    with Steps(quiet=quiet) as steps, computing(record):
        figures = evaluate(record.handle, dataset, steps.tell, quick=quick, against=foreign)
    if as_json:
        source: dict[str, Any] = {"name": dataset.name, "split": "test", "n": len(dataset.split.test), "hash": dataset.content_hash}
        if foreign is not None:
            source["against"] = {"name": foreign.name, "split": "test", "n": len(foreign.split.test), "hash": foreign.content_hash}
        print_json({"schema": 1, "model": model_words(record), "data": source, "figures": figures})
    else:
        print(f"{record.name} on {len(dataset.split.test):,} test images of {dataset.name}")
        print("\n".join(table(figures)))


def _value(figure: Mapping[str, Any]) -> str:
    value, error = figure["value"], figure.get("se")
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    words = f"{value:z.4f}"  # z: no sign of what is rounded away
    return words if error is None else f"{words} ± {error:.4f}"


def table(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Lines of aligned columns, the protocol below each figure."""
    rows = [
        (key, _value(f), "" if f["value"] is None else str(f["unit"]), f"n = {f['n']:,}" if f["n"] else "") for key, f in figures.items()
    ]
    widths = [max((len(row[k]) for row in rows), default=0) for k in range(4)]
    lines = []
    for (key, value, unit, count), figure in zip(rows, figures.values(), strict=True):
        lines.append(f"{key:<{widths[0]}}  {value:<{widths[1]}}  {unit:<{widths[2]}}  {count}".rstrip())
        lines.append(f"{'':<{widths[0]}}  {figure['protocol'] or figure['reason']}".rstrip())
    return lines
