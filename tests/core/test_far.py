"""What a table says is not drawn is not drawn and not found; all else is."""

from __future__ import annotations

from pathlib import Path

from latent_explorer.core.far import FARTHEST
from latent_explorer.core.plane.index import PlaneIndex
from latent_explorer.core.raster.cloud import Cloud
from tests.core.data.tables.writing import read_text


def test_tables_pictures_and_searches_agree_on_what_is_too_far(tmp_path: Path) -> None:
    places = [0.0, FARTHEST, -FARTHEST, 1.01 * FARTHEST, -5 * FARTHEST, 20 * FARTHEST]
    table = read_text(tmp_path / "t.csv", "x,y\n" + "".join(f"{place},1\n" for place in places))
    assert table.far == 3
    assert "3 rows have a place beyond 1,000,000 and are not drawn" in table.notes
    assert sorted(Cloud(table.codes.z).sorted.rows.tolist()) == [0, 1, 2]
    whole = 100 * FARTHEST
    assert sorted(PlaneIndex(table.codes.z).in_rectangle((-whole, -whole, whole, whole)).tolist()) == [0, 1, 2]
