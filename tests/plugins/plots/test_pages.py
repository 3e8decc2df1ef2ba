"""The plot `variations`: pages, panels and their numbers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pytest
from datacard_plots.pages import MOST_PANELS, page_figures
from datacard_plots.style import plot_style
from matplotlib.patches import StepPatch

from datacard_core import Column, Normalisation, Nuisance, Templates
from tests.support.channels import VALUES, VARIANCES, all_shifted, channel, channel_of, factors, shape, shifted
from tests.support.drawings import draw, pages, steps, words

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_page_per_nuisance(tmp_path: Path) -> None:
    """Each nuisance with templates has a page with the processes that it affects."""
    made = channel(
        shifted("jes", [1], [[2, 3]], [[-1, -1]]),
        factors("lumi", [1], [1.1]),
        shifted("jer", [1, 3], [[2, 3], [1, 1]], [[-1, -1], [0, 0]]),
    )
    assert pages(draw("variations", made, tmp_path / "plot.pdf")) == 2
    with plot_style():
        first, second = (words(figure) for figure in page_figures(made))
    assert ("jes   SR_2022_2023" in first, "jer   SR_2022_2023" in second) == (True, True)
    assert {"top (2022)", "vjets"} <= set(second)
    assert "vjets" not in first


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, MOST_PANELS, 2 * MOST_PANELS + 1])
def test_processes_beyond_one_page(processes: int, tmp_path: Path) -> None:
    """Processes beyond the panels of one page follow on further pages."""
    made = channel_of(processes)
    made = attrs.evolve(made, nuisances=(all_shifted(made),))
    with plot_style():
        drawn = [words(figure) for figure in page_figures(made)]
    assert len(drawn) == math.ceil(processes / MOST_PANELS)
    found = [text for texts in drawn for text in texts if re.fullmatch(r"b\d+", text)]
    assert found == [f"b{number}" for number in range(processes)]
    if processes > MOST_PANELS:
        assert pages(draw("variations", made, tmp_path / "plot.pdf")) == 3


@pytest.mark.slow
def test_titles_of_panels() -> None:
    """Panels are titled with labels, and long names that differ in the middle with different texts."""
    names = [f"sig_ggHH_kl_{kl}_kt_1p00_hbbhtt" for kl in range(3)]
    columns = [Column(f"{name}_2022", name, "2022", -number) for number, name in enumerate(names)]
    columns.append(Column("ttbar_2022", "ttbar", "2022", 1, r"$t\bar{t}$"))
    made = channel_of(4, columns=tuple(columns))
    made = attrs.evolve(made, nuisances=(all_shifted(made),))
    with plot_style():
        found = [text for figure in page_figures(made) for text in words(figure)]
    assert [text for text in found if "ggHH" in text] == [f"…ggHH_kl_{kl}_kt_1p00_hbbh…" for kl in range(3)]
    assert r"$t\bar{t}$" in found


@pytest.mark.slow
def test_titles_of_pages() -> None:
    """Nuisances with long names that differ in the middle have pages with different titles."""
    names = [f"CMS_btag_fixedWP_comb_{flavour}_uncorrelated_Run3_2022" for flavour in ("bc", "light")]
    made = channel(*(shifted(name, [1], [[2, 3]], [[-1, -1]]) for name in names))
    with plot_style():
        titles = [next(text for text in words(figure) if "SR_2022_2023" in text) for figure in page_figures(made)]
    assert len(set(titles)) == 2
    assert all(part in title for part, title in zip(("_bc_", "_light_"), titles, strict=True))


def test_channel_without_templates(tmp_path: Path) -> None:
    """A channel whose nuisances have no templates has one page with a note."""
    made = channel(factors("lumi", [1], [1.1]))
    assert pages(draw("variations", made, tmp_path / "plot.pdf")) == 1
    with plot_style():
        (figure,) = page_figures(made)
    assert words(figure) == ["SR_2022_2023: no nuisance with templates, of 1 in all"]


@pytest.mark.slow
def test_page_after_another() -> None:
    """A page keeps no text and no number of the page before it."""
    mixed = Nuisance("mixed", (shape([1], [[9, 9]], [[-9, -9]], [2.0]), Normalisation(np.array([3]), np.array([2.0]))))
    plain_one = shifted("jes", [3], [[1, 1]], [[-1, -1]])
    with plot_style():
        alone = next(page_figures(channel(plain_one)))
        *_, after = page_figures(channel(mixed, plain_one))
        assert words(alone, ticks=True) == words(after, ticks=True)
        assert steps(alone) == steps(after)


@pytest.mark.slow
def test_numbers_of_a_panel() -> None:
    """A panel shows templates, ratios, statistical error and relative yields of its process."""
    jes = shifted("jes", [3], [[1, 1.5]], [[-1, -1.5]])
    variances = np.array([*VARIANCES[:3], [6.25, 1.5625]])
    with plot_style():
        figure = next(page_figures(channel(jes, nominal=Templates(VALUES, variances))))
    found = steps(figure)
    assert found[:3] == [[5, 5], [6, 6.5], [4, 3.5]]
    np.testing.assert_allclose(found[-2:], [[1.2, 1.3], [0.8, 0.7]])
    (error,) = [artist for artist in figure.axes[1].patches if artist.get_fill()]
    assert isinstance(error, StepPatch)
    assert [np.asarray(ends).tolist() for ends in (error.get_data()[0], error.get_data()[2])] == [
        [1.5, 1.25],
        [0.5, 0.75],
    ]
    assert "yield +25.0 % / −25.0 %" in words(figure)  # noqa: RUF001 - minus sign


@pytest.mark.slow
def test_scale_and_other_effects() -> None:
    """Effects without templates, years and scale are named."""
    mixed = Nuisance("mixed", (shape([1], [[9, 9]], [[-9, -9]], [0.5]), Normalisation(np.array([3]), np.array([2.0]))))
    with plot_style():
        found = words(next(page_figures(channel(mixed))))
    assert "It has effects without templates on vjets" in found
    assert "top (2022), 0.5 θ" in found
