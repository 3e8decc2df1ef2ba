"""Declared correlations: what cards of them say, and what is refused."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from datacard_core import Analysis, Category, Systematics, correlate, decorrelate
from tests.support import analyses, outputs
from tests.support.declarations import YEARS, by_process, card, refused, row, systematic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core import Datacard

RHO = [[1, 0.6], [0.6, 1]]


def covariance(made: Datacard, columns: Sequence[str]) -> Any:
    """Return the covariance of the logarithms of the columns' yields, from the cells of the card's text."""
    lines = [line.split() for line in made.content().splitlines()]
    names = next(line[1:] for line in lines if line[:1] == ["process"])
    places = [names.index(column) for column in columns]
    rows = [[line[2:][place] for place in places] for line in lines if line[1:2] == ["lnN"]]
    # One standard deviation upwards; a cell of a pair is down/up.
    shifts = [[0 if cell == "-" else math.log(float(cell.split("/")[-1])) for cell in cells] for cells in rows]
    return np.array(shifts).T @ np.array(shifts)


def expected(sizes: Sequence[float], rho: Any) -> Any:
    """Return the covariance of factors with these correlations."""
    logs = np.log(sizes)
    return np.array(rho) * np.outer(logs, logs)


class TestDecorrelate:
    """One parameter for each year, process, category or group."""

    def test_years(self) -> None:
        """Each year has a row of its own, with the value of that year, and reads the variation of old."""
        jes = by_process({"ttbar": {"2022": 1.0, "2023": 0.5}, "vjets": {"2023": 1.0}}, name="JES", typ="shape")
        first, second = decorrelate(jes, "year")
        assert (first.datacard_name, list(first.years), first.processes) == (
            "JES_2022",
            ["2022"],
            {"ttbar": {"2022": 1}},
        )
        assert second.processes == {"ttbar": {"2023": 0.5}, "vjets": {"2023": 1.0}}
        assert second.get_coffea_name("vjets", "2023") == "JES"

    def test_processes(self) -> None:
        """Rows are named by the template and cover one process."""
        made = card(*decorrelate(systematic(), "process", names="CMS_{process}_{name}"))
        assert row(made, "CMS_ttbar_unc")[2:] == ["-", "-", "1.05", "1.05", "-"]
        assert row(made, "CMS_vjets_unc")[2:] == ["-", "-", "-", "-", "1.05"]

    def test_categories(self) -> None:
        """Each listed category has its declaration."""
        declared = decorrelate(systematic(categories=["SR", "CR"]), "category")
        assert [(one.datacard_name, one.categories) for one in declared] == [("unc_SR", ("SR",)), ("unc_CR", ("CR",))]

    def test_groups(self) -> None:
        """Years of a group share a parameter, which is named after the group."""
        years = ["2022_preEE", "2022_postEE", "2023"]
        groups = {"2022": years[:2], "2023": years[2:]}
        declared = decorrelate(systematic(years=years), groups)
        assert [(one.datacard_name, list(one.years)) for one in declared] == [
            ("unc_2022", years[:2]),
            ("unc_2023", ["2023"]),
        ]

    def test_merged_declarations(self) -> None:
        """Declarations that were merged keep their values, names of variations and categories."""
        parts = [
            systematic(typ="shape", years=["2022"], value=1.0, coffea_name_alias="old", categories=["SR"]),
            systematic(typ="shape", years=["2022", "2023"], value=0.5, coffea_name_alias="new", categories=["CR"]),
        ]
        declared = decorrelate(Systematics(parts)["unc"], {"all": YEARS}, names="{group}")
        assert [(one.coffea_name_alias, one.categories, one.value_for("ttbar", "2022")) for one in declared] == [
            ("old", ("SR",), 1.0),
            ("new", ("CR",), 0.5),
        ]

    def test_aliases_by_year(self) -> None:
        """Names of variations by process and year are kept for the years that are left."""
        alias = {"ttbar": {"2022": "a", "2023": "b"}, "vjets": "c"}
        declared = decorrelate(systematic(typ="shape", value=1.0, coffea_name_alias=alias), "year")
        assert [one.get_coffea_name("ttbar", year) for one, year in zip(declared, YEARS, strict=True)] == ["a", "b"]

    @pytest.mark.parametrize(
        ("by", "told"),
        [
            ("yaer", "by is 'yaer', expected 'year', 'process', 'category' or a dict of groups (did you mean 'year'?)"),
            (["2022"], "by is ['2022'], expected 'year'"),
            ("category", "it has no category to divide by: list its categories"),
            ({}, "by is a dict without a group"),
            ({"a": []}, "group 'a' is empty"),
            ({"a": ["2022"]}, "no group has the year '2023': it would lose the uncertainty"),
            ({"a": ["2022"], "b": ["2023", "2032"]}, "group 'b' has the unknown '2032' (did you mean '2023'?)"),
            ({"a": YEARS, "b": ["2023"]}, "several groups have '2023'"),
            ({"a": ["ttbar", "vjest"]}, "group 'a' has the unknown 'vjest' (did you mean 'vjets'?)"),
        ],
    )
    def test_refused_groups(self, by: Any, told: str) -> None:
        """Members that are unknown, left out or counted twice are told with the closest match."""
        assert f"systematic 'unc': {told}" in "\n".join(refused(lambda: decorrelate(systematic(), by)))

    @pytest.mark.parametrize(
        ("names", "told"),
        [
            ("lumi", "names='lumi' gives several the name 'lumi': write {year} in it"),
            ("{name}_{yaer}", "names='{name}_{yaer}' has the unknown field 'yaer' (did you mean 'year'?)"),
            ("{year", "names is '{year', expected a template such as '{name}_x'"),
            ("{year}", "datacard_name '2022' is not a name that Combine accepts"),
        ],
    )
    def test_refused_names(self, names: str, told: str) -> None:
        """A template that names two parameters alike, or has an unknown field, is refused."""
        assert f"systematic 'unc': {told}" in refused(lambda: decorrelate(systematic(), "year", names=names))[0]

    def test_other_objects(self) -> None:
        """A container of systematics is refused: its nuisances are divided one by one."""
        many: Any = Systematics([systematic()])
        assert "is a Systematics, expected a SystematicUncertainty" in refused(lambda: decorrelate(many, "year"))[0]


class TestCorrelateFactors:
    """Log-normal uncertainties with a given correlation."""

    @pytest.mark.parametrize("rho", [0.25, 1, 0])
    def test_number(self, rho: float) -> None:
        """The yields of the card have the declared correlation, and each its whole uncertainty."""
        lumi = by_process({"ttbar": {"2022": 1.012, "2023": 1.023}}, name="lumi")
        made = card(*correlate(lumi, "year", rho))
        matrix = [[1, rho], [rho, 1]]
        assert covariance(made, ["ttbar_2022", "ttbar_2023"]) == pytest.approx(expected([1.012, 1.023], matrix))

    def test_common_and_own_part(self) -> None:
        """With a correlation of 0.36, the common part is the factor to the power of 0.6, the own one of 0.8."""
        made = card(*correlate(systematic(processes=["ttbar"]), "year", 0.36))
        whole = math.log(1.05)
        assert float(row(made, "unc_common")[4]) == pytest.approx(math.exp(0.6 * whole), abs=1e-12)
        assert float(row(made, "unc_2023")[5]) == pytest.approx(math.exp(0.8 * whole), abs=1e-12)
        assert row(made, "unc_2023")[4] == "-"

    @pytest.mark.slow
    def test_asymmetric_factors(self) -> None:
        """Both factors of a pair are raised to the power, so that both directions add up in quadrature."""
        made = card(*correlate(systematic(processes=["ttbar"], value=(0.9, 1.2)), "year", 0.36))
        down, up = (float(factor) for factor in row(made, "unc_common")[4].split("/"))
        assert (down, up) == pytest.approx((0.9**0.6, 1.2**0.6))

    def test_negative_weight(self) -> None:
        """Opposite members have one parameter; the pair of the second is exchanged, so that it goes the other way."""
        made = card(*correlate(systematic(processes=["ttbar"], value=(0.9, 1.2)), "year", [[1, -1], [-1, 1]]))
        assert row(made, "unc_1")[4:6] == ["0.9/1.2", "1.2/0.9"]

    def test_matrix_of_processes(self) -> None:
        """A matrix gives the covariance that it says, here between processes of a negative correlation."""
        unc = by_process({"ttbar": 1.1, "vjets": 1.2}, years=["2023"])
        made = card(*correlate(unc, "process", [[1, -0.28], [-0.28, 1]]))
        matrix = [[1, -0.28], [-0.28, 1]]
        assert covariance(made, ["ttbar_2023", "vjets_2023"]) == pytest.approx(expected([1.1, 1.2], matrix))

    @pytest.mark.slow
    def test_luminosity_of_run_2(self) -> None:
        """The matrix of a table of sources gives the covariance of that table, with a parameter for each year."""
        # Per cent by year, as CMS gives them for 2016 to 2018: one row for each source.
        table = np.array([[1.0, 0, 0], [0, 2.0, 0], [0, 0, 1.5], [0.6, 0.9, 2.0], [0, 0.6, 0.2]])
        sizes = np.sqrt((table**2).sum(axis=0))
        rho = (table.T @ table) / np.outer(sizes, sizes)
        years = ["2016", "2017", "2018"]
        factors = {year: math.exp(size / 100) for year, size in zip(years, sizes, strict=True)}
        lumi = by_process({"signal": factors, "ttbar": factors}, name="lumi_13TeV", years=years)
        output = outputs.Output()
        for year in years:
            output.mc("Signal", year, nominal=[1, 1]).mc("TTbar", year, nominal=[10, 10])
        made = outputs.card(output, *correlate(lumi, "year", rho))
        assert list(made.systematics) == ["lumi_13TeV_1", "lumi_13TeV_2", "lumi_13TeV_3"]
        found = covariance(made, [f"ttbar_{year}" for year in years])
        assert found == pytest.approx(table.T @ table / 1e4)

    def test_twice(self) -> None:
        """A part may be divided again: the fractions multiply."""
        common, *_ = correlate(systematic(), "year", 0.25)
        again, *_ = correlate(common, "process", 0.36)
        assert again.fraction == pytest.approx(0.5 * 0.6)

    @pytest.mark.slow
    def test_categories(self) -> None:
        """Between categories, cards have the common row and their own, with a common part of √0.25."""
        lumi = systematic(name="lumi", processes=["ttbar"], value=1.1, categories=["SR", "CR"])
        declared = analyses.declarations(
            systematics=Systematics(correlate(lumi, "category", 0.25)),
            categories={"SR": Category("m"), "CR": Category("n")},
        )
        cards = Analysis(**declared).build(analyses.output(), verbose=False)
        rows = {name: outputs.rows(one.content()) for name, one in cards.items()}
        assert [name for name in rows["SR"] if name.startswith("lumi")] == ["lumi_common", "lumi_SR"]
        assert float(rows["CR"]["lumi_common"][4]) == pytest.approx(1.1**0.5)
        assert float(rows["CR"]["lumi_CR"][4]) == pytest.approx(1.1**0.75**0.5)

    @pytest.mark.slow
    def test_findings(self) -> None:
        """A notice says which part of the uncertainty a nuisance carries where."""
        made = card(*correlate(systematic(processes=["ttbar"]), "year", 0.36))
        assert [(one.systematic, one.column) for one in made.findings if one.code == "fraction"] == [
            ("unc_common", "ttbar (2022, 2023)"),
            ("unc_2022", "ttbar 2022"),
            ("unc_2023", "ttbar 2023"),
        ]

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ({"rho": -0.3}, "rho is -0.3, expected a number from 0 to 1, or a matrix such as [[1, -0.3], [-0.3, 1]]"),
            ({"rho": 1.5}, "rho is 1.5, expected a number from 0 to 1"),
            ({"rho": [[1, 2], [2, 1]]}, "rho of 2022 and 2023 is 2, expected a number from -1 to 1"),
            ({"rho": 0.5, "common": "{name}_2022"}, "common and names give the same name 'unc_2022'"),
            ({"rho": 0.5, "common": "{year}"}, "common='{year}' has the unknown field 'year' (known: name)"),
            ({"rho": RHO, "names": "{name}"}, "names='{name}' gives several the name 'unc': write {number} in it"),
        ],
    )
    def test_refused(self, arguments: dict[str, Any], told: str) -> None:
        """Numbers that are no correlations, and names that collide, are refused."""
        problems = refused(lambda: correlate(systematic(), "year", **arguments))
        assert f"systematic 'unc': {told}" in "\n".join(problems)

    @pytest.mark.parametrize("typ", ["lnU", "gmN", "shapeU", "rateParam"])
    def test_refused_kinds(self, typ: str) -> None:
        """Kinds whose parameters are not normal have no parts that add up in quadrature."""
        problems = refused(lambda: correlate(systematic(typ=typ), "year", 0.5))
        assert problems[0].startswith(f"systematic 'unc': kind '{typ}' has no fractions that add up to it")
