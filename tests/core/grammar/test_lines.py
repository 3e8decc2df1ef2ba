"""Lines of a card without columns."""

from __future__ import annotations

import pytest

from datacard_core import grammar
from tests.support.cases import case


class TestLines:
    """Lines without columns."""

    def test_rate_param(self) -> None:
        """A rateParam line has channel, process, start, and the range if there is one."""
        line = grammar.rate_param_line("SF_tt", "tt_2022", 1.0, (0.0, 5.5))
        assert line == "SF_tt rateParam * tt_2022 1 [0,5.5]"
        assert grammar.rate_param_line("SF_tt", "tt_2022", 0.5, None) == "SF_tt rateParam * tt_2022 0.5"

    def test_auto_mc_stats(self) -> None:
        """An autoMCStats line has threshold, signal switch and histogram mode."""
        line = grammar.auto_mc_stats_line("SR_2022", 10.0, include_signal=True, hist_mode=1)
        assert line == "SR_2022 autoMCStats 10 1 1"

    @pytest.mark.parametrize("name", ["shapes.root", "../my shapes/a sha256 b.root"])
    def test_templates(self, name: str) -> None:
        """The comment on the templates gives back file and hash, and no other comment does."""
        line = grammar.templates_line(name, "0a" * 32)
        assert grammar.stated_templates(line) == (name, "0a" * 32)
        assert grammar.stated_templates(f"{line} or so") is None
        assert grammar.stated_templates("# templates: shapes.root") is None

    def test_keyword_of_line(self) -> None:
        """The second word is the keyword; Combine's kmax counts `param` and `constr`."""
        cases: list[tuple[str, str, bool]] = [
            ("alpha param 0 1", "param", True),
            ("c constr x-y 0.1", "constr", True),
            ("SF rateParam * tt 1", "rateParam", False),
            ("* autoMCStats 0", "autoMCStats", False),
            ("theory group = a b", "group", False),
            ("# alpha param 0 1", "", False),
            ("alpha", "", False),
            ("", "", False),
        ]
        for line, keyword, counts in cases:
            with case(line, keyword, counts):
                assert grammar.keyword_of(line.split()) == keyword
                assert grammar.is_constraint(line) is counts
