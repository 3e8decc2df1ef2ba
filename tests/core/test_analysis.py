"""A whole analysis from its outputs: loaded, in one file or in several, and the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cloudpickle
import lz4.frame
import pytest
import uproot

from datacard_core import (
    Analysis,
    Cards,
    Category,
    InputError,
    Systematics,
    load_output,
)
from tests.support import outputs as by_hand
from tests.support.analyses import declarations, output
from tests.support.coffea_files import save

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core.demo import DemoFiles


class TestOutputs:
    """Outputs as files or loaded, complete or not."""

    def write(self, loaded: dict[str, Any], path: Path) -> Path:
        nine = dict.fromkeys(("sum_genweights", "sum_signOf_genweights", "sumw", "sumw2", "columns"))
        complete = {name: {} for name in (*nine, "processing_metadata")} | loaded
        path.write_bytes(lz4.frame.compress(cloudpickle.dumps(complete)))
        return path

    @pytest.mark.slow
    def test_paths(self, tmp_path: Path) -> None:
        """A path gives the cards of the output that it holds, and a loaded output is taken as it is."""
        path = self.write(output(), tmp_path / "output_all.coffea")
        analysis = Analysis(**declarations())
        expected = {name: made.content() for name, made in analysis.build(output()).items()}
        forms: tuple[Any, ...] = (path, str(path), [path], (str(path),), load_output(path))
        for given in forms:
            made = {name: card.content() for name, card in analysis.build(given).items()}
            assert made == expected, type(given)

    def test_missing_file(self, tmp_path: Path) -> None:
        """A missing file is an error with its path."""
        with pytest.raises(InputError, match=r"nowhere\.coffea"):
            Analysis(**declarations()).build(tmp_path / "nowhere.coffea")

    @pytest.mark.slow
    def test_unknown_variables(self) -> None:
        """Unknown variables are all named with the closest match."""
        loaded = output()
        loaded["variables"]["discriminant"] = loaded["variables"]["m"]
        categories = {"SR": Category("discriminat"), "CR": Category("n"), "VR": Category("Discriminant")}
        with pytest.raises(InputError) as raised:
            Analysis(**declarations(categories=categories)).build(loaded)
        assert len(raised.value.problems) == 2
        assert "'discriminat' (did you mean 'discriminant'?)" in str(raised.value)
        assert "'Discriminant' (did you mean 'discriminant'?)" in str(raised.value)

    def test_unknown_variable_in_defaultdict(self) -> None:
        """The look-up of an unknown variable does not add it."""
        loaded = output()
        names = list(loaded["variables"])
        with pytest.raises(InputError):
            Analysis(**declarations(categories={"SR": Category("x")})).build(loaded)
        assert list(loaded["variables"]) == names

    @pytest.mark.parametrize("missing", ["variables", "datasets_metadata", "cutflow"])
    def test_incomplete(self, missing: str) -> None:
        """An output that lacks a part is refused."""
        loaded = output()
        del loaded[missing]
        with pytest.raises(InputError, match=missing):
            Analysis(**declarations()).build(loaded)

    def test_not_postprocessed(self) -> None:
        """An output that was not postprocessed is refused with the way out."""
        loaded = output()
        del loaded["datasets_metadata"]
        with pytest.raises(InputError, match="merge-outputs"):
            Analysis(**declarations()).build(loaded)


@pytest.mark.slow
def test_files_by_category(tmp_path: Path) -> None:
    """Each category is read from the file that has it, where files hold the same datasets."""
    for category, size in (("SR", 1), ("CR", 10)):
        part = by_hand.Output()
        for sample, factor in (("Signal", size), ("TTbar", 10 * size)):
            part.add(sample, "2022", by_hand.simulated({category: {"nominal": [factor, 2 * factor]}}))
        save(tmp_path / f"{category}.coffea", part.loaded)
    analysis = Analysis(
        years=["2022"],
        mc_processes=by_hand.two_processes(),
        systematics=Systematics(),
        categories={"SR": Category("m"), "CR": Category("m")},
        plugins=by_hand.PLUGINS,
    )
    cards = analysis.build(sorted(tmp_path.glob("*.coffea")))
    assert {name: card.rate("ttbar_2022") for name, card in cards.items()} == {"SR": 30, "CR": 300}


@pytest.mark.slow
def test_demo(demo_files: DemoFiles, demo_cards: Cards, tmp_path: Path) -> None:
    """The demo's script makes cards of the demo's output, with its numbers."""
    cards = demo_cards
    assert isinstance(cards, Cards)
    cards.dump(tmp_path / "cards")
    loaded = load_output(demo_files.output)
    assert list(cards) == ["SR", "CR1", "CR2"]
    assert not [finding for finding in cards.findings if finding.severity > finding.severity.NOTICE]
    for category, made in cards.items():
        variable = {"SR": "discriminant", "CR1": "control_var_1", "CR2": "nJets"}[category]
        yields = {
            year: sum(
                histogram[category, "nominal", sum].value
                for dataset, histogram in loaded["variables"][variable]["TTbar"].items()
                if dataset in loaded["datasets_metadata"]["by_datataking_period"][year]["TTbar"]
            )
            for year in made.years
        }
        for year, expected in yields.items():
            assert made.rate(f"ttbar_{year}") == pytest.approx(expected)
        with uproot.open(tmp_path / "cards" / f"shapes_{category}_run3.root") as file:
            assert file["data_obs_nominal"].values().sum() == made.observation
        # 5 processes and 5 years; 3 lumi, xsec, qcd_scale, 2 norms, 5 + 2 * 5 + 1 + 3 shapes
        assert (made.jmax, made.kmax) == (24, 26)
