"""Files that a card writer and a template serializer declare: names, contents, and what joins them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    CardContext,
    CardWriter,
    Category,
    DeclarationError,
    NamedTemplates,
    PluginCallError,
    PluginLoadError,
    Systematics,
    TemplateSerializer,
    load_plugins,
)
from tests.support.card_files import text_of
from tests.support.outputs import Output, card, shape, two_processes
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Frame(TemplateSerializer):
    """Rows of channel, process and systematic, as Combine reads them from a data frame."""

    name: ClassVar[str] = "frame"
    suffix: ClassVar[str] = ".csv"
    patterns: ClassVar[Sequence[str]] = ("$CHANNEL:$PROCESS:nominal,w:ww", "$CHANNEL:$PROCESS:$SYSTEMATIC,w:ww")

    def write(self, templates: NamedTemplates, path: Path) -> None:
        rows = zip(templates.processes, templates.systematics, templates.templates.values.tolist(), strict=True)
        path.write_text("".join(f"{templates.channel},{process},{of},{values}\n" for process, of, values in rows))


class Rates(CardWriter):
    """Rates as JSON, without a file of templates."""

    name: ClassVar[str] = "rates"
    suffix: ClassVar[str] = ".json"
    needs_templates: ClassVar[bool] = False

    def render(self, card: CardContext) -> str:
        assert card.shapes_name == ""
        return json.dumps({"rates": card.channel.rates.tolist(), "made by": card.provenance})


class Workspace(Rates):
    """The rates of all channels in one card."""

    name: ClassVar[str] = "workspace"

    def render_all(self, cards: Sequence[CardContext]) -> str:
        return json.dumps({card.channel.bin: card.channel.rates.tolist() for card in cards})


class Silent(Rates):
    """A writer whose card of all channels is no text."""

    name: ClassVar[str] = "silent"

    def render_all(self, cards: Sequence[CardContext]) -> Any:  # noqa: ARG002 - the fault under test
        return b""


class Listed(TemplateSerializer):
    """A serializer that declares no suffix."""

    name: ClassVar[str] = "listed"

    def write(self, templates: NamedTemplates, path: Path) -> None:
        path.write_text(repr(templates.names))


PLUGINS = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Frame(), Listed(), Rates(), Workspace(), Silent()))


def output() -> Output:
    made = Output()
    made.mc("Signal", "2022", nominal=[1, 2], jesUp=[1, 3], jesDown=[1, 1])
    return made.mc("TTbar", "2022", nominal=[10, 20], jesUp=[11, 20], jesDown=[9, 20])


def analysis() -> Analysis:
    return Analysis(
        years=["2022"],
        mc_processes=two_processes(),
        systematics=Systematics([shape("jes", ["signal", "ttbar"])]),
        categories={"SR": Category("m"), "CR": Category("m", bin_name="control")},
        mcstat=False,
        label="run3",
        plugins=PLUGINS,
    )


def two_categories() -> dict[str, Any]:
    made = output()
    for by_dataset in made.histograms.values():
        for dataset, histogram in by_dataset.items():
            wider = type(histogram)(
                type(histogram.axes[0])(["SR", "CR"], name="cat"), *histogram.axes[1:], storage=histogram.storage_type()
            )
            wider.view()[:] = histogram.view()[0]
            by_dataset[dataset] = wider
    return made.loaded


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


class TestSerializers:
    """A serializer declares its files."""

    @pytest.mark.slow
    def test_suffix_and_patterns(self, tmp_path: Path) -> None:
        """The file has the suffix, and Combine's line the places, that the serializer declares."""
        made = card(output(), shape("jes"), plugins=PLUGINS)
        made.dump(tmp_path, serializer="frame")
        assert names(tmp_path) == ["datacard.txt", "shapes.csv"]
        (line,) = [line for line in (tmp_path / "datacard.txt").read_text().splitlines() if line.startswith("shapes")]
        assert line.split() == ["shapes", "*", "SR_2022", "shapes.csv", *Frame.patterns]
        assert made.content(serializer="frame") == text_of(tmp_path / "datacard.txt")

    @pytest.mark.slow
    def test_names_apart(self, tmp_path: Path) -> None:
        """A serializer gets channel, process and systematic of each template apart."""
        card(output(), shape("jes"), plugins=PLUGINS).dump(tmp_path, serializer="frame")
        rows = [line.split(",")[:3] for line in (tmp_path / "shapes.csv").read_text().splitlines()]
        assert rows == [
            ["SR_2022", "data_obs", "nominal"],
            ["SR_2022", "signal_2022", "nominal"],
            ["SR_2022", "ttbar_2022", "nominal"],
            ["SR_2022", "ttbar_2022", "jesUp"],
            ["SR_2022", "ttbar_2022", "jesDown"],
        ]

    @pytest.mark.slow
    def test_no_suffix(self, tmp_path: Path) -> None:
        """The file of a serializer without a suffix is not called a ROOT file."""
        card(output(), plugins=PLUGINS).dump(tmp_path, serializer="listed")
        assert names(tmp_path) == ["datacard.txt", "shapes.dat"]


class TestWriters:
    """A card writer declares its files."""

    @pytest.mark.slow
    def test_no_templates(self, tmp_path: Path) -> None:
        """A writer that needs no templates leaves none, and its card does not name their serializer."""
        made = card(output(), shape("jes"), plugins=PLUGINS)
        made.dump(tmp_path, writer="rates")
        assert names(tmp_path) == ["datacard.json"]
        content = json.loads((tmp_path / "datacard.json").read_text())
        assert content["rates"] == [3, 30]
        assert not any("root" in line for line in content["made by"])

    @pytest.mark.slow
    @pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
    def test_card_for_each_channel(self, jobs: int, tmp_path: Path) -> None:
        """Cards of a format that Combine does not read have their suffix, and no script joins them."""
        cards = analysis().build(two_categories(), verbose=False)
        paths = cards.dump(tmp_path, writer="rates", jobs=jobs)
        assert names(tmp_path) == ["datacard_CR_run3.json", "datacard_SR_run3.json"]
        assert sorted(paths) == sorted(tmp_path.iterdir())

    @pytest.mark.slow
    def test_card_of_all_channels(self, tmp_path: Path) -> None:
        """A writer of all channels makes a single card."""
        cards = analysis().build(two_categories(), verbose=False)
        cards.dump(tmp_path, writer="workspace")
        assert names(tmp_path) == ["datacard_combined_run3.json"]
        content = json.loads((tmp_path / "datacard_combined_run3.json").read_text())
        assert content == {"SR_run3": [3, 30], "control": [3, 30]}

    @pytest.mark.slow
    @pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
    def test_files_of_combine(self, jobs: int, tmp_path: Path) -> None:
        """Combine's cards refer to the files of the serializer, and a script joins them."""
        cards = analysis().build(two_categories(), verbose=False)
        paths = cards.dump(tmp_path, serializer="frame", jobs=jobs)
        assert names(tmp_path) == [
            "combine_datacards_run3.sh",
            "datacard_CR_run3.txt",
            "datacard_SR_run3.txt",
            "shapes_CR_run3.csv",
            "shapes_SR_run3.csv",
        ]
        assert " shapes_SR_run3.csv " in (tmp_path / "datacard_SR_run3.txt").read_text().replace("  ", " ")
        assert paths[-1] == tmp_path / "combine_datacards_run3.sh"

    def test_masks_without_script(self, tmp_path: Path) -> None:
        """Channel masks, an option of the script, are refused where there is none."""
        cards = analysis().build(two_categories(), verbose=False)
        with pytest.raises(DeclarationError, match=r"channel_masks is for the script .* 'rates'"):
            cards.dump(tmp_path, writer="rates", channel_masks=True)
        assert names(tmp_path) == []

    @pytest.mark.slow
    def test_no_text_of_all_channels(self, tmp_path: Path) -> None:
        """A card of all channels that is no text is the failure of the writer."""
        cards = analysis().build(two_categories(), verbose=False)
        with pytest.raises(PluginCallError, match="one card of channels 'SR_run3', 'control': got bytes"):
            cards.dump(tmp_path, writer="silent")


@pytest.mark.parametrize(
    ("base", "attribute", "value", "message"),
    [
        (Frame, "suffix", "csv", "contributed template serializer 'frame' with suffix 'csv'"),
        (Frame, "suffix", "", "with suffix ''"),
        (Frame, "patterns", "$PROCESS", "expected two words"),
        (Frame, "patterns", ("$PROCESS", "$PROCESS $SYSTEMATIC"), "expected two words"),
        (Rates, "suffix", None, "contributed card writer 'rates' with suffix None"),
        (Rates, "needs_templates", "no", "needs_templates 'no', expected True or False"),
        (Rates, "is_combine", 1, "is_combine 1, expected True or False"),
    ],
)
def test_wrong_attributes(base: type[Any], attribute: str, value: object, message: str) -> None:
    """A wrong attribute is refused when the plugin is loaded."""
    with pytest.raises(PluginLoadError) as raised:
        load_plugins(Provider("acme", type("Wrong", (base,), {attribute: value})()))
    assert message in str(raised.value)
