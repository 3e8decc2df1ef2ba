"""Conformance of a plugin: all that the core expects of it, tested by `assert_plugin`."""

from __future__ import annotations

import contextlib
import functools
import io
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
from datacard_core.testing.inputs import channels
from datacard_core.testing.inputs.declarations import Examples, Keywords, accepted
from datacard_core.testing.loading import assert_pickled, contributed, loaded_alone, loaded_with_others
from datacard_core.testing.products import folder
from datacard_core.testing.repetition import assert_repeated
from datacard_core.testing.tasks import Contributed, Run, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from datacard_core.plugins.manager import Plugins
    from datacard_core.testing.tasks import Reader
    from datacard_core.testing.trials.families import Assert

_NONE: Mapping[str, Any] = MappingProxyType({})
_WORDS = {family.field: family.word for family in FAMILIES}


@attrs.frozen(eq=False, kw_only=True)
class _Aids:
    """Arguments of `assert_plugin` beside the plugin."""

    examples: Examples
    beside: tuple[str | object, ...]
    companions: tuple[Keywords, ...]
    readers: Mapping[str, Reader]
    files: Mapping[str, Path]

    def refuse_unknown(self, plugins: Plugins) -> None:
        """Refuse an aid for an object that no plugin has: it would not be used, for example because of a typo.

        Raises:
            ValueError: there is such an aid.
        """
        for given, known, what in (
            (self.examples, plugins.kinds, "systematic kind"),
            (self.readers, plugins.serializers, "template serializer"),
            (self.files, {**plugins.sources, **plugins.readers}, "histogram source or card reader"),
        ):
            for name in given:
                if name not in known:
                    raise ValueError(f"no selected plugin has a {what} {name!r}{closest(name, known)}")
        for keywords in self.companions:
            if missing := [argument for argument in ("name", "typ") if argument not in keywords]:
                raise ValueError(f"companion {dict(keywords)!r} has no {missing[0]}, expected name and typ")
            if (typ := keywords["typ"]) not in plugins.kinds:
                raise ValueError(f"no selected plugin has the kind {typ!r} of a companion{closest(typ, plugins.kinds)}")


def assert_plugin(
    plugin: str | object,
    *,
    examples: Examples = _NONE,
    beside: Iterable[str | object] = (),
    companions: Iterable[Keywords] = (),
    readers: Mapping[str, Reader] = _NONE,
    files: Mapping[str, str | os.PathLike[str]] = _NONE,
) -> None:
    """Test all that the core expects of a plugin, with inputs made by hand and by hypothesis.

    Equal plugins give equal results, because no input is random. The test runs in an empty working directory.

    Args:
        plugin: name of an installed plugin, or a module or an object that is a plugin.
        examples: by typ, the arguments of a declaration beside its name, typ, processes and years, or a list of them.
            An example is `{"envelope": {"value": 1.0, "options": {"members": 3}}}`. A kind without examples is tested
            with usual values.
        beside: further plugins to select with it and with the built-in set.
        companions: declarations that those of its kinds need in the card, such as the members of a group: for each the
            arguments, with name and typ, without processes and years. They cover all processes and years.
        readers: by name of a template serializer, a function from a path to the values and variances of each template
            by name. With it the file is compared with the templates that were written.
        files: by name of a histogram source or a card reader, a file that it can read.

    Raises:
        AssertionError: the plugin does not meet an expectation. The message has the expectation, the result and the
            input; an exception of the plugin is its cause.
        ValueError: an example, a reader or a file is for an object that no plugin has.
    """
    absolute = {name: Path(path).absolute() for name, path in files.items()}
    try:
        _assert_plugin(
            plugin,
            _Aids(
                examples=examples, beside=tuple(beside), companions=tuple(companions), readers=readers, files=absolute
            ),
        )
    except UnmetError as error:
        # Raised anew without the traceback through the kit, in which an author would search in vain for the reason.
        raise UnmetError(str(error)) from error.__cause__


def _assert_plugin(plugin: str | object, aids: _Aids) -> None:
    # Here, because the processes that repeat products import this module and search for nothing; and before the working
    # directory changes, because hypothesis keeps its files in the one where it is imported.
    from datacard_core.testing.trials.families import trial_of  # noqa: PLC0415

    # Made absolute before the working directory changes; an empty entry means the working directory.
    path = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 - Path("") would stay relative
    with folder() as scratch, _empty_directory() as directory:
        case = loaded_alone(plugin)
        plugins = loaded_with_others(case, plugin, aids.beside)
        aids.refuse_unknown(plugins)
        its = contributed(plugins, case.plugin)
        assert_pickled(case, plugins, (plugin, *aids.beside), its)
        run = _run(case, plugins, its, aids, scratch)
        made = _assert_objects(case, run, its, trial_of)
        assert_repeated(
            case,
            Task(
                plugins=plugins,
                contributed=its,
                declarations=run.declarations,
                scratch=scratch,
                companions=run.companions,
            ),
            path,
            made,
        )
        left = ", ".join(sorted(path.name for path in directory.iterdir()))
        case.expect(
            not left, "that it writes no file but those it is told to", f"it wrote {left} to the working directory"
        )


def _assert_objects(case: Case, run: Run, its: Contributed, trial_of: Callable[[str], Assert]) -> list[object]:
    """Run the trials of the objects of a plugin, and return the products of all."""
    made: list[object] = []
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            for field, key in its:
                made += trial_of(field)(run, attrs.evolve(case, what=f"{_WORDS[field]} {key!r}"), key)
    finally:
        # An author who looks for the reason of a failure prints.
        sys.stdout.write(printed.getvalue())
    # Programs read the output of commands, such as that of `datacard plugins --json`.
    said = printed.getvalue().strip().partition("\n")[0]
    case.expect(not said, "that it prints nothing to standard output", f"it printed {said!r:.200}")
    return made


def _run(case: Case, plugins: Plugins, its: Contributed, aids: _Aids, scratch: Path) -> Run:
    typs = [typ for field, typ in its if field == "kinds"]
    declarations: dict[str, tuple[Keywords, ...]] = {
        typ: accepted(attrs.evolve(case, what=f"systematic kind {typ!r}"), plugins.kind(typ), aids.examples)
        # Examples of kinds beside the plugin are for its renderings.
        for typ in dict.fromkeys((*typs, *aids.examples))
    }
    quiet = attrs.evolve(plugins, checks=attrs.evolve(plugins.checks, by_name={}))
    return Run(
        plugins=quiet,
        checks=plugins.checks,
        declarations=declarations,
        companions=aids.companions,
        anew=_anew(quiet),
        channel_of=functools.cache(functools.partial(channels.of, plugins=quiet)),
        readers=aids.readers,
        files=aids.files,
        scratch=scratch,
    )


def _anew(plugins: Plugins) -> Callable[[], Plugins]:
    """Return a function that returns the plugins with their kinds in the state that they have now."""
    kinds = {typ: (provided.plugin, provided.origin) for typ, provided in plugins.kinds.items()}
    try:
        pickled = pickle.dumps({typ: provided.value for typ, provided in plugins.kinds.items()})
    except Exception:  # noqa: BLE001 - classes of a module that is not imported by its name cannot be pickled
        return lambda: plugins

    def anew() -> Plugins:
        values = pickle.loads(pickled)  # noqa: S301 - it was made above
        made = {typ: Provided(values[typ], *whose) for typ, whose in kinds.items()}
        return attrs.evolve(plugins, kinds=attrs.evolve(plugins.kinds, by_name=made))

    return anew


@contextlib.contextmanager
def _empty_directory() -> Iterator[Path]:
    """Yield an empty directory that is the working directory inside."""
    with folder() as directory, contextlib.chdir(directory):
        yield directory
