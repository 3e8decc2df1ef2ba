"""The version of the package."""

from __future__ import annotations

import subprocess
import sys

import pytest
from packaging.version import Version

import datacard_core
from datacard_core.version import __version__
from tests.support.paths import ROOT


def test_one_version() -> None:
    """The package has the version of its module, in the form of PEP 440."""
    assert datacard_core.__version__ == __version__
    assert str(Version(__version__)) == __version__


@pytest.mark.slow
def test_module_imports_nothing() -> None:
    """The module can be read without the package, as the build backend does."""
    path = ROOT / "datacard_core" / "version.py"
    code = f"import runpy, sys; print(runpy.run_path({str(path)!r})['__version__'], 'datacard_core' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [__version__, "False"]
