"""Record of the calls of plugins that survives the death of a worker."""

from __future__ import annotations

import contextvars

import pytest

from datacard_core.plugins.journal import journal, keep, last_call, written_down


def test_without_journal() -> None:
    """Without a journal the text of a call is not made."""
    with written_down(lambda: pytest.fail("a text was made")):
        pass


def test_nested_calls() -> None:
    """The innermost call that is being made stands in the journal, and none after the last one."""

    def calls() -> list[str]:
        kept = journal()
        keep(kept)
        found = [last_call(kept)]
        with written_down(lambda: "writing the card of channel 'SR'"):
            with written_down(lambda: "rendering \u00e9"):
                found.append(last_call(kept))
            found.append(last_call(kept))
        return [*found, last_call(kept)]

    assert contextvars.copy_context().run(calls) == ["", "rendering \u00e9", "writing the card of channel 'SR'", ""]


def test_long_call() -> None:
    """A text that is longer than the journal is cut."""

    def last() -> str:
        kept = journal()
        keep(kept)
        with written_down(lambda: "reading " + "x" * 1000):
            return last_call(kept)

    found = contextvars.copy_context().run(last)
    assert found.startswith("reading xxx")
    assert set(found.removeprefix("reading ")) == {"x"}
    assert len(found) < 1000
