"""Record of the calls of plugins that survives the death of a worker."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING

import pytest

from datacard_core.plugins.journal import keep, last_calls, written_down

if TYPE_CHECKING:
    from pathlib import Path


def test_without_journal(tmp_path: Path) -> None:
    """Without a journal the text of a call is not made."""
    with written_down(lambda: pytest.fail("a text was made")):
        assert last_calls(str(tmp_path)) == []


def test_nested_calls(tmp_path: Path) -> None:
    """The innermost call that is being made stands in the journal, and none after the last one."""

    def calls() -> list[list[str]]:
        keep(str(tmp_path))
        found = [last_calls(str(tmp_path))]
        with written_down(lambda: "writing the card of channel 'SR'"):
            with written_down(lambda: "rendering \u00e9"):
                found.append(last_calls(str(tmp_path)))
            found.append(last_calls(str(tmp_path)))
        return [*found, last_calls(str(tmp_path))]

    assert contextvars.copy_context().run(calls) == [
        [],
        ["rendering \u00e9"],
        ["writing the card of channel 'SR'"],
        [],
    ]
