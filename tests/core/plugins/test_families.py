"""The table of families."""

from __future__ import annotations

import inspect

import attrs
import pytest

from datacard_core import Plugins, hookspecs, load_plugins
from datacard_core.plugins.families import FAMILIES, HOOKS, Family
from datacard_core.plugins.manager import families_of
from tests.support.plugins import INTERFACES


def test_families_of_plugins() -> None:
    """Loaded plugins have one mapping for each family, under the name of its field, in the order of the table."""
    plugins = load_plugins()
    assert [providers.family for providers in families_of(plugins)] == list(FAMILIES)
    for providers in families_of(plugins):
        assert getattr(plugins, providers.family.field) is providers
    fields = [field.name for field in attrs.fields(Plugins) if field.name not in {"origins", "local", "options"}]
    assert fields == [family.field for family in FAMILIES]


def test_families_are_distinct() -> None:
    """No field, word, hook or interface belongs to two families."""
    for attribute in ("field", "word", "hook", "interface"):
        assert len({getattr(family, attribute) for family in FAMILIES}) == len(FAMILIES)
    assert tuple(family.hook for family in FAMILIES) == HOOKS


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.field)
def test_interface_of_a_family(family: Family[object]) -> None:
    """The hook returns objects of the interface, which has the key and the described attributes."""
    returned = str(inspect.signature(getattr(hookspecs, family.hook)).return_annotation)
    assert returned == f"Iterable[{family.interface.__name__}]"
    assert INTERFACES.get(family.hook, "Rendering") == family.interface.__name__
    declared = {*inspect.get_annotations(family.interface), *vars(family.interface)}
    assert {family.key, *family.described} <= declared
