"""The list over the form of a run: the person's own settings, then each model of each recipe; an entry fills the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from latent_explorer.core.families import FAMILIES
from latent_explorer.core.recipes import RECIPES, Part, Recipe
from latent_explorer.core.usual import usual_value
from latent_explorer.views.glossary import explained
from latent_explorer.views.text import tip
from latent_explorer.views.training_rows import MACHINE, ROWS, shown

OWN = "Own settings"
CHANGED = ", changed"  # what follows the name of a recipe


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


@dataclass(frozen=True, eq=False)
class Typed:
    """What a person typed: by row of the form; `epochs_typed` says that its epochs are no suggestion."""

    texts: Mapping[str, str]
    epochs_typed: bool


class RecipeBox(QComboBox):
    """First the person's own settings, then the recipes, each with what the person has changed of it right behind it.

    Entries are named by what they hold and keep their places. Own settings are those that the form had before a recipe was chosen;
    what is typed while they, or a changed recipe, are chosen belongs to that entry. Of each recipe the newest change is kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("field_recipe")
        explained(self, "recipe", "Recipe")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumContentsLength(6)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._recipes: dict[str, Part] = {}
        self._typed: dict[str, Typed] = {}  # by the name of its entry, as it was when another one was chosen
        self._shown = OWN  # what the form was filled with
        self._add(0, OWN, "What the form said before a recipe was chosen, and what you type while this is chosen.")
        for name, recipe, part in entries():
            self._recipes[name] = part
            draws = f" The command line also draws {part.draws} pictures of the prior." if part.draws else ""
            self._add(self.count(), name, recipe.sentence + draws)
        self._widen()

    def _add(self, row: int, name: str, words: str) -> None:
        self.insertItem(row, name)
        self.setItemData(row, tip(words), Qt.ItemDataRole.ToolTipRole)

    def _widen(self) -> None:
        """The open list: names are longer than a narrow panel."""
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 24)

    def chosen(self) -> Part | Typed | None:
        """What the form is to say now; None where that is what it says."""
        name = self.currentText()
        if name in self._recipes:
            return self._recipes[name]
        return None if name == self._shown else self._typed[name]

    def part(self) -> Part | None:
        """The recipe's model that the form was filled with, changed or not; None for the person's own settings."""
        return self._recipes.get(self._shown.removesuffix(CHANGED))

    def leave(self, texts: Mapping[str, str], epochs_typed: bool, *, changed: bool) -> None:
        """Another entry comes: what the form says is kept, unless it is a recipe that is not ``changed``."""
        if self.part() is None:
            self._typed[OWN] = Typed(dict(texts), epochs_typed)
            return
        recipe = self._shown.removesuffix(CHANGED)
        name, row = recipe + CHANGED, self.findText(recipe)
        if changed:
            if name not in self._typed:
                words = next(entry.sentence for other, entry, _ in entries() if other == recipe)
                self._add(row + 1, name, f"{words} With what you have changed.")
                self._widen()
            self._typed[name] = Typed(dict(texts), epochs_typed)
        elif self._shown == name:  # the change was taken back
            del self._typed[name]
            self.removeItem(row + 1)

    def show_chosen(self) -> None:
        """The form says now what is chosen."""
        self._shown = self.currentText()

    def forget(self) -> None:
        """The form was filled with those of a model that was opened: they are the person's own now."""
        self._typed.pop(OWN, None)
        self._shown = OWN
        self.setCurrentIndex(0)

    def sentence(self) -> str:
        """What the chosen recipe shows; "" for none."""
        return "" if self.part() is None else str(self.itemData(self.findText(self._shown), Qt.ItemDataRole.ToolTipRole))
