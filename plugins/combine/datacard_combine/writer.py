"""The card writer `combine`: the text that CMS Combine reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import attrs

from datacard_combine.joining.parts import Part
from datacard_combine.joining.text import PARTIAL, join
from datacard_combine.layout import table, text_of
from datacard_combine.meaning.card import content_of, views_of
from datacard_combine.syntax.faults import collected
from datacard_combine.syntax.lines import split
from datacard_core import CardWriter, DeclarationError, Severity, grammar, number

if TYPE_CHECKING:
    from datacard_combine.meaning.content import Content
    from datacard_core import CardContext, Channel, Model, ModelContext


class CombineWriter(CardWriter):
    """One card for each channel, or one of a model; `datacard combine` joins several."""

    name: ClassVar[str] = "combine"
    renders_all: ClassVar[bool] = True
    is_combine: ClassVar[bool] = True

    def render(self, card: CardContext) -> str:
        """Return the text of the card.

        Raises:
            DeclarationError: Combine could not read the name of the templates' file.
        """
        channel = card.channel
        sections = (
            [*(f"# {line}" for line in card.provenance), *_counts(channel)],
            _shapes(card),
            [f"bin {channel.bin}", f"observation {_observation(channel)}"] if _is_observed(channel) else [],
            _table(channel),
            channel.lines(),
        )
        return text_of(sections)

    def render_model(self, card: ModelContext) -> str:
        """Return the text of a card of several channels.

        Raises:
            DeclarationError: the channels contradict each other, or Combine could not read a name of a file.
        """
        texts = [self.render(attrs.evolve(context, provenance=())) for context in card.cards]
        # As if they stood in the first card: lines that it has already are then written once.
        texts[0] += _shared(card.model)
        contents, problems = [], []
        for text in texts:
            content, found = _content(text, keep_edits=True)
            contents.append(content)
            problems += found
        contents[0] = _with_groups(contents[0], card.model)
        parts = [
            Part(
                label=f"channel {context.channel.bin!r}",
                content=content,
                names={context.channel.bin: context.channel.bin},
            )
            for context, content in zip(card.cards, contents, strict=True)
        ]
        text, faults = collected(join(parts, card.provenance))
        problems += [fault.message for fault in faults if fault.severity is Severity.ERROR]
        # A last look, at what only all lines together show.
        problems = problems or _content(text, keep_edits=False)[1]
        if problems:
            raise DeclarationError(problems)
        return text


def _content(text: str, *, keep_edits: bool) -> tuple[Content, list[str]]:
    """Return the content of a card's text, and the faults at which Combine stops."""
    views, faults = collected(views_of(split(text)))
    content, found = collected(content_of(views, keep_edits=keep_edits))
    return content, [fault.message for fault in (*faults, *found) if not fault.is_taken and fault.code not in PARTIAL]


def _shared(model: Model) -> str:
    """Return the lines about parameters that belong to no channel."""
    lines = [parameter.line for parameter in model.parameters]
    # Combine takes the word for a pattern, and a name may have a dot.
    lines += [" ".join([*grammar.EDIT, "freeze", re.escape(name)]) for name in sorted(model.frozen)]
    return "".join(f"{line}\n" for line in lines)


def _with_groups(content: Content, model: Model) -> Content:
    groups = {name: content.groups.get(name, frozenset()).union(members) for name, members in model.groups.items()}
    return attrs.evolve(content, groups={**content.groups, **groups})


def _counts(channel: Channel) -> list[str]:
    # Combine does not count free parameters, groups and autoMCStats in kmax.
    return [
        "imax 1 number of channels",
        f"jmax {len(channel.columns) - 1} number of processes minus 1",
        f"kmax {channel.kmax} number of nuisance parameters",
    ]


def _shapes(card: CardContext) -> list[str]:
    if not card.channel.has_templates:
        return []
    name = card.shapes_name
    if name.split() != [name]:
        message = f"the templates' file {name!r} has a blank in its name, at which Combine splits its line"
        raise DeclarationError(f"{message}: choose a name without blanks")
    # The * includes data_obs, whose template has the name that the same pattern gives.
    return [f"shapes * {card.channel.bin} {name} {' '.join(card.patterns)}"]


def _is_observed(channel: Channel) -> bool:
    # A card that was read may have no observation; one that was built has the sum of its backgrounds for it.
    return channel.has_data or channel.stated_rates is None


def _observation(channel: Channel) -> str:
    # At -1, Combine takes the integral of data_obs.
    return number(channel.observation) if channel.has_data else "-1"


def _table(channel: Channel) -> list[str]:
    """Return the block of columns: bin, process name, process id and rate, then a row for each nuisance."""
    count = len(channel.columns)
    head = [
        ("bin", "", *[channel.bin] * count),
        ("process", "", *(column.name for column in channel.columns)),
        ("process", "", *(str(column.id) for column in channel.columns)),
        ("rate", "", *map(number, channel.rates)),
    ]
    rows = [(row.written_name, row.keyword, *row.cells(count)) for row in channel.nuisances]
    return table(head, rows)
