"""What a plugin makes of fixed inputs, by words for it, wherever and whenever it is made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import attrs

from datacard_core.build.plans import shifts_of
from datacard_core.testing.inputs import channels, sketches
from datacard_core.testing.inputs.declarations import NAME, Keywords
from datacard_core.testing.products import SHAPES, card_bytes, rendered, written_by
from datacard_core.testing.trials.checks import found_by
from datacard_core.testing.trials.plots import drawn
from datacard_core.testing.trials.serializers import BY_HAND, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from datacard_core.model.channel import Channel, NamedTemplates
    from datacard_core.plugins.manager import Plugins
    from datacard_core.testing.inputs.sketches import Sketch
    from datacard_core.testing.loading import Contributed

Maker: TypeAlias = tuple[str, Callable[[], object]]
"""Words for something, and what makes it."""


@attrs.frozen(eq=False)
class Task:
    """What to make of a plugin's objects."""

    plugins: Plugins
    contributed: Contributed
    declarations: Mapping[str, Sequence[Keywords]]
    """By typ."""
    scratch: Path
    """A directory for what is written."""

    def products(self, *, backwards: bool = False) -> dict[str, object]:
        """Everything, made in another order if `backwards`; the type of an error stands for what fails."""
        makers = list(self._makers())
        made = {what: _made(make) for what, make in (reversed(makers) if backwards else makers)}
        return {what: made[what] for what, _ in makers}

    def _makers(self) -> Iterator[Maker]:
        by_field = {
            "kinds": self._of_kind,
            "writers": self._of_writer,
            "serializers": self._of_serializer,
            "checks": self._of_check,
            "plots": self._of_plot,
        }
        for field, key in self.contributed:
            if field in by_field:
                yield from by_field[field](key)

    def _of_kind(self, typ: str) -> Iterator[Maker]:
        for keywords in self.declarations[typ]:
            for number, sketch in enumerate(sketches.BY_HAND, start=1):
                what = f"the card of kind {typ!r} with {dict(keywords)!r} in analysis {number}"
                yield what, partial(self._card, sketch, typ, keywords)

    def _card(self, sketch: Sketch, typ: str, keywords: Keywords) -> object:
        systematic = sketch.declare(NAME, typ, **keywords)
        needed = shifts_of(self.plugins.kind(typ), systematic)
        sketch = sketch.taken(systematic, needed, self.plugins)
        output = sketch.output([(systematic, needed)])
        return card_bytes(sketch.card(output, self.plugins, *sketch.others(), systematic), self.scratch)

    def _of_writer(self, name: str) -> Iterator[Maker]:
        for named in channels.by_hand():
            what = f"the text of {named} by card writer {name!r}"
            yield what, partial(rendered, self.plugins, name, named.channel)

    def _of_serializer(self, name: str) -> Iterator[Maker]:
        for given in BY_HAND:
            what = f"the file of {len(given.names)} templates by template serializer {name!r}"
            yield what, partial(self._file, name, given.templates())

    def _file(self, name: str, templates: NamedTemplates) -> bytes | None:
        provided = self.plugins.serializer(name)
        return written_by(lambda path: write(provided, templates, path), self.scratch / SHAPES)

    def _of_check(self, name: str) -> Iterator[Maker]:
        for named in channels.by_hand():
            yield f"what check {name!r} finds in {named}", partial(self._findings, name, named.channel)

    def _findings(self, name: str, channel: Channel) -> list[str]:
        return [str(finding) for finding in found_by(self.plugins.checks[name], channel)]

    def _of_plot(self, name: str) -> Iterator[Maker]:
        yield f"the plot {name!r}", partial(drawn, self.plugins.plot(name), channels.complete(), self.scratch)


def _made(make: Callable[[], object]) -> object:
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - what is wrong is told where its input is at hand
        return type(error).__name__
