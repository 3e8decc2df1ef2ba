"""The formats of HistFactory models, and what they lose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import DeclarationError, read_card, write_model

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "imax *\njmax *\nkmax *\nbin SR\nobservation 25\nbin SR SR\nprocess sig bkg\nprocess 0 1\nrate 10 15\n"


def written(text: str, folder: Path, writer: str = "pyhf", **options: Any) -> dict[str, Any]:
    (folder / "card.txt").write_text(HEAD + text, encoding="utf-8")
    files = write_model(read_card(folder / "card.txt").model(), folder / "model.json", writer=writer, **options)
    document: dict[str, Any] = json.loads(files[-1].read_text(encoding="utf-8"))
    return document


def losses(folder: Path) -> str:
    return (folder / "model.json_losses.txt").read_text(encoding="utf-8")


class TestPyhf:
    @pytest.mark.slow
    def test_counting(self, tmp_path: Path) -> None:
        """A counting card is a channel of one bin, with a log-normal as normsys and r as normfactor."""
        document = written("bn lnN - 1.1\n", tmp_path)
        (channel,) = document["channels"]
        signal, background = channel["samples"]
        assert [signal["data"], background["data"]] == [[10.0], [15.0]]
        assert signal["modifiers"] == [{"name": "r", "type": "normfactor", "data": None}]
        (modifier,) = background["modifiers"]
        assert (modifier["name"], modifier["type"]) == ("bn", "normsys")
        assert modifier["data"]["hi"] == pytest.approx(1.1)
        assert modifier["data"]["lo"] == pytest.approx(1 / 1.1)
        assert document["observations"] == [{"name": "SR", "data": [25.0]}]

    @pytest.mark.slow
    def test_control_region(self, tmp_path: Path) -> None:
        """N events of a control region are the observation of a channel of one bin."""
        document = written("cr gmN 6 - 2.5\n", tmp_path)
        region = document["channels"][1]
        assert region["name"] == "cr_constraint"
        assert region["samples"][0]["data"] == [6.0]
        assert document["observations"][1]["data"] == [6.0]
        assert [one["type"] for one in document["channels"][0]["samples"][1]["modifiers"]] == ["normfactor"]

    @pytest.mark.slow
    def test_frozen(self, tmp_path: Path) -> None:
        """A frozen parameter is fixed."""
        document = written("bn lnN - 1.1\nnuisance edit freeze bn\n", tmp_path)
        configs = {one["name"]: one for one in document["measurements"][0]["config"]["parameters"]}
        assert configs["bn"]["fixed"] is True
        assert "fixed" not in configs["r"]

    @pytest.mark.slow
    def test_formula(self, tmp_path: Path) -> None:
        """A rateParam with a formula is refused, because without it the yields would be others."""
        with pytest.raises(DeclarationError, match=r"'k' is the function '2\*x'.*hs3"):
            written("x rateParam SR bkg 1\nk rateParam SR bkg 2*@0 x\n", tmp_path)
        assert not (tmp_path / "model.json").exists()


class TestLosses:
    @pytest.mark.slow
    def test_density(self, tmp_path: Path) -> None:
        """A uniform density is told as a warning, as it becomes a normal one."""
        written("bn lnU - 1.1\n", tmp_path)
        assert "warning [export.density] SR, bn: the density of the parameter is uniform" in losses(tmp_path)

    @pytest.mark.slow
    def test_group(self, tmp_path: Path) -> None:
        """A group is left out, which is a notice."""
        written("bn lnN - 1.1\ntheory group = bn\n", tmp_path)
        assert "notice [export.left-out] the group 'theory' is left out" in losses(tmp_path)

    @pytest.mark.slow
    def test_strict(self, tmp_path: Path) -> None:
        """With strict, losses are an error and no file is written."""
        with pytest.raises(DeclarationError, match=r"cannot write the model as it is.*uniform"):
            written("bn lnU - 1.1\n", tmp_path, strict=True)
        assert not list(tmp_path.glob("model*"))

    @pytest.mark.slow
    def test_nothing_lost(self, tmp_path: Path) -> None:
        """A free factor is the same in both, and no file of losses is written, in strict mode too."""
        written("k rateParam SR bkg 1 [0,5]\n", tmp_path, strict=True)
        assert not (tmp_path / "model.json_losses.txt").exists()


class TestHS3:
    @pytest.mark.slow
    def test_document(self, tmp_path: Path) -> None:
        """The document has a distribution, a constraint of each nuisance, and formulas as functions."""
        text = "bn lnN - 1.1\nx rateParam SR bkg 1\nk rateParam SR bkg 2*@0 x\n"
        document = written(text, tmp_path, "hs3")
        kinds = [one["type"] for one in document["distributions"]]
        assert kinds == ["histfactory_dist", "gaussian_dist"]
        assert document["functions"] == [{"name": "k", "type": "generic_function", "expression": "2*x"}]
        assert document["analyses"][0]["parameters_of_interest"] == ["r"]
        starts = {one["name"]: one["value"] for one in document["parameter_points"][0]["parameters"]}
        assert starts == {"r": 1.0, "bn": 0.0, "x": 1.0, "nom_bn": 0.0}

    @pytest.mark.slow
    def test_constrained_factor(self, tmp_path: Path) -> None:
        """A param on a free factor is a normal distribution of its mean and width."""
        document = written("x rateParam SR bkg 1\nx param 1.2 0.3\n", tmp_path, "hs3")
        constraint = document["distributions"][1]
        assert (constraint["x"], constraint["sigma"]) == ("x", pytest.approx(0.3))
        starts = {one["name"]: one["value"] for one in document["parameter_points"][0]["parameters"]}
        assert (starts["x"], starts["nom_x"]) == (1.2, 1.2)

    def test_arguments_of_formulas(self, tmp_path: Path) -> None:
        """Parameters that only formulas have are written with their start, range and density."""
        text = "k rateParam SR bkg @0*@1*@2 x,y,z\nx param 1.2 0.3\ny extArg 2 [1,3]\nz extArg 0.5 [const]\n"
        document = written(text, tmp_path, "hs3")
        assert [one["x"] for one in document["distributions"] if one["type"] == "gaussian_dist"] == ["x"]
        starts = {one["name"]: one for one in document["parameter_points"][0]["parameters"]}
        assert [starts[name]["value"] for name in "xyz"] == [1.2, 2.0, 0.5]
        assert [starts[name].get("const", False) for name in "xyz"] == [False, False, True]
        ranges = {one["name"]: (one["min"], one["max"]) for one in document["domains"][0]["axes"]}
        assert ranges["y"] == (1.0, 3.0)
        assert not (tmp_path / "model.json_losses.txt").exists()

    def test_widths_of_a_density(self, tmp_path: Path) -> None:
        """The document has normal densities of one width, and another one is told."""
        written("x rateParam SR bkg 1\nx param 1.2 -0.1/+0.3\n", tmp_path, "hs3")
        assert "x: the normal density of the parameter is 0.1 below and 0.3 above its mean wide" in losses(tmp_path)
