"""Trial of a template reader: files that are missing, and files of rubbish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core.hookspecs import TemplateReader
    from datacard_core.plugins.calling import Provided
    from datacard_core.testing.cases import Case


def assert_template_reader(case: Case, provided: Provided[TemplateReader], scratch: Path) -> None:
    """Test the suffixes of a reader, and its errors about files that it cannot read."""
    suffixes: object = provided.value.suffixes
    is_right = isinstance(suffixes, list | tuple) and all(
        isinstance(suffix, str) and suffix.startswith(".") for suffix in suffixes
    )
    case.expect(is_right and suffixes, 'suffixes such as (".root",)', repr(suffixes))
    for suffix in provided.value.suffixes:
        missing, rubbish = scratch / f"missing{suffix}", scratch / f"rubbish{suffix}"
        rubbish.write_bytes(b"\x00no templates\xff" * 9)
        for path, what in ((missing, "that is not there"), (rubbish, "of rubbish")):
            _assert_error(attrs.evolve(case, given=path.name), provided, path, what)


def _assert_error(case: Case, provided: Provided[TemplateReader], path: Path, what: str) -> None:
    expected = f"an InputError for a file {what}"
    with case.trying(expected):
        try:
            with provided.blamed(f"reading {path}") as reader:
                found = reader.read(path, ["nominal"])
        except InputError as error:
            case.expect(path.name in str(error), f"{expected}, which names it", str(error))
            return
    case.fail(expected, f"it read {found!r:.80}")
