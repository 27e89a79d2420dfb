"""``latent-explorer recipes``, and what ``train --recipe NAME`` makes of a recipe: one run for each of its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from latent_explorer.cli.options import Command, json_option
from latent_explorer.core.recipes import RECIPES

if TYPE_CHECKING:
    from latent_explorer.core.types import ModelRecord

DRAWS_SEED = 0
COLUMNS = 10  # of the sheet of pictures


@click.command("recipes", cls=Command, short_help="List the recipes of train --recipe.")
@json_option
def command(*, as_json: bool) -> None:
    """List the recipes that train --recipe knows, with what each shows."""
    from latent_explorer.cli.output import print_json

    if as_json:
        found = {
            recipe.name: {
                "sentence": recipe.sentence,
                "models": [{"key": part.key, "settings": part.settings, "draws": part.draws} for part in recipe.parts],
            }
            for recipe in RECIPES.values()
        }
        print_json({"schema": 1, "recipes": found})
        return
    width = max(map(len, RECIPES))
    for recipe in RECIPES.values():
        models = f" ({len(recipe.parts)} models)" if len(recipe.parts) > 1 else ""
        print(f"{recipe.name:<{width}}  {recipe.sentence}{models}")


@dataclass(frozen=True)
class Job:
    """One model to train.

    Parameters
    ----------
    options : mapping
        All options of ``train`` by their names.
    chosen : frozenset of str
        Those that a person or the recipe chose: they take the place of a family's usual settings, and are recorded.
    out : Path
        Where the model goes.
    draws : int
        Pictures of the prior to draw at the end.
    """

    options: Mapping[str, Any]
    chosen: frozenset[str]
    out: Path
    draws: int = 0


def drawn_path(out: Path) -> Path:
    """Where pictures of a model's prior go: beside it."""
    return out.with_name(f"{out.stem}-prior.png")


def jobs_of(options: Mapping[str, Any], given: frozenset[str], out: Path) -> tuple[Job, ...]:
    """What is to be trained: of a recipe each model, into a file of its own where there are several; else one.

    What a person has `given` goes before what the recipe says.
    """
    recipe = RECIPES[options["recipe"]] if options["recipe"] else None
    if recipe is None:
        return (Job(options, given, out),)
    jobs = []
    for part in recipe.parts:
        filled = {**options, **{name: value for name, value in part.settings.items() if name not in given}}
        path = out
        if len(recipe.parts) > 1:
            path = out.with_name(f"{out.stem}-{part.key}{out.suffix}")
            filled["name"] = f"{options['name']} {part.key}" if options["name"] else None
        jobs.append(Job(filled, given | frozenset(part.settings), path, part.draws))
    return tuple(jobs)


def draw(record: ModelRecord, count: int, path: Path) -> None:
    """Write pictures of the prior, ten to a row: expected pixels at `count` draws of a fixed seed.

    Raises
    ------
    SettingError
        The family has no prior.
    ExportError
        They cannot be written.
    """
    from latent_explorer.core.export.image import image_metadata, save_png, sheet
    from latent_explorer.core.nn.inference import decode_bytes
    from latent_explorer.core.prior import prior_draws

    z = prior_draws(record.handle.architecture, count, DRAWS_SEED)
    metadata = image_metadata(z, record.name, record.handle.content_hash, record.handle.architecture.family)
    save_png(path, sheet(decode_bytes(record.handle, z), COLUMNS), metadata=metadata)
