"""The text of a report, and the command that writes it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
from datacard_plots import Stack as BuiltIn
from datacard_plots.options import PlotOptions
from datacard_report import report_of

from datacard_core import Axis, Channel, DeclarationError, Plot, load_plugins, read_cards
from tests.support.cards import HEAD
from tests.support.channels import all_shifted, channel, factors, with_origin
from tests.support.commands import datacard, failed
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ONE_CHANNEL = (
    "imax *\njmax *\nkmax *\nbin SR\nobservation 120\nbin SR SR SR\nprocess sig top wj\nprocess 0 1 2\n"
    "rate 8.25 90 20.5\nlumi lnN 1.02 1.02 1.02\n"
)
LUMI = "# made by hand <b>\nlumi lnN 1.02 1.02 1.02 1.02 1.02\n"


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "card.txt"
    path.write_text(HEAD + LUMI, encoding="utf-8")
    return path


class Stack(Plot):
    """A plot of so many bytes as SVG, which fails for one bin."""

    name: ClassVar[str] = "bytes"
    suffixes: ClassVar[Sequence[str]] = (".svg", ".png")
    size: ClassVar[int] = 10

    def draw(self, channel: Channel, path: Path) -> None:
        if channel.bin == "bad":
            raise OSError("<no> ink")
        path.write_bytes(b"x" * self.size)


class Large(Stack):
    """A plot that is large as SVG."""

    name: ClassVar[str] = "large"
    size: ClassVar[int] = 300_000


class Named(Stack):
    """A plot of another name, for claims about the places of plots."""

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]


@pytest.mark.slow
def test_command(card: Path, tmp_path: Path) -> None:
    """The command writes the report of all cards, with the comments of each, and replaces an earlier one."""
    output = tmp_path / "out.html"
    output.write_text("earlier", encoding="utf-8")
    result = datacard("report", card, "-o", output, "--no-plots")
    assert result.exit_code == 0, result.output
    text = output.read_text(encoding="utf-8")
    assert "<title>Report of card.txt</title>" in text
    assert "# made by hand &lt;b&gt;" in text
    assert ">90.0 ± 0.0 ± 1.8<" in text
    assert "<img" not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.txt", "out.html"]


@pytest.mark.slow
def test_faults_of_the_command(card: Path, tmp_path: Path) -> None:
    """A directory without cards, a misspelt process, and a place that cannot be written to, are told without a file."""
    (tmp_path / "empty").mkdir()
    assert "has no card" in failed(datacard("report", tmp_path / "empty"))
    message = failed(datacard("report", card, "-o", tmp_path / "out.html", "--process", "tpo"))
    assert "no process is called 'tpo' (did you mean 'top'" in message
    assert not (tmp_path / "out.html").exists()
    assert "No such file" in failed(datacard("report", card, "--no-plots", "-o", tmp_path / "not" / "there.html"))


@pytest.mark.slow
def test_equal_bytes(card: Path, tmp_path: Path) -> None:
    """Equal cards give equal bytes, those of pictures too."""
    drawn, again = (report_of(channel(factors("lumi", [0], [1.1])), plots=["stack"]) for _ in range(2))
    assert drawn == again
    assert "data:image/svg+xml" in drawn
    texts = []
    for name in ("a.html", "b.html"):
        assert datacard("report", card, "-o", tmp_path / name, "--no-plots").exit_code == 0
        texts.append((tmp_path / name).read_bytes())
    assert texts[0] == texts[1]


def test_names_are_text() -> None:
    """Names from files, in any place, make no tag."""
    tag = "<script>alert(1)</script>\x1b"
    made = channel(factors(tag, [0], [1.1]), bin=tag)
    text = report_of(made, plots=["bytes"], plugins=load_plugins(Provider("acme", Stack())))
    assert text.count("<script") == 1
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;\\x1b") >= 5
    assert "\x1b" not in text


@pytest.mark.slow
def test_formats_of_plots() -> None:
    """A large SVG is a PNG instead, and a plot that fails has its reason in its place."""
    plugins = load_plugins(Provider("acme", Stack(), Large()))
    text = report_of([channel(), channel(bin="bad")], plots=["bytes", "large"], plugins=plugins)
    assert text.count('src="data:image/svg+xml;base64,') == 1
    assert text.count('src="data:image/png;base64,') == 1
    assert text.count("&lt;no&gt; ink") == 2


class TestFit:
    """The section of a fit, which is there where it is asked for."""

    @pytest.mark.slow
    def test_section(self, card: Path, tmp_path: Path) -> None:
        """The section has the interval, the limits, the yields of all stages and figures, which options change."""
        # A constrained parameter and one that the data alone fix, r. One channel: each has pictures of its own.
        card.write_text(ONE_CHANNEL, encoding="utf-8")
        output = tmp_path / "out.html"
        assert datacard("report", card, "-o", output, "--fit").exit_code == 0
        text = output.read_text(encoding="utf-8")
        section = text.partition('<section id="fit">')[2].partition("</section>")[0]
        assert [word for word in ("observed limit", "signal fit", "figure of the fit") if word not in section] == []
        assert "<td>r</td>" in section
        assert datacard("report", card, "-o", output, "--fit", "--status", "Private Work").exit_code == 0
        # Stacks, maps and the figures of the fit: all of them differ.
        plain, marked = (set(re.findall(r"data:image[^\"]+", one)) for one in (text, output.read_text("utf-8")))
        assert len(plain) == len(marked) > 4
        assert plain.isdisjoint(marked)
        assert datacard("report", card, "-o", output, "--fit", "--no-plots").exit_code == 0
        assert "<img" not in output.read_text(encoding="utf-8")

    @pytest.mark.slow
    def test_without(self, card: Path, tmp_path: Path) -> None:
        """A report that is not asked for a fit has none."""
        assert datacard("report", card, "-o", tmp_path / "out.html", "--no-plots").exit_code == 0
        assert 'id="fit"' not in (tmp_path / "out.html").read_text(encoding="utf-8")

    @pytest.mark.slow
    def test_blind(self, card: Path) -> None:
        """If a card is blind, the fit is that of expected events: r is 1, and there is no observed limit."""
        line = "# blind: data_obs of SR is Asimov data in all bins, signal strength 0\n"
        card.write_text(line + card.read_text(encoding="utf-8"), encoding="utf-8")
        read = read_cards([card])
        assert read[0].model().channels[0].blind_bins
        text = report_of(read, plots=(), fit=True)
        assert "Blind: expected events with a signal of 1" in text
        assert "<td>1 " in text
        assert "observed limit" not in text

    def test_hidden_sums(self) -> None:
        """The yields tell no sum of data of which bins are hidden, and which channels the ranges miss."""
        far = channel(bin="CR", axis=Axis(np.array([7.0, 8.0, 9.0]), "y"))
        options = PlotOptions(blind=[(1.5, 3)])
        texts = [report_of([channel(), far], plots=(), options=given) for given in (None, options)]
        cells = [re.findall(r">(\w+)</td>", text.partition(">data</td>")[2].partition("</tr>")[0]) for text in texts]
        # The data of both are their background, 45 and 65.
        assert cells == [["110", "110"], ["blind", "110"]]
        assert "Data of CR are shown: no bin lies in 1.5:3." in texts[1]

    @pytest.mark.slow
    def test_hidden_data(self, card: Path) -> None:
        """A fit beside hidden data is one of expected events, and a hidden range without bins is refused."""
        read = read_cards([card])
        text = report_of(read, plots=(), fit=True, options=PlotOptions(blind=[(-math.inf, math.inf)]))
        assert "as ranges of the data are hidden" in text
        assert "observed limit" not in text
        with pytest.raises(DeclarationError, match="no bin lies in 7000:8000"):
            report_of(read, plots=(), options=PlotOptions(blind=[(7000, 8000)]))

    @pytest.mark.slow
    def test_card_without_likelihood(self, card: Path) -> None:
        """A card that a fit does not cover has the reason in its section."""
        card.write_text(card.read_text(encoding="utf-8") + "d discrete\n", encoding="utf-8")
        text = report_of(read_cards([card], lenient=True), plots=(), fit=True)
        section = text.partition('<section id="fit">')[2].partition("</section>")[0]
        assert "discrete" in section
        assert "<table" not in section

    @pytest.mark.slow
    def test_sources(self, card: Path) -> None:
        """A model, a channel and channels have the section as the card has."""
        (read,) = read_cards([card])
        model = read.model()
        sections = {
            report_of(source, plots=(), fit=True).partition('<section id="fit">')[2].partition("</section>")[0]
            for source in (read, [read], model, model.channels)
        }
        assert len(sections) == 1


@pytest.mark.slow
def test_maps(card: Path) -> None:
    """A built channel has both maps, those that were read have that of effects, and one without nuisances none."""
    counts = []
    plugins = load_plugins(Provider("plots", Named("stack"), Named("coverage"), Named("correlations")))
    for source in (channel(with_origin(all_shifted(channel()))), read_cards([card]), channel()):
        text = report_of(source, plugins=plugins)
        counts.append([text.count(f'alt="{name} of') for name in ("stack", "coverage", "correlations")])
    assert counts == [[1, 1, 1], [2, 0, 2], [1, 0, 0]]
    without = report_of(channel(), plugins=load_plugins("checks"))
    assert 'id="plots"' not in without


@pytest.mark.slow
def test_plot_with_options() -> None:
    """A plot is drawn with its options, and named beside its channel."""
    plain, marked = (
        report_of(channel(), plots=[BuiltIn(PlotOptions(status=status))]) for status in ("", "Private Work")
    )
    assert 'alt="stack of SR_2022_2023"' in plain
    assert 'alt="stack of SR_2022_2023"' in marked
    assert plain != marked
