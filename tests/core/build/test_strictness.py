"""The arguments `strict` and `accept`: which findings stop a card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from datacard_core import (
    Check,
    Finding,
    InputError,
    Severity,
    StrictError,
    error,
    hookimpl,
    load_plugins,
    notice,
    warning,
)
from datacard_core.build.strictness import Strictness
from tests.support.outputs import PLUGINS, card, found, problems, shape, signal_and_ttbar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core import Channel

LOST, LITTLE = warning("flow-lost", "2 %"), notice("flow-lost", "0.1 %")
CLIPPED = warning("clipped", "2 bins")
SMALL = notice("fallback", "1 of 2")


class Acme(Check):
    """A check with a code of its own."""

    name = "acme"
    codes: ClassVar[Mapping[str, str]] = {"acme-code": "An example."}

    def run(self, channel: Channel) -> Iterator[Finding]:
        """Yield one warning, which claims to be accepted."""
        yield Finding(Severity.WARNING, "acme-code", f"seen in {channel.category}", accepted="by its author")


class AcmePlugin:
    """A plugin with this check."""

    @hookimpl
    def datacard_checks(self) -> list[Check]:
        """Contribute the check."""
        return [Acme()]


def refused(findings: list[Finding], **arguments: Any) -> list[Finding]:
    """Return the findings that stop a card."""
    try:
        Strictness(**arguments).judged(findings)
    except StrictError as stopped:
        return list(stopped.findings)
    return []


class TestStrict:
    """The argument `strict`."""

    @pytest.mark.parametrize("strict", [False, set(), [], np.bool_(False)], ids=["False", "set", "list", "numpy"])
    def test_nothing_refused(self, strict: Any) -> None:
        """Without strict, or with an empty set, warnings pass."""
        assert refused([LOST, CLIPPED, SMALL], strict=strict) == []

    @pytest.mark.parametrize("strict", [True, np.bool_(True)], ids=["True", "numpy"])
    def test_all_warnings(self, strict: Any) -> None:
        """With True, all warnings are refused, and notices pass."""
        assert refused([LOST, LITTLE, CLIPPED, SMALL], strict=strict) == [LOST, CLIPPED]

    @pytest.mark.parametrize(
        "strict", [{"flow-lost"}, ["flow-lost"], np.array(["flow-lost"])], ids=["set", "list", "numpy"]
    )
    def test_one_code(self, strict: Any) -> None:
        """With a set of codes, their findings are refused, notices too, and other warnings pass."""
        assert refused([LOST, LITTLE, CLIPPED, SMALL], strict=strict) == [LOST, LITTLE]

    @pytest.mark.parametrize(
        "strict",
        ["no", "clipped", 1, None, {"clipped": True}, b"clipped"],
        ids=["no", "code", "1", "None", "dict", "b"],
    )
    def test_wrong_type(self, strict: Any) -> None:
        """A text, a number or a dict is refused, with its value: "no" would count as true."""
        (problem,) = problems(signal_and_ttbar(nominal=[1, 2, 3]), strict=strict)
        assert repr(strict) in problem
        assert "expected True, False or a set of codes" in problem

    def test_unknown_codes(self) -> None:
        """All codes that no finding has are told, with the closest one, beside other problems."""
        told = problems(signal_and_ttbar(nominal=[1, 2, 3]), strict={"cliped", 3}, bin_prefix="1")
        assert len(told) == 3
        assert any("'cliped' (did you mean 'clipped'?)" in problem for problem in told)
        assert any("no finding has the code 3" in problem for problem in told)

    @pytest.mark.slow
    def test_card(self) -> None:
        """A card with a negative bin is made if strict names another code, and refused if it names this one."""
        output = signal_and_ttbar(nominal=[1, 2, -1])
        assert found(card(output, strict={"no-variation"}), "clipped")
        with pytest.raises(StrictError, match=r"1 finding that strict refuses .*accept=\{'clipped': "):
            card(output, strict={"clipped"})

    @pytest.mark.slow
    def test_no_variation(self) -> None:
        """A misspelt variation is refused by its code, while the clipped bin of the same card passes."""
        with pytest.raises(StrictError) as raised:
            card(signal_and_ttbar(nominal=[1, 2, -1]), shape("JERR"), strict={"no-variation"})
        assert [finding.code for finding in raised.value.findings] == ["no-variation"]


class TestAccept:
    """The argument `accept`."""

    def test_accepted_under_strict(self) -> None:
        """An accepted warning stops no strict card, and is listed with the reason."""
        accept = {"clipped": "few events", "shape.data-no-background": "the last bin is for the signal"}
        made = card(signal_and_ttbar(nominal=[1, 2, -1]), strict=True, accept=accept)
        (told,) = [finding for finding in made.findings if finding.code == "clipped"]
        assert told.severity is Severity.WARNING
        assert told.accepted == "few events"
        assert str(told).endswith(" (accepted: few events)")

    def test_other_codes(self) -> None:
        """A finding whose code is not accepted is refused."""
        assert refused([LOST, CLIPPED], strict=True, accept={"clipped": "few events"}) == [LOST]

    def test_notices(self) -> None:
        """A notice has the reason too."""
        (told,) = Strictness(accept={"fallback": "not for diboson"}).judged([SMALL])
        assert told.accepted == "not for diboson"

    def test_errors_stay(self) -> None:
        """An error stops the card, whatever is accepted."""
        with pytest.raises(InputError) as raised:
            Strictness(accept={"nan": "a test"}).judged([error("nan", "here"), CLIPPED, error("nan", "there")])
        assert raised.value.problems == ("error [nan] here", "error [nan] there")

    def test_codes_of_errors(self) -> None:
        """A code that only errors have cannot be accepted."""
        (problem,) = problems(signal_and_ttbar(nominal=[1, 2, 3]), accept={"negative-data": "weights"})
        assert "'negative-data' are errors, which stop every card" in problem

    @pytest.mark.parametrize(
        ("accept", "said"),
        [
            ("clipped", "expected reasons by code"),
            (["clipped"], "expected reasons by code"),
            (None, "expected reasons by code"),
            ({"clippd": "few events"}, "did you mean 'clipped'"),
            ({"clipped": ""}, "the reason for 'clipped' is ''"),
            ({"clipped": " "}, "the reason for 'clipped' is ' '"),
            ({"clipped": True}, "the reason for 'clipped' is True"),
        ],
        ids=["text", "list", "None", "unknown", "empty", "blank", "True"],
    )
    def test_wrong_arguments(self, accept: Any, said: str) -> None:
        """Codes need reasons, and must be those of findings."""
        (problem,) = problems(signal_and_ttbar(nominal=[1, 2, 3]), accept=accept)
        assert said in problem

    def test_contradiction(self) -> None:
        """A code cannot be refused and accepted."""
        (problem,) = problems(signal_and_ttbar(nominal=[1, 2, 3]), strict={"clipped"}, accept={"clipped": "few events"})
        assert "both in strict and in accept" in problem


class TestCodesOfChecks:
    """Codes that plugins declare."""

    @pytest.mark.slow
    def test_selected(self) -> None:
        """The codes of a selected check can be refused and accepted; only the analysis can accept."""
        plugins = load_plugins(*PLUGINS, AcmePlugin())
        output = signal_and_ttbar(nominal=[1, 2, 3])
        assert found(card(output, plugins=plugins), "acme-code") == ["warning [acme-code] SR_2022: seen in SR"]
        for strict in (True, {"acme-code"}):
            with pytest.raises(StrictError, match="acme-code"):
                card(output, plugins=plugins, strict=strict)
        accepted = card(output, plugins=plugins, strict=True, accept={"acme-code": "a test"})
        assert found(accepted, "acme-code") == ["warning [acme-code] SR_2022: seen in SR (accepted: a test)"]

    def test_not_selected(self) -> None:
        """The code of a check that is not selected is unknown."""
        (problem,) = problems(signal_and_ttbar(nominal=[1, 2, 3]), strict={"acme-code"})
        assert "no finding has the code 'acme-code'" in problem
