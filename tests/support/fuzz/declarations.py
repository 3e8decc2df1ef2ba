"""Fuzzer of declarations: an object of no meaning must be refused, and a card has the numbers of what was meant."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import attrs
import numpy as np

from datacard_core import (
    Analysis,
    Category,
    Datacard,
    DatacardError,
    DataProcess,
    DataProcesses,
    MCProcess,
    MCProcesses,
    Model,
    Policies,
    Systematics,
    SystematicUncertainty,
    combine_datacards,
    correlate,
    decorrelate,
    load_output,
    load_plugins,
    prefit,
    read_card,
)
from datacard_core.arguments import shown
from tests.support.fuzz import oracle
from tests.support.fuzz.dicts import where as place_of
from tests.support.fuzz.outputs import MEANING, PLUGINS, YEARS
from tests.support.fuzz.values import hostile, in_other_type

_NAMES = ["sig", "tt", "vj"]

# Forms of arguments with the change that they mean; a form that means the declaration as it is changes nothing.
_FORMS: dict[tuple[str, str], list[tuple[Any, dict[str, Any] | None]]] = {
    ("card", "category"): [("SR", {}), (np.str_("SR"), {}), ("CR", {"category": "CR"})],
    ("card", "bin_suffix"): [
        ("y", {"suffix": "_y"}),
        (0, {"suffix": "_0"}),
        (np.int64(5), {"suffix": "_5"}),
        ("", {"suffix": ""}),
    ],
    ("card", "bin_prefix"): [("p", {"prefix": "p_"}), (None, {}), ("", {})],
    ("card", "bins_edges"): [
        ([0, 2, 6], {"edges": [0, 2, 6]}),
        ((0.0, 3, np.float32(6)), {"edges": [0, 3, 6]}),
        (np.array([1, 5]), {"edges": [1, 5]}),
        (range(0, 7, 3), {"edges": [0, 3, 6]}),
        (2, {"edges": 2}),
        (np.int64(3), {"edges": 3}),
        (None, {}),
        (4, None),
        (True, None),
        ([0, 2.5], None),
        ([6, 0], None),
        ("06", None),
        ([0], None),
        ([0, 10**400], None),
    ],
    ("card", "years"): [
        (["2022"], {"years": ["2022"]}),
        ("2023", {"years": ["2023"]}),
        (np.array(["2022", "2023"]), {}),
        ({"2023", "2022"}, {}),
        ([2022], None),
        ([], None),
        (["2022", "2022"], None),
    ],
    ("card", "mcstat"): [
        (True, {}),
        (np.bool_(False), {}),
        ({"threshold": 5}, {}),
        ({"threshhold": 5}, None),
        (1, None),
    ],
    ("card", "flow"): [("drop", {}), ("fold_", None), (True, None)],
    ("card", "unroll"): [(None, {}), ("no", None), (["m", "n"], None), (5, None), ({}, None)],
    ("card", "blind"): [
        (False, {}),
        (np.bool_(False), {}),
        ([], {}),
        (np.array(["CR"]), {}),
        ("no-such", None),
        (["SR", "no-such"], None),
        (0, None),
        (None, None),
        ({"SR": False}, None),
        (lambda _: 1, None),
    ],
    ("card", "policies"): [
        ({}, {}),
        (Policies(), {}),
        ({"negative_bins": np.str_("clip")}, {}),
        ({"negative_bins": "no"}, None),
        ({"negative_bin": "clip"}, None),
        ("clip", None),
    ],
    ("card", "verbose"): [(False, {}), (np.bool_(False), {}), ("no", None), (None, None)],
    ("card", "strict"): [(False, {}), ([], {}), ("no", None), ("clipped", None), (["no-such-code"], None)],
    ("card", "accept"): [({}, {}), ({"clipped": "few events"}, {}), ({"clipped": ""}, None), (["clipped"], None)],
    ("card", "shape_only_for_rateparam"): [(False, {}), (np.bool_(False), {}), ("no", None), (0, None)],
    ("card", "rateparam_norm_categories"): [(None, {}), (["SR"], {}), ("SR", {}), (5, None)],
    ("card", "data_variations"): [(None, {}), ({}, {}), ({"Muon": 5}, None)],
    ("card", "single_year"): [(False, {}), (True, None), ("no", None)],
    ("card", "bin_name"): [(None, {}), ("whole", None), (5, None)],
    ("process", "samples"): [
        (["TTbar"], {}),
        ("TTbar", {}),
        (("TTbar", "Vjets"), None),
        ({"Muon"}, {"backgrounds": {"tt": ["Muon"], "vj": ["Vjets"]}}),
        (["TTbar", "TTbar"], None),
        ([], None),
        (["TTBar"], None),
    ],
    ("process", "years"): [(list(YEARS), {}), (np.array(YEARS), {}), (YEARS, {}), ([2022, 2023], None), (None, None)],
    ("process", "from_category"): [(None, {}), ("no-such", None), (5, None), ("", None)],
    ("process", "from_variable"): [(None, {}), ("no-such", None), (5, None), ("", None)],
    ("process", "sample_norms"): [({}, {}), ({"x": {}}, None), ({"x": {"no-such": 1.1}}, None), (3, None)],
    ("process", "subtract"): [([], {}), (None, {}), (["TTbar"], None), (["no-such"], None), ([5], None)],
    ("process", "scale"): [
        (1, {}),
        (np.float64(1), {}),
        (0, None),
        (-1, None),
        ("1", None),
        (True, None),
        (None, None),
    ],
    ("process", "label"): [("top", {}), (None, {}), ("", {}), ({"a": 1}, None), (5, None)],
    ("process", "is_signal"): [(False, {}), (np.bool_(False), {}), (0, None), ("no", None), (None, None)],
    ("process", "has_rateParam"): [(False, {}), (np.bool_(False), {}), ("", None), (1, None)],
    ("systematic", "processes"): [
        (_NAMES, {}),
        (set(_NAMES), {}),
        ("tt", {"of_lumi": ["tt"]}),
        (np.array(["tt", "vj"]), {"of_lumi": ["tt", "vj"]}),
        ([], None),
        (["tt", "tt"], None),
    ],
    ("systematic", "value"): [
        (1.05, {"factor": 1.05}),
        (np.float64(1.05), {"factor": 1.05}),
        (np.array(1.05), {"factor": 1.05}),
        (2, {"factor": 2.0}),
        ("1.05", None),
        (True, None),
        (0, None),
        (None, None),
    ],
    ("systematic", "datacard_name"): [(None, {}), ("lumi", {}), ("a b", None), ("1a", None), (5, None)],
    ("systematic", "categories"): [(None, {}), (["SR", "CR"], {}), ([], None), ([5], None)],
    ("systematic", "options"): [({}, {}), ({"range": 1}, None), ([], None)],
    ("systematic", "coffea_name_alias"): [(None, {}), ("JES", {}), ({"tt": "JES"}, {}), (5, None)],
    ("data", "samples"): [("Muon", {}), (["TTbar"], {"data": ["TTbar"]}), ([], None), ([5], None)],
    ("data", "round_counts"): [(False, {}), ("no", None)],
}
"""Values of arguments by the declaration that they belong to, each with its meaning; None for a value to refuse."""

_OF_ANY_TEXT = {
    *(
        "process.label",
        "systematic.datacard_name",
        "systematic.categories",
        "systematic.coffea_name_alias",
        "systematic.processes",
    ),
    *("card.bin_prefix", "card.bin_suffix", "card.rateparam_norm_categories", "card.data_variations", "card.accept"),
}
"""Arguments that a text, or a dict, may have for a meaning of its own."""


@attrs.define(kw_only=True)
class _Declared:
    """Arguments of the declarations of a card, by declaration."""

    arguments: dict[str, dict[str, Any]]
    meant: dict[str, Any] = attrs.field(factory=dict)
    refused: bool = False
    """True if one of the arguments has no meaning."""
    unknown: bool = False
    """True if an argument may pass, and its meaning is not worked out here."""
    elsewhere: bool = False
    """True if the systematic is in another card."""
    changed: set[str] = attrs.field(factory=set)
    done: list[str] = attrs.field(factory=list)

    def change(self, rng: Random) -> None:
        """Change one argument."""
        where = rng.choice([place for place in _FORMS if ".".join(place) not in self.changed])
        self.changed.add(".".join(where))
        way = rng.random()
        arguments, name = self.arguments[where[0]], where[1]
        if way < 0.05:
            given = rng.choice(list(arguments))
            arguments[rng.choice((f"{given}s", given[:-1], given.upper()))] = arguments.pop(given)
            self.refused = True
            self.done.append(f"{where[0]} without {given}")
            return
        if way < 0.5:
            arguments[name] = hostile(rng)
            any_text = isinstance(arguments[name], str | Mapping | int) and ".".join(where) in _OF_ANY_TEXT
            self.refused |= not any_text
            self.unknown |= any_text
            # No rule of a kind is asked about a systematic of another category.
            self.elsewhere |= any_text and where == ("systematic", "categories")
        else:
            value, meant = rng.choice(_FORMS[where])
            arguments[name] = in_other_type(rng, value) if rng.random() < 0.3 else value
            if meant is None:
                self.refused = True
            else:
                self.meant |= meant
        self.done.append(f"{'.'.join(where)}={shown(arguments[name], 60)}")

    @property
    def meaning(self) -> oracle.Meaning:
        """The meaning of all arguments together."""
        meant: dict[str, Any] = {
            "prefix": "",
            "suffix": "_x",
            "category": "SR",
            "of_lumi": _NAMES,
            "factor": 1.02,
        } | self.meant
        name = f"{meant.pop('prefix')}{meant['category']}{meant.pop('suffix')}"
        factors = {"lumi": (meant.pop("of_lumi"), meant.pop("factor"))}
        return attrs.evolve(MEANING, bin=name, factors=factors, **meant)


def _base(output: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "process": {"name": "tt", "samples": ["TTbar"], "years": list(YEARS), "is_signal": False},
        "systematic": {"name": "lumi", "typ": "lnN", "processes": _NAMES, "years": list(YEARS), "value": 1.02},
        "data": {"name": "data_obs", "samples": ["Muon"], "years": list(YEARS)},
        "card": {
            "histograms": output["variables"]["m"],
            "datasets_metadata": output["datasets_metadata"],
            "cutflow": output["cutflow"],
            "years": list(YEARS),
            "category": "SR",
            "bin_suffix": "x",
            "mcstat": False,
            "verbose": False,
            "plugins": PLUGINS,
        },
    }


def _card(arguments: dict[str, dict[str, Any]]) -> Datacard:
    shape = SystematicUncertainty("JES", "shape", _NAMES, list(YEARS), 1.0)
    return Datacard(
        mc_processes=MCProcesses(
            [
                MCProcess(name="sig", samples=["Signal"], years=list(YEARS), is_signal=True),
                MCProcess(**arguments["process"]),
                MCProcess(name="vj", samples=["Vjets"], years=list(YEARS), is_signal=False),
            ]
        ),
        systematics=Systematics([SystematicUncertainty(**arguments["systematic"]), shape]),
        data_processes=DataProcesses([DataProcess(**arguments["data"])]),
        **arguments["card"],
    )


def problem(number: int, seed: int, pool: list[dict[str, Any]]) -> tuple[str, bool]:
    """Return what is wrong with the treatment of some declarations, or an empty text, and whether a card was made."""
    rng = Random(f"{seed}/{number}")  # noqa: S311
    if rng.random() < 0.2:
        return _of_a_call(rng), False
    output = rng.choice(pool)
    declared = _Declared(arguments=_base(output))
    for _ in range(rng.randint(1, 2)):
        declared.change(rng)
    try:
        try:
            made = _card(declared.arguments)
        except DatacardError as error:
            str(error)
            return "", False
        if declared.refused or declared.unknown:
            wrong = declared.refused and not declared.elsewhere
            return (f"{declared.done}: accepted" if wrong else ""), True
        text = made.content()
        plain = {
            "histograms": output["variables"]["m"],
            "periods": output["datasets_metadata"]["by_datataking_period"],
            "cutflow": output["cutflow"],
        }
        found = list(oracle.faults(text, None, plain, declared.meaning))
    except Exception as error:  # noqa: BLE001 - each of them is a finding
        return f"{declared.done}: {type(error).__name__}: {error!s:.200} ({place_of(error)})", False
    return (f"{declared.done}: {found}" if found else ""), True


_CALLS: dict[str, Callable[[Any, Path], object]] = {
    "MCProcesses": lambda value, _: MCProcesses(value),
    "MCProcesses([...])": lambda value, _: MCProcesses([value]),
    "MCProcesses.update": lambda value, _: MCProcesses().update(value),
    "MCProcesses[...]": lambda value, _: MCProcesses().__setitem__(value, value),
    "Systematics": lambda value, _: Systematics(value),
    "DataProcesses": lambda value, _: DataProcesses([value]),
    "Category": lambda value, _: Category(value),
    "Category.mcstat": lambda value, _: _of_category(mcstat=value),
    "Category.systematics": lambda value, _: _of_category(systematics=value),
    "Category.exclude": lambda value, _: _analysis(categories={"SR": Category("m", exclude_systematics=value)}).build(
        {}
    ),
    "Category.card_name": lambda value, _: Category("m", card_name=value),
    "Analysis.years": lambda value, _: _analysis(years=value).build({}),
    "Analysis.mc_processes": lambda value, _: _analysis(mc_processes=value).build({}),
    "Analysis.systematics": lambda value, _: _analysis(systematics=value).build({}),
    "Analysis.data_processes": lambda value, _: _analysis(data_processes=value).build({}),
    "Analysis.categories": lambda value, _: _analysis(categories=value),
    "Analysis.label": lambda value, _: _analysis(label=value).build({}),
    "Analysis.mcstat": lambda value, _: _analysis(mcstat=value).build({}),
    "Analysis.plugins": lambda value, _: _analysis(plugins=value),
    "Analysis.strict": lambda value, _: _analysis(strict=value).build({}),
    "Analysis.accept": lambda value, _: _analysis(accept=value).build({}),
    "Analysis.bin_prefix": lambda value, _: _analysis(bin_prefix=value).build({}),
    "Analysis.process_suffix": lambda value, _: _analysis(process_suffix=value).build({}),
    "Analysis.build": lambda value, _: _analysis().build(value, verbose=False),
    "Analysis.build(source)": lambda value, folder: _analysis().build(folder / "none", source=value),
    "Analysis.build(jobs)": lambda value, folder: _analysis().build(folder / "none", jobs=value),
    "Analysis.build(executor)": lambda value, folder: _analysis().build([folder / "a", folder / "b"], executor=value),
    "Analysis.build(parts)": lambda value, folder: _analysis().build(folder / "none", parts=value),
    "load_output": lambda value, _: load_output(value),
    "load_output(variables)": lambda value, folder: load_output(folder / "none", variables=value),
    "load_output(arrays)": lambda value, folder: load_output(folder / "none", arrays=value),
    "load_plugins": lambda value, _: load_plugins(value),
    "load_plugins(block)": lambda value, _: load_plugins(block=[value]),
    "read_card": lambda value, _: read_card(value),
    "read_card(reader)": lambda value, folder: read_card(folder / "none", reader=value),
    "combine_datacards": combine_datacards,
    "decorrelate": lambda value, _: decorrelate(_correlated(), value),
    "decorrelate({...})": lambda value, _: decorrelate(_correlated(), {"a": value}),
    "decorrelate(names)": lambda value, _: decorrelate(_correlated(), "year", names=value),
    "correlate": lambda value, _: correlate(_correlated(), "year", value),
    "correlate([...])": lambda value, _: correlate(_correlated(), "year", [[1, value], [value, 1]]),
    "fraction": lambda value, _: SystematicUncertainty("JES", "shape", ["tt"], ["2022"], 1.0, fraction=value),
    "prefit": lambda value, _: prefit(value),
    "Model.of": lambda value, _: Model.of([value]),
    "Model.of(groups)": lambda value, _: Model.of([], groups={"a": value, "b": [value]}),
    "combine_datacards({...})": lambda value, folder: combine_datacards({"a.txt": value}, folder),
}
"""Calls that must refuse an object of any other type."""


def _analysis(**changed: Any) -> Analysis:
    arguments: dict[str, Any] = {
        "years": list(YEARS),
        "mc_processes": MCProcesses([MCProcess(name="sig", samples=["Signal"], years=list(YEARS), is_signal=True)]),
        "systematics": Systematics(),
        "categories": {"SR": Category("m")},
        "plugins": PLUGINS,
    }
    return Analysis(**arguments | changed)


def _correlated() -> SystematicUncertainty:
    return SystematicUncertainty("JES", "shape", ["tt"], list(YEARS), 1.0, categories=["SR", "CR"])


def _of_category(**changed: Any) -> object:
    return _analysis(categories={"SR": Category("m", **changed)}).build({})


def _of_a_call(rng: Random) -> str:
    name = rng.choice(list(_CALLS))
    value = hostile(rng)
    try:
        with tempfile.TemporaryDirectory() as folder:
            _CALLS[name](value, Path(folder))
    except DatacardError as error:
        str(error)
    except Exception as error:  # noqa: BLE001 - each of them is a finding
        return f"{name} of {shown(value, 60)}: {type(error).__name__}: {error!s:.200} ({place_of(error)})"
    else:
        empty = isinstance(value, dict | list | str) and type(value) in (dict, list, str) and not value
        return "" if empty or name in _MAY_PASS else f"{name} of {shown(value, 60)}: accepted"
    return ""


_MAY_PASS = {
    *("Category", "Category.card_name", "MCProcesses.update", "MCProcesses", "Systematics", "decorrelate({...})"),
    "decorrelate",
    *("decorrelate(names)", "Model.of(groups)", "correlate", "correlate([...])", "fraction"),
}
"""Calls that an object may pass: a text names any variable, a number is a correlation, an iterable may be empty."""
