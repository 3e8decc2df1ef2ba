"""Trial of a systematic kind with wrong declarations: the kind says what is wrong, or a card can be made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from hypothesis import strategies as st

from datacard_core.build.card_rules import kind_problems
from datacard_core.datacard import Datacard
from datacard_core.errors import DeclarationError
from datacard_core.testing.inputs.declarations import NAME, Keywords
from datacard_core.testing.inputs.strategies import FAR_VALUES, STRANGE, near, strange_options
from datacard_core.testing.search import search
from datacard_core.testing.trials.kinds import Given, KindTrial, built

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datacard_core.declare.systematics import SystematicUncertainty

MOST = 40
"""Number of declarations that hypothesis draws for a kind."""


@attrs.frozen
class Mistake:
    """A declaration that the kind accepts, and changes to it."""

    base: Keywords
    changes: Keywords
    """Other value, other options, or both."""
    names: tuple[str, ...] = ()
    """Options that are changed or left out."""


def assert_mistakes(trial: KindTrial, declarations: Sequence[Keywords]) -> None:
    """Test a kind with strange values and options."""
    drawn = st.builds(
        _mistake,
        st.sampled_from(declarations),
        st.sampled_from(STRANGE),
        strange_options(tuple(trial.provided.value.options)),
    )
    # One declaration is enough here, because the strange value replaces that of the declaration.
    by_hand = _by_hand(declarations[0], trial.provided.value.options)
    search(drawn, lambda mistake: _assert_mistake(trial, mistake), first=by_hand, most=MOST)


def _by_hand(base: Keywords, options: Iterable[str]) -> Iterator[Mistake]:
    """Yield declarations with one strange value or option each."""
    for value in (*STRANGE, *FAR_VALUES, *near(base.get("value"))):
        yield Mistake(base, {"value": value})
    given = dict(base.get("options", {}))
    for option in options:
        for value in (*STRANGE, *near(given.get(option))):
            yield Mistake(base, {"options": {**given, option: value}}, (option,))
        if option in given:
            yield Mistake(base, {"options": {name: of for name, of in given.items() if name != option}}, (option,))


def _mistake(base: Keywords, value: Any, options: Keywords) -> Mistake:
    return Mistake(base, {"value": value, "options": {**base.get("options", {}), **options}}, tuple(options))


def _assert_mistake(trial: KindTrial, mistake: Mistake) -> None:
    try:
        systematic = trial.small.declare(NAME, trial.typ, **{**mistake.base, **mistake.changes})
    except DeclarationError:
        return  # The core refuses it for every kind.
    trial = trial.on(Given(systematic, trial.small))
    found = _stable_problems(trial, trial.small.declare(NAME, trial.typ, **mistake.base), systematic)
    card = None if found else _card_or_problems(trial, systematic)
    if isinstance(card, Datacard):
        # The kind has a meaning for the strange value. Then its card must be as good as any other.
        built(trial, systematic, trial.small, card)
    else:
        _assert_sentences(trial, mistake, card or found)


def _stable_problems(trial: KindTrial, right: SystematicUncertainty, strange: SystematicUncertainty) -> tuple[str, ...]:
    """Return what is wrong after testing that it stays the same when another declaration is judged in between."""
    case = trial.case
    with case.trying("that problems() says what is wrong with a declaration"):
        first = kind_problems(trial.provided, strange)
        refused = kind_problems(trial.provided, right)
        again = kind_problems(trial.provided, strange)
    case.same("the same problems of the same declaration, each time", first, again)
    case.expect(not refused, "that a declaration stays accepted when another is wrong", "; ".join(refused))
    return first


def _card_or_problems(trial: KindTrial, systematic: SystematicUncertainty) -> Datacard | tuple[str, ...]:
    """Return the card, or what is found to be wrong when it is built."""
    with trial.case.trying("that shifts() names variations, and samples() samples"):
        output = trial.small.output(trial.small.needs(systematic, trial.plugins))
    expected = "that problems() says what is wrong with a declaration, or a card"
    with trial.case.trying(expected):
        try:
            # Beside the others, which its options may name.
            return trial.small.card_beside(systematic, output, trial.plugins)
        except DeclarationError as error:
            # A kind may find a mistake only when it has the histograms.
            return error.problems


def _assert_sentences(trial: KindTrial, mistake: Mistake, found: tuple[str, ...]) -> None:
    case = trial.case
    # One word cannot say what is wrong with which value.
    wrong = [problem for problem in found if len(problem.split()) <= 1]
    case.expect(not wrong, "that each problem is a sentence", f"{wrong[:1]!r}")
    words = {*mistake.names, *(_texts(mistake.changes["value"]) if "value" in mistake.changes else ())}
    words |= {text for name in mistake.names for text in _texts(mistake.changes["options"].get(name))}
    named = any(word in problem for word in words for problem in found)
    case.expect(named, "problems that name the value or option that is wrong", "; ".join(found))


def _texts(value: Any) -> Iterator[str]:
    """Yield texts that name a value in a sentence."""
    yield "value"
    yield from filter(None, (repr(value), str(value)))
    # The core converts numbers, so the message may show 1.0 for 1.
    if isinstance(value, int | float):
        yield f"{float(value)!r}"
        yield f"{value:g}"
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        for entry in value:
            yield from _texts(entry)
