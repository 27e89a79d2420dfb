"""``latent-explorer download``: data sets from the internet, on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from latent_explorer.cli.options import Command, json_option, quiet_option

if TYPE_CHECKING:
    from latent_explorer.core.data.catalogue import CatalogueEntry


@click.command("download", cls=Command, short_help="Download a data set, such as mnist; without a name, list them.")
@click.argument("name", metavar="[NAME]", required=False)
@json_option
@quiet_option
def command(*, name: str | None, as_json: bool, quiet: bool) -> None:
    """Download a data set and check it; then its name is known wherever --data is asked for.

    A download that was interrupted goes on where it stopped. Without NAME, the data sets and their licences are listed.
    """
    from latent_explorer.cli.output import print_json, say
    from latent_explorer.cli.progress import Steps
    from latent_explorer.core.data.catalogue import CATALOGUE, find_entry
    from latent_explorer.core.files.gate import shown

    if name is None:
        if as_json:
            print_json({"schema": 1, "datasets": [described(entry) for entry in CATALOGUE.values()]})
        else:
            print("\n".join(line for entry in CATALOGUE.values() for line in lines(entry)))
        return
    entry = find_entry(name)
    say("\n".join(lines(entry)), quiet=quiet)

    from latent_explorer.core.data.download import download, progress_words

    with Steps(quiet=quiet) as steps:
        folder = download(entry, lambda done, total: steps.tell(progress_words(done, total), done / total))
    if as_json:
        print_json({"schema": 1, "dataset": described(entry)})
    else:
        say(f"{entry.title} is in {shown(folder)}; use it as --data {entry.name}", quiet=quiet)


def described(entry: CatalogueEntry) -> dict[str, Any]:
    """An entry, and where it is; its path is null as long as it is not on this computer."""
    return {
        "name": entry.name,
        "title": entry.title,
        "about": entry.about,
        "authors": entry.authors,
        "licence": entry.licence,
        "bytes": entry.size,
        "mirrors": list(entry.mirrors),
        "files": [{"name": file.name, "bytes": file.size, "sha256": file.sha256} for file in entry.files],
        "path": str(entry.folder) if entry.is_here() else None,
    }


def lines(entry: CatalogueEntry) -> list[str]:
    """What a person wants to know before downloading."""
    from latent_explorer.core.files.gate import shown, size_text

    hosts = ", ".join(urlsplit(mirror).netloc for mirror in entry.mirrors)
    where = f"on this computer, in {shown(entry.folder)}" if entry.is_here() else f"to be downloaded from {hosts}"
    return [
        f"{entry.name}: {entry.about}, {size_text(entry.size)}",
        f"    {entry.licence}, by {entry.authors}",
        f"    {where}",
    ]
