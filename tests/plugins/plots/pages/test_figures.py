"""The plot `variations`: pages, panels and their numbers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pytest
from datacard_plots import Variations
from datacard_plots.options import PlotOptions
from datacard_plots.pages.figures import MOST_PANELS, page_figures, pages_of
from datacard_plots.pages.frames import Frames
from datacard_plots.pages.sheet import Sheet
from datacard_plots.style import DOWN, UP, plot_style

from datacard_core import Column, DeclarationError, Normalisation, Nuisance, Templates, draw_plots, load_plugins
from tests.support.channels import VALUES, VARIANCES, all_shifted, channel, channel_of, factors, shape, shifted
from tests.support.drawings import draw, heights, pages, words

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
        first, second = (words(figure) for figure in page_figures(made, PlotOptions()))
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
        drawn = [words(figure) for figure in page_figures(made, PlotOptions())]
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
        found = [text for figure in page_figures(made, PlotOptions()) for text in words(figure)]
    assert [text for text in found if "ggHH" in text] == [f"…ggHH_kl_{kl}_kt_1p00_hbbh…" for kl in range(3)]
    assert r"$t\bar{t}$" in found


@pytest.mark.slow
def test_titles_of_pages() -> None:
    """Nuisances with long names that differ in the middle have pages with different titles."""
    names = [f"CMS_btag_fixedWP_comb_{flavour}_uncorrelated_Run3_2022" for flavour in ("bc", "light")]
    made = channel(*(shifted(name, [1], [[2, 3]], [[-1, -1]]) for name in names))
    with plot_style():
        titles = [
            next(text for text in words(figure) if "SR_2022_2023" in text)
            for figure in page_figures(made, PlotOptions())
        ]
    assert len(set(titles)) == 2
    assert all(part in title for part, title in zip(("_bc_", "_light_"), titles, strict=True))


def test_channel_without_templates(tmp_path: Path) -> None:
    """A channel whose nuisances have no templates has one page with a note."""
    made = channel(factors("lumi", [1], [1.1]))
    assert pages(draw("variations", made, tmp_path / "plot.pdf")) == 1
    with plot_style():
        (figure,) = page_figures(made, PlotOptions())
    assert words(figure) == ["SR_2022_2023: no nuisance with templates, of 1 in all"]


@pytest.mark.slow
def test_page_after_another() -> None:
    """A page keeps no text and no number of the page before it."""
    mixed = Nuisance("mixed", (shape([1], [[9, 9]], [[-9, -9]], [2.0]), Normalisation(np.array([3]), np.array([2.0]))))
    plain_one = shifted("jes", [3], [[1, 1]], [[-1, -1]])
    with plot_style():
        alone = next(page_figures(channel(plain_one), PlotOptions()))
        *_, after = page_figures(channel(mixed, plain_one), PlotOptions())
    assert words(alone) == words(after)
    assert heights(alone, UP) == heights(after, UP)


@pytest.mark.slow
def test_numbers_of_a_panel() -> None:
    """A panel shows templates, ratios, statistical error and relative yields of its process."""
    jes = shifted("jes", [3], [[1, 1.5]], [[-1, -1.5]])
    variances = np.array([*VARIANCES[:3], [6.25, 1.5625]])
    made = channel(jes, nominal=Templates(VALUES, variances))
    with plot_style():
        figure = next(page_figures(made, PlotOptions()))
    ((above, below),) = Frames(made.axis, 1).boxes
    # The highest content is 6.5, and 1.3 of it the end of the axis; the ratio reaches from 0.5 to 1.5.
    in_events = [above.bottom + above.height * np.array(row) / 8.45 for row in ([5, 5], [6, 6.5], [4, 3.5])]
    of_ratios = [below.bottom + below.height * np.array(row) for row in ([0.7, 0.8], [0.3, 0.2])]
    np.testing.assert_allclose(heights(figure, "black")[0], in_events[0])
    np.testing.assert_allclose(heights(figure, UP)[:2], [in_events[1], of_ratios[0]])
    np.testing.assert_allclose(heights(figure, DOWN)[:2], [in_events[2], of_ratios[1]])
    (sheet,) = [artist for artist in figure.artists if isinstance(artist, Sheet)]
    (band,) = [stroke for stroke in sheet.strokes if stroke.is_filled]
    # 2.5 / 5 and 1.25 / 5, above and below 1
    ends = below.bottom + below.height * np.array([[0.0, 1.0], [0.25, 0.75]])
    np.testing.assert_allclose(band.vertices.reshape(-1, 5, 2)[:2, [0, 2], 1], ends)
    assert "yield +25.0 % / −25.0 %" in words(figure)  # noqa: RUF001 - minus sign


@pytest.mark.slow
def test_chosen_nuisances_and_processes(tmp_path: Path) -> None:
    """Patterns choose nuisances and processes, for one PDF or for files of single pages in any format."""
    made = channel(
        shifted("jes_1", [1, 3], [[2, 3], [1, 1]], [[-1, -1], [0, 0]]),
        shifted("jes_2", [1, 2], [[2, 3], [1, 1]], [[-1, -1], [0, 0]]),
        shifted("jer", [1], [[2, 3]], [[-1, -1]]),
    )
    options = PlotOptions(nuisances="jes*", processes=["vjets"])
    assert [(page.name, page.processes) for page in pages_of(made, options)] == [("jes_1", ("vjets",))]
    (path,) = draw_plots(made, tmp_path, Variations(options), plugins=load_plugins("plots"))
    assert pages(path.read_bytes()) == 1
    each = Variations(PlotOptions(nuisances="jes*", each=True))
    names = {path.name for path in draw_plots(made, tmp_path, each, suffix=".png", plugins=load_plugins("plots"))}
    assert names == {f"variations_SR_2022_2023_jes_{number}.png" for number in (1, 2)}
    with pytest.raises(DeclarationError, match=r"has one page, not 3 pages of channel 'SR_2022_2023'"):
        draw_plots(made, tmp_path, Variations(), suffix=".svg", plugins=load_plugins("plots"))
    with pytest.raises(DeclarationError, match=r"no nuisance is called 'jas\*' \(known: jes_1, jes_2, jer\)"):
        draw_plots(made, tmp_path, Variations(PlotOptions(nuisances="jas*")), plugins=load_plugins("plots"))


@pytest.mark.slow
def test_bin_without_content() -> None:
    """The ratio of a bin without nominal content is a gap, and the page can be drawn."""
    made = channel(shifted("jes", [1], [[2, 3]], [[-1, -1]]), values=VALUES * [1, 0])
    with plot_style():
        figure = next(page_figures(made, PlotOptions()))
        figure.canvas.draw()
    assert np.isnan(heights(figure, UP)[1]).tolist() == [False, True]


@pytest.mark.slow
def test_scale_and_other_effects() -> None:
    """Effects without templates, years and scale are named."""
    mixed = Nuisance("mixed", (shape([1], [[9, 9]], [[-9, -9]], [0.5]), Normalisation(np.array([3]), np.array([2.0]))))
    with plot_style():
        found = words(next(page_figures(channel(mixed), PlotOptions())))
    assert "It has effects without templates on vjets" in found
    assert "top (2022), 0.5 θ" in found
