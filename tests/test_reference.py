"""Our cards of real PocketCoffea outputs, held to the cards that PocketCoffea itself made of them.

The script of `reference/make_cards.py` runs as it is, but for its import lines.
"""

from __future__ import annotations

import csv
import functools
import re
import runpy
import struct
import sys
import warnings
import zlib
from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
import pytest
import uproot

import datacard_core
from datacard_core import (
    Datacard,
    DataProcess,
    DataProcesses,
    Finding,
    MCProcess,
    MCProcesses,
    Severity,
    Systematics,
    SystematicUncertainty,
    load_output,
)
from tests.support.cases import case
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

DATA = SHARED_DATA
OUTPUT = DATA / "output_all.coffea"
pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data, real PocketCoffea outputs"),
    pytest.mark.slow,
]

Array: TypeAlias = npt.NDArray[np.float64]

YEARS = ("2022_preEE", "2022_postEE", "2023_preBPix")
CATEGORIES = ("SR", "CR1", "CR2")
VARIABLES = {"SR": "discriminant", "CR1": "control_var_1", "CR2": "nJets"}
MC_SAMPLES = ("SignalSampleA", "SignalSampleB", "TTbar", "SingleTop", "Vjets__lf", "Vjets__hf", "VV")
DATA_SAMPLES = ("DATA_EGamma", "DATA_SingleMuon")

IMPORTS = {
    "from coffea.util import load": "from datacard_core import load_output as load",
    "from pocket_coffea.utils.stat ": "from datacard_core.stat ",
    "from pocket_coffea.utils.stat.combine ": "from datacard_core.stat.combine ",
}
"""What a script changes to run with this package."""

ARGUMENTS = {
    "01_docs_run3": ("docs", "run3"),
    "02_docs_default_suffix": ("docs", "default"),
    "03_native_binning": ("native", "default"),
    "04_shape_only_rateparam": ("shapeonly", "default"),
    "05_nodata": ("nodata", "default"),
    "06_met_empty_variation": ("met", "default"),
}
"""The arguments of the script behind each folder of PocketCoffea's cards."""


@attrs.frozen
class Difference:
    """Something in which our cards are meant to differ from PocketCoffea's."""

    references: tuple[str, ...]
    categories: tuple[str, ...]
    what: str
    """A pattern for a template's name, or for the first word of a card's line with a colon behind it."""
    why: str

    def covers(self, reference: str, category: str, what: str) -> bool:
        return (
            reference in self.references and category in self.categories and re.fullmatch(self.what, what) is not None
        )


INTENDED = (
    Difference(
        tuple(ARGUMENTS),
        CATEGORIES,
        r"rate:",
        "a rate reads back as the integral of its template, PocketCoffea writes six digits",
    ),
    Difference(
        ("01_docs_run3",),
        CATEGORIES,
        r"process:",
        "there are blanks between the columns, PocketCoffea glues process names that are longer than the bin's",
    ),
    Difference(
        ("04_shape_only_rateparam",),
        ("CR1",),
        r"ttbar_.+(Up|Down)",
        "shape-only totals have the flow bins, as PocketCoffea's docstring says and its code does not do: "
        "so they do not depend on the variable, and all cards scale a variation alike",
    ),
    Difference(
        ("05_nodata",),
        CATEGORIES,
        r"data_obs_nominal",
        "without data there is an Asimov template, because Combine refuses a channel without any",
    ),
    Difference(
        ("06_met_empty_variation",),
        ("CR1", "CR2"),
        r"ttbar_.+_met_unclustered(Up|Down)",
        "the nominal stands in for a variation that was not computed in the category, PocketCoffea writes zeros, "
        "which Combine refuses",
    ),
)
"""All of them. What else differs is not read: comments, padding, rules, the histograms' order and entry counts."""

SAME = 1e-12
"""Relative: contents are sums of the same doubles in another order."""


# Reading cards and templates, with nothing of the package.


@attrs.frozen(kw_only=True)
class Card:
    """A card of one channel, word by word."""

    counts: dict[str, int]
    shapes_name: str
    bin: str
    observation: float
    columns: list[str]
    ids: list[int]
    rates: list[float]
    rows: dict[str, tuple[str, dict[str, str]]]
    """Keyword and cells by column of each nuisance, without those that have no effect."""
    rate_params: list[list[str]]
    mc_stats: list[list[str]]


NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def lines_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip("-") and not line.startswith("#")]


def read_card(text: str) -> Card:
    """Read a card strictly: every line is understood, or the test fails."""
    lines = iter(lines_of(text))
    counts = {}
    for expected in ("imax", "jmax", "kmax"):
        word, count, *_ = next(lines)
        assert word == expected
        counts[word] = int(count)
    shapes, star, channel, shapes_name, nominal, varied = next(lines)
    assert (shapes, star, nominal, varied) == ("shapes", "*", "$PROCESS_nominal", "$PROCESS_$SYSTEMATIC")
    assert next(lines) == ["bin", channel]
    word, observation = next(lines)
    assert word == "observation"
    bins, columns, ids, rates = (cells_behind(word, next(lines)) for word in ("bin", "process", "process", "rate"))
    assert bins == [channel] * len(columns)
    assert len(ids) == len(rates) == len(columns) == len(set(columns))
    rows: dict[str, tuple[str, dict[str, str]]] = {}
    directives: dict[str, list[list[str]]] = {"rateParam": [], "autoMCStats": []}
    for name, keyword, *rest in lines:
        if keyword in directives:
            directives[keyword].append([name, *rest])
            continue
        assert keyword in {"lnN", "shape"}, f"{name} {keyword} is no nuisance that the script declares"
        assert name not in rows, f"{name} has two rows"
        assert not any(directives.values()), f"{name} stands outside the table"
        row = dict(zip(columns, rest, strict=True))
        rows[name] = keyword, {column: cell for column, cell in row.items() if cell != "-"}
    for name in (channel, *columns, *rows):
        assert NAME.fullmatch(name), name
    for _, row in rows.values():
        for cell in row.values():
            assert 1 <= len(parts := cell.split("/")) <= 2
            assert all(float(part) > 0 for part in parts)
    return Card(
        counts=counts,
        shapes_name=shapes_name,
        bin=channel,
        observation=float(observation),
        columns=columns,
        ids=[int(id_) for id_ in ids],
        rates=[float(rate) for rate in rates],
        rows=rows,
        rate_params=directives["rateParam"],
        mc_stats=directives["autoMCStats"],
    )


def cells_behind(expected: str, words: list[str]) -> list[str]:
    assert words[0] == expected
    return words[1:]


@attrs.frozen(eq=False)
class Template:
    """A TH1D as it is in a file, with its flow bins."""

    edges: Array
    values: Array
    variances: Array

    @property
    def integral(self) -> float:
        return float(self.values[1:-1].sum())

    def same_as(self, other: Template) -> Any:
        parts = ((getattr(self, part), getattr(other, part)) for part in ("edges", "values", "variances"))
        return np.logical_and.reduce([same(one, another) for one, another in parts])

    @classmethod
    def stacked(cls, templates: Iterable[Template]) -> Template:
        """Return templates with equal numbers of bins as the rows of one."""
        rows = list(templates)
        return cls(*(np.stack([getattr(row, part) for row in rows]) for part in ("edges", "values", "variances")))


def same(ours: Array, theirs: Array) -> Any:
    """Return for each row of bins whether it is the same."""
    # A bin in which large weights of both signs cancel is as exact as its largest neighbour.
    largest = np.abs(theirs).max(axis=-1, keepdims=True)
    return np.isclose(ours, theirs, rtol=SAME, atol=1e-15 * largest).all(axis=-1)


@functools.cache
def read_templates(path: Path) -> dict[str, Template]:
    """Read all templates of a file.

    uproot reads the first and the last. It takes a minute for all of them, so the numbers of the others are taken from
    the same places of their objects.
    """
    whole = path.read_bytes()
    with uproot.open(path) as file:
        names = file.keys(cycle=False)
        keys = {name: file.key(name) for name in names}
        assert {key.fClassName for key in keys.values()} == {"TH1D"}
        contents = {name: content_of(whole, key) for name, key in keys.items()}
        first, last = (read_by_uproot(file[name]) for name in (names[0], names[-1]))
    count = struct.pack(">i", len(first.values))
    # Counted from the end of the object, because its start has the name. The contents are the last of it.
    values = -8 * len(first.values) - len(count)
    variances = contents[names[-1]][:values].rindex(count + last.variances.astype(">f8").tobytes())
    places = {"values": values, "variances": variances - len(contents[names[-1]])}
    axis = struct.pack(">idd", len(first.edges) - 1, first.edges[0], first.edges[-1])
    templates = {}
    for name, content in contents.items():
        assert axis in content
        numbers = {what: numbers_at(content[place:], count) for what, place in places.items()}
        templates[name] = Template(first.edges, **numbers)
    for name, expected in ((names[0], first), (names[-1], last)):
        assert np.array_equal(templates[name].values, expected.values)
        assert np.array_equal(templates[name].variances, expected.variances)
        assert np.array_equal(first.edges, expected.edges)
    return templates


def read_by_uproot(histogram: Any) -> Template:
    # Without Sumw2 the variances would be the contents, and autoMCStats wrong.
    assert len(histogram.member("fSumw2")) == len(histogram.values(flow=True))
    return Template(histogram.axis().edges(), histogram.values(flow=True), histogram.variances(flow=True))


def content_of(file: bytes, key: Any) -> bytes:
    """Return the object of a key, which stands there as it is or as one block of zlib's."""
    content = file[key.fSeekKey + key.fKeylen : key.fSeekKey + key.fNbytes]
    if content.startswith(b"ZL"):
        content = zlib.decompress(content[9:])
    assert len(content) == key.fObjlen
    return content


def numbers_at(content: bytes, count: bytes) -> Array:
    """Return an array as ROOT writes it: its length, then its numbers."""
    assert content.startswith(count)
    return np.frombuffer(content, ">f8", struct.unpack(">i", count)[0], len(count)).astype(float)


@attrs.frozen
class Cards:
    """What the script made, or what PocketCoffea once made of it."""

    directory: Path

    def text(self, category: str) -> str:
        return (self.directory / f"datacard_{category}_run3.txt").read_text()

    def card(self, category: str) -> Card:
        return read_card(self.text(category))

    def templates(self, category: str) -> dict[str, Template]:
        return read_templates(self.directory / f"shapes_{category}_run3.root")

    def script(self) -> str:
        return (self.directory / "combine_datacards_run3.sh").read_text()


@attrs.frozen
class Ours(Cards):
    datacards: Mapping[str, Datacard]
    """By category."""

    def findings(self, category: str, code: str) -> list[Finding]:
        return [finding for finding in self.datacards[category].findings if finding.code == code]


def theirs(reference: str) -> Cards:
    return Cards(DATA / "reference" / reference)


def moved_script() -> str:
    """PocketCoffea's script with its import lines changed, and nothing else."""
    text = (DATA / "reference" / "make_cards.py").read_text()
    for old, new in IMPORTS.items():
        assert text.count(old + "import" if old.endswith(" ") else old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ours]:
    """The cards that the script makes with this package, for the arguments of each reference."""
    made: dict[str, Ours] = {}

    def make(reference: str) -> Ours:
        if reference not in made:
            directory = tmp_path_factory.mktemp(reference)
            script = directory / "make_cards.py"
            script.write_text(moved_script())
            with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
                # The script leaves it to the interpreter to close its log.
                warnings.filterwarnings("ignore", r"unclosed file .*messages\.log", ResourceWarning)
                patch.setattr(sys, "argv", [str(script), str(OUTPUT), str(directory), *ARGUMENTS[reference]])
                # All scripts load the same file.
                patch.setattr(datacard_core, "load_output", load_once)
                names = runpy.run_path(str(script))
            cards = {card.category: card for card in names["datacards"].values()}
            made[reference] = Ours(directory, cards)
        return made[reference]

    return make


load_once = functools.cache(load_output)


@pytest.fixture(scope="module")
def output() -> dict[str, Any]:
    return load_once(str(OUTPUT))


# The same as PocketCoffea's.


def test_intended_differences(ours: Callable[[str], Ours]) -> None:
    """A card differs from PocketCoffea's where it is meant to and nowhere else."""
    for reference in ARGUMENTS:
        with case(reference):
            our, their = ours(reference), theirs(reference)
            for category in CATEGORIES:
                lines, their_lines = lines_of(our.text(category)), lines_of(their.text(category))
                templates, their_templates = our.templates(category), their.templates(category)
                common = [name for name in templates if name in their_templates]
                rows, their_rows = (
                    Template.stacked(of[name] for name in common) for of in (templates, their_templates)
                )
                differences = {
                    *(f"{line[0]}:" for line, other in zip(lines, their_lines, strict=True) if line != other),
                    *(templates.keys() ^ their_templates.keys()),
                    *(name for name, equal in zip(common, rows.same_as(their_rows), strict=True) if not equal),
                }
                compared = {*(f"{line[0]}:" for line in lines), *templates, *their_templates}
                intended = {
                    what for what in compared if any(item.covers(reference, category, what) for item in INTENDED)
                }
                assert differences == intended, category


@pytest.mark.parametrize("reference", [name for name in ARGUMENTS if name != "01_docs_run3"])
def test_same_card(ours: Callable[[str], Ours], reference: str) -> None:
    """Columns, ids, observation, rows and directives are PocketCoffea's."""
    for category in CATEGORIES:
        our, their = ours(reference).card(category), theirs(reference).card(category)
        assert attrs.evolve(our, rates=[]) == attrs.evolve(their, rates=[]), category
        assert list(our.rows) == list(their.rows), category


def test_same_card_behind_glued_columns(ours: Callable[[str], Ours]) -> None:
    """PocketCoffea's glued columns, taken apart, are ours."""
    for category in CATEGORIES:
        our = ours("01_docs_run3").card(category)
        glued = theirs("01_docs_run3").text(category)
        assert glued.count("".join(our.columns)) == 1, category
        their = read_card(glued.replace("".join(our.columns), " ".join(our.columns)))
        assert attrs.evolve(our, rates=[]) == attrs.evolve(their, rates=[]), category
        assert list(our.rows) == list(their.rows), category


def test_rates_of_six_digits(ours: Callable[[str], Ours]) -> None:
    """Our rates, cut to six digits, are PocketCoffea's."""
    for reference in ARGUMENTS:
        with case(reference):
            for category in CATEGORIES:
                our = ours(reference).card(category)
                (their,) = [words[1:] for words in lines_of(theirs(reference).text(category)) if words[0] == "rate"]
                assert [f"{rate:.6g}" for rate in our.rates] == their, category


def test_moved_script() -> None:
    """Only the import lines of the script change."""
    old, new = (DATA / "reference" / "make_cards.py").read_text().splitlines(), moved_script().splitlines()
    changed = [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]
    assert len(changed) == len(IMPORTS)
    assert all(" import " in line for pair in changed for line in pair)


def test_no_prints_and_no_warnings(ours: Callable[[str], Ours]) -> None:
    """The script prints no line to standard output and raises no warning."""
    for reference in ARGUMENTS:
        with case(reference):
            assert (ours(reference).directory / "messages.log").read_text() == "\n--- warnings ---\n\n"


def test_combination_script(ours: Callable[[str], Ours]) -> None:
    """The combination script joins the same cards under the same names."""
    for reference in ARGUMENTS:
        with case(reference):
            our, their = ours(reference).script(), theirs(reference).script()

            def joined(script: str) -> list[str]:
                return [word for word in script.split() if re.fullmatch(r"\w+=\S+\.txt", word)]

            assert joined(our) == joined(their)
            assert len(joined(our)) == len(CATEGORIES)
            assert our.splitlines()[-1].split() == their.splitlines()[-1].split()


# Meant to differ.


def test_rates_read_back(ours: Callable[[str], Ours]) -> None:
    """A rate of the card reads back as the rate of the template."""
    for reference in ARGUMENTS:
        with case(reference):
            for category in CATEGORIES:
                card, datacard = ours(reference).card(category), ours(reference).datacards[category]
                assert card.rates == [datacard.rate(column) for column in card.columns], category


def test_without_data(ours: Callable[[str], Ours]) -> None:
    """Without data there is the sum of the backgrounds, which PocketCoffea does not write."""
    for category in CATEGORIES:
        card, templates = ours("05_nodata").card(category), ours("05_nodata").templates(category)
        backgrounds = [
            templates[f"{column}_nominal"].values for column, id_ in zip(card.columns, card.ids, strict=True) if id_ > 0
        ]
        assert card.observation == -1, category
        assert same(templates["data_obs_nominal"].values, np.sum(backgrounds, axis=0)), category
        assert "data_obs_nominal" not in theirs("05_nodata").templates(category), category


@pytest.mark.parametrize("category", ["CR1", "CR2"])
def test_variation_not_computed(ours: Callable[[str], Ours], category: str) -> None:
    """The nominal stands in for a variation that was not computed, with a warning."""
    our, their = ours("06_met_empty_variation"), theirs("06_met_empty_variation").templates(category)
    templates = our.templates(category)
    for year, direction in product(YEARS, ("Up", "Down")):
        name = f"ttbar_{year}_met_unclustered{direction}"
        assert templates[name].same_as(templates[f"ttbar_{year}_nominal"])
        assert not their[name].values.any()
    findings = [
        finding for finding in our.findings(category, "no-variation") if finding.systematic == "met_unclustered"
    ]
    assert findings
    assert all(finding.severity is Severity.WARNING for finding in findings)
    assert all(f"not computed in category {category!r}" in finding.message for finding in findings)


def test_variation_computed(ours: Callable[[str], Ours]) -> None:
    """A variation that was computed is taken as it is."""
    templates = ours("06_met_empty_variation").templates("SR")
    assert not any(
        templates[f"ttbar_{year}_met_unclusteredUp"].same_as(templates[f"ttbar_{year}_nominal"]) for year in YEARS
    )
    assert not ours("06_met_empty_variation").findings("SR", "no-variation")


def test_shape_only_totals(ours: Callable[[str], Ours], output: dict[str, Any]) -> None:
    """Shape-only variations keep the total with flow, PocketCoffea's the total without."""
    for category in CATEGORIES:
        with case(category):
            sums = ttbar_sums(output, VARIABLES[category])
            our, plain = ours("04_shape_only_rateparam"), ours("02_docs_default_suffix").templates(category)
            scaled, their = our.templates(category), theirs("04_shape_only_rateparam").templates(category)
            systematics = our.datacards[category].systematics
            for nuisance, (keyword, cells) in our.card(category).rows.items():
                years = [column.removeprefix("ttbar_") for column in cells if column.startswith("ttbar_")]
                if keyword != "shape" or not years:
                    continue
                variation = systematics[nuisance].get_coffea_name("ttbar", years[0])
                for year, direction in product(years, ("Up", "Down")):
                    name = f"ttbar_{year}_{nuisance}{direction}"
                    factor, factor_inside = (
                        sum(sums[year, "nominal", flow] for year in years)
                        / sum(sums[year, f"{variation}{direction}", flow] for year in years)
                        for flow in (True, False)
                    )
                    assert same(scaled[name].values, factor * plain[name].values), name
                    assert same(scaled[name].variances, factor**2 * plain[name].variances), name
                    assert same(their[name].values, factor_inside * plain[name].values), name


def ttbar_sums(output: dict[str, Any], variable: str) -> dict[tuple[str, str, bool], float]:
    """Return the sum over the categories by year, variation and flow, from the histograms themselves."""
    sums: defaultdict[tuple[str, str, bool], float] = defaultdict(float)
    periods = output["datasets_metadata"]["by_datataking_period"]
    for year, flow in product(YEARS, (True, False)):
        for dataset in periods[year]["TTbar"]:
            histogram = output["variables"][variable]["TTbar"][dataset]
            categories, variations, _ = histogram.axes
            inside = histogram.values(flow=flow)[[categories.index(category) for category in CATEGORIES]].sum((0, 2))
            for place, variation in enumerate(variations):
                sums[year, variation, flow] += float(inside[place])
    return sums


def test_shape_only_factor_of_all_cards(ours: Callable[[str], Ours]) -> None:
    """All cards scale a shape-only variation by one factor."""
    scaled, plain = ours("04_shape_only_rateparam"), ours("02_docs_default_suffix")
    name = "ttbar_2022_preEE_sf_mu_idUp"
    factors = [
        scaled.templates(category)[name].integral / plain.templates(category)[name].integral for category in CATEGORIES
    ]
    assert factors == pytest.approx([factors[0]] * len(factors), rel=SAME)


def test_glued_rate_param(output: dict[str, Any], tmp_path: Path) -> None:
    """A rateParam with the longest name is separated from its keyword, PocketCoffea's is not."""
    processes = MCProcesses(
        [
            MCProcess("signal", ["SignalSampleA", "SignalSampleB"], years=YEARS, is_signal=True),
            MCProcess("ttbar", ["TTbar"], years=YEARS, is_signal=False, has_rateParam=True),
        ]
    )
    lumi = SystematicUncertainty("lumi", "lnN", ["signal"], YEARS, 1.01)
    card = Datacard(
        output["variables"]["discriminant"],
        output["datasets_metadata"],
        output["cutflow"],
        YEARS,
        processes,
        Systematics([lumi]),
        "SR",
        DataProcesses([DataProcess("data_obs", DATA_SAMPLES, years=YEARS)]),
    )
    card.dump(tmp_path, "card.txt", "shapes.root")
    our = read_card((tmp_path / "card.txt").read_text())
    glued = (DATA / "reference" / "07_rateparam_glued" / "card.txt").read_text()
    assert glued.count("SF_ttbarrateParam") == len(our.rate_params) == len(YEARS)
    their = read_card(glued.replace("SF_ttbarrateParam", "SF_ttbar rateParam"))
    assert attrs.evolve(our, rates=[]) == attrs.evolve(their, rates=[])
    # The release cuts a rate to ten characters.
    assert our.rates == pytest.approx(their.rates, abs=1e-6)


# Cards that Combine can read.


def test_card_and_templates(ours: Callable[[str], Ours]) -> None:
    """Counts, names, rates and bins of a card and its templates agree, as Combine needs them."""
    for category in CATEGORIES:
        with case(category):
            for reference in ARGUMENTS:
                with case(reference):
                    card, templates = ours(reference).card(category), ours(reference).templates(category)
                    assert card.counts == {"imax": 1, "jmax": len(card.columns) - 1, "kmax": len(card.rows)}
                    assert (ours(reference).directory / card.shapes_name).is_file()
                    assert all(cells for _, cells in card.rows.values())
                    assert set(templates) == {
                        "data_obs_nominal",
                        *(f"{column}_nominal" for column in card.columns),
                        *(
                            f"{column}_{nuisance}{direction}"
                            for nuisance, (keyword, cells) in card.rows.items()
                            if keyword == "shape"
                            for column, direction in product(cells, ("Up", "Down"))
                        ),
                    }
                    integrals = [templates[f"{column}_nominal"].integral for column in card.columns]
                    assert card.rates == pytest.approx(integrals, rel=1e-9)
                    if reference != "05_nodata":
                        assert card.observation == templates["data_obs_nominal"].integral
                    for name, template in templates.items():
                        assert np.isfinite(template.values).all(), name
                        assert (template.values >= 0).all(), name
                        assert (template.variances >= 0).all(), name
                        assert template.integral > 0, name
                        assert not template.values[[0, -1]].any(), name
                        assert np.array_equal(template.edges, templates["data_obs_nominal"].edges), name


def test_aligned_columns(ours: Callable[[str], Ours]) -> None:
    """The columns of the table line up."""
    for reference in ARGUMENTS:
        with case(reference):
            for category in CATEGORIES:
                card, text = ours(reference).card(category), ours(reference).text(category)
                rows = [line for line in text.splitlines() if line.strip("-") and not line.startswith("#")]
                table = [line for line in rows if len(line.split()) >= len(card.columns)]
                assert len(table) == 4 + len(card.rows), category
                starts = {
                    tuple(word.start() for word in re.finditer(r"\S+", line))[-len(card.columns) :] for line in table
                }
                assert len(starts) == 1, category


def test_cards_can_be_combined(ours: Callable[[str], Ours]) -> None:
    """The cards of an analysis differ in their bins, and agree in ids and keywords."""
    for reference in ARGUMENTS:
        with case(reference):
            cards = [ours(reference).card(category) for category in CATEGORIES]
            assert len({card.bin for card in cards}) == len(cards)
            for card in cards[1:]:
                assert dict(zip(card.columns, card.ids, strict=True)) == dict(
                    zip(cards[0].columns, cards[0].ids, strict=True)
                )
                assert {name: keyword for name, (keyword, _) in card.rows.items()} == {
                    name: keyword for name, (keyword, _) in cards[0].rows.items()
                }


# The yields of the histograms, measured without any card: each sample as a process, each variation as a nuisance.

TABULATED = {
    **dict.fromkeys(("discriminant", "nJets"), (*CATEGORIES, "inclusive")),
    "control_var_1": CATEGORIES,
    # The variables above in another axis, or a variable with much or no flow.
    **dict.fromkeys(("nJets_int", "lepton_pt_flow", "lepton_pt_noflow"), ("SR", "inclusive")),
}
"""The categories of each variable."""
DIGITS = 1e-7
"""The table has eight digits."""


@attrs.frozen(kw_only=True)
class Measured:
    """A line of the table: what one sample has inside the axis, and outside."""

    total: float
    variance: float
    underflow: float
    overflow: float
    negative_bins: int


Table: TypeAlias = dict[tuple[str, str, str], Measured]
"""By sample, year and variation."""


@pytest.fixture(scope="module")
def tables() -> dict[tuple[str, str], Table]:
    """The table of each variable and category."""
    made: dict[tuple[str, str], Table] = {}
    with (DATA / "yields.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            key = row["sample"], row["year"], row["variation"]
            made.setdefault((row["variable"], row["category"]), {})[key] = Measured(
                total=float(row["sum"]),
                variance=float(row["sum_variance"]),
                underflow=float(row["underflow"]),
                overflow=float(row["overflow"]),
                negative_bins=int(row["n_negative_bins"]),
            )
    return made


@pytest.fixture(scope="module")
def by_sample(output: dict[str, Any], tables: dict[tuple[str, str], Table]) -> Callable[[str, str], Datacard]:
    """Cards with each sample as a process and each of its variations as a nuisance, in the bins of the output."""
    made: dict[tuple[str, str], Datacard] = {}

    def make(variable: str, category: str) -> Datacard:
        if (variable, category) not in made:
            made[variable, category] = Datacard(
                output["variables"][variable],
                output["datasets_metadata"],
                output["cutflow"],
                YEARS,
                MCProcesses(
                    MCProcess(sample, [sample], years=YEARS, is_signal=sample.startswith("Signal"))
                    for sample in MC_SAMPLES
                ),
                Systematics(declared(tables[variable, category])),
                category,
                DataProcesses([DataProcess("data_obs", DATA_SAMPLES, years=YEARS)]),
                verbose=False,
            )
        return made[variable, category]

    return make


def declared(table: Table) -> Iterator[SystematicUncertainty]:
    for name in sorted({label.removesuffix("Up") for _, _, label in table if label.endswith("Up")}):
        samples = [sample for sample in MC_SAMPLES if any((sample, year, f"{name}Up") in table for year in YEARS)]
        years = [year for year in YEARS if any((sample, year, f"{name}Up") in table for sample in samples)]
        yield SystematicUncertainty(name, "shape", samples, years, 1.0)


def simulated(table: Table, category: str) -> Iterator[tuple[str, str, Measured]]:
    """Column, variation and what the table has, where the variation was computed."""
    for (sample, year, variation), measured in table.items():
        # Its histograms are empty outside SR, where nobody asked for it.
        if sample in MC_SAMPLES and not (variation.startswith("met_unclustered") and category != "SR"):
            yield f"{sample}_{year}", variation, measured


def test_measured_rates(by_sample: Callable[[str, str], Datacard], tables: dict[tuple[str, str], Table]) -> None:
    """Rates and variances are the measured ones where no bin is negative."""
    for variable, categories in TABULATED.items():
        with case(variable):
            for category in categories:
                card = by_sample(variable, category)
                columns, variations, _ = map(list, card.histogram.axes)
                variances = card.histogram.variances().sum(axis=-1)
                rows = [
                    (column, variation, measured)
                    for column, variation, measured in simulated(tables[variable, category], category)
                    if not measured.negative_bins and measured.total > 0
                ]
                rates = [card.rate(column, variation) for column, variation, _ in rows]
                assert rates == pytest.approx([measured.total for *_, measured in rows], rel=DIGITS), category
                found = [variances[columns.index(column), variations.index(variation)] for column, variation, _ in rows]
                assert found == pytest.approx([measured.variance for *_, measured in rows], rel=DIGITS), category
                assert len(rows) >= len(MC_SAMPLES), category


def test_measured_observation(by_sample: Callable[[str, str], Datacard], tables: dict[tuple[str, str], Table]) -> None:
    """The observation is the measured one."""
    for variable, categories in TABULATED.items():
        with case(variable):
            for category in categories:
                table = tables[variable, category]
                events = sum(table[key].total for key in product(DATA_SAMPLES, YEARS, ("data",)) if key in table)
                assert by_sample(variable, category).observation == events > 0, category


def test_measured_clipping(by_sample: Callable[[str, str], Datacard], tables: dict[tuple[str, str], Table]) -> None:
    """Every negative bin is clipped and told with the measured yield."""
    for variable, categories in TABULATED.items():
        with case(variable):
            for category in categories:
                card = by_sample(variable, category)
                told = {
                    (finding.column, finding.systematic or "nominal"): finding.message
                    for finding in card.findings
                    if finding.code == "clipped" and "met_unclustered" not in finding.systematic
                }
                negative = {
                    (column, variation): measured
                    for column, variation, measured in simulated(tables[variable, category], category)
                    if measured.negative_bins
                }
                assert told.keys() == negative.keys(), category
                columns, variations, _ = map(list, card.histogram.axes)
                contents = card.histogram.values()
                for (column, variation), message in told.items():
                    before, after = clipping(message)
                    assert before == pytest.approx(negative[column, variation].total, rel=1e-5, abs=1e-9), message
                    assert after >= before, message
                    values = contents[columns.index(column), variations.index(variation)]
                    if values.sum() > 0:
                        assert card.rate(column, variation) == pytest.approx(after, rel=1e-5), message
                        assert np.count_nonzero(values == 0) >= negative[column, variation].negative_bins, message


def clipping(message: str) -> tuple[float, float]:
    """Yield before and after of a finding."""
    told = re.search(r"yield (\S+) -> (\S+)", message)
    assert told is not None, message
    return float(told[1]), float(told[2])


def test_measured_flow(by_sample: Callable[[str, str], Datacard], tables: dict[tuple[str, str], Table]) -> None:
    """The measured flow of each column is told, as a warning above one per cent."""
    for variable, categories in TABULATED.items():
        with case(variable):
            for category in categories:
                findings = by_sample(variable, category).findings
                told = {finding.column: finding for finding in findings if finding.code == "flow-lost"}
                under: defaultdict[str, float] = defaultdict(float)
                over: defaultdict[str, float] = defaultdict(float)
                inside: defaultdict[str, float] = defaultdict(float)
                for (sample, year, variation), measured in tables[variable, category].items():
                    if variation in {"nominal", "data"}:
                        column = f"{sample}_{year}" if variation == "nominal" else "data_obs"
                        under[column] += measured.underflow
                        over[column] += measured.overflow
                        inside[column] += measured.total
                assert told.keys() == {column for column in inside if under[column] or over[column]}, category
                for column, finding in told.items():
                    numbers = re.findall(r"(\S+) in (?:underflow|overflow)", finding.message)
                    expected = [under[column], over[column]]
                    assert [float(number) for number in numbers] == pytest.approx(expected, rel=1e-3), finding
                    lost = abs(under[column] + over[column])
                    grave = lost > 0.01 * abs(lost + inside[column])
                    assert finding.severity is (Severity.WARNING if grave else Severity.NOTICE), finding


def test_large_flow(by_sample: Callable[[str, str], Datacard]) -> None:
    """Half of ttbar is outside the lepton axis, which is a warning."""
    card = by_sample("lepton_pt_flow", "SR")
    (finding,) = [
        finding for finding in card.findings if (finding.code, finding.column) == ("flow-lost", "TTbar_2022_preEE")
    ]
    assert card.rate("TTbar_2022_preEE") == pytest.approx(124.42, abs=0.005)
    assert "of 237.13" in finding.message
    assert finding.severity is Severity.WARNING


def test_axis_without_flow(
    by_sample: Callable[[str, str], Datacard],
) -> None:
    """An axis without flow bins has the same rates, and no loss that could be told."""
    with_flow, without = by_sample("lepton_pt_flow", "SR"), by_sample("lepton_pt_noflow", "SR")
    assert not [finding for finding in without.findings if finding.code == "flow-lost"]
    assert without.rate("TTbar_2022_preEE") == with_flow.rate("TTbar_2022_preEE")


def test_clipped_yield(ours: Callable[[str], Ours]) -> None:
    """The finding of a clipped column has the yield before and after."""
    (finding,) = [
        finding
        for finding in ours("02_docs_default_suffix").findings("CR1", "clipped")
        if (finding.column, finding.systematic) == ("vjets_hf_2022_preEE", "")
    ]
    card = ours("02_docs_default_suffix").card("CR1")
    rate = dict(zip(card.columns, card.rates, strict=True))["vjets_hf_2022_preEE"]
    before, after = clipping(finding.message)
    assert before == pytest.approx(23.54, abs=0.005)
    assert after == pytest.approx(24.69, abs=0.005)
    assert rate == pytest.approx(24.69, abs=0.005)
    assert re.search(r"\bbin 2\b", finding.message)
    assert "+4.88 %" in finding.message
    assert finding.severity is Severity.WARNING


def test_dataset_without_events(ours: Callable[[str], Ours]) -> None:
    """A dataset without events is left out and told."""
    skipped = {
        (finding.column, re.findall(r"VV_ZZ_\w+", finding.message)[0])
        for finding in ours("02_docs_default_suffix").findings("SR", "empty-dataset")
    }
    assert skipped == {
        ("diboson_2022_preEE", "VV_ZZ_2022_preEE"),
        ("diboson_2023_preBPix", "VV_ZZ_2023_preBPix"),
    }
