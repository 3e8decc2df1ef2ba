"""Effects that other parameters stand for after the change."""

from __future__ import annotations

from tests.core.comparison.test_relations import changes, relation
from tests.support.channels import factors, shifted


def test_part_with_a_name_of_its_own() -> None:
    """A parameter that keeps its name for some columns, and gives the others to a new one, is decorrelated."""
    before = [factors("lumi", [0, 1, 2], [1.1, 1.1, 1.2])]
    after = [factors("lumi", [0, 1], [1.1, 1.1]), factors("late", [2], [1.2])]
    assert [relation(one) for one in changes(before, after)] == [("nuisance.decorrelated", "lumi", "late, lumi")]
    assert [relation(one) for one in changes(after, before)] == [("nuisance.correlated", "late, lumi", "lumi")]


def test_names_without_a_common_word() -> None:
    """Parts with the same effects are found whatever their names are, also of templates."""
    before = [shifted("jes", [1, 2], 3.0, -3.0)]
    after = [shifted("early", [1], 3.0, -3.0), shifted("late", [2], 3.0, -3.0)]
    assert [relation(one) for one in changes(before, after)] == [("nuisance.decorrelated", "jes", "early, late")]


def test_exchange() -> None:
    """Parameters that divide their columns in another way are told together."""
    before = [factors("by_year_a", [0, 1], [1.1, 1.2]), factors("by_year_b", [2, 3], [1.3, 1.4])]
    after = [factors("signal", [0, 2], [1.1, 1.3]), factors("rest", [1, 3], [1.2, 1.4])]
    (found,) = changes(before, after)
    assert relation(found) == ("nuisance.recorrelated", "by_year_a, by_year_b", "rest, signal")


def test_effects_in_part() -> None:
    """A new parameter that stands for some of the lost effects only is no part of the old one."""
    before = [factors("lumi", [0, 1], [1.1, 1.2])]
    found = changes(before, [factors("late", [1], [1.2])])
    assert [one.kind for one in found] == ["nuisance.gone", "nuisance.appeared"]


def test_other_columns() -> None:
    """Columns that a parameter acts on in one version alone are told one by one."""
    found = changes([factors("lumi", [0, 1], [1.1, 1.1])], [factors("lumi", [0, 2], [1.1, 1.3])])
    assert [(one.kind, one.process, one.before, one.after) for one in found] == [
        ("nuisance.coverage", "top_2022", "lnN 1.1", "-"),
        ("nuisance.coverage", "top_2023", "-", "lnN 1.3"),
    ]
