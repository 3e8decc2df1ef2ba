"""Conventions in files: a project's own names beside those of an experiment."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacard_core.conventions.convention import CUSTOM, Convention, NamePattern
from datacard_core.errors import DeclarationError, InputError, MissingProviderError
from datacard_core.inputs.paths import expanded
from datacard_core.names import closest

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

_FIELDS = ("class", "description")


def read_convention(path: str | os.PathLike[str]) -> Convention:
    """Read a convention from a file of YAML or JSON: names or patterns, each with a class and a description.

    An entry is `pattern: class, description`, or `pattern: {class: …, description: …}`. A pattern is a regular
    expression for the whole name.

    Args:
        path: the file; one that ends in `.json` is read as JSON.

    Raises:
        InputError: it cannot be read.
        DeclarationError: entries are not as described; all problems.
        MissingProviderError: the package PyYAML is not installed.
    """
    path = Path(expanded(path))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the convention {path} cannot be read: {error}") from error
    # Pairs and no dict, in which the second of two equal names would take the place of the first without a word.
    pairs = _pairs(path, text)
    problems: list[str] = []
    patterns = []
    for key, entry in pairs:
        found, fields = _entry(key, entry)
        problems += found
        if not found:
            patterns.append(NamePattern(key, fields["class"], fields["description"]))
    keys = [key for key, _ in pairs]
    problems += [f"{key!r} stands there twice" for key in dict.fromkeys(keys) if keys.count(key) > 1]
    if problems:
        raise DeclarationError(f"convention {path}: {problem}" for problem in problems)
    return Convention(path.name, tuple(patterns))


def template(names: Iterable[str]) -> str:
    """Return the text of a file with an entry for each name, whose class and description are to be filled in."""
    # By hand, because PyYAML is not needed to begin a file.
    lines = ["# Names or regular expressions, each with a class and a description."]
    for name in names:
        lines += [f"{name}:", f"  class: {CUSTOM}", '  description: ""']
    return "\n".join([*lines, ""])


def _pairs(path: Path, text: str) -> list[tuple[Any, Any]]:
    """Return keys and entries of a file, also those that stand there twice."""
    try:
        found = json.loads(text, object_pairs_hook=list) if path.suffix == ".json" else _yaml(text)
    except ValueError as error:
        raise InputError(f"the convention {path} is no {path.suffix[1:] or 'YAML'}: {error}") from error
    if not isinstance(found, list) or not all(isinstance(pair, tuple) for pair in found):
        raise InputError(
            f"the convention {path} has no entries, expected lines such as 'CMS_myfakes: custom, my fakes'"
        )
    return found


def _yaml(text: str) -> Any:
    try:
        import yaml  # noqa: PLC0415 - few users need it, and it need not be there
    except ImportError as error:
        raise MissingProviderError(
            "a convention in YAML needs PyYAML: pip install pyyaml, or write it as JSON"
        ) from error

    # A class of its own, because constructors belong to the class and would change for all users of PyYAML.
    class Loader(yaml.SafeLoader):  # type: ignore[misc] # it has no types
        """A loader that keeps entries that stand there twice."""

    def pairs(loader: Any, node: Any) -> list[tuple[Any, Any]]:
        return [
            (loader.construct_object(key, deep=True), loader.construct_object(entry, deep=True))
            for key, entry in node.value
        ]

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, pairs)
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def _entry(key: Any, entry: Any) -> tuple[list[str], dict[str, str]]:
    """Return the problems of an entry, and its class and description."""
    if not isinstance(key, str):
        return [f"{key!r} is a {type(key).__name__}, expected a name or a pattern"], {}
    if isinstance(entry, str):
        of, _, description = (word.strip() for word in entry.partition(","))
        entry = [("class", of), ("description", description)]
    if not isinstance(entry, list) or not all(isinstance(pair, tuple) for pair in entry):
        return [f"{key!r} has {entry!r:.80}, expected 'class, description'"], {}
    problems = [
        f"{key!r}: {word!r} is no field{closest(str(word), _FIELDS)}" for word, _ in entry if word not in _FIELDS
    ]
    fields: Mapping[str, Any] = {"class": "", "description": "", **dict(entry)}
    if not isinstance(fields["class"], str) or not fields["class"]:
        problems.append(f"{key!r} has no class")
    if not isinstance(fields["description"] or "", str):
        problems.append(f"{key!r} has the description {fields['description']!r}, expected a text")
    try:
        re.compile(key)
    except re.error as error:
        problems.append(f"{key!r} is no regular expression: {error}")
    return problems, {name: fields[name] or "" for name in _FIELDS}
