"""Reading of a file through a histogram source of a plugin, with a check of what the source returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacard_core.errors import InputError
from datacard_core.inputs.histograms import histogram_problems
from datacard_core.inputs.remote import on_disk
from datacard_core.inputs.structure import check_output
from datacard_core.names import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.hookspecs import HistogramSource
    from datacard_core.inputs.structure import OutputDict
    from datacard_core.plugins.calling import Provided


_PARTS = ("variables", "datasets_metadata", "cutflow", "sumw")
"""Keys of an output that cards need; `sumw` is a check of their content."""


def read(
    path: str, provided: Provided[HistogramSource], variables: Iterable[str], *, copy: str | None = None
) -> OutputDict:
    """Return the output that a histogram source reads from a file.

    Args:
        path: the file, for messages.
        provided: the histogram source.
        variables: the variables whose histograms are needed.
        copy: the copy on disk to read, of a file at an address.

    Raises:
        InputError: the source reports that the file cannot be used.
        PluginCallError: the source failed, or returned an object that is not an output.
    """
    doing, needed = f"reading {path}", tuple(dict.fromkeys(variables))
    with provided.blamed(doing) as source:
        returned: Any = source.read(Path(copy or path), frozenset(needed))
        # The check stays in here: what the source returned may be a class of its author's that fails when it is used.
        try:
            return _checked(returned, needed)
        except InputError as error:
            raise provided.fault(f"{doing}: {error}") from error


def read_all(path: str, provided: Provided[HistogramSource]) -> OutputDict:
    """Return the output that a histogram source reads from a file, with the histograms of all variables.

    Raises:
        InputError: the source reports that the file cannot be used.
        PluginCallError: the source failed, or returned an object that is not an output.
    """
    with on_disk(path) as copy:
        return read(path, provided, read(path, provided, (), copy=copy)["variables"], copy=copy)


def _checked(returned: object, variables: Iterable[str]) -> OutputDict:
    # Copied first: the check and the sums then see the same, and no mapping of the source's is asked again.
    output = check_output(_own(returned, variables), variables)
    if problems := list(histogram_problems(output, variables)):
        raise InputError(problems)
    return output


def _own(returned: object, variables: Iterable[str]) -> object:
    """Return an output with dicts in place of its mappings; variables that are not needed are empty."""
    if not isinstance(returned, Mapping):
        return returned
    # Other keys stand in messages about an output that lacks a part.
    parts = {key: returned[key] if key in _PARTS else None for key in returned}
    if isinstance(by_variable := parts.get("variables"), Mapping):
        parts["variables"] = {name: by_variable[name] if name in variables else {} for name in by_variable}
    return {key: _copied(part) for key, part in parts.items()}


def _copied(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {plain(key): _copied(value) for key, value in tree.items()}
    is_listing = isinstance(tree, AbstractSet | Sequence) and not isinstance(tree, str | bytes)
    return [plain(name) for name in tree] if is_listing else tree
