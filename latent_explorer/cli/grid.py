"""``latent-explorer grid``: the manifold as one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from latent_explorer.cli.options import (
    Command,
    ParamType,
    Whole,
    device_option,
    json_option,
    model_argument,
    number,
    out_option,
    quiet_option,
    scale_option,
    threads_option,
)


class Axes(ParamType):
    """Two latent axes, such as 0,1."""

    name = "a,b"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        axes = tuple(number(part.strip()) for part in value.split(",")) if isinstance(value, str) else value
        if len(axes) != 2 or not all(isinstance(axis, int) and axis >= 0 for axis in axes) or axes[0] == axes[1]:
            self.fail(f"{value} is not two different latent axes; give their numbers, such as 0,1", param, ctx)
        return axes


@click.command("grid", cls=Command, short_help="Write a grid of decoded pictures.")
@model_argument
@click.option("--n", type=Whole(1, 500), default=20, show_default=True, metavar="N", help="N x N pictures.")
@click.option(
    "--space",
    type=click.Choice(("plane", "prior")),
    default="plane",
    show_default=True,
    help="plane: evenly from -3 to 3. prior: at quantiles of the standard normal, equal shares of the prior.",
)
@click.option("--axes", type=Axes(), metavar="A,B", help="Latent axes to the right and up; without it, the two that vary most.")
@out_option("FILE.png", "The picture; an existing file is replaced.")
@scale_option
@device_option
@threads_option
@json_option
@quiet_option
def command(
    *,
    model: str,
    n: int,
    space: str,
    axes: tuple[int, int] | None,
    out: Path,
    scale: int,
    device: str,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write N x N decoded pictures of the latent plane: z0 to the right, z1 up.

    In more than two dimensions --axes chooses two of them; all other coordinates lie at the mean of the model's codes.
    """
    from latent_explorer.cli.output import check_output, print_json, say
    from latent_explorer.core.checkpoint.library import resolve_model

    path = resolve_model(model)
    check_output(out, (".png",), path)

    import numpy as np

    from latent_explorer.cli.inputs import computing, model_words, open_model
    from latent_explorer.core.errors import ExportError
    from latent_explorer.core.export.grid import grid_axis, grid_points
    from latent_explorer.core.export.image import check_size, image_metadata, save_png, sheet, short
    from latent_explorer.core.plane.frame import PlaneFrame
    from latent_explorer.core.plane.slices import frame_of

    record = open_model(path, threads, device)
    architecture = record.handle.architecture
    latent_dim = architecture.latent_dim
    if latent_dim < 2:
        raise ExportError(f"A grid needs 2 latent dimensions, and {record.name} has {latent_dim}; use decode with points of your choice.")
    if axes is not None and max(axes) >= latent_dim:
        raise click.UsageError(f"--axes {axes[0]},{axes[1]} does not fit: the latent axes of {record.name} are 0 to {latent_dim - 1}")
    codes = record.codes.get("mean")
    frame = frame_of(latent_dim, codes.spread if codes is not None else None)
    if axes is not None:
        frame = PlaneFrame.axes(*axes, codes.spread.mean if codes is not None else frame.origin)
    height, width, _ = architecture.image_shape
    check_size(height * n, width * n, scale)

    from latent_explorer.core.nn.inference import decode_bytes

    axis = grid_axis(n, space)
    words = model_words(record)
    places: dict[str, Any] = {"n": n, "space": space, "axis": [short(v) for v in axis]}
    assert frame.pair is not None
    if latent_dim > 2 or axes is not None:
        places |= {"axes": list(frame.pair), "origin": [short(v) for v in frame.origin]}
    metadata = image_metadata(None, words["name"], words["hash"], architecture.family, grid=places)
    with computing(record):
        images = decode_bytes(record.handle, frame.to_z(grid_points(axis)).astype(np.float32))
    save_png(out, sheet(images, n), scale=scale, metadata=metadata)
    if as_json:
        print_json({"schema": 1, "model": words, "grid": places, "path": str(out)})
    else:
        rest = "the codes' mean" if codes is not None else "0"
        where = f": z[{frame.pair[0]}] to the right, z[{frame.pair[1]}] up, the rest at {rest}" if latent_dim > 2 else ""
        say(f"Wrote {n} x {n} pictures to {out}{where}", quiet=quiet)
