"""Trial of a check: it returns findings for any channel, and equal findings for equal channels."""

from __future__ import annotations

import pickle
import re
from typing import TYPE_CHECKING

import attrs

from datacard_core.findings import Finding
from datacard_core.testing.inputs import channels
from datacard_core.testing.inputs.analyses import BY_HAND
from datacard_core.testing.inputs.strategies import sketches
from datacard_core.testing.products import findings_of, texts
from datacard_core.testing.search import search

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacard_core.hookspecs import Check
    from datacard_core.model.channel import Channel
    from datacard_core.plugins.calling import Provided
    from datacard_core.testing.cases import Case
    from datacard_core.testing.inputs.channels import Named
    from datacard_core.testing.inputs.sketches import Sketch

MOST = 25
"""Number of analyses that hypothesis draws for a check."""

_WORD = re.compile(r"[\w.-]{1,60}")


def assert_check(case: Case, provided: Provided[Check], channel_of: Callable[[Sketch], Named]) -> list[list[str]]:
    """Test a check with channels, those included that no card can be made of.

    Args:
        case: the check.
        provided: the check with its plugin.
        channel_of: function that returns the channel of an analysis.

    Returns:
        The texts of its findings in the channels made by hand.
    """
    found = [_assert_findings(case, provided, named) for named in channels.by_hand()]
    # A check runs before the card is written, so it also gets channels that are then refused.
    for named in (*channels.refused(), *map(channel_of, BY_HAND)):
        _assert_findings(case, provided, named)
    search(sketches(), lambda sketch: _assert_findings(case, provided, channel_of(sketch)), most=MOST)
    return found


def _assert_findings(case: Case, provided: Provided[Check], named: Named) -> list[str]:
    """Test the findings of a check in a channel, and return their texts."""
    case = attrs.evolve(case, given=named)
    before = _fields(named.channel)
    with case.trying("a list of findings, which may be empty"):
        found = findings_of(provided, named.channel)
        again = findings_of(provided, named.channel)
        travelled = findings_of(provided, pickle.loads(pickle.dumps(named.channel)))  # noqa: S301 - made on this line
    changed = [name for name, value in _fields(named.channel).items() if value is not before[name]]
    case.expect(not changed, "that the channel stays as it is", f"it has changed {', '.join(changed)}")
    for finding in found:
        _assert_finding(case, finding)
    case.same("the same findings for the same channel, each time", found, again)
    case.same("the same findings for an equal channel", found, travelled)
    return texts(found)


def _fields(channel: Channel) -> dict[str, object]:
    return {field.name: getattr(channel, field.name) for field in attrs.fields(type(channel))}


def _assert_finding(case: Case, finding: object) -> None:
    if not isinstance(finding, Finding):
        case.fail("findings, made by error(), warning() or notice()", f"{finding!r}")
    is_word = isinstance(finding.code, str) and _WORD.fullmatch(finding.code)
    case.expect(is_word, "a finding whose code is a short word", f"the code is {finding.code!r}")
    is_sentence = isinstance(finding.message, str) and finding.message.strip()
    case.expect(is_sentence, "a finding whose message says what, how much and what to do", f"{finding.message!r}")
