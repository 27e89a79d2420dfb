"""The list over the form of a run: what the person typed, then each model of each recipe; an entry fills the form."""

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

OWN = "Recipe: own settings"
BEFORE = "before recipes"
MOST = 6  # own settings that are kept


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
class Own:
    """What a person typed: by row of the form; `words` say where it stood, `epochs_typed` that its epochs are no suggestion."""

    words: str
    texts: Mapping[str, str]
    epochs_typed: bool


Entry = Part | Own


class RecipeBox(QComboBox):
    """First the person's own settings, then the recipes.

    Nothing that was typed is lost: when another entry is looked at, what the form said becomes the first entry, and what was
    there before moves one down.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("field_recipe")
        explained(self, "recipe", "Recipe")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumContentsLength(6)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._own: list[Own] = []  # the newest first; empty while the form has said nothing else
        self._recipes: list[tuple[str, Part]] = []
        self._shown: Entry | None = None  # what the form was filled with; None for what the person typed from the start
        self.addItem(OWN)
        for name, recipe, part in entries():
            self.addItem(name)
            self._recipes.append((name, part))
            draws = f" The command line also draws {part.draws} pictures of the prior." if part.draws else ""
            self.setItemData(self.count() - 1, tip(recipe.sentence + draws), Qt.ItemDataRole.ToolTipRole)
        self._list_own()
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 24)  # names are longer than a narrow panel

    def chosen(self) -> Entry | None:
        """What the form is to say now; None where that is what it says."""
        row, many = self.currentIndex(), self._many
        if row >= many:
            return self._recipes[row - many][1]
        return self._own[row] if self._own and self._own[row] is not self._shown else None

    def part(self) -> Part | None:
        """The recipe's model that the form was filled with; None for the person's own settings."""
        return self._shown if isinstance(self._shown, Part) else None

    def keep(self, texts: Mapping[str, str], epochs_typed: bool) -> None:
        """What the form says is typed by a person, and another entry comes: it is the first of their own settings from now on."""
        shown = self._shown
        if isinstance(shown, Part):
            words = next(f"{name}, changed" for name, part in self._recipes if part is shown)
        else:
            words = BEFORE if shown is None else shown.words
        others = [own for own in self._own if own is not shown and own.texts != texts]
        self._own = [Own(words, dict(texts), epochs_typed), *others][:MOST]

    def show_entry(self, entry: Entry) -> None:
        """The form says this now."""
        self._shown = entry
        if isinstance(entry, Own):
            self._own = [entry, *(own for own in self._own if own is not entry)]
        self._list_own()
        row = 0 if isinstance(entry, Own) else self._many + next(k for k, (_, part) in enumerate(self._recipes) if part is entry)
        self.setCurrentIndex(row)

    def forget(self) -> None:
        """The form was filled with those of a model that was opened: they are the person's own now."""
        self._own, self._shown = [], None
        self._list_own()
        self.setCurrentIndex(0)

    @property
    def _many(self) -> int:
        """Entries of own settings: one that is always there."""
        return max(1, len(self._own))

    def _list_own(self) -> None:
        """The first entries anew; recipes stay."""
        while self.count() > len(self._recipes) + 1:
            self.removeItem(1)
        for row in range(1, self._many):
            self.insertItem(row, f"Own: {self._own[row].words}")
        told = {BEFORE: "What the form said before a recipe was chosen."}
        for row in range(self._many):
            words = self._own[row].words if self._own else BEFORE
            self.setItemData(row, tip(told.get(words, f"What you typed: {words}.")), Qt.ItemDataRole.ToolTipRole)

    def sentence(self) -> str:
        """What the chosen recipe shows; "" for none."""
        return "" if self.part() is None else str(self.itemData(self.currentIndex(), Qt.ItemDataRole.ToolTipRole))
