"""Trial of a systematic kind with wrong declarations: the kind says what is wrong, or a card can be made of them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import attrs
from hypothesis import strategies as st

from datacard_core.build.card_rules import kind_problems
from datacard_core.errors import DeclarationError
from datacard_core.testing.cases import UnmetError
from datacard_core.testing.inputs.analyses import SMALL
from datacard_core.testing.inputs.declarations import NAME, Keywords
from datacard_core.testing.inputs.strategies import FAR_VALUES, STRANGE, near, strange_options
from datacard_core.testing.products import card_contents
from datacard_core.testing.search import search
from datacard_core.testing.trials.kinds import Given, KindTrial, assert_finite, assert_same_anew, names, stable_needs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datacard_core.declare.systematics import SystematicUncertainty
    from datacard_core.testing.cases import Case
    from datacard_core.testing.inputs.sketches import Sketch

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

    def declare(self, sketch: Sketch, typ: str, name: str = NAME) -> SystematicUncertainty:
        """Return the changed declaration.

        Raises:
            DeclarationError: the core refuses it.
        """
        return sketch.declare(name, typ, **{**self.base, **self.changes})


def assert_mistakes(trial: KindTrial, declarations: Sequence[Keywords]) -> None:
    """Test a kind with strange values and options."""
    # One declaration is enough here, because the strange value replaces that of the declaration.
    by_hand = _by_hand(declarations[0], trial.provided.value.options)
    right = _right(trial, declarations[0])
    accepted = _different(trial, [mistake for mistake in by_hand if _is_accepted(trial, mistake, right)])
    if not _are_right_together(trial, accepted):
        # One alone tells which is wrong. And none may be: some kinds can be declared only once in a card.
        for mistake in accepted:
            _assert_accepted(trial, mistake)
    drawn = st.builds(
        _mistake,
        st.sampled_from(declarations),
        st.sampled_from(STRANGE),
        strange_options(tuple(trial.provided.value.options)),
    )
    search(drawn, lambda mistake: _assert_mistake(trial, mistake), most=MOST)


def _different(trial: KindTrial, mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Return one of several mistakes that make equal declarations, such as 0 and 0.0."""
    sketch = trial.analysis(SMALL)
    return list({str(Given((mistake.declare(sketch, trial.typ),), sketch)): mistake for mistake in mistakes}.values())


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
    if _is_accepted(trial, mistake, _right(trial, mistake.base)):
        _assert_accepted(trial, mistake)


def _right(trial: KindTrial, base: Keywords) -> SystematicUncertainty:
    return trial.analysis(SMALL).declare(NAME, trial.typ, **base)


def _is_accepted(trial: KindTrial, mistake: Mistake, right: SystematicUncertainty) -> bool:
    """Return True if `problems` finds nothing wrong, after testing what it finds.

    The right declaration is judged in between.
    """
    sketch = trial.analysis(SMALL)
    try:
        systematic = mistake.declare(sketch, trial.typ)
    except DeclarationError:
        return False  # The core refuses it for every kind.
    trial = trial.on([systematic], sketch)
    found = _stable_problems(trial, right, systematic)
    if found:
        _assert_sentences(trial.case, mistake, found)
    return not found


def _are_right_together(trial: KindTrial, mistakes: Sequence[Mistake]) -> bool:
    """Return True if one card of all declarations is as good as any other."""
    if not mistakes:
        return True
    sketch, called = trial.analysis(SMALL), names(len(mistakes))
    # Before, each name stands for another declaration: what a kind remembers by name then shows.
    before, now = (
        [mistake.declare(sketch, trial.typ, name) for name, mistake in zip(order, mistakes, strict=True)]
        for order in ((*called[1:], NAME), called)
    )
    with suppress(UnmetError), trial.case.trying("a card"):
        sketch.card_beside(before, sketch.output(sketch.needs(before, trial.plugins)), trial.plugins)
        output = sketch.output(stable_needs(trial, now, sketch))
        card = sketch.card_beside(now, output, trial.plugins)
        assert_same_anew(trial, now, sketch, output, card_contents(card))
        assert_finite(trial.case, card.channel)
        return True
    return False


def _assert_accepted(trial: KindTrial, mistake: Mistake) -> None:
    """Test the card of a strange declaration, or what is found to be wrong when it is built."""
    sketch = trial.analysis(SMALL)
    systematic = mistake.declare(sketch, trial.typ)
    trial = trial.on([systematic], sketch)
    output = sketch.output(stable_needs(trial, [systematic], sketch))
    with trial.case.trying("that problems() says what is wrong with a declaration, or a card"):
        try:
            # Beside the others, which its options may name.
            card = sketch.card_beside([systematic], output, trial.plugins)
            contents = card_contents(card)
        except DeclarationError as error:
            # A kind may find a mistake only when it has the histograms.
            found = error.problems
        else:
            found = ()
    if found:
        _assert_sentences(trial.case, mistake, found)
        return
    # The kind has a meaning for the strange value. Then its card must be as good as any other.
    assert_same_anew(trial, [systematic], sketch, output, contents)
    assert_finite(trial.case, card.channel)


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


def _assert_sentences(case: Case, mistake: Mistake, found: Sequence[str]) -> None:
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
