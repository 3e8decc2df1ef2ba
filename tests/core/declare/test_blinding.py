"""Blinding: expected events in the place of data, and no count of them in any product."""

from __future__ import annotations

import concurrent.futures
import io
import json
import pickle
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from datacard_core import (
    Analysis,
    Blinding,
    Cards,
    Category,
    Datacard,
    DatacardError,
    DeclarationError,
    FinishedCardError,
    Rename,
    Systematics,
    SystematicUncertainty,
    read_card,
    write_model,
)
from tests.support import outputs
from tests.support.coffea_files import save
from tests.support.commands import datacard, write
from tests.support.outputs import Output, found, observation, shape, simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REAL = (104729, 611953, 748207, 882377, 199933)
"""Counts of the signal region, underflow first and overflow last: numbers that nothing else gives."""
OPEN = (300, 400, 500)
"""Counts of the control region."""
INSIDE = sum(REAL[1:-1])
SECRETS = (*REAL, INSIDE, sum(REAL), REAL[0] + REAL[1], REAL[3] + REAL[4], INSIDE + REAL[0] + REAL[4])

SCRIPT = """
from datacard_core import *

analysis = Analysis(
    years=["2022"],
    mc_processes=MCProcesses(
        [
            MCProcess(name="signal", samples=["Signal"], years=["2022"], is_signal=True),
            MCProcess(name="ttbar", samples=["TTbar"], years=["2022"], is_signal=False),
        ]
    ),
    data_processes=DataProcesses([DataProcess(name="data_obs", samples=["Muon"], years=["2022"])]),
    systematics=Systematics([]),
    categories={"SR": Category("m"), "CR": Category("m")},
    **OPTIONS,
)
"""


def output() -> dict[str, Any]:
    """Return an output whose histograms and cutflow have the counts."""
    made = Output()
    for sample, size in (("Signal", 1.0), ("TTbar", 10.0)):
        of_label = {
            label: [factor * size, 2 * factor * size, 3 * factor * size]
            for label, factor in (("nominal", 1), ("JESUp", 1.1), ("JESDown", 0.9))
        }
        made.add(sample, "2022", simulated({"SR": of_label, "CR": of_label}))
    counts = {"SR": {"nominal": sum(REAL)}, "CR": {"nominal": sum(OPEN)}}
    data = outputs.observed({"SR": REAL, "CR": (0, *OPEN, 0)}, outputs.bins(0, 1, 2, 3))
    made.add("Muon", "2022", data, counts=counts)
    made.by_dataset["Muon_2022"]["isMC"] = "False"
    return made.loaded


def analysis(**changes: Any) -> Analysis:
    declared: dict[str, Any] = {
        "years": ["2022"],
        "mc_processes": outputs.two_processes(has_rateParam={"initial": 1.5}),
        "data_processes": observation("Muon"),
        "systematics": Systematics([shape("JES", ["signal", "ttbar"])]),
        "categories": {"SR": Category("m"), "CR": Category("m")},
        "plugins": outputs.PLUGINS,
        "blind": "SR",
    }
    return Analysis(**declared | changes)


def card(**changes: Any) -> Datacard:
    loaded = output()
    declared: dict[str, Any] = {
        "histograms": loaded["variables"]["m"],
        "datasets_metadata": loaded["datasets_metadata"],
        "cutflow": loaded["cutflow"],
        "years": ["2022"],
        "mc_processes": outputs.two_processes(),
        "data_processes": observation("Muon"),
        "systematics": Systematics([shape("JES", ["signal", "ttbar"])]),
        "category": "SR",
        "blind": True,
    }
    return Datacard(**declared | changes)


def data(made: Datacard) -> list[float]:
    values: list[float] = made.channel.data.values[0].tolist()
    return values


def in_text(text: str) -> set[int]:
    """Return the secrets in a text, in the forms in which numbers are printed."""
    forms = {secret: {str(secret), f"{secret:,}", f"{secret:.4g}", f"{secret:.6g}"} for secret in SECRETS}
    return {secret for secret, texts in forms.items() if any(form in text for form in texts)}


def in_bytes(content: bytes) -> set[int]:
    """Return the secrets in bytes, as numbers of any type of numpy's and of pickle's."""
    forms = ("<d", ">d", "<f", ">f", "<i", ">i", "<q", ">q")
    packed = {secret: {struct.pack(form, secret) for form in forms} for secret in SECRETS}
    return {secret for secret, texts in packed.items() if any(form in content for form in texts)} | in_text(
        content.decode("latin-1")
    )


def in_files(folder: Path) -> set[int]:
    """Return the secrets in all files below a folder, and in the arrays of files of ROOT."""
    leaked: set[int] = set()
    for path in folder.rglob("*"):
        leaked |= in_bytes(path.read_bytes()) if path.is_file() else in_text(path.name)
        if path.suffix == ".root":
            with uproot.open(path) as file:
                arrays = [array for name in file for array in (file[name].values(flow=True), file[name].variances())]
            numbers = np.concatenate([np.ravel(array) for array in arrays])
            leaked |= {secret for secret in SECRETS if np.isclose(numbers, secret, rtol=1e-5).any()}
    return leaked


def in_plot(made: Datacard) -> set[int]:
    """Return the secrets among the points of the stack, and in its text."""
    from datacard_plots.stack.figure import stack_figure  # noqa: PLC0415  slow
    from datacard_plots.style import plot_style  # noqa: PLC0415

    with plot_style():
        figure = stack_figure(made.channel)
        svg = io.StringIO()
        figure.savefig(svg, format="svg")
    drawn = np.concatenate([np.ravel(line.get_ydata()) for axes in figure.axes for line in axes.lines])
    return in_text(svg.getvalue()) | {secret for secret in SECRETS if np.isclose(drawn, secret).any()}


class Recording(concurrent.futures.Executor):
    """An executor that keeps the bytes of all that it sends to workers and gets from them."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        self.messages.append(pickle.dumps((function, args, kwargs)))
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.set_running_or_notify_cancel()
        try:
            result = function(*args, **kwargs)
            self.messages.append(pickle.dumps(result))
            future.set_result(result)
        except Exception as error:  # noqa: BLE001 - as a pool does
            future.set_exception(error)
        return future


def above_2(axis: Any) -> Any:
    return axis.edges[:-1] >= 2


def products(cards: Cards, folder: Path) -> Iterator[tuple[str, set[int]]]:
    """Yield each product of cards by name, with the secrets in it."""
    cards.dump(folder)
    yield "files", in_files(folder)
    made = cards["SR"]
    yield "plot", in_plot(made)
    for thing in (cards, made, made.channel, cards.model, made.model, cards.findings):
        yield f"pickle of {type(thing).__name__}", in_bytes(pickle.dumps(thing))
        shown = [repr(thing), getattr(thing, "_repr_html_", str)() or ""]
        yield f"repr of {type(thing).__name__}", in_text("".join(shown))
    yield "report", in_text(cards.report())
    yield "histograms", in_text(f"{made.data_obs.values(flow=True)} {made.create_shape_histogram_dict(is_data=True)}")


class TestSecrecy:
    """Counts of a blind category are in no product."""

    @pytest.mark.slow
    def test_search_finds_counts(self, tmp_path: Path) -> None:
        """The search finds the counts of an analysis that is not blind, in every product but those without numbers."""
        leaked = dict(products(analysis(blind=False).build(output(), verbose=False), tmp_path))
        without = {name for name, secrets in leaked.items() if not secrets}
        numbers = {"files", "plot", "pickle of Cards", "pickle of Datacard", "pickle of Channel", "pickle of Model"}
        assert not without.intersection(numbers | {"repr of Datacard", "histograms", "report"})

    @pytest.mark.slow
    def test_products(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Neither files, plots, pickles, texts nor the terminal have them, and the other category keeps its data."""
        cards = analysis().build(output())
        assert {name for name, secrets in products(cards, tmp_path) if secrets} == set()
        assert in_text("".join(capsys.readouterr())) == set()
        assert data(cards["CR"]) == list(OPEN)

    @pytest.mark.slow
    def test_some_bins(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Of a category with blind bins only the other bins are shown, and the overflow belongs to its last bin."""
        cards = analysis(blind=above_2, systematics=Systematics([])).build(output())
        hidden = {REAL[3], REAL[4], REAL[3] + REAL[4], INSIDE, sum(REAL), INSIDE + REAL[4], INSIDE + REAL[0] + REAL[4]}
        assert {name for name, secrets in products(cards, tmp_path) if secrets & hidden} == set()
        assert not in_text("".join(capsys.readouterr())) & hidden
        assert data(cards["SR"]) == [*REAL[1:3], 45]  # 1.5 * 30

    @pytest.mark.slow
    @pytest.mark.parametrize("flow", ["drop", "fold", "error"])
    def test_errors(self, flow: str) -> None:
        """Neither an error nor what strict refuses tells them."""
        for blind in ("SR", above_2):
            categories = {"SR": Category("m", flow=flow, bins_edges=[0, 2, 3])}
            with pytest.raises(DatacardError) as raised:
                analysis(
                    blind=blind,
                    categories=categories,
                    strict=True,
                    systematics=Systematics([shape("JER", ["ttbar"])]),
                ).build(output(), verbose=False)
            assert in_text(str(raised.value)) & {REAL[3], REAL[4], INSIDE} == set()

    @pytest.mark.slow
    def test_findings_on_data(self) -> None:
        """A finding that tells the number of selected data is not there where bins are blind."""
        loaded = output()
        loaded["variables"]["m"]["Muon"]["Muon_2022"].reset()
        told = analysis(blind=False).build(loaded, verbose=False).report()
        assert f"has {sum(REAL):g} events in the cutflow" in told
        assert in_text(analysis(blind=above_2).build(loaded, verbose=False).report()) == set()

    @pytest.mark.slow
    def test_workers(self, tmp_path: Path) -> None:
        """What is sent to workers and back has no counts, from the reading of files to the writing of cards."""
        path = tmp_path / "output.coffea"
        save(path, output())
        pool = Recording()
        cards = analysis().build(path, executor=pool, verbose=False)
        cards.dump(tmp_path / "cards", executor=pool)
        assert len(pool.messages) >= 10
        assert [sorted(leaked) for message in pool.messages if (leaked := in_bytes(message))] == []

    @pytest.mark.slow
    def test_function_of_bins_on_workers(self, tmp_path: Path) -> None:
        """A function that cannot be pickled chooses bins of cards that workers build and write."""
        pool = Recording()
        cards = analysis(blind=lambda axis: axis.edges[:-1] >= 2).build(output(), executor=pool, verbose=False)
        cards.dump(tmp_path / "cards", executor=pool)
        assert {REAL[3], REAL[4]}.isdisjoint(set().union(*map(in_bytes, pool.messages)))

    @pytest.mark.slow
    def test_card_of_a_script(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A blind card does not keep the histograms and the cutflow that a script gave it."""
        made = card()
        made.dump(tmp_path)
        assert in_files(tmp_path) == in_bytes(pickle.dumps(made)) == in_text(repr(made)) == set()
        assert in_text("".join(capsys.readouterr())) == set()
        for name in ("histograms", "cutflow", "datasets_metadata"):
            with pytest.raises(AttributeError, match=f"'SR_2022' is declared with blind= and does not keep '{name}'"):
                getattr(made, name)
        with pytest.raises(AttributeError, match="blind"):
            made.rearrange_histograms(is_data=True)

    @pytest.mark.slow
    def test_open_card_of_a_script(self) -> None:
        """The open card of one category keeps no counts of another one that is blind by name."""
        made = card(category="CR", blind=["SR"])
        assert data(made) == list(OPEN)
        assert in_bytes(pickle.dumps(made)) == set()
        with pytest.raises(AttributeError, match="blind"):
            made.rearrange_histograms(is_data=True, category="SR")

    @pytest.mark.slow
    def test_command(self, tmp_path: Path) -> None:
        """The command blinds all categories or some, and its tables and files have no counts."""
        save(tmp_path / "output.coffea", output())
        script = write(tmp_path / "ana.py", SCRIPT)
        for place, options in enumerate((["--blind", "--plots"], ["--blind-in", "SR"])):
            folder = tmp_path / f"cards{place}"
            result = datacard("build", script, tmp_path / "output.coffea", "-o", folder, *options)
            assert result.exit_code == 0, result.output
            assert "blind" in result.stdout
            assert in_text(result.output) == in_files(folder) == set()


class TestDeclaration:
    """Values of `blind`, and their faults."""

    @pytest.mark.slow
    def test_category(self) -> None:
        """A category overrules its analysis."""
        categories = {"SR": Category("m"), "CR": Category("m", blind=False)}
        made = analysis(blind=True, categories=categories).build(output(), verbose=False)
        assert (data(made["SR"]), data(made["CR"])) == ([15, 30, 45], list(OPEN))

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("blind", "message"),
        [
            ("Sr", "blind lists 'Sr', and no category is called that .did you mean 'SR'"),
            ({"SR": False}, "blind is .*, expected True, False, names of categories, or a function"),
            (None, "blind is .*, expected True, False, names of categories, or a function"),
            (lambda _: 1, "the function returns .* for axis 'events.m', expected True or False for each of its 3"),
            (lambda _: 1 / 0, "the function fails on axis 'events.m': ZeroDivisionError"),
        ],
        ids=["name", "dict", "none", "one", "failure"],
    )
    def test_faults(self, blind: Any, message: str) -> None:
        """A name that is no category, another type and a function that fails are errors, and never open data."""
        for build in (lambda: analysis(blind=blind).build(output()), lambda: card(blind=blind)):
            with pytest.raises(DeclarationError, match=message):
                build()

    def test_signal_is_no_number(self) -> None:
        """A signal strength is a number."""
        with pytest.raises(DeclarationError, match="signal is 'one', expected a number"):
            Blinding(signal="one")

    @pytest.mark.slow
    def test_names_on_a_card(self) -> None:
        """A script can give all its cards the names of the blind categories."""
        assert data(card(category="CR", blind=["SR"])) == list(OPEN)
        assert data(card(blind=["SR"])) == [10, 20, 30]

    @pytest.mark.slow
    def test_attribute(self) -> None:
        """A card that is built says whether it is blind, and cannot be made so."""
        assert card().blind
        with pytest.raises(FinishedCardError, match="make another card with blind=True"):
            setattr(card(blind=False), "blind", True)  # noqa: B010 - mypy knows that it cannot be set

    @pytest.mark.slow
    def test_counted_region(self) -> None:
        """A nuisance states the number of events in an open region, and one that states those of a blind one fails."""
        counted = Systematics(
            [SystematicUncertainty("fakes", "gmN", ["ttbar"], ["2022"], 1.0, options={"control_region": "CR"})]
        )
        text = "fakes gmN 1200"  # 300 + 400 + 500
        assert text in " ".join(analysis(systematics=counted).build(output(), verbose=False)["SR"].content().split())
        assert text in " ".join(card(systematics=counted).content().split())
        for build in (
            lambda: analysis(blind=True, systematics=counted).build(output()),
            lambda: card(blind=["SR", "CR"], systematics=counted),
        ):
            with pytest.raises(DeclarationError, match="observed events of category 'CR', which is blind"):
                build()


class TestMarks:
    """Comments in cards, and what reads them."""

    @pytest.mark.slow
    def test_card(self, tmp_path: Path) -> None:
        """A card says which bins are blind, and a reader takes that from it."""
        analysis(blind=Blinding(above_2, signal=1)).build(output(), verbose=False).dump(tmp_path)
        path = tmp_path / "datacard_SR_2022.txt"
        assert "# blind: data_obs of SR_2022 is Asimov data in bin 3, signal strength 1\n" in path.read_text("utf-8")
        (channel,) = read_card(path).model().channels
        assert channel.blind_bins == [2]

    @pytest.mark.slow
    def test_written_model(self, tmp_path: Path) -> None:
        """The card of a model has the mark of each channel."""
        write_model(analysis().build(output(), verbose=False).model, tmp_path / "all.txt")
        read = read_card(tmp_path / "all.txt").model()
        assert {channel.bin: channel.blind_bins for channel in read.channels} == {"SR_2022": [0, 1, 2], "CR_2022": []}

    @pytest.mark.slow
    def test_renamed_channel(self, tmp_path: Path) -> None:
        """The comment of a card has the new name of its channel when that is edited."""
        card().dump(tmp_path, "SR.txt")
        text = read_card(tmp_path / "SR.txt").edited(Rename("channel", {"SR_2022": "signal"})).text
        assert "# blind: data_obs of signal is Asimov data in all bins, signal strength 0\n" in text
        assert "data_obs of SR_2022" not in text

    def test_finding(self) -> None:
        """A notice tells it."""
        (told,) = found(card(), "blind")
        assert "is Asimov data in all bins, signal strength 0, as declared" in told

    @pytest.mark.slow
    def test_unblinded(self, tmp_path: Path) -> None:
        """Unblinding shows the data, is told and stands in the card; other categories have no mark."""
        made = analysis().unblinded().build(output(), verbose=False)
        assert data(made["SR"]) == list(REAL[1:-1])
        assert "# unblinded: data_obs of SR_2022 is real data\n" in made["SR"].content()
        assert "blind" not in made["CR"].content()
        assert [finding.code for finding in made.findings if "blind" in finding.code] == ["unblinded"]
        made.dump(tmp_path)
        (channel,) = read_card(tmp_path / "datacard_SR_2022.txt").model().channels
        assert channel.blind_bins == []

    def test_nothing_to_unblind(self) -> None:
        """Unblinding an analysis that is not blind is an error."""
        with pytest.raises(DeclarationError, match="nothing to unblind"):
            analysis(blind=False).unblinded()

    @pytest.mark.slow
    def test_command(self, tmp_path: Path) -> None:
        """`--unblind` shows the data, and `--blind` beside it is an error."""
        save(tmp_path / "output.coffea", output())
        script = write(tmp_path / "ana.py", SCRIPT, "blind='SR',")
        arguments = ("build", script, tmp_path / "output.coffea", "-o", tmp_path / "cards")
        assert datacard(*arguments, "--unblind").exit_code == 0
        text = (tmp_path / "cards" / "datacard_SR_2022.txt").read_text("utf-8")
        assert f"observation {INSIDE}.0" in text
        assert "# unblinded:" in text
        assert datacard(*arguments, "--unblind", "--blind").exit_code == 2

    @pytest.mark.slow
    def test_joined_cards(self, tmp_path: Path) -> None:
        """Cards that are joined keep the marks, under the new names of the channels."""
        analysis().build(output(), verbose=False).dump(tmp_path)
        cards = [f"{name}={tmp_path}/datacard_{name}_2022.txt" for name in ("SR", "CR")]
        assert datacard("combine", *cards, "-o", tmp_path / "joined.txt").exit_code == 0
        channels = read_card(tmp_path / "joined.txt").model().channels
        assert {channel.bin: channel.blind_bins for channel in channels} == {"SR": [0, 1, 2], "CR": []}
        assert "grep -hE '^# (blind|unblinded): ' datacard_SR_2022.txt" in (
            tmp_path / "combine_datacards_2022.sh"
        ).read_text("utf-8")

    @pytest.mark.slow
    def test_fits(self, tmp_path: Path) -> None:
        """A blind card has no observed limit unless it is asked for, and commands say that it is blind."""
        card(systematics=Systematics([]), mcstat=False).dump(tmp_path, "SR.txt")
        blind = datacard("limit", tmp_path / "SR.txt", "--json")
        assert "blind in the cards, with expected events in place of data: SR_2022" in blind.stderr
        assert json.loads(blind.stdout)["observed"] is None
        assert json.loads(blind.stdout)["blind"] == ["SR_2022"]
        asked = datacard("limit", tmp_path / "SR.txt", "--json", "--observed")
        assert json.loads(asked.stdout)["observed"] == pytest.approx(json.loads(asked.stdout)["expected"][2], rel=1e-3)
        assert "SR_2022" in datacard("fit", tmp_path / "SR.txt").stderr
