"""Templates of processes with a free parameter, scaled to keep the totals over categories and years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import outputs as by_hand
from tests.support.outputs import Output, bins, card, found, problems, process, shape, simulated, template, variance

if TYPE_CHECKING:
    from datacard_core import MCProcesses


class TestShapeOnly:
    """Totals over SR and CR, in two years, with flow."""

    def output(self) -> by_hand.Output:
        output = Output()
        contents = {  # with underflow and overflow
            "2022": {
                "SR": {"nominal": [1, 10, 20, 9], "JESUp": [2, 12, 24, 12], "JESDown": [0, 8, 16, 6]},
                "CR": {"nominal": [0, 30, 30, 0], "JESUp": [0, 35, 35, 5], "JESDown": [0, 25, 25, 0]},
            },
            "2023": {
                "SR": {"nominal": [0, 40, 60, 0], "JESUp": [0, 50, 75, 0], "JESDown": [0, 30, 50, 0]},
                "CR": {"nominal": [0, 70, 30, 0], "JESUp": [0, 90, 35, 0], "JESDown": [0, 60, 20, 0]},
            },
        }
        for year, by_category in contents.items():
            for sample in ("Signal", "TTbar", "VV"):
                output.add(sample, year, simulated(by_category, bins(0, 1, 2)))
        return output

    def processes(self) -> MCProcesses:
        years = ["2022", "2023"]
        processes = by_hand.two_processes(years, has_rateParam=True)
        processes["vv"] = process("vv", "VV", years=years)
        return processes

    # Over SR and CR with flow, by year: nominal 40 + 60 and 100 + 100, Up 50 + 75 and 125 + 125, Down 30 + 50 and
    # 80 + 80: over both years 300, 375 and 240.
    UP, DOWN = 300 / 375, 300 / 240

    @pytest.mark.slow
    def test_each_direction(self) -> None:
        """Each direction is scaled by its total over categories, years and flow."""
        systematic = shape("JES", ["signal", "ttbar", "vv"], ["2022", "2023"])
        made = card(self.output(), systematic, mc_processes=self.processes(), shape_only_for_rateparam=True)
        assert template(made, "ttbar_2022", "JESUp") == pytest.approx([12 * self.UP, 24 * self.UP])
        assert template(made, "ttbar_2023", "JESUp") == pytest.approx([50 * self.UP, 75 * self.UP])
        assert template(made, "ttbar_2023", "JESDown") == pytest.approx([30 * self.DOWN, 50 * self.DOWN])
        assert variance(made, "ttbar_2023", "JESDown") == pytest.approx([30 * self.DOWN**2, 50 * self.DOWN**2])
        assert template(made, "ttbar_2022") == [10, 20]

    def test_other_processes(self) -> None:
        """Processes without a free parameter keep their normalisation."""
        systematic = shape("JES", ["signal", "ttbar", "vv"], ["2022", "2023"])
        made = card(self.output(), systematic, mc_processes=self.processes(), shape_only_for_rateparam=True)
        assert template(made, "vv_2022", "JESUp") == [12, 24]
        assert template(made, "signal_2023", "JESDown") == [30, 50]

    @pytest.mark.slow
    def test_nuisance_of_one_year(self) -> None:
        """A nuisance of one year keeps the total of that year."""
        systematic = shape("JES_2023", years=["2023"], coffea_name_alias="JES")
        made = card(self.output(), systematic, mc_processes=self.processes(), shape_only_for_rateparam=True)
        assert template(made, "ttbar_2023", "JES_2023Up") == pytest.approx([50 * 200 / 250, 75 * 200 / 250])

    def test_chosen_categories(self) -> None:
        """The categories to keep totals over can be chosen."""
        made = card(
            self.output(),
            shape("JES", years=["2022", "2023"]),
            mc_processes=self.processes(),
            shape_only_for_rateparam=True,
            rateparam_norm_categories=["CR"],
        )
        # CR alone: nominal 60 + 100, Up 75 + 125
        assert template(made, "ttbar_2022", "JESUp") == pytest.approx([12 * 160 / 200, 24 * 160 / 200])

    @pytest.mark.slow
    def test_single_category(self) -> None:
        """One category may be a string."""
        options: dict[str, Any] = {"mc_processes": self.processes(), "shape_only_for_rateparam": True}
        systematic = shape("JES", years=["2022", "2023"])
        one, other = (
            card(self.output(), systematic, rateparam_norm_categories=categories, **options)
            for categories in ("CR", ["CR"])
        )
        assert one.histogram == other.histogram

    @pytest.mark.slow
    def test_histograms_by_category(self) -> None:
        """Each category may have the histograms of another variable."""
        output = self.output()
        njets = Output()
        for year, up in (("2022", [0, 5, 5, 0]), ("2023", [0, 10, 20, 0])):
            values = {"nominal": [0, 5, 5, 0], "JESUp": up}
            njets.add("TTbar", year, simulated({"CR": values}, bins(4, 5, 6)))
        made = card(
            output,
            shape("JES", years=["2022", "2023"]),
            mc_processes=self.processes(),
            shape_only_for_rateparam=True,
            rateparam_norm_categories={"SR": output.histograms, "CR": njets.histograms},
        )
        # SR: nominal 40 + 100, Up 50 + 125; CR of the other variable: nominal 10 + 10, Up 10 + 30
        factor = (140 + 20) / (175 + 40)
        assert template(made, "ttbar_2022", "JESUp") == pytest.approx([12 * factor, 24 * factor])

    @pytest.mark.slow
    def test_without_free_parameter(self) -> None:
        """A card without a free parameter does not change."""
        systematic = shape("JES", ["ttbar"], ["2022", "2023"])
        plain, scaled = (card(self.output(), systematic, shape_only_for_rateparam=chosen) for chosen in (False, True))
        assert plain.content() == scaled.content()
        assert plain.histogram == scaled.histogram

    @pytest.mark.parametrize("categories", [[], {}], ids=["list", "dict"])
    def test_no_category(self, categories: Any) -> None:
        """No category at all is an error, and not taken for all of them."""
        systematic = shape("JES", years=["2022", "2023"])
        options = {"shape_only_for_rateparam": True, "rateparam_norm_categories": categories}
        (problem,) = problems(self.output(), systematic, mc_processes=self.processes(), **options)
        assert problem.startswith("rateparam_norm_categories is empty")

    def test_unknown_category(self) -> None:
        """An unknown category is an error with the closest match."""
        text = "\n".join(
            problems(
                self.output(),
                shape("JES", years=["2022", "2023"]),
                mc_processes=self.processes(),
                shape_only_for_rateparam=True,
                rateparam_norm_categories=["SR", "CRR"],
            )
        )
        assert "'CRR'" in text
        assert "did you mean 'CR'?" in text


@pytest.mark.slow
def test_total_of_all_cards() -> None:
    """The total of all cards stays nominal, and migration between them stays."""
    axis = bins(0, 1, 2, underflow=False, overflow=False)
    output = Output()
    for sample in ("Signal", "TTbar"):
        contents = {
            "SR": {"nominal": [10, 20], "JESUp": [20, 30], "JESDown": [5, 5]},
            "CR": {"nominal": [30, 40], "JESUp": [40, 60], "JESDown": [30, 20]},
        }
        output.add(sample, "2022", simulated(contents, axis))
    processes = by_hand.two_processes(has_rateParam=True)
    made = [
        card(
            output,
            shape("JES"),
            mc_processes=processes,
            category=category,
            shape_only_for_rateparam=True,
        )
        for category in ("SR", "CR")
    ]
    for direction in ("Up", "Down"):
        assert sum(one.rate("ttbar_2022", f"JES{direction}") for one in made) == pytest.approx(100)
    assert made[0].rate("ttbar_2022", "JESUp") == pytest.approx(50 * 100 / 150)  # migration stays


def test_before_rebinning_and_clipping() -> None:
    """Totals are taken before bins are joined and clipped."""
    output = Output()
    values = {"nominal": [10, 10, 10], "JESUp": [30, 40, -10], "JESDown": [10, 10, 10]}
    for sample in ("Signal", "TTbar"):
        output.add(sample, "2022", simulated({"SR": values}))
    made = card(
        output,
        shape("JES"),
        mc_processes=by_hand.two_processes(has_rateParam=True),
        shape_only_for_rateparam=True,
        bins_edges=[0, 2, 3],
    )
    # the total is 30 over 60: [70, -10] / 2, then clipped
    assert template(made, "ttbar_2022", "JESUp") == [35, 0]
    assert made.rate("ttbar_2022", "JESUp") == 35


def test_variation_without_total() -> None:
    """A variation without positive total keeps its normalisation, with a warning."""
    output = Output()
    values = {"nominal": [10, 10], "JESUp": [20, -30], "JESDown": [10, 30]}
    for sample in ("Signal", "TTbar"):
        output.add(sample, "2022", simulated({"SR": values}))
    made = card(
        output,
        shape("JES"),
        mc_processes=by_hand.two_processes(has_rateParam=True),
        shape_only_for_rateparam=True,
    )
    assert template(made, "ttbar_2022", "JESUp") == [20, 0]
    assert template(made, "ttbar_2022", "JESDown") == [5, 15]  # 20 over 40
    (kept,) = found(made, "not-shape-only")
    assert "JESUp" in kept
    assert "ttbar" in kept


def test_nominal_below_0() -> None:
    """A nominal total below 0 scales no template."""
    output = Output()
    contents = {
        "CR": {"nominal": [-90, 0], "JESUp": [-20, 0], "JESDown": [10, 0]},
        "SR": {"nominal": [10, 20], "JESUp": [20, 30], "JESDown": [5, 5]},
    }
    for sample in ("Signal", "TTbar"):
        output.add(sample, "2022", simulated(contents))
    made = card(
        output,
        shape("JES"),
        mc_processes=by_hand.two_processes(has_rateParam=True),
        shape_only_for_rateparam=True,
    )
    # nominal 30 - 90 = -60 over Up 50 - 20 = 30 would be a factor of -2
    assert template(made, "ttbar_2022", "JESUp") == [20, 30]
    assert len(found(made, "not-shape-only")) == 2
