"""Kind envelope: variations that it reads, templates that it makes, declarations that it refuses."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from datacard_core import Axis, Column, Shape, SystematicUncertainty, Target, Templates

from datacard_acme_theory import METHODS, Envelope

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

KIND = Envelope()
COLUMNS = (Column("ttbar_2022", "ttbar", "2022", 1), Column("vjets_2022", "vjets", "2022", 2))
NOMINAL = Templates(np.array([[100.0, 50.0], [10.0, 20.0]]), np.array([[9.0, 4.0], [1.0, 2.0]]))


def pdf(value: Any = 1.0, **options: Any) -> SystematicUncertainty:
    return SystematicUncertainty("pdf", "envelope", ["ttbar", "vjets"], ["2022"], value, options=options)


def problems(value: Any = 1.0, **options: Any) -> list[str]:
    return list(KIND.problems(pdf(value, **options)))


def effect(systematic: SystematicUncertainty, deviations: npt.ArrayLike) -> Shape:
    """Return the effect for members with these deviations from the nominal, shape (members, columns, bins)."""
    members = NOMINAL.values + np.asarray(deviations, dtype=np.float64)
    target = Target(
        systematic,
        "SR",
        Axis(np.array([0.0, 1.0, 2.0])),
        COLUMNS,
        np.array([1, 3]),
        NOMINAL,
        {
            suffix: Templates(values, 7 * values**2)
            for suffix, values in zip(KIND.shifts(systematic), members, strict=True)
        },
        available={suffix: np.ones(2, dtype=bool) for suffix in KIND.shifts(systematic)},
    )
    (found,) = KIND.effects(target)
    assert isinstance(found, Shape)
    return found


def assert_close(
    actual: npt.NDArray[np.float64], expected: Sequence[Sequence[float]] | npt.NDArray[np.float64]
) -> None:
    np.testing.assert_allclose(actual, np.asarray(expected, dtype=np.float64), rtol=1e-13)


def test_envelope() -> None:
    """The envelope reaches the largest and the smallest of the nominal and all members."""
    found = effect(
        pdf(members=3),
        [
            [[+10, -5], [+1, -2]],
            [[-5, +10], [+2, -1]],
            [[+2, -1], [+3, -3]],
        ],
    )
    # vjets: in the first bin all members are above the nominal, in the second all are below.
    np.testing.assert_array_equal(found.up.values, [[110, 60], [13, 20]])
    np.testing.assert_array_equal(found.down.values, [[95, 45], [10, 17]])


def test_replicas() -> None:
    """Replicas give their standard deviation about their mean."""
    found = effect(
        pdf(method="replicas", members=3),
        [
            [[3, -1], [0, 0]],
            [[5, 0], [0, 3]],
            [[7, 1], [0, 3]],
        ],
    )
    # ttbar, bin 1: mean 5, (4 + 0 + 4) / 2 = 4; bin 2: mean 0, (1 + 0 + 1) / 2 = 1.
    # vjets, bin 1: no spread; bin 2: mean 2, (4 + 1 + 1) / 2 = 3.
    assert_close(found.up.values, [[102, 51], [10, 20 + math.sqrt(3)]])
    assert_close(found.down.values, [[98, 49], [10, 20 - math.sqrt(3)]])


def test_symmetric_hessian() -> None:
    """Members of a symmetric Hessian set add in quadrature."""
    found = effect(
        pdf(method="hessian-symmetric", members=2),
        [
            [[+3, -6], [0, +5]],
            [[-4, +8], [1, 12]],
        ],
    )
    # 3² + 4² = 5², 6² + 8² = 10²; 0 + 1, 5² + 12² = 13²
    np.testing.assert_array_equal(found.up.values, [[105, 60], [11, 33]])
    np.testing.assert_array_equal(found.down.values, [[95, 40], [9, 7]])


def test_hessian_pairs() -> None:
    """Each pair counts with its larger move up, and with its larger move down."""
    found = effect(
        pdf(method="hessian-pairs", members=4),
        [
            [[+3, -6], [+1, 0]],
            [[-2, +5], [+2, 0]],
            [[+4, -8], [+3, 0]],
            [[+1, 12], [-4, 2]],
        ],
    )
    # ttbar, bin 1: up 3² + 4² = 5², down 2² + 0 = 2²: the second pair never goes down.
    # ttbar, bin 2: up 5² + 12² = 13², down 6² + 8² = 10².
    # vjets, bin 1: up 2² + 3² = 13, down 0 + 4² = 4²; bin 2: up 0 + 2² = 2², down 0.
    assert_close(found.up.values, [[105, 63], [10 + math.sqrt(13), 22]])
    assert_close(found.down.values, [[98, 40], [6, 20]])


def test_methods_agree_with_formulas() -> None:
    """The methods on arrays agree with the formulas, term by term."""
    deviations = np.random.default_rng(20).normal(size=(30, 4, 5))
    expected = {method: np.zeros((2, 4, 5)) for method in METHODS}
    for column, bin_ in np.ndindex(4, 5):
        terms = [float(term) for term in deviations[:, column, bin_]]
        pairs = list(zip(terms[::2], terms[1::2], strict=True))
        spread, total = statistics.stdev(terms), math.hypot(*terms)
        both = {
            "envelope": (max(*terms, 0), max(*(-term for term in terms), 0)),
            "replicas": (spread, spread),
            "hessian-symmetric": (total, total),
            "hessian-pairs": (
                math.sqrt(sum(max(plus, minus, 0) ** 2 for plus, minus in pairs)),
                math.sqrt(sum(max(-plus, -minus, 0) ** 2 for plus, minus in pairs)),
            ),
        }
        for method, values in both.items():
            expected[method][:, column, bin_] = values
    for method, function in METHODS.items():
        np.testing.assert_allclose(function(deviations), expected[method], rtol=1e-13, err_msg=method)


def test_scale() -> None:
    """The option scale brings a set at another confidence level to one sigma."""
    found = effect(pdf(method="hessian-pairs", members=2, scale=1 / 1.645), np.full((2, 2, 2), [[[3.29]], [[-6.58]]]))
    # 3.29 = 2 · 1.645 and 6.58 = 4 · 1.645
    assert_close(found.up.values, NOMINAL.values + 2)
    assert_close(found.down.values, NOMINAL.values - 4)


def test_variances_are_nominal() -> None:
    """Up and Down have the variances of the nominal."""
    found = effect(pdf(members=1), np.ones((1, 2, 2)))
    np.testing.assert_array_equal(found.up.variances, NOMINAL.variances)
    np.testing.assert_array_equal(found.down.variances, NOMINAL.variances)


def test_bins_below_zero_are_kept() -> None:
    """The kind leaves bins below 0 to the core, which clips them with a finding."""
    found = effect(pdf(members=1), np.full((1, 2, 2), -30.0))
    np.testing.assert_array_equal(found.down.values, [[70, 20], [-20, -10]])


def test_value_scales_parameter() -> None:
    """The value scales the parameter, not the templates."""
    systematic = SystematicUncertainty(
        "pdf", "envelope", {"ttbar": 1.0, "vjets": 0.5}, ["2022"], options={"members": 1}
    )
    found = effect(systematic, np.ones((1, 2, 2)))
    assert found.columns.tolist() == [1, 3]
    assert found.scale.tolist() == [1.0, 0.5]
    np.testing.assert_array_equal(found.up.values, NOMINAL.values + 1)


def test_number_of_members() -> None:
    """A number of members reads the variations from 0 on."""
    assert KIND.shifts(pdf(members=3)) == ("_0", "_1", "_2")


def test_list_of_members() -> None:
    """A list of members has the endings of the names."""
    assert KIND.shifts(pdf(members=["_muRUp", "_muRDown"])) == ("_muRUp", "_muRDown")


@pytest.mark.parametrize(
    "options",
    [
        {"members": 1},
        {"members": np.int64(6), "method": "envelope"},
        {"members": ("_a", "_b"), "method": "replicas"},
        {"members": np.array(["_a", "_b"]), "method": "hessian-pairs", "scale": np.float32(0.6)},
        {"members": 1, "method": "hessian-symmetric", "scale": 2},
    ],
    ids=str,
)
def test_valid_declaration(options: dict[str, Any]) -> None:
    """A valid declaration has no problem."""
    assert problems(**options) == []


@pytest.mark.parametrize("value", [0.0, -1.0, (1.0, 1.0), "1.0"], ids=str)
def test_invalid_value_is_refused(value: Any) -> None:
    """A value that is not a number above 0 is refused, with its columns."""
    (problem,) = problems(value, members=2)
    assert problem.startswith("ttbar, vjets (2022): ")
    assert repr(value) in problem
    assert "above 0, by convention 1.0" in problem


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (None, "has no option 'members'"),
        (0, "members 0: expected 1 or more"),
        (-3, "members -3: expected 1 or more"),
        (True, "members True: expected their number"),
        (2.0, "members 2.0: expected their number"),
        ("_muRUp", "members '_muRUp': expected their number"),
        ((), "members (): expected their number"),
        (["_muRUp", 1, None], "members has 1, None, expected texts"),
        (["_muRUp", ""], "members has '', expected texts"),
        (["_muRUp", "_muFUp", "_muRUp"], "members has '_muRUp' more than once"),
        ((("_muRUp",), 7), "members has ('_muRUp',), 7, expected texts"),
    ],
    ids=str,
)
def test_invalid_members_are_refused(members: Any, expected: str) -> None:
    """Invalid members are refused, with the expected form."""
    found = problems(members=members)
    assert found[0].startswith(expected)
    assert all("members" in problem for problem in found)


@pytest.mark.parametrize(
    ("given", "closest"),
    [("replica", "'replicas'"), ("ENVELOPE", "'envelope'"), ("hessian_pairs", "'hessian-pairs'")],
)
def test_misspelt_method_is_refused(given: str, closest: str) -> None:
    """A misspelt method is refused, with the closest match."""
    (problem,) = problems(members=2, method=given)
    assert problem.startswith(f"method {given!r}: expected one of 'envelope', 'replicas', ")
    assert f"did you mean {closest}?" in problem


@pytest.mark.parametrize("given", ["hessian", "symmhessian"])
def test_lhapdf_words_are_refused(given: str) -> None:
    """The names of LHAPDF are refused, with the names of this package."""
    # If they were exchanged, every eigenvector would count twice, or half of them not at all.
    (problem,) = problems(members=2, method=given)
    assert "'hessian', two members for each eigenvector, is 'hessian-pairs'" in problem
    assert "'symmhessian', one member for each, is 'hessian-symmetric'" in problem


@pytest.mark.parametrize("given", [None, 1, ("replicas",), {"replicas": 100}], ids=str)
def test_method_must_be_name(given: Any) -> None:
    """A method that is not a name is refused, with the list of methods."""
    (problem,) = problems(members=2, method=given)
    assert problem.startswith("method ")
    assert "expected one of 'envelope', 'replicas', 'hessian-symmetric', 'hessian-pairs'" in problem


@pytest.mark.parametrize("scale", [0, -1, math.nan, math.inf, True, "0.6", None], ids=str)
def test_invalid_scale_is_refused(scale: Any) -> None:
    """A scale that is not a number above 0 is refused."""
    (problem,) = problems(members=2, scale=scale)
    assert problem.startswith(f"scale {scale!r}: expected a number above 0")


def test_one_replica_is_refused() -> None:
    """One replica has no standard deviation."""
    (problem,) = problems(members=1, method="replicas")
    assert problem == "members: 1 is not enough for method 'replicas', which takes 2 or more"


def test_odd_number_of_members() -> None:
    """An odd number of members makes no pairs."""
    (problem,) = problems(members=59, method="hessian-pairs")
    assert problem.startswith("members: 59 is odd")
    assert "without the central member" in problem


def test_all_problems_are_told() -> None:
    """All problems of a declaration are reported at once."""
    found = problems(-1.0, members=["_a", "_a", 1], method="replcas", scale=0)
    assert [problem.split()[0] for problem in found] == ["ttbar,", "members", "members", "method", "scale"]


def test_options_are_documented() -> None:
    """Every option and every method is documented."""
    assert set(KIND.options) == {"members", "method", "scale"}
    assert all(method in KIND.options["method"] for method in METHODS)
