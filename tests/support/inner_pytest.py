"""Runs of pytest inside a test, on the tests of packages that are made or shown for authors of plugins."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterable


def run_pytest(folder: Path, arguments: Iterable[str]) -> tuple[int, str]:
    """Return the exit code and the output of pytest with few examples, run in this process, which has the core.

    Args:
        folder: folder that holds the tests, whose modules are forgotten afterwards.
        arguments: of the command, beside those that keep this process as it is.
    """
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:xdist"]
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as printed:
        # Options for the run of the suite, such as those for coverage, are not for this one.
        patch.setenv("PYTEST_ADDOPTS", "")
        patch.setattr(sys, "path", list(sys.path))
        settings.load_profile("few")
        try:
            code = int(pytest.main([*options, *arguments]))
        finally:
            settings.load_profile("quick")
            for name in set(sys.modules) - before:
                file = getattr(sys.modules[name], "__file__", None)
                if file and Path(file).is_relative_to(folder):
                    del sys.modules[name]
    return code, printed.getvalue()
