"""Declarations may be changed until a card takes its copy, and each change is checked."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import attrs
import pytest

from datacard_core import (
    DataProcess,
    DataProcesses,
    DeclarationError,
    MCProcess,
    MCProcesses,
    Systematics,
    SystematicUncertainty,
)
from tests.support import outputs
from tests.support.cases import case


def process(**changes: Any) -> MCProcess:
    declared: dict[str, Any] = {"name": "ttbar", "samples": ["TTbar"], "years": ["2022"], "is_signal": False}
    return MCProcess(**declared | changes)


def lumi(**changes: Any) -> SystematicUncertainty:
    declared: dict[str, Any] = {
        "name": "lumi",
        "typ": "lnN",
        "processes": ["signal", "ttbar"],
        "years": ["2022"],
        "value": 1.02,
    }
    return SystematicUncertainty(**declared | changes)


class TestProcesses:
    """Changes of processes."""

    def test_samples_are_filled_later(self) -> None:
        """Samples may be appended, extended or assigned after the declaration."""
        declared = process(samples=[])
        declared.samples.append("TTbar")
        declared.samples = [*declared.samples, "TTbar_dilepton"]
        assert declared.samples == ["TTbar", "TTbar_dilepton"]

    def test_assignment_is_checked(self) -> None:
        """An assignment is refused as an argument is, and the process stays as it was."""
        cases: list[tuple[str, Any, str]] = [
            ("samples", ["A", "A"], "lists A twice"),
            ("years", [2022], "expected a string such as '2022'"),
            ("is_signal", "no", "expected True or False"),
            ("name", "tt bar", "is not a name"),
        ]
        for field, value, part in cases:
            with case(field, value, part):
                declared = process()
                with pytest.raises(DeclarationError, match=part):
                    setattr(declared, field, value)
                assert declared == process()

    def test_assignment_is_converted(self) -> None:
        """An assigned string is one sample, as an argument is."""
        declared = process()
        declared.samples = "TTbar_dilepton"  # type: ignore[assignment] # as scripts do
        assert declared.samples == ["TTbar_dilepton"]

    def test_misspelt_field(self) -> None:
        """A misspelt field is an error with the closest match; other attributes are free."""
        declared = process()
        with pytest.raises(AttributeError, match=r"'has_rateparam' \(did you mean 'has_rateParam'"):
            declared.has_rateparam = True  # type: ignore[attr-defined]
        declared.color = "red"  # type: ignore[attr-defined]

    def test_lists_changed_to_refused_contents(self) -> None:
        """Contents that no check saw are refused when a card takes its copy."""
        declared = process()
        declared.samples.append("TTbar")
        with pytest.raises(DeclarationError, match="lists TTbar twice"):
            declared.frozen()


class TestSystematics:
    """Changes of systematics."""

    def test_value(self) -> None:
        """A new value holds for all processes."""
        declared = lumi()
        declared.value = 1.05
        assert declared.processes == {"signal": 1.05, "ttbar": 1.05}

    def test_value_of_one_process(self) -> None:
        """The value of one process may be changed in place, and counts in copies."""
        declared = lumi()
        declared.processes["ttbar"] = 1.1
        assert attrs.evolve(declared, name="other").processes == {"signal": 1.02, "ttbar": 1.1}
        assert declared.frozen().processes == {"signal": 1.02, "ttbar": 1.1}

    def test_processes(self) -> None:
        """New names keep the value, new values by process replace it."""
        declared = lumi()
        declared.processes = ["ttbar"]  # type: ignore[assignment] # as scripts do
        assert declared.processes == {"ttbar": 1.02}
        declared.processes = {"signal": 1.3}
        assert (declared.processes, declared.value) == ({"signal": 1.3}, None)

    def test_refused_value(self) -> None:
        """A value that is not a number is refused, and the old one stays."""
        declared = lumi()
        with pytest.raises(DeclarationError, match="value True is not a number"):
            declared.value = True
        assert declared.value == 1.02

    def test_merged(self) -> None:
        """A change of a merged declaration's part counts in the card."""
        one, other = lumi(years=["2022"]), lumi(years=["2023"], value=1.03)
        container = Systematics([one, other])
        one.value = 1.5
        frozen = container.frozen()["lumi"]
        assert frozen.value_for("ttbar", "2022") == 1.5
        assert frozen.value_for("ttbar", "2023") == 1.03


def test_copies() -> None:
    """A copy is equal, and may be changed without the original."""
    declarations_made: list[Any] = [process(), lumi(), DataProcess(name="data_obs", samples=["D"], years=["2022"])]
    travels: list[Any] = [copy.copy, copy.deepcopy, lambda kept: pickle.loads(pickle.dumps(kept))]
    for declared in declarations_made:
        for travel in travels:
            with case(declared, travel):
                arrived = travel(declared)
                assert arrived == declared
                arrived.name = "other"
                assert declared.name != "other"


def test_dataclass_functions() -> None:
    """`dataclasses.replace` and `asdict` work, as with PocketCoffea's declarations."""
    # For type checkers they are attrs classes.
    one: Any = process()
    other: Any = lumi()
    assert dataclasses.replace(one, years=["2023"]).years == ["2023"]
    assert dataclasses.asdict(other)["processes"] == {"signal": 1.02, "ttbar": 1.02}


class TestContainers:
    """Containers while their declarations change."""

    def test_all_faults_at_once(self) -> None:
        """The copy of a container tells the faults of all declarations."""
        first, second = process(samples=[]), process(name="vv", years=[])
        with pytest.raises(DeclarationError) as raised:
            MCProcesses([first, second]).frozen()
        assert len(raised.value.problems) == 2

    def test_renamed(self) -> None:
        """A declaration that was renamed in its container is refused by a card."""
        declared = process()
        container = MCProcesses([declared])
        declared.name = "other"
        with pytest.raises(DeclarationError, match="'other'"):
            container.frozen()


class TestCards:
    """Cards and their copies."""

    def test_filled_after_declaration(self) -> None:
        """A card has the samples that a script filled in later."""
        output = outputs.signal_and_ttbar(nominal=[1, 2, 3]).data("Muon", "2022", [4, 5, 6])
        data = DataProcess(name="data_obs", samples=[], years=["2022"])
        container = DataProcesses([data])
        data.samples.append("Muon")
        assert outputs.card(output, data_processes=container).observation == 15

    def test_later_changes(self) -> None:
        """Changes after a card is built do not reach it."""
        processes = outputs.two_processes()
        made = outputs.card(outputs.signal_and_ttbar(nominal=[1, 2, 3]), mc_processes=processes)
        text = made.content()
        processes["ttbar"].samples.append("Other")
        assert made.content() == text
        assert list(made.mc_processes["ttbar"].samples) == ["TTbar"]

    def test_empty_process(self) -> None:
        """A card refuses a process without samples, with its name."""
        processes = outputs.two_processes()
        processes["ttbar"].samples.clear()
        with pytest.raises(DeclarationError, match="MCProcess 'ttbar' has no samples"):
            outputs.card(outputs.signal_and_ttbar(nominal=[1, 2, 3]), mc_processes=processes)
