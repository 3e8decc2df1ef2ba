"""The author's page: every hook hands out objects of one documented interface."""

from __future__ import annotations

import inspect

from datacard_core import hookspecs
from tests.support.cases import case
from tests.support.internals import FAMILIES

HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("datacard_"))


def test_families_have_hooks() -> None:
    """There are nine hooks, and each is that of a family."""
    assert sorted(family.hook for family in FAMILIES) == HOOKS
    assert len(HOOKS) == 9


def test_hooks_are_documented() -> None:
    """Every hook has a docstring, takes no argument and returns an iterable."""
    for hook in HOOKS:
        with case(hook):
            function = getattr(hookspecs, hook)
            assert function.__doc__
            assert str(inspect.signature(function).return_annotation).startswith("Iterable[")
            assert not inspect.signature(function).parameters, "a hook contributes objects, which have the behaviour"


def test_interfaces_are_documented() -> None:
    """Every public method of an interface has a docstring and says what it returns."""
    cases: list[type] = [family.interface for family in FAMILIES]
    for interface in cases:
        with case(interface):
            assert interface.__doc__
            for name, method in inspect.getmembers(interface, inspect.isfunction):
                if name.startswith("_"):
                    continue
                assert method.__doc__, name
                assert inspect.signature(method).return_annotation is not inspect.Signature.empty, name


def test_one_interface_per_hook() -> None:
    """No two hooks hand out objects of one interface."""
    interfaces = [str(inspect.signature(getattr(hookspecs, hook)).return_annotation) for hook in HOOKS]
    assert len(set(interfaces)) == len(interfaces)
