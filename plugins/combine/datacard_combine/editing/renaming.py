"""New names of channels, processes, nuisances and groups, wherever a card has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.editing.following import variants_of
from datacard_combine.editing.lines.changes import Changes
from datacard_combine.editing.lines.patterns import Names
from datacard_combine.editing.templates.fixed import fixed_problems, keep_templates
from datacard_combine.syntax.views import Parameter, RateParam
from datacard_core import DATA, DeclarationError, grammar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_combine.editing.lines.tree import Tree
    from datacard_core import Rename


def renamed(tree: Tree, edit: Rename) -> Changes:
    """Return the lines with other names.

    Raises:
        DeclarationError: a name is unknown, would be one of Combine's own or that of another; all problems.
    """
    known = tree.known(edit.what)
    new, problems = edit.resolved(known)
    if problems := [*problems, *_problems(tree, edit.what, new)]:
        raise DeclarationError(map(tree.told, problems))
    names = Names(edit.what, known, new)
    changes = Changes({view.line.number: variants_of(view, names, tree) for view in tree.views})
    keep_templates(tree, names, changes)
    for line in tree.lines if edit.what == "channel" else ():
        # The mark of a blind channel would be lost under its old name.
        if (mark := grammar.stated_blindness(line.text)) and mark[0] in new:
            changes.drop(line)
            changes.behind[line.number].append(f"{grammar.COMMENT} {mark[1].text(new[mark[0]])}")
    return changes


def _problems(tree: Tree, what: str, new: dict[str, str]) -> Iterator[str]:
    kept = set(tree.known(what)).difference(new)
    for old, name in new.items():
        problem = grammar.group_problem(name) if what == "group" else grammar.name_problem(f"{what}", name)
        if problem:
            yield problem
        if name in kept or list(new.values()).count(name) > 1:
            yield f"{what} {old!r} would be called {name!r}, as another {what} is: two would become one"
    if what == "process" and DATA in new.values():
        yield f"{DATA!r} is the name of the observation: choose another name for the process"
    if what == "nuisance":
        if grammar.SIGNAL_STRENGTH in new.values():
            yield f"{grammar.SIGNAL_STRENGTH!r} is the parameter that scales signals: choose another name"
        yield from _bound(tree, new)
        yield from fixed_problems(tree, new)


def _bound(tree: Tree, new: dict[str, str]) -> Iterator[str]:
    """Yield the parameters whose names a workspace has, which an edit of the card cannot change."""
    from_files: dict[str, RateParam | Parameter] = {
        view.name: view for view in tree.views if isinstance(view, RateParam) and view.is_file
    }
    from_files |= {
        view.name: view
        for view in tree.views
        if isinstance(view, Parameter)
        and (view.kind == "discrete" or (view.kind == grammar.EXT_ARG and ":" in " ".join(view.words)))
    }
    has_workspace = any(":" in field for line in tree.content.head.shapes for field in line.fields[1:])
    for view in tree.views if has_workspace else ():
        if isinstance(view, Parameter):
            from_files.setdefault(view.name, view)
    for name, view in from_files.items():
        if name in new:
            yield f"{tree.place(view.line)}: {name!r} is the name of a parameter in a workspace, and has to stay"
