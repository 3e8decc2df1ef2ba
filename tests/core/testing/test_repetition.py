"""Tests of the repetition of products: in other processes, in another order, and a second later."""

from __future__ import annotations

import functools
import re
import sys
import time
import types
from typing import TYPE_CHECKING

import pytest

from datacard_core import Channel, hookimpl, load_plugins
from datacard_core.testing.cases import Case, UnmetError
from datacard_core.testing.repetition import FORWARDS, assert_repeated, products
from datacard_core.testing.tasks import Task
from tests.support.conformance import Numbers, failure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Install

ELSEWHERE = "in other processes, where sets have other orders and it is another day"
SOURCE = """
import datetime, functools
from datacard_core import Check, hookimpl, notice

@functools.cache
def first(name, factor=[]):
    factor.append(len(factor))
    return factor[-1]

class Acme(Check):
    name = "acme"
    def run(self, channel):
        sets = {"alpha", "beta", "gamma", "delta", "epsilon"}
        calls = first(channel.nominal.values.tobytes())
        yield notice("acme", f"found TEXT")

@hookimpl
def datacard_checks():
    return [Acme()]
"""
"""A check, whose products are the cheapest to make; TEXT is what may depend on process or time."""


def task(scratch: Path) -> Task:
    return Task(plugins=load_plugins("acme"), contributed=(("checks", "acme"),), declarations={}, scratch=scratch)


def repeat(scratch: Path) -> str:
    """Return the failure of the installed plugin acme when its products are repeated, or an empty string."""
    try:
        made = products(task(scratch)).values()
        assert_repeated(Case(plugin="acme", origin="acme 1.0"), task(scratch), sys.path, made)
    except UnmetError as error:
        return str(error)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("str(sets)", ELSEWHERE),
        ("datetime.date.today()", ELSEWHERE),
        ("calls", ELSEWHERE),
        ("datetime.datetime.now().replace(microsecond=0)", "(another day|a second later|each time|between two calls)"),
    ],
)
def test_dependence_on_process_or_time(text: str, where: str, install: Install, tmp_path: Path) -> None:
    """A product that depends on hashes, the date, earlier calls or the time is reported."""
    install("acme", SOURCE.replace("TEXT", f"{{{text}}}"))
    assert re.search(f"{where}\n  instead: ", repeat(tmp_path))


@pytest.mark.slow
def test_equal_products(install: Install, tmp_path: Path) -> None:
    """The plugin that the wrong ones are made of has equal products."""
    install("acme", SOURCE.replace("TEXT", ""))
    assert repeat(tmp_path) == ""
    assert (tmp_path / "forwards" / "products").read_bytes() == (tmp_path / "backwards" / "products").read_bytes()


@pytest.mark.slow
def test_end_of_another_process(install: Install, tmp_path: Path) -> None:
    """A plugin that ends another process is reported with what that process wrote to stderr."""
    first_process = f"os.environ.get('TZ') == {FORWARDS['TZ']!r}"
    # os._exit() flushes no buffer.
    lines = f"import os, sys\nif {first_process}:\n    sys.stderr.write('no')\n    sys.stderr.flush()\n    os._exit(1)"
    install("acme", f"{lines}\n{SOURCE}")
    assert "expected: that it works in another process\n  instead: no" in repeat(tmp_path)


@pytest.mark.slow
def test_time_in_seconds() -> None:
    """The time in seconds is reported even of a plugin that no other process can import."""

    # From the first drawing on: the trial, which draws within a second, must not be at the turn of one.
    begun = functools.cache(time.monotonic)

    class Dated(Numbers):
        def draw(self, channel: Channel, path: Path) -> None:
            path.write_text(f"{channel.bin} {int(time.monotonic() - begun())}", encoding="utf-8")

    module = types.ModuleType("made_here")
    vars(module)["datacard_plots"] = hookimpl(lambda: (Dated(),), specname="datacard_plots")
    assert "that the plot 'numbers' is the same a second later" in failure(module)


@pytest.mark.slow
def test_products_of_failures(install: Install, tmp_path: Path) -> None:
    """The product of a failure is the type of its error, and the order is the same also backwards."""
    install("acme", SOURCE.replace("TEXT", "{1 / 0}"))
    made = products(task(tmp_path))
    assert set(made.values()) == {"PluginCallError"}
    assert list(made) == list(products(task(tmp_path), backwards=True))
