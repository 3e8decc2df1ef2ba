"""Trials by family: the one place that maps a family of plugin objects to the functions that test it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from datacard_core.names import closest
from datacard_core.testing.cases import Case
from datacard_core.testing.tasks import Run
from datacard_core.testing.trials import (
    checks,
    kinds,
    mistakes,
    plots,
    readers,
    renderings,
    serializers,
    sources,
    template_readers,
    writers,
)

if TYPE_CHECKING:
    from datacard_core.model.channel import Channel

Assert: TypeAlias = Callable[[Run, Case, str], Sequence[object]]
"""Function that tests the object of a key, and returns its first products in the order of its makers."""


def trial_of(field: str) -> Assert:
    """Return the trial of a family, which is given as its attribute of `Plugins`.

    Raises:
        LookupError: the kit has no trial for the family.
    """
    if field not in TRIALS:
        raise LookupError(
            f"the conformance kit has no trial for the plugin family {field!r}{closest(field, TRIALS)}; "
            f"add one to TRIALS in {__name__}"
        )
    return TRIALS[field]


def _assert_kind(run: Run, case: Case, typ: str) -> Sequence[object]:
    trial = kinds.KindTrial(
        case=case,
        plugins=run.plugins,
        typ=typ,
        companions=run.companions,
        anew=run.anew,
        references=run.references,
    )
    products = kinds.assert_kind(trial, run.declarations[typ])
    mistakes.assert_mistakes(trial, run.declarations[typ])
    return products


def _assert_writer(run: Run, case: Case, name: str) -> Sequence[object]:
    return writers.assert_writer(writers.Writing(case, run.plugins, name), run.channel_of)


def _assert_serializer(run: Run, case: Case, name: str) -> Sequence[object]:
    return serializers.assert_serializer(case, run.plugins.serializer(name), run.readers.get(name), run.scratch)


def _assert_reader(run: Run, case: Case, name: str) -> Sequence[object]:
    readers.assert_reader(case, run.plugins.reader(name), run.files.get(name))
    return ()


def _assert_template_reader(run: Run, case: Case, name: str) -> Sequence[object]:
    template_readers.assert_template_reader(case, run.plugins.template_readers[name], run.scratch)
    return ()


def _assert_check(run: Run, case: Case, name: str) -> Sequence[object]:
    return checks.assert_check(case, run.checks[name], run.channel_of)


def _assert_plot(run: Run, case: Case, name: str) -> Sequence[object]:
    return plots.assert_plot(case, run.channel_of, run.plugins.plot(name), run.scratch)


def _assert_source(run: Run, case: Case, name: str) -> Sequence[object]:
    sources.assert_source(case, run.plugins.source(name), run.files.get(name), run.scratch)
    return ()


def _assert_rendering(run: Run, case: Case, name: str) -> Sequence[object]:
    with case.trying("cards of the declarations that kinds are tested with"):
        channels: list[Channel] = list(renderings.channels_of(run.plugins, run.declarations, run.companions))
    renderings.assert_rendering(case, run.plugins, run.plugins.renderings[name], channels)
    return ()


TRIALS: Mapping[str, Assert] = MappingProxyType(
    {
        "kinds": _assert_kind,
        "writers": _assert_writer,
        "serializers": _assert_serializer,
        "readers": _assert_reader,
        "template_readers": _assert_template_reader,
        "checks": _assert_check,
        "plots": _assert_plot,
        "sources": _assert_source,
        "renderings": _assert_rendering,
    }
)
"""Trial of each family, by its attribute of `Plugins`."""
