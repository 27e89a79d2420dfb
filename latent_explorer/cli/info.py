"""``latent-explorer info``: what a model file says, without torch, or what a table of codes holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from latent_explorer.cli.options import Command, json_option, model_argument

if TYPE_CHECKING:
    from latent_explorer.core.types import ModelRecord


@click.command("info", cls=Command, short_help="Tell what a model file or a table of codes says.")
@model_argument
@json_option
def command(*, model: str, as_json: bool) -> None:
    """Tell what a model is, how it was trained and which figures were measured.

    Of a table of codes (.csv, .npz, .parquet) it tells rows, columns, ranges and classes.
    """
    from latent_explorer.cli.output import print_json
    from latent_explorer.core.checkpoint.library import resolve_model
    from latent_explorer.core.checkpoint.record import read_record
    from latent_explorer.core.data.tables.reading import table_kind

    path = resolve_model(model)
    if table_kind(path):
        from latent_explorer.cli import table_info

        table = table_info.read(path)
        if as_json:
            print_json(table_info.record(table, path))
        else:
            print("\n".join(f"{label + ':':<14}{text}" for label, text in table_info.lines(table, path)))
        return
    record = read_record(path)
    size = path.stat().st_size
    if not as_json:
        print("\n".join(f"{label + ':':<14}{text}" for label, text in lines(record, size)))
        return
    architecture, data = record.handle.architecture, record.data
    print_json(
        {
            "schema": 1,
            "model": {
                "name": record.name,
                "hash": record.handle.content_hash,
                "path": str(path),
                "bytes": size,
                "parameters": architecture.parameters,
            },
            "architecture": architecture.to_record(),
            "data": {
                "name": data.name,
                "hash": data.content_hash,
                "class_names": data.class_names,
                "image_shape": data.image_shape,
                "sizes": dict(zip(("train", "validation", "test"), data.sizes, strict=True)),
            },
            "training": None if record.training is None else record.training.to_record(),
            "epoch": record.epoch,
            "resumable": record.resumable,
            "codes": {kind: len(codes.z) for kind, codes in record.codes.items()},
            "figures": record.figures,
            "versions": record.versions,
            "command": record.command,
        }
    )


def lines(record: ModelRecord, size: int) -> Iterator[tuple[str, str]]:
    """Label and text, one pair for each line."""
    from latent_explorer.core.files.gate import shown, size_text

    a, data = record.handle.architecture, record.data
    yield "name", shown(record.name)
    yield "hash", record.handle.content_hash
    yield "file", f"{shown(record.path or '')} ({size_text(size)})"
    decoder = "-".join(str(n) for n in a.decoder_widths)
    yield "architecture", f"{a.family}, {a.network_words} / {a.latent_dim} / {decoder}, {a.activation}, {a.parameters:,} weights"
    yield "images", f"{' x '.join(str(n) for n in a.image_shape)}, {a.likelihood_words}"
    train, validation, test = (f"{n:,}" for n in data.sizes)
    yield "data", f"{shown(data.name)}: {train} train, {validation} validation, {test} test, hash {data.content_hash[:12]}"
    if record.training is not None:
        settings = record.training.to_record()
        yield "training", ", ".join(f"{key} {value}" for key, value in settings.items() if value is not None)
    unfinished = ", can be continued with train --resume" if record.resumable else ""
    yield "epoch", f"{record.epoch}{unfinished}"
    for kind, codes in record.codes.items():
        yield "codes", f"{len(codes.z):,} of kind {kind}"
    for key, figure in record.figures.items():
        value = figure.get("value") if isinstance(figure, dict) else figure
        unit = figure.get("unit", "") if isinstance(figure, dict) else ""
        yield shown(str(key)), shown(f"{value:z.4f} {unit}" if isinstance(value, float) else f"{value} {unit}")
    if record.versions:
        yield "made with", shown(", ".join(f"{key} {value}" for key, value in record.versions.items()))
    if record.command:
        yield "command", shown(record.command)
