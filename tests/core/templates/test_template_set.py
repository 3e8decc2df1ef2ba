"""Complete templates of a category: their totals, and the same sums in wider bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.support.internals import collected, data_request, layout, request
from tests.support.outputs import Output, bins, simulated

if TYPE_CHECKING:
    from datacard_core.templates.template_set import TemplateSet


def templates() -> TemplateSet:
    """Four datasets of ttbar in two bins with flow, the first of 0.1, 1, 2 and 0.7 events, and data without any."""
    output = Output()
    for number, part in enumerate("abcd", start=1):
        values: dict[str, list[float]] = {
            "nominal": [0.1 * number, number, 2 * number, 0.7],
            "JESUp": [0.3, 1.5 * number, 2.5 * number, 0.2],
            "JESDown": [0, 0, number, 0],
        }
        output.add("TTbar", "2022", simulated({"SR": values}, bins(0, 1, 2)), part=part)
    rows = layout(request("ttbar_2022", ("TTbar", "2022"), labels=["nominal", "JESUp", "JESDown"]), data_request())
    return collected(output, rows)["SR"].complete()


def test_totals_have_flow() -> None:
    """The total of a row is the sum over its bins and both flow bins."""
    # 10 times 0.1, 1 and 2, and 4 times 0.7; 4 times 0.3 and 0.2 with 10 times 1.5 and 2.5; 10 times 1
    np.testing.assert_allclose(templates().totals, [1 + 10 + 20 + 2.8, 1.2 + 15 + 25 + 0.8, 10, 0], rtol=1e-14)


def test_inside_has_no_flow() -> None:
    """The templates that are written have no flow bins."""
    np.testing.assert_allclose(templates().values[:, 1:-1], [[10, 20], [15, 25], [0, 10], [0, 0]], rtol=1e-14)


class TestRebinning:
    """The same sums in wider bins."""

    def test_flow(self) -> None:
        """Content outside the new range goes to the flow bins."""
        rebinned = templates().rebinned([1, 2])
        # nominal: underflow (1 + 2 + 3 + 4) (0.1 + 1), one bin with 2 (1 + 2 + 3 + 4), overflow 4 times 0.7
        np.testing.assert_allclose(rebinned.values[0], [11, 20, 2.8], rtol=1e-14)

    def test_totals(self) -> None:
        """Rebinning keeps totals."""
        made = templates()
        np.testing.assert_allclose(made.rebinned([0, 1]).totals, made.totals, rtol=1e-14)
        np.testing.assert_allclose(made.rebinned(2).totals, made.totals, rtol=1e-14)

    def test_same_bins(self) -> None:
        """The bins as they are change no template."""
        made = templates()
        assert made.rebinned(None) is made
        np.testing.assert_array_equal(made.rebinned([0, 1, 2]).values, made.values)
