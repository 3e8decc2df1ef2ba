"""Rules on the names of parameters and templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.grammar import CONSTRAINT_KEYWORDS, MASS, NO_FLOAT, PARAMETER_KEYWORDS, SIGNAL_STRENGTH, keyword_of
from datacard_core.names import duplicates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.model.channel import Channel

# Words of Combine's language may be names: its parser looks at the first word above the rates only, and below them at
# the second.
_OF_COMBINE = {
    SIGNAL_STRENGTH: "the parameter that Combine scales signals with",
    MASS: "the mass of Combine's models",
    "CMS_channel": "the category by which Combine joins channels",
    "CMS_th1x": "the observable of Combine's templates",
    "ONE": "the number 1 of Combine's models",
    "ZERO": "the number 0 of Combine's models",
}
"""Variables that Combine makes itself in a workspace, by name."""


def name_problems(channel: Channel) -> Iterator[str]:
    """Yield the names that Combine uses itself, and those that two templates would have."""
    for name in dict.fromkeys(_defined(channel)):
        if name in _OF_COMBINE:
            yield (f"the nuisance {name!r} would be {_OF_COMBINE[name]}: give its systematic another datacard_name")
    names = channel.template_names()
    if len(set(names)) < len(names):
        for name in duplicates(names):
            yield (
                f"two templates would be called {name!r}, because a process and a nuisance join to the same text as "
                "another process and another nuisance: rename one of them"
            )


def _defined(channel: Channel) -> Iterator[str]:
    yield from (nuisance.name for nuisance in channel.nuisances)
    for words in map(str.split, channel.lines()):
        # The mass of a model may have a constraint.
        is_of_mass = keyword_of(words) in CONSTRAINT_KEYWORDS and words[0] == MASS
        if keyword_of(words) in PARAMETER_KEYWORDS and not is_of_mass:
            yield words[0].removesuffix(NO_FLOAT)
