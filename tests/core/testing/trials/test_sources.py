"""Tests of the trial of histogram sources: what it reports about sources that do not conform."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import HistogramSource, InputError
from tests.support.conformance import CALLS, Tables, failure
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path


class Nothing(Tables):
    """Source that returns None."""

    def read(self, path: Path, variables: Collection[str]) -> Any:
        pass


class Unfinished(Tables):
    """Source of an output that was not postprocessed."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        return {"variables": variables, "cutflow": {"presel": {}}}


class Narrow(Tables):
    """Source that names the requested variables only."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        return super().output({variable: histograms for variable, histograms in variables.items() if histograms})


class Careless(Tables):
    """Source that raises the error of the operating system."""

    def wanted(self, path: Path, variables: Collection[str]) -> Iterator[tuple[str, list[float]]]:
        path.open().close()
        return super().wanted(path, variables)


class Anonymous(Tables):
    """Source whose error does not name the file."""

    def wanted(self, path: Path, variables: Collection[str]) -> Iterator[tuple[str, list[float]]]:
        if not path.is_file():
            raise InputError("no such file")
        return super().wanted(path, variables)


class Unsure(Tables):
    """Source with other yields at each call."""

    def histograms(self, yields: list[float]) -> dict[str, Any]:
        return super().histograms([content + next(CALLS) for content in yields])


class Listed(Tables):
    """Source of lists instead of histograms."""

    def histograms(self, yields: list[float]) -> dict[str, Any]:
        return {"Top": {"Top_2022": yields}}


class Hasty(Tables):
    """Source with histograms of the first variable only."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        first = min(variables)
        return super().output({name: histograms if name == first else {} for name, histograms in variables.items()})


class Overlooking(Tables):
    """Source that names the first of several requested variables only."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        asked_for = [name for name, histograms in variables.items() if histograms]
        return super().output({name: variables[name] for name in (asked_for[:1] if len(asked_for) > 1 else variables)})


class Forgetting(Tables):
    """Source that names no other variable if one is requested."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        asked_for = {name: histograms for name, histograms in variables.items() if histograms}
        return super().output(asked_for if len(asked_for) == 1 else variables)


class Sharing(Tables):
    """Source whose yields depend on the number of requested variables."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        count = sum(1 for histograms in variables.values() if histograms)
        shared = {name: self.histograms([12.0 / count]) if of else of for name, of in variables.items()}
        return super().output(shared)


class Recounting(Tables):
    """Source with other datasets at each call."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        metadata = {"by_datataking_period": {"2022": {"Top": {f"Top_{next(CALLS)}"}}}}
        return {**super().output(variables), "datasets_metadata": metadata}


class Marking(Tables):
    """Source that changes the file."""

    def wanted(self, path: Path, variables: Collection[str]) -> Iterator[tuple[str, list[float]]]:
        found = list(super().wanted(path, variables))
        path.write_text(f"{path.read_text()}z 1\n")
        return iter(found[:2])


class Unordered(Tables):
    """Source with a list of variables."""

    def output(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        return {**super().output({}), "variables": list(variables)}


class Lenient(Tables):
    """Source that takes rubbish for a file without variables."""

    def wanted(self, path: Path, variables: Collection[str]) -> Iterator[tuple[str, list[float]]]:
        if b"\xff" in path.read_bytes() if path.is_file() else b"":
            return iter(())
        return super().wanted(path, variables)


SOURCES: dict[type[HistogramSource], str] = {
    Nothing: "the output as a dict\n  instead: NoneType None",
    Unfinished: "an output that has what cards need\n  instead: InputError: .*datasets_metadata",
    Narrow: "the names of all variables, also of those not requested\n  instead: there is no name",
    Careless: "an InputError for a file that is not there\n  instead: PluginCallError: .*FileNotFoundError",
    Anonymous: "an InputError for a file that is not there, which names it\n  instead: no such file",
    Unsure: "the same output from the same file, each time",
    Hasty: "histograms of 'y', which was requested",
    Overlooking: "the names of all variables, also of those not requested\n  instead: \\['x'\\], before \\['x', 'y'\\]",
    Forgetting: "the names of all variables, also of those not requested\n  instead: \\['x'\\], before \\['x', 'y'\\]",
    Sharing: "the same histograms of 'x', requested alone or with other variables",
    Recounting: "the same datasets and counts from the same file, each time",
    Marking: "that the file stays as it is",
    Unordered: "an output that has what cards need\n  instead: InputError: variables has type list",
    Lenient: "an InputError for a file of rubbish\n  instead: it read \\{'variables'",
    Listed: "a hist.Hist or a HistogramArray for 'x', 'Top', 'Top_2022'\n  instead: InputError: a list stands",
}


@pytest.mark.slow
@pytest.mark.parametrize("broken", SOURCES, ids=lambda broken: broken.__name__)
def test_wrong_sources(broken: type[HistogramSource], table: Path) -> None:
    """The failure of a wrong source names the plugin, the source, the expectation and the result."""
    said = failure(Provider("acme", broken()), files={"tables": table})
    assert said.startswith("plugin 'acme' (local), histogram source 'tables':")
    assert re.search(SOURCES[broken], said), said


@pytest.mark.slow
def test_missing_file() -> None:
    """The failure of a source without a file says how to give one."""
    said = failure(Provider("acme", Tables()))
    assert "no file is given; give one: assert_plugin(…, files={'tables': 'a file that it can read'})" in said
