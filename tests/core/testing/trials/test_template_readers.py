"""The kit's trial of template readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from datacard_core import InputError, TemplateFile, TemplateReader
from datacard_core.testing import assert_plugin
from tests.support.conformance import failure
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path


class Refusing(TemplateReader):
    """Reader that refuses every file."""

    name: ClassVar[str] = "acme"
    suffixes: ClassVar[Sequence[str]] = (".acme",)

    def read(self, path: Path, names: Collection[str]) -> TemplateFile:
        raise InputError(f"{path} has none of {names}")


class Taking(Refusing):
    """Reader that takes every file."""

    def read(self, path: Path, names: Collection[str]) -> TemplateFile:  # noqa: ARG002 - as readers have it
        return TemplateFile(())


class Nameless(Refusing):
    """Reader of files without a suffix."""

    suffixes: ClassVar[Sequence[str]] = ("acme",)


@pytest.mark.slow
def test_template_readers() -> None:
    """Errors must name the file, and suffixes begin with a dot."""
    assert_plugin(Provider("acme", Refusing()))
    assert "an InputError for a file that is not there" in failure(Provider("acme", Taking()))
    assert "suffixes such as" in failure(Provider("acme", Nameless()))
