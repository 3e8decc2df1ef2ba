"""Models of cards: our own cards read back, and the cards with numbers of Combine's likelihood."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import hist
import numpy as np
import pytest
import uproot

from datacard_core import (
    BinByBinStatistics,
    CardError,
    ConstrainedParameter,
    ControlRegion,
    FormulaFactor,
    FreeParameter,
    InputError,
    LinearNormalisation,
    MissingProviderError,
    Model,
    Normalisation,
    Severity,
    Shape,
    load_plugins,
    read_card,
)
from datacard_core.testing import small_card
from tests.support.cards import HEAD, card
from tests.support.cases import case
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from pathlib import Path

LIKELIHOOD = SHARED_DATA / "likelihood"
SHAPES = """\
shapes * * shapes.root $PROCESS $PROCESS_$SYSTEMATIC
bin SR
observation -1
bin SR SR SR
process sig top wj
process 0 1 2
rate -1 90 20
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with templates of three processes, and variations of one nuisance on two of them."""
    contents = {"data_obs": [60, 58], "sig": [3, 5], "top": [40, 50], "wj": [12, 8]}
    contents |= {"top_jesUp": [44, 51], "top_jesDown": [36, 49], "wj_jesUp": [13, 8], "wj_jesDown": [11, 8]}
    with uproot.recreate(tmp_path / "shapes.root") as root:
        for name, values in contents.items():
            histogram = hist.Hist.new.Reg(2, 0, 2).Weight()
            histogram.view()["value"] = histogram.view()["variance"] = values
            root[name] = histogram
    return tmp_path


def _model(folder: Path, *rows: str, head: str = SHAPES, **options: Any) -> Model:
    (folder / "card.txt").write_text(head + "".join(f"{row}\n" for row in rows))
    return read_card(folder / "card.txt").model(**options)


@pytest.mark.slow
def test_own_card_reads_back(tmp_path: Path) -> None:
    """A card that this package writes reads back as its channel: columns, templates, data, rows and lines."""
    card = small_card()
    card.dump(tmp_path)
    (channel,) = read_card(tmp_path / "datacard.txt").model().channels
    expected = card.channel
    assert [(column.name, column.id) for column in channel.columns] == [(c.name, c.id) for c in expected.columns]
    for one, other in ((channel.nominal, expected.nominal), (channel.data, expected.data)):
        assert np.array_equal(one.values, other.values)
        assert np.array_equal(one.variances, other.variances)
    assert channel.axis.same_binning(expected.axis)
    count = len(channel.columns)
    for row, its in zip(channel.nuisances, expected.nuisances, strict=True):
        assert (row.name, row.keyword, row.cells(count)) == (its.name, its.keyword, its.cells(count))
    shapes = zip(channel.shapes(), expected.shapes(), strict=True)
    for (_, shape), (_, its_shape) in shapes:
        assert np.array_equal(shape.up.values, its_shape.up.values)
        assert np.array_equal(shape.down.values, its_shape.down.values)
    assert sorted(channel.lines()) == sorted(expected.lines())


@pytest.mark.slow
def test_counting_card(tmp_path: Path) -> None:
    """Channels without templates have one bin with the rate, and every kind of row has its effect."""
    model = _model(tmp_path, "side gmN 36 - 2.5 - - -", "x unif -1 1 - - 0.1 - -", "n lnN 1.1 - - - 0.9/1.2", head=HEAD)
    signal, control = model.channels
    assert [channel.bin for channel in model.channels] == ["SR", "CR"]
    assert signal.nominal.values.tolist() == [[8.25], [90], [20.5]]
    assert (signal.observation, control.observation) == (120, 310)
    assert not signal.has_templates
    effects = {row.name: row.effects[0] for row in signal.nuisances}
    assert isinstance(effects["side"], ControlRegion)
    assert (effects["side"].events, effects["side"].factors.tolist()) == (36, [2.5])
    assert isinstance(effects["x"], LinearNormalisation)
    assert effects["x"].arguments == (-1, 1)
    pair = control.nuisances[0].effects[0]
    assert isinstance(pair, Normalisation)
    assert pair.down is not None
    assert (pair.up.tolist(), pair.down.tolist()) == ([1.2], [0.9])


@pytest.mark.slow
def test_shape_or_factor(folder: Path) -> None:
    """A `shape?` is a shape where templates are and a factor elsewhere, and a rate of -1 is the integral."""
    model = _model(folder, "jes shape? 1.1 1 1")
    (channel,) = model.channels
    factor, shape = channel.nuisances[0].effects
    assert isinstance(factor, Normalisation)
    assert factor.columns.tolist() == [0]
    assert isinstance(shape, Shape)
    assert shape.columns.tolist() == [1, 2]
    assert shape.up.values.tolist() == [[44, 51], [13, 8]]
    assert channel.nuisances[0].cells(3) == ["1.1", "1.0", "1.0"]
    # The integral of the signal is 3 + 5.
    assert channel.rates.tolist() == [8, 90, 20]
    assert channel.data.values.tolist() == [[60, 58]]


@pytest.mark.slow
def test_lines_about_parameters(folder: Path) -> None:
    """Factors, formulas, constrained parameters, groups and statistical uncertainties are in the model."""
    model = _model(
        folder,
        "k rateParam SR top 1.0 [0,3]",
        "f rateParam SR wj (@0*@1) k,p",
        "p param 1 0.1",
        "g group = k p",
        "SR autoMCStats 10 0 1",
        "nuisance edit freeze k",
    )
    free, formula, statistics = model.channels[0].directives
    assert isinstance(free, FreeParameter)
    assert (free.columns.tolist(), free.initial, free.bounds) == ([1], 1, (0, 3))
    assert isinstance(formula, FormulaFactor)
    assert formula.arguments == ("k", "p")
    assert isinstance(statistics, BinByBinStatistics)
    assert model.parameters == (ConstrainedParameter("p", 1, (0.1, 0.1)),)
    assert dict(model.groups) == {"g": ("k", "p")}
    assert set(model.frozen) == {"k"}


@pytest.mark.slow
def test_renamed_nuisance_keeps_templates(folder: Path) -> None:
    """A nuisance that an edit renames has the templates of its old name."""
    model = _model(folder, "jes shape - 1 1", "nuisance edit rename jes jes_2022")
    (row,) = model.channels[0].nuisances
    assert row.name == "jes_2022"
    assert row.entries[0].shape is not None


@pytest.mark.slow
def test_faults_of_templates(folder: Path) -> None:
    """Templates that are missing, or do not fit the card, are told together."""
    for head, row, code in [
        (SHAPES, "jer shape - 1 -", "shape.no-variation"),
        (SHAPES.replace("sig top wj", "sig top zj"), "", "shape.no-object"),
        (SHAPES.replace("shapes.root", "other.root"), "", "shape.no-file"),
        (SHAPES.replace("90 20", "93 20"), "", "shape.rate"),
        (SHAPES.replace("observation -1", "observation 125"), "", "shape.observation"),
        (SHAPES.replace("$PROCESS ", "$PROCESS_$ERA "), "", "shape.keyword"),
    ]:
        with case(head, row, code):
            with pytest.raises(CardError) as raised:
                _model(folder, row, head=head)
            assert code in [finding.code for finding in raised.value.findings]


@pytest.mark.slow
def test_templates_of_another_run(tmp_path: Path) -> None:
    """Templates that were written again are told with the line, strictly as an error and leniently once."""
    small_card().dump(tmp_path)
    path, shapes = tmp_path / "datacard.txt", tmp_path / "shapes.root"
    place = f"datacard.txt:{len(path.read_text().splitlines())}"
    before = read_card(path)
    shapes.write_bytes(shapes.read_bytes() + b"\0")
    for reading in (lambda: read_card(path), before.model):
        with pytest.raises(CardError) as raised:
            reading()
        assert [(one.code, one.place) for one in raised.value.findings] == [("shape.other-run", place)]
    lenient = read_card(path, lenient=True)
    (told,) = (one for one in lenient.model().findings if one.code == "shape.other-run")
    assert told.severity is Severity.WARNING
    assert "'shapes.root' is not the file that the card was written with" in told.message
    assert told in lenient.findings


@pytest.mark.slow
def test_card_without_its_templates(tmp_path: Path) -> None:
    """A card that was copied alone is read, and its model tells of the missing file."""
    small_card().dump(tmp_path)
    (tmp_path / "shapes.root").unlink()
    card = read_card(tmp_path / "datacard.txt")
    with pytest.raises(CardError, match=r"shape.no-file"):
        card.model()


@pytest.mark.slow
def test_keywords_of_places(folder: Path) -> None:
    """The mass and further keywords are replaced in files and objects."""
    head = SHAPES.replace("shapes.root $PROCESS ", "shapes.root $PROCESS$ERA$MASS ").replace("-1 90", "8 90")
    assert _model(folder, head=head.replace("$ERA$MASS", "$ERA"), keywords={"ERA": ""}).channels
    with pytest.raises(CardError) as raised:
        _model(folder, head=head.replace("$ERA", ""), mass=125.5)
    assert "'sig125.5'" in str(raised.value)
    with pytest.raises(InputError, match=r"\$PROCESS has a value already"):
        _model(folder, keywords={"PROCESS": "top"})


@pytest.mark.slow
def test_templates_of_two_files(folder: Path) -> None:
    """Variations that stand in several files are put together in the order of the columns."""
    with uproot.open(folder / "shapes.root") as root, uproot.recreate(folder / "more.root") as other:
        for name in ("wj", "wj_jesUp", "wj_jesDown"):
            other[name] = root[name].to_hist()
    head = "shapes wj * more.root $PROCESS $PROCESS_$SYSTEMATIC\n" + SHAPES
    (shape,) = _model(folder, "jes shape - 1 1", head=head).channels[0].nuisances[0].effects
    assert isinstance(shape, Shape)
    assert shape.up.values.tolist() == [[44, 51], [13, 8]]
    assert shape.down.values.tolist() == [[36, 49], [11, 8]]


@pytest.mark.slow
def test_lenient_model_has_an_error(folder: Path) -> None:
    """A missing file leaves no model: the error tells it, also where the card is read leniently."""
    (folder / "card.txt").write_text(SHAPES.replace("shapes.root", "other.root"))
    card = read_card(folder / "card.txt", lenient=True)
    with pytest.raises(CardError, match=r"shape.no-file.*other\.root"):
        card.model()


def test_template_reader_is_selected(folder: Path) -> None:
    """Without a plugin that reads the file, the error names its suffix."""
    (folder / "card.txt").write_text(SHAPES)
    with pytest.raises(MissingProviderError, match=r"\.root"):
        read_card(folder / "card.txt", plugins=load_plugins("combine")).model()


CARDS = sorted(path.name for path in LIKELIHOOD.glob("[0-8]*"))


@pytest.mark.slow
@pytest.mark.skipif(not CARDS, reason="needs ../shared/data/likelihood, cards with numbers of Combine's likelihood")
def test_cards_of_the_likelihood() -> None:
    """Each card reads to a model with Combine's channels and data; functions of a workspace are refused by name."""
    for name in CARDS:
        with case(name):
            expected = json.loads((LIKELIHOOD / name / "reference.json").read_text(encoding="utf-8"))
            card = read_card(LIKELIHOOD / name / "card.txt", lenient=True)
            if name == "62_discrete":
                with pytest.raises(CardError, match="process 'bkg' in channel 'ch1': 'w:bkgpdf'"):
                    card.model()
                continue
            model, combine = card.model(), expected["model"]
            assert {channel.bin: channel.data.values[0].tolist() for channel in model.channels} == combine["data"]
            assert sorted(model.signals) == sorted(combine["signals"])


def _unused(folder: Path, *rows: str, head: str = SHAPES) -> list[str]:
    model = _model(folder, *rows, head=head)
    return [one.message.partition(" has ")[2] for one in model.findings if one.code == "shape.unused"]


def test_histograms_that_no_row_uses(folder: Path) -> None:
    """Histograms of a nuisance without a row are told with the closest name, and those of left out cells; else none."""
    assert _unused(folder, "jes shape - 1 1") == []
    assert _unused(folder, "jes shape - 1 -") == [
        "2 histograms of cells that are no shapes in the card: 'jes' of process 'wj'"
    ]
    (message,) = _unused(folder, "Jes shape? - 1.1 1.1")
    assert message == "4 histograms of nuisances that have no row: 'jes' (did you mean 'Jes'?)"


def test_histograms_of_no_process(folder: Path) -> None:
    """A histogram of no process is told with the closest one; one that a process of rate 0 has, or no data, is not."""
    head = SHAPES.replace("sig top wj", "sig topp wj").replace("-1 90 20", "-1 0 20")
    (message,) = _unused(folder, "jes shape - - 1", head=head)
    assert message.startswith("3 histograms of no process and nuisance of the card: 'top' (did you mean 'topp'?), ")
    assert _unused(folder, "jes shape - - 1", head=SHAPES.replace("-1 90 20", "-1 0 20")) == []


def test_one_template_for_several_processes() -> None:
    """A shapes line for all processes without $PROCESS in its name is an error, but for one process alone."""
    cases: list[tuple[str, bool]] = [("all", True), ("$PROCESS", False)]
    for name, told in cases:
        read = card(SHAPES.replace("$PROCESS $PROCESS_$SYSTEMATIC", name))
        assert [one.code for one in read.findings].count("shape.line-pattern") == told, name
        alone = SHAPES.replace("shapes * *", f"shapes * SR shapes.root $PROCESS\nshapes top * shapes.root {name}\n#")
        assert "shape.line-pattern" not in {one.code for one in card(alone).findings}, name
