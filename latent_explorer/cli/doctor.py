"""``latent-explorer doctor``: what a model's settings, losses and codes say about it, and what to do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from latent_explorer.cli.options import Command, device_option, json_option, model_argument, threads_option

if TYPE_CHECKING:
    from latent_explorer.core.types import Codes, ModelRecord


@click.command("doctor", cls=Command, short_help="Say what is wrong with a model, and what to do.")
@model_argument
@click.option("--data", metavar="NAME|PATH", help="Its training data: then validation images are encoded, and the codes looked at too.")
@device_option
@threads_option
@json_option
def command(*, model: str, data: str | None, device: str, threads: int | None, as_json: bool) -> None:
    """Say what settings and losses of a model tell, and with --data what its codes tell: a sentence each, and what to do.

    Test images are never looked at, so that a choice by these findings leaves the test figures honest.
    """
    from latent_explorer.cli.inputs import model_words
    from latent_explorer.cli.output import print_json
    from latent_explorer.core.checkpoint.library import resolve_model
    from latent_explorer.core.checkpoint.record import read_record
    from latent_explorer.core.doctor import diagnose_record
    from latent_explorer.core.files.gate import shown

    path = resolve_model(model)
    record, codes = (read_record(path), None) if data is None else _encoded(path, data, threads, device)
    findings = diagnose_record(record, codes)
    if as_json:
        examined = 0 if codes is None else len(codes.z)
        print_json({"schema": 1, "model": model_words(record), "images": examined, "findings": [asdict(one) for one in findings]})
        return
    print(shown(record.name))
    for one in findings:
        print(f"{one.severity + ':':<9}{one.sentence}")
        if one.suggestion:
            print(f"{'':<9}{one.suggestion}")
    if codes is None:
        print("With --data its codes are looked at too.")


def _encoded(path: Path, data: str, threads: int | None, device: str) -> tuple[ModelRecord, Codes]:
    """The model, and the codes of validation images of its training data.

    Raises
    ------
    DatasetError
        They are other data than it was trained on.
    """
    from latent_explorer.cli.inputs import computing, model_data, open_model
    from latent_explorer.core.errors import DatasetError
    from latent_explorer.core.nn.inference import codes_of
    from latent_explorer.core.nn.live import examined_rows

    record = open_model(path, threads, device)
    dataset = model_data(record, data)
    if dataset.content_hash != record.data.content_hash:
        raise DatasetError(
            f"{record.name} was trained on {record.data.name}, and {dataset.name} is other data; give --data what it was trained on."
        )
    with computing(record):
        return record, codes_of(record.handle, dataset, examined_rows(dataset))
