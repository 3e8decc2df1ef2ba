"""Taking a plugin through everything that the core expects of it."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.names import closest
from datacard_core.plugins.calling import Provided
from datacard_core.plugins.families import FAMILIES
from datacard_core.testing.cases import Case, UnmetError
from datacard_core.testing.checks import assert_check
from datacard_core.testing.declared import Examples, Keywords, accepted
from datacard_core.testing.kinds import Trial, assert_kind
from datacard_core.testing.loading import (
    Contributed,
    assert_pickled,
    contributed,
    loaded_alone,
    loaded_with_others,
)
from datacard_core.testing.mistakes import assert_mistakes
from datacard_core.testing.plots import assert_plot
from datacard_core.testing.products import folder
from datacard_core.testing.renderings import assert_rendering, channels_of
from datacard_core.testing.repeating import repeated
from datacard_core.testing.serializers import Reader, assert_serializer
from datacard_core.testing.sources import assert_source
from datacard_core.testing.tasks import Task
from datacard_core.testing.writers import Writing, assert_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from datacard_core.model.channel import Channel
    from datacard_core.plugins.manager import Plugins

_NONE: Mapping[str, Any] = MappingProxyType({})


@attrs.frozen(eq=False)
class _Aids:
    """What an author gave, so that a plugin can be tried."""

    examples: Examples
    beside: tuple[str | object, ...]
    readers: Mapping[str, Reader]
    files: Mapping[str, Path]

    def refuse_unknown(self, plugins: Plugins) -> None:
        """Refuse what is for something that no plugin has: it would be tried with nothing.

        Raises:
            ValueError: there is such.
        """
        for given, known, what in (
            (self.examples, plugins.kinds, "systematic kind"),
            (self.readers, plugins.serializers, "template serializer"),
            (self.files, plugins.sources, "histogram source"),
        ):
            for name in given:
                if name not in known:
                    raise ValueError(f"no selected plugin has a {what} {name!r}{closest(name, known)}")


@attrs.frozen(eq=False)
class _Conformance:
    """A plugin with the others that it is tried with, and what its author gave."""

    case: Case
    plugins: Plugins
    """Without checks, which could stop a card."""
    contributed: Contributed
    declarations: Mapping[str, tuple[Keywords, ...]]
    """By typ, what the kinds are tried with."""
    anew: Callable[[], Plugins]
    checks: Mapping[str, Provided[Any]]
    aids: _Aids
    scratch: Path
    """A directory for what is written."""

    def run(self) -> None:
        """Try every object that the plugin contributes."""
        for field, key in self.contributed:
            (word,) = (family.word for family in FAMILIES if family.field == field)
            getattr(self, f"_{field}")(attrs.evolve(self.case, what=f"{word} {key!r}"), key)

    def _kinds(self, case: Case, typ: str) -> None:
        trial = Trial(case, self.plugins, typ, self.anew, self.scratch)
        assert_kind(trial, self.declarations[typ])
        assert_mistakes(trial, self.declarations[typ])

    def _writers(self, case: Case, name: str) -> None:
        assert_writer(Writing(case, self.plugins, name))

    def _serializers(self, case: Case, name: str) -> None:
        assert_serializer(case, self.plugins.serializer(name), self.aids.readers.get(name), self.scratch)

    def _checks(self, case: Case, name: str) -> None:
        assert_check(case, self.plugins, self.checks[name])

    def _plots(self, case: Case, name: str) -> None:
        assert_plot(case, self.plugins, self.plugins.plot(name), self.scratch)

    def _sources(self, case: Case, name: str) -> None:
        assert_source(case, self.plugins.source(name), self.aids.files.get(name), self.scratch)

    def _renderings(self, case: Case, name: str) -> None:
        with case.trying("cards of what kinds are tried with"):
            channels: list[Channel] = list(channels_of(self.plugins, self.declarations))
        assert_rendering(case, self.plugins, self.plugins.renderings[name], channels)


def assert_plugin(
    plugin: str | object,
    *,
    examples: Examples = _NONE,
    beside: Iterable[str | object] = (),
    readers: Mapping[str, Reader] = _NONE,
    files: Mapping[str, str | os.PathLike[str]] = _NONE,
) -> None:
    """Take a plugin through everything that the core expects of it, with inputs made by hand and by hypothesis.

    Equal plugins give equal results: nothing here is random. The working directory is another one meanwhile.

    Args:
        plugin: the name of an installed plugin, or a module or an object that is one.
        examples: by typ, what a declaration says beside its name, typ, processes and years, or several such, for
            example `{"envelope": {"value": 1.0, "options": {"members": 3}}}`.
        beside: further plugins to select with it, and with the built-in set.
        readers: by the name of a template serializer, a function from a path to the values and variances of each
            template by name, to see that they are what was written.
        files: by the name of a histogram source, a file that it can read.

    Raises:
        AssertionError: what was expected of the plugin, what it did instead, and with what.
        ValueError: an example, a reader or a file is for something that no plugin has.
    """
    absolute = {name: Path(path).absolute() for name, path in files.items()}
    try:
        _assert_plugin(plugin, _Aids(examples, tuple(beside), readers, absolute))
    except UnmetError as error:
        # Where in the kit it was seen says nothing to an author; the plugin's own lines are in the cause.
        raise UnmetError(str(error)) from error.__cause__


def _assert_plugin(plugin: str | object, aids: _Aids) -> None:
    path = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 - an empty one is the working directory
    with folder() as scratch, _empty_directory() as left:
        case = loaded_alone(plugin)
        plugins = loaded_with_others(case, plugin, aids.beside)
        aids.refuse_unknown(plugins)
        its = contributed(plugins, case.plugin)
        assert_pickled(case, plugins, (plugin, *aids.beside), its)
        conformance = _conformance(case, plugins, its, aids, scratch)
        with repeated(case, Task(plugins, its, conformance.declarations, scratch), path):
            conformance.run()
        found = ", ".join(sorted(path.name for path in left.iterdir()))
        case.expect(not found, "that it writes nothing but the files it is told to", f"it wrote {found} where it works")


def _conformance(case: Case, plugins: Plugins, its: Contributed, aids: _Aids, scratch: Path) -> _Conformance:
    typs = [typ for field, typ in its if field == "kinds"]
    declarations = {
        typ: accepted(attrs.evolve(case, what=f"systematic kind {typ!r}"), plugins.kind(typ), aids.examples)
        for typ in dict.fromkeys((*typs, *aids.examples))
    }
    quiet = attrs.evolve(plugins, checks=attrs.evolve(plugins.checks, by_name={}))
    return _Conformance(case, quiet, its, declarations, _anew(quiet), plugins.checks, aids, scratch)


def _anew(plugins: Plugins) -> Callable[[], Plugins]:
    """What makes the plugins as they are now, whatever is done with them later."""
    kinds = {typ: (provided.plugin, provided.origin) for typ, provided in plugins.kinds.items()}
    try:
        pickled = pickle.dumps({typ: provided.value for typ, provided in plugins.kinds.items()})
    except Exception:  # noqa: BLE001 - a module that is not imported by its name has classes that cannot be pickled
        return lambda: plugins

    def anew() -> Plugins:
        values = pickle.loads(pickled)  # noqa: S301 - it was made above
        made = {typ: Provided(values[typ], *whose) for typ, whose in kinds.items()}
        return attrs.evolve(plugins, kinds=attrs.evolve(plugins.kinds, by_name=made))

    return anew


@contextlib.contextmanager
def _empty_directory() -> Iterator[Path]:
    with folder() as directory, contextlib.chdir(directory):
        yield directory
