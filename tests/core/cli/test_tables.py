"""Tables for the terminal: their entries, and that numbers are whole at every width."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import hist
import pytest
from rich.console import Console

from datacard_core import Analysis, Category, Systematics, yields_table
from datacard_core.cli.tables import tabulate, tabulate_contents, tabulate_plugins
from datacard_core.plugins.introspection import PluginReport
from tests.support.outputs import WEIGHT, Output, observation, observed, simulated, two_processes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from datacard_core import Cards

CATEGORIES = [f"SR_with_a_long_name_{number}" for number in range(7)]


def drawn(what: Iterable[Table | str], width: int = 200) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, markup=False, highlight=False, emoji=False)
    for part in what:
        console.print(part, soft_wrap=isinstance(part, str))
    return stream.getvalue()


def rows(text: str) -> list[list[str]]:
    """Return the entries of every row whose first entry is not empty."""
    lines = [line.strip("│┃\n") for line in text.splitlines() if line[:1] in {"│", "┃"}]
    split = [[cell.strip() for cell in re.split("[│┃]", line)] for line in lines]
    return [row for row in split if row[0]]


def built(categories: Iterable[str] = ("SR",), years: Iterable[str] = ("2022",), **options: Any) -> Cards:
    """Build cards with a signal of 6, a ttbar of 1234567.5 and data of 1234570 events in each year."""
    categories, years = list(categories), list(years)
    output = Output()
    for year in years:
        output.add("Signal", year, simulated({name: {"nominal": [1, 2, 3]} for name in categories}))
        output.add("TTbar", year, simulated({name: {"nominal": [1234567, 0.25, 0.25]} for name in categories}))
        output.add("Data", year, observed({name: [1234569, 1, 0] for name in categories}))
    declared = {
        "years": years,
        "mc_processes": two_processes(years),
        "systematics": Systematics([]),
        "categories": {name: Category("m") for name in categories},
        "data_processes": observation("Data", years=years),
        "label": "x",
    }
    return Analysis(**{**declared, **options}).build(output.loaded)


def tabulated(cards: Cards, width: int) -> Iterable[Table]:
    return tabulate(yields_table(cards), width)


class TestYields:
    @pytest.mark.slow
    def test_labels(self) -> None:
        """Labels have a column of their own if a process has one, and names stay to be searched for."""
        processes = two_processes(["2022"])
        processes["ttbar"].label = r"$t\bar{t}$"
        assert rows(drawn(tabulated(built(mc_processes=processes), 80))) == [
            ["process", "label", "SR_x"],
            ["signal", "signal", "6.0 ± 2.4 ± 2.4"],
            ["ttbar", r"$t\bar{t}$", "1234600 ± 1100 ± 1100"],
            ["background", "", "1234600 ± 1100 ± 1100"],
            ["data", "", "1234570"],
        ]

    @pytest.mark.slow
    def test_sums(self) -> None:
        """Yields are summed over years, with background and data below them."""
        assert rows(drawn(tabulated(built(years=["2022", "2023"]), 80))) == [
            ["process", "SR_x"],
            ["signal", "12.0 ± 3.5 ± 3.5"],
            ["ttbar", "2469100 ± 1600 ± 1600"],
            ["background", "2469100 ± 1600 ± 1600"],
            ["data", "2469140"],
        ]

    @pytest.mark.slow
    def test_without_data(self) -> None:
        """The row of data shows that there are none."""
        assert rows(drawn(tabulated(built(data_processes=None), 80)))[-1] == ["data", "none"]

    @pytest.mark.slow
    @pytest.mark.parametrize("width", [20, 40, 80, 200])
    def test_many_categories(self, width: int) -> None:
        """Categories beyond the width go to further tables, and no number is folded."""
        cards = built(CATEGORIES)
        tables = list(tabulated(cards, width))
        found = [row for row in rows(drawn(tables, max(width, 40))) if row[0] == "ttbar"]
        assert len(found) == len(tables)
        assert [cell for _, *entries in found for cell in entries] == ["1234600 ± 1100 ± 1100"] * len(CATEGORIES)
        if width >= 80:
            assert all(len(line.rstrip()) <= width for line in drawn(tables, width).splitlines())

    @pytest.mark.slow
    def test_few_categories(self) -> None:
        """A few categories are in one table."""
        assert len(list(tabulated(built(["SR", "CR1", "CR2"]), 100))) == 1


class TestContents:
    def test_variations(self) -> None:
        """Variations have the names of declarations, without Up and Down."""
        labels = ["nominal", "jesUp", "jesDown", "onlyUp", "scale_0", "UpDown", "UpUp"]
        output = Output().mc("TTbar", "2022", **dict.fromkeys(labels, (1.0, 2.0)))
        assert ["TTbar", "Up, jes, onlyUp, scale_0"] in rows(drawn(tabulate_contents(output.loaded)))

    def test_sample_without_a_year(self) -> None:
        """A year in which a sample has no dataset has a dash."""
        output = Output().mc("TTbar", "2022", "A", nominal=[1]).mc("TTbar", "2022", "B", nominal=[1])
        output.data("Data", "2023", [1])
        found = rows(drawn(tabulate_contents(output.loaded)))
        assert ["sample", "2022", "2023"] in found
        assert ["TTbar", "2", "-"] in found
        assert ["Data", "-", "1"] in found

    def test_categories(self) -> None:
        """The categories of all datasets are listed."""
        output = Output().add("TTbar", "2022", simulated({"SR": {"nominal": [1, 2]}}))
        output.add("TTbar", "2023", simulated({"CR": {"nominal": [1, 2]}}))
        assert ["m", "events.m", "2", "0 to 2", "SR, CR"] in rows(drawn(tabulate_contents(output.loaded)))

    def test_unusable_variable(self) -> None:
        """A variable that no card can use has its reason below the table; others, also of two axes, are listed."""
        output = Output().mc("TTbar", "2022", nominal=[1, 2]).loaded
        cat = hist.axis.StrCategory(["SR"], name="cat")
        flat = hist.Hist(
            cat, hist.axis.Regular(2, 0, 1, name="x[0]"), hist.axis.Regular(2, 0, 1, name="y"), storage=WEIGHT
        )
        counts = hist.Hist(cat, storage=WEIGHT)
        added = {name: {"TTbar": {"TTbar_2022": one}} for name, one in (("x_y", flat), ("counts", counts))}
        output["variables"] = {**added, **output["variables"]}
        text = drawn(tabulate_contents(output))
        assert ["counts", "not for a card", "", "", ""] in rows(text)
        assert "counts: it has 0 variable axes (none)" in text
        assert ["x_y", "x[0], y", "2 x 2", "0 to 1, 0 to 1", "SR"] in rows(text)
        assert ["m", "events.m", "2", "0 to 2", "SR"] in rows(text)

    def test_no_histograms(self) -> None:
        """An output without histograms is listed with its samples."""
        output = Output().add("VV", "2022", None, presel=0).loaded
        found = rows(drawn(tabulate_contents(output)))
        assert ["m", "no histogram", "", "", ""] in found
        assert ["VV", "1"] in found
        assert ["VV", "no histogram"] in found
        assert ["VV", "1"] in rows(drawn(tabulate_contents({**output, "variables": {}})))

    def test_output_is_unchanged(self) -> None:
        """The defaultdicts of the output get no new key."""
        output = Output().mc("TTbar", "2022", nominal=[1]).data("Data", "2023", [1])
        list(tabulate_contents(output.loaded))
        assert list(output.histograms) == ["TTbar", "Data"]
        assert {year: list(samples) for year, samples in output.periods.items()} == {
            "2022": ["TTbar"],
            "2023": ["Data"],
        }

    def test_long_title(self) -> None:
        """A title that is wider than its table stays on one line."""
        text = drawn(tabulate_contents(Output().data("D", "1", [1]).loaded))
        assert "datasets by sample and year" in text.splitlines()


def told(name: str | None = "acme", **known: Any) -> PluginReport:
    """Return the report of a plugin of acme-dist 0.3, with changes."""
    usual = {"distribution": "acme-dist", "version": "0.3", "location": "/where/it/is", "entry_point": "acme"}
    return PluginReport(name=name, **{**usual, "selected": False, **known})


class TestPlugins:
    def test_rows(self) -> None:
        """Each plugin has a row with the objects that it provides."""
        options = {"options": {"range": "from where to where", "start": "where it begins"}}
        provides: dict[str, Any] = {"kinds": {"free": options}, "plots": {}, "checks": {"look[7]": {}, "stare": {}}}
        text = drawn(tabulate_plugins([told(provides=provides, selected=True), told("other", provides={})]))
        assert rows(text) == [
            ["name", "distribution", "version", "selected", "provides", "status"],
            ["acme", "acme-dist", "0.3", "yes", "kinds: free (range, start); checks: look[7], stare", "ok"],
            ["other", "acme-dist", "0.3", "no", "", "ok"],
        ]
        assert "--check" not in text

    def test_not_looked_into(self) -> None:
        """Plugins that were not imported have one hint at --check."""
        text = drawn(tabulate_plugins([told(), told("other")]))
        assert [row[-1] for row in rows(text)[1:]] == ["not looked into", "not looked into"]
        assert text.count("datacard plugins --check") == 1

    def test_broken(self) -> None:
        """Each different error of broken plugins has a line."""
        text = drawn(tabulate_plugins([told(error="a[b]"), told("other", error="a[b]"), told("third", error="c")]))
        assert [row[-1] for row in rows(text)[1:]] == ["broken"] * 3
        assert text.splitlines()[-2:] == ["a[b]", "c"]

    def test_places(self) -> None:
        """Each place of installation has a line with its plugins."""
        text = drawn(tabulate_plugins([told(), told("other"), told("third", location="/else/where")]))
        assert text.splitlines()[-3:-1] == ["acme, other: /where/it/is", "third: /else/where"]

    def test_narrow_terminal(self) -> None:
        """Names and errors are not folded in a narrow terminal."""
        name, error = "a_plugin_with_quite_a_long_name", "what is wrong with it " * 10
        text = drawn(tabulate_plugins([told(name, error=error)]), 80)
        assert name in [row[0] for row in rows(text)]
        assert error.strip() in text

    def test_unreadable_metadata(self) -> None:
        """A plugin without name or distribution is listed with its place."""
        text = drawn(tabulate_plugins([told(None, error="unreadable"), told("bare", distribution=None, version=None)]))
        assert [row[:3] for row in rows(text)[1:]] == [["?", "acme-dist", "0.3"], ["bare", "/where/it/is", "-"]]
