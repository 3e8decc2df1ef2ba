"""Names of the files that the cards of an analysis are written to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.build.naming import plain_category

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core.declare.category import Category


@attrs.frozen
class FileNames:
    """Names of the files of an analysis: those that a category names, and otherwise `{word}_{category}_{label}`."""

    label: str
    categories: Mapping[str, Category]

    @property
    def script(self) -> str:
        """Name of the script that joins the cards."""
        return f"combine_datacards_{self.label}.sh"

    @property
    def workspace(self) -> str:
        """Name of the workspace that the script makes."""
        return f"workspace_{self.label}.root"

    def card(self, category: str, suffix: str = ".txt") -> str:
        """Return the name of a category's card; the suffix of its writer counts if the category names no file."""
        return self.categories[category].card_name or self._name("datacard", category, suffix)

    def shapes(self, category: str, suffix: str = ".root") -> str:
        """Return the name of a category's templates; the suffix of their serializer counts if it names no file."""
        return self.categories[category].shapes_name or self._name("shapes", category, suffix)

    def combined(self, suffix: str = ".txt") -> str:
        """Return the name of the card of all categories."""
        return f"datacard_combined_{self.label}{suffix}"

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each file that two categories would write."""
        files: dict[str, str] = {}
        for category in self.categories:
            for name in (self.card(category), self.shapes(category)):
                if name in files:
                    both = f"categories {files[name]!r} and {category!r}"
                    yield f"{both} would both write the file {name!r}: give one of them card_name and shapes_name"
                files[name] = category

    def _name(self, word: str, category: str, suffix: str) -> str:
        return f"{word}_{plain_category(category)}_{self.label}{suffix}"
