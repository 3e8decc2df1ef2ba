"""The objects of one family that the selected plugins provide, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from datacard_core.arguments import scalar
from datacard_core.errors import MissingProviderError
from datacard_core.names import closest, listing
from datacard_core.plugins.calling import Provided
from datacard_core.plugins.families import Family, Interface


def _sorted(by_name: Mapping[str, Provided[Interface]]) -> dict[str, Provided[Interface]]:
    # Neither the order of selection nor that of registration may decide, for example, which check runs first.
    return dict(sorted(by_name.items()))


@attrs.frozen(eq=False, repr=False)
class Providers(Mapping[str, Provided[Interface]]):
    """The objects of one family that the selected plugins provide, sorted by name.

    A read-only mapping. `[name]` raises KeyError as in any mapping; `provider(name)` raises an error that helps.
    """

    family: Family[Interface]
    _by_name: Mapping[str, Provided[Interface]] = attrs.field(converter=_sorted)
    _way_to_select: Callable[[Family[Any], str], str]
    """Returns the end of a message: the installed plugin that has an object of that family and name, or ""."""

    def provider(self, name: str) -> Provided[Interface]:
        """Return the object of that name, with the plugin that provides it.

        Raises:
            MissingProviderError: no selected plugin provides the name. The message has the names that are provided,
                the closest of them, and an installed plugin that has the name, if there is one.
        """
        if name in self:
            return self[name]
        hint = closest(name, self)
        raise MissingProviderError(
            f"no selected plugin provides the {self.family.word} {name!r}; provided are {listing(self) or 'none'}"
            # The names are listed already, so the hint is of use only where it has a close match.
            f"{hint if 'did you mean' in hint else ''}{self._way_to_select(self.family, name)}"
        )

    def __getitem__(self, name: str) -> Provided[Interface]:
        # A script may ask for any object, and not all of them can be keys.
        return self._by_name[scalar(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._by_name!r})"
