"""The list of recipes over the form of a run: each model of each recipe is an entry that fills the form."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from latent_explorer.core.families import FAMILIES
from latent_explorer.core.recipes import RECIPES, Part, Recipe
from latent_explorer.core.usual import usual_value
from latent_explorer.views.glossary import explained
from latent_explorer.views.text import tip
from latent_explorer.views.training_rows import MACHINE, ROWS, shown

OWN = "Recipe: own settings"


def entries() -> tuple[tuple[str, Recipe, Part], ...]:
    """What is listed: of a recipe with several models each of them, as "name / model"."""
    return tuple(
        (f"{recipe.name} / {part.key}" if len(recipe.parts) > 1 else recipe.name, recipe, part)
        for recipe in RECIPES.values()
        for part in recipe.parts
    )


def texts_of(part: Part) -> dict[str, str]:
    """By row of the form what it says of a recipe's model: what the recipe sets, else what is usual, as the command line takes it."""
    family, network = str(part.settings.get("family", "vae")), str(part.settings.get("network", "dense"))
    own = {"family": family, "network": network, **part.settings}
    values = {row.name: own.get(row.name, usual_value(row.name, family, network)) for row in ROWS if row.owner != MACHINE}
    return {name: shown(value) for name, value in values.items()} | {"objective": values["objective"] or FAMILIES[family].objectives[0]}


class RecipeBox(QComboBox):
    """The first entry is no recipe: the form says what the person typed."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("field_recipe")
        explained(self, "recipe", "Recipe")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumContentsLength(6)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.addItem(OWN)
        self.setItemData(0, tip("What the form said before a recipe was chosen."), Qt.ItemDataRole.ToolTipRole)
        self._parts: list[Part | None] = [None]
        for name, recipe, part in entries():
            self.addItem(name)
            self._parts.append(part)
            draws = f" The command line also draws {part.draws} pictures of the prior." if part.draws else ""
            self.setItemData(self.count() - 1, tip(recipe.sentence + draws), Qt.ItemDataRole.ToolTipRole)
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 24)  # names are longer than a narrow panel

    def part(self) -> Part | None:
        """The model that is chosen; None for the person's own settings."""
        return self._parts[self.currentIndex()]

    def sentence(self) -> str:
        """What the chosen recipe shows; "" for none."""
        return "" if self.part() is None else str(self.itemData(self.currentIndex(), Qt.ItemDataRole.ToolTipRole))
