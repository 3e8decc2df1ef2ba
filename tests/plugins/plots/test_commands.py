"""The command `datacard plot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from datacard_plots.commands import plot

from datacard_core import Axis, Model, load_plugins, write_model
from datacard_core.errors import DeclarationError
from tests.support.channels import channel, factors, shifted
from tests.support.drawings import pages

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card on disk with two nuisances with templates."""
    made = channel(
        factors("lumi", [1], [1.1]),
        shifted("jes", [1], [[2, 3]], [[-1, -1]]),
        shifted("jer", [2], [[2, 3]], [[-1, -1]]),
    )
    return write_model(Model(channels=(made,)), tmp_path_factory.mktemp("card") / "SR.txt", plugins=load_plugins())[-1]


def run(*arguments: Any) -> str:
    """Return what the command prints."""
    done = CliRunner().invoke(plot, [str(argument) for argument in arguments])
    if done.exception:
        raise done.exception
    return done.output


def test_stack_of_a_card(card: Path, tmp_path: Path) -> None:
    """A card that was read has its stack as a PDF, if nothing else is asked for."""
    assert run(card, "-o", tmp_path) == f"1 plots in {tmp_path}\n"
    (path,) = tmp_path.iterdir()
    assert path.name == "stack_SR_2022_2023.pdf"
    assert pages(path.read_bytes()) == 1


def test_all_plots_in_processes(card: Path, tmp_path: Path) -> None:
    """Two processes draw several plots in a format without pages, a file for each nuisance, with the options."""
    names = ("stack", "variations", "coverage", "correlations")
    chosen = [word for name in names for word in ("--plot", name)]
    run(card, "-o", tmp_path, *chosen, "--format", "png", "-j", 2, "--status", "Private Work", "--style", "plain")
    found = {path.name for path in tmp_path.iterdir()}
    single = {f"{name}_SR_2022_2023.png" for name in ("stack", "coverage", "correlations")}
    assert found == single | {f"variations_SR_2022_2023_{name}.png" for name in ("jes", "jer")}


def test_blind_range_of_one_channel(tmp_path: Path) -> None:
    """A channel that a hidden range misses is told, and drawn with a note."""
    channels = channel(), channel(bin="CR", axis=Axis(np.array([7.0, 8.0, 9.0]), "y"))
    path = write_model(Model(channels=channels), tmp_path / "card.txt", plugins=load_plugins())[-1]
    said = "Data of CR are shown: no bin lies in 1.5:3"
    told = run(path, "-o", tmp_path / "plots", "--format", "svg", "--blind", "1.5:3")
    assert told == f"Warning: {said}\n2 plots in {tmp_path / 'plots'}\n"
    assert said in (tmp_path / "plots" / "stack_CR.svg").read_text("utf-8")


def test_misspelt_nuisance(card: Path, tmp_path: Path) -> None:
    """A nuisance that the card has not is an error with the closest one, and no file is left."""
    with pytest.raises(DeclarationError, match=r"no nuisance is called 'jas' \(did you mean 'jes'"):
        run(card, "-o", tmp_path / "new", "--plot", "variations", "--nuisance", "jas")
    assert not (tmp_path / "new").exists()
