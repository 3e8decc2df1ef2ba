"""Imports between the modules of the core: which layer each belongs to, and circles among them.

`python -m tests.support.imports` prints the storeys, and what breaks the table of layers.
"""

from __future__ import annotations

import ast
import functools
import sys
from typing import TYPE_CHECKING

import attrs

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    Graph = Mapping[str, Iterable[str]]
    """What each node imports."""

CORE = ROOT / "datacard_core"
SCRIPT = "datacard_core.demo.analysis"
"""Script that the demo writes for users: the core copies its text, and does not import it."""

LAYERS = (
    ("errors", "arguments", "names", "grouping", "grammar", "version"),
    ("findings", "codes"),
    ("documents",),
    ("declare",),
    ("model", "edits"),
    ("hookspecs",),
    # DESIGN.md has these two on one level: plugins may import inputs, and inputs never plugins.
    ("inputs", "comparison", "correlations"),
    ("conventions", "tables"),
    ("plugins",),
    ("checks",),
    ("templates",),
    ("treatments",),
    ("build",),
    ("execution", "output"),
    ("card",),
    ("datacard", "reading", "writing"),
    ("combination",),
    ("analysis",),
    ("checking",),
    ("cli", "demo", "testing", "scaffold", "stat", "__init__"),
)
"""The rooms of the core, in the order of DESIGN.md, section 5: a module imports from its own layer and earlier ones."""


@attrs.frozen
class Import:
    """One import of a module of the core by another."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def modules() -> dict[str, Path]:
    """Return the files of all modules of the core by name."""
    named = {name_of(path): path for path in sorted(CORE.rglob("*.py"))}
    return {name: path for name, path in named.items() if name != SCRIPT}


def name_of(path: Path, folder: Path = ROOT) -> str:
    """Return the name by which Python imports a file from a folder on its path."""
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def imports() -> tuple[Import, ...]:
    """Return every import, those for type checkers and inside functions included."""
    known = modules()
    return tuple(
        Import(name, imported, line)
        for name, path in known.items()
        for imported, line in imports_in(path.read_text(encoding="utf-8"), known)
        if imported != name
    )


def imports_in(source: str, known: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield the known modules that a source imports, each with its line."""
    known = set(known)
    for module, names, line in statements(source):
        if names is None and module in known:
            yield module, line
        elif module in known:
            # What is taken from a package may be one of its modules.
            taken = (f"{module}.{name}" for name in names or ())
            yield from ((name if name in known else module, line) for name in taken)


@functools.cache
def statements(source: str) -> tuple[tuple[str, tuple[str, ...] | None, int], ...]:
    """Return what a source imports: each module, the names taken from it or None for the module itself, and the line.

    Parsing takes most of the time of the tests that ask, several of them for the same modules.
    """
    found: list[tuple[str, tuple[str, ...] | None, int]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(alias.name, None, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            found.append(("." * node.level + (node.module or ""), names, node.lineno))
    return tuple(found)


def room_of(module: str) -> str:
    """Return the package or top module that a module belongs to, `__init__` for the core itself."""
    return module.split(".")[1] if "." in module else "__init__"


def layer_of(module: str) -> int:
    """Return the position of a module's layer in the table."""
    room = room_of(module)
    for position, layer in enumerate(LAYERS):
        if room in layer:
            return position
    raise LookupError(f"the table of layers has no {room!r}")


def upward() -> list[Import]:
    """Return the imports from a later layer."""
    return [found for found in imports() if layer_of(found.importer) < layer_of(found.imported)]


def module_graph() -> dict[str, set[str]]:
    """Return which modules each module imports."""
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for found in imports():
        graph[found.importer].add(found.imported)
    return graph


def room_graph() -> dict[str, set[str]]:
    """Return which rooms the modules of each room import."""
    graph: dict[str, set[str]] = {room_of(name): set() for name in modules()}
    for found in imports():
        if (room := room_of(found.importer)) != (other := room_of(found.imported)):
            graph[room].add(other)
    return graph


def circles(graph: Graph) -> list[list[str]]:
    """Return the groups of nodes that import each other, directly or in a circle, each sorted."""
    reached = {node: _reachable(graph, node) for node in graph}
    groups = {
        tuple(sorted(other for other in reached[node] if node in reached.get(other, ())))
        for node in graph
        if node in reached[node]
    }
    return [list(group) for group in sorted(groups)]


def _reachable(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(graph.get(node, ()))
    return found


def storeys(graph: Graph) -> int:
    """Return how many nodes the longest chain of imports has; a circle counts as one storey."""
    home = {node: group[0] for group in circles(graph) for node in group}
    joined: dict[str, set[str]] = {home.get(node, node): set() for node in graph}
    for node, imported in graph.items():
        joined[home.get(node, node)] |= {home.get(other, other) for other in imported} - {home.get(node, node)}

    @functools.cache
    def height(node: str) -> int:
        return 1 + max(map(height, joined[node]), default=0)

    return max(map(height, joined), default=0)


if __name__ == "__main__":
    lines = [
        f"{len(modules())} modules on {storeys(module_graph())} storeys",
        f"{len(room_graph())} rooms on {storeys(room_graph())} storeys",
        *(f"upwards: {found}" for found in upward()),
        *(f"circle of modules: {', '.join(group)}" for group in circles(module_graph())),
        *(f"circle of rooms: {', '.join(group)}" for group in circles(room_graph())),
    ]
    sys.stdout.writelines(f"{line}\n" for line in lines)
