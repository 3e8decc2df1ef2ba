"""Runs of plain values, such as the names of an axis, which an output repeats in each histogram.

A run that was read before is compared as a whole, which takes much less time than reading its values one by one.
"""

from __future__ import annotations

import pickle
from collections import deque

import attrs

from datacard_core.inputs.pickles.limits import NUMBER, SHORT

_SHORT_BINUNICODE, _MEMOIZE, _BININT1, _BININT2 = (
    pickle.SHORT_BINUNICODE + pickle.MEMOIZE + pickle.BININT1 + pickle.BININT2
)
_CONSTANTS = {pickle.NONE[0]: None, pickle.NEWTRUE[0]: True, pickle.NEWFALSE[0]: False}

_WHOLE = 2 + 255
"""Bytes of the longest instruction."""
_HEAD = 16
"""Bytes at the beginning of a run that it is looked up by."""
_FEWEST = 3
"""Fewest instructions of a run that is known again; a shorter one is read as fast."""
# Samples that have as many variations as another may have other ones. More would take time to compare.
_MOST_ALIKE = 4
_MOST_BYTES = 1 << 20
"""Most bytes of all known runs."""


@attrs.frozen(kw_only=True)
class Run:
    """Instructions that put plain values on the stack, and into the memo, and their effect."""

    content: bytes
    values: list[object]
    memoized: list[object]
    steps: int
    spent: int


# Most marks stand before another instruction. A run begins with a value, which the memo can take.
_FIRST = {pickle.SHORT_BINUNICODE, pickle.BININT1, pickle.BININT2}
_NONE = Run(content=b"", values=[], memoized=[], steps=0, spent=0)


class Runs:
    """The runs that a pickle had before."""

    def __init__(self) -> None:
        self._known: dict[bytes, deque[Run]] = {}
        self._bytes = 0

    def at(self, held: bytes, place: int) -> Run:
        """Return the run at a place in the bytes of a pickle, without instructions if there is none."""
        if held[place : place + 1] not in _FIRST:
            return _NONE
        head = held[place : place + _HEAD]
        for run in self._known.get(head, ()):
            if held.startswith(run.content, place):
                return run
        safe = len(held) - _WHOLE
        run = _read(held, place, safe)
        # Of a run that goes on in the next window, the part would be in the way of the whole.
        if run.steps >= _FEWEST and place + len(run.content) <= safe:
            self._bytes += len(run.content)
            if self._bytes > _MOST_BYTES:
                self._known, self._bytes = {}, len(run.content)
            self._known.setdefault(head, deque(maxlen=_MOST_ALIKE)).append(run)
        return run


def _read(held: bytes, place: int, safe: int) -> Run:
    start = place
    values: list[object] = []
    memoized: list[object] = []
    steps = spent = 0
    while place <= safe:
        code = held[place]
        if code == _SHORT_BINUNICODE:
            end = place + 2 + held[place + 1]
            values.append(held[place + 2 : end].decode("utf-8", "surrogatepass"))
            spent += SHORT
            place = end
        elif code == _MEMOIZE:
            memoized.append(values[-1])
            place += 1
        elif code == _BININT1:
            values.append(held[place + 1])
            place += 2
        elif code == _BININT2:
            values.append(held[place + 1] | held[place + 2] << 8)
            spent += NUMBER
            place += 3
        elif code in _CONSTANTS:
            values.append(_CONSTANTS[code])
            place += 1
        else:
            break
        steps += 1
    return Run(content=held[start:place], values=values, memoized=memoized, steps=steps, spent=spent)
