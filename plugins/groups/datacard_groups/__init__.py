"""The kind `group`: a name for several parameters, which a fit freezes or reports together."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from datacard_core import Group, SystematicKind, grammar, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core import SystematicUncertainty, Target


class ParameterGroup(SystematicKind):
    """A name for several parameters, such as all theory uncertainties.

    `SystematicUncertainty(..., groups=["theory"])` declares it for the systematics that are in it. The line has the
    members that are in the card. A group changes no yield.
    """

    typ: ClassVar[str] = grammar.GROUP
    covers_columns: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {"members": "names of the parameters in the card"}

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for a name that Combine uses itself, and for members that are no names."""
        if systematic.processes:
            yield "kind 'group' acts on no process: leave out processes, years and value"
        if problem := grammar.group_problem(systematic.datacard_name):
            yield problem
        members = systematic.options.get("members")
        if not isinstance(members, tuple) or not members:
            yield f"members {members!r}: expected a list with the names of parameters"
            return
        for member in members:
            if problem := grammar.name_problem("member", member):
                yield problem
        if twice := sorted({member for member in members if members.count(member) > 1}):
            yield f"members lists {', '.join(map(repr, twice))} twice"
        # Combine looks for a parameter of that name, and stops.
        if systematic.datacard_name in members:
            yield f"members lists the group itself, {systematic.datacard_name!r}"

    def effects(self, target: Target) -> Iterable[Group]:
        """Return the group with all its members; the line leaves out those that are not in the card."""
        return (Group(target.systematic.datacard_name, tuple(target.systematic.options["members"])),)


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kind group."""
    return (ParameterGroup(),)
