"""Expected events in the place of data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datacard_core import Axis, Blinding, Datacard, Systematics, SystematicUncertainty, load_plugins
from datacard_core.errors import DeclarationError
from datacard_core.treatments.blinding import chosen_bins
from tests.support.outputs import bins, card, codes, observation, observed, signal_and_ttbar, two_processes

AXIS = Axis(np.array([0.0, 0.5, 0.75, 1.0]), "score")


def made(*systematics: SystematicUncertainty, **options: Any) -> Datacard:
    """Return the card of signal (1, 2, 3), ttbar (10, 20, 30) and data (7, 8, 9)."""
    output = signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [7, 8, 9])
    options.setdefault("data_processes", observation("Muon"))
    options.setdefault("blind", True)
    return card(output, *systematics, **options)


def data(of: Datacard) -> list[float]:
    values: list[float] = of.channel.data.values[0].tolist()
    assert of.channel.data.variances[0].tolist() == values
    return values


class TestExpectation:
    """Numbers in the place of counts."""

    def test_backgrounds(self) -> None:
        """They are the backgrounds times the start values of their free parameters, with a Poisson variance."""
        of = made(mc_processes=two_processes(has_rateParam={"initial": 1.5}))
        assert data(of) == [15, 30, 45]
        assert of.observation == -1

    def test_signal(self) -> None:
        """A signal strength adds signals, and nothing is rounded."""
        assert data(made(blind=Blinding(signal=0.25))) == [10.25, 20.5, 30.75]

    def test_some_bins(self) -> None:
        """The other bins keep their counts, after a rebinning too."""
        assert data(made(blind=lambda axis: axis.edges[1:] > 2)) == [7, 8, 30]
        of = made(blind=lambda axis: axis.edges[1:] > 2, bins_edges=[0, 1, 3])
        assert data(of) == [7, 50]
        assert of.observation == 57

    def test_outside_the_bins(self) -> None:
        """Data outside the axis belong to the outer bins, blind or open."""
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.add("Muon", "2022", observed({"SR": [1, 7, 8, 9, 2]}, bins(0, 1, 2, 3)))
        options: dict[str, Any] = {"data_processes": observation("Muon"), "flow": "fold"}
        assert data(card(output, blind=lambda axis: axis.edges[1:] <= 1, **options)) == [10, 8, 11]
        assert data(card(output, blind=lambda axis: axis.edges[1:] > 2, **options)) == [8, 8, 30]

    def test_all_bins_of_a_function(self) -> None:
        """A function that chooses all bins is as good as True, and one that chooses none leaves the data."""
        assert made(blind=lambda axis: axis.edges[1:] > 0).observation == -1
        assert made(blind=lambda axis: axis.edges[1:] < 0).observation == 24

    def test_without_data_process(self) -> None:
        """A card without data that is not blind has the sum of its backgrounds, as before, and no mark."""
        of = made(mc_processes=two_processes(has_rateParam={"initial": 1.5}), data_processes=None, blind=False)
        assert data(of) == [10, 20, 30]
        assert "blind" not in of.content()

    @pytest.mark.slow
    @pytest.mark.parametrize(("start", "told"), [("1+@0", ["asimov-factor"]), (2.0, [])])
    def test_factors(self, start: Any, told: list[str]) -> None:
        """A factor from a function is not in the expectation, which a warning tells."""
        options = {"arguments": ["a"]} if told else {}
        factor = SystematicUncertainty("SF", "rateParam", ["ttbar"], ["2022"], start, options=options)
        parameter = SystematicUncertainty("a", "extArg", options={"initial": 1})
        of = made(factor, parameter, plugins=load_plugins())
        assert [code for code in codes(of) if code == "asimov-factor"] == told
        assert data(of) == ([10, 20, 30] if told else [20, 40, 60])

    @pytest.mark.slow
    @pytest.mark.parametrize(("start", "told"), [("1", 0), ("2", 1)])
    def test_factor_of_a_script(self, start: str, told: int) -> None:
        """A free parameter that a script writes itself is taken as 1, with a warning if it starts elsewhere."""

        class Own(Datacard):
            def rate_parameters_section(self) -> str:
                return f"SF rateParam * ttbar_2022 {start} [0,5]\n"

        output = signal_and_ttbar(nominal=[10, 20, 30])
        arguments = (output.histograms, output.metadata, output.cutflow, ["2022"], two_processes(), Systematics([]))
        of = Own(*arguments, "SR", blind=True, verbose=False)
        assert [finding.code for finding in of.findings].count("asimov-factor") == told


class TestFunction:
    """Functions of a script that choose bins."""

    def test_bins(self) -> None:
        """They get the axis, and return a list or an array."""
        assert chosen_bins(lambda axis: axis.edges[:-1] >= 0.5, AXIS) == (1, 2)
        assert chosen_bins(lambda axis: [axis.name == "score", False, False], AXIS) == (0,)

    @pytest.mark.parametrize("result", [True, [0, 1, 1], [True, False], None], ids=repr)
    def test_wrong_result(self, result: Any) -> None:
        """Positions, one value and another number of values are refused."""
        with pytest.raises(DeclarationError, match="expected True or False for each of its 3 bins"):
            chosen_bins(lambda _: result, AXIS)
