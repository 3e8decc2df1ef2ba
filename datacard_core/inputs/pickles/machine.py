"""The machine that a pickle is a program for: a stack of values, and a memo of those that are used again.

It differs from Python's own in that a name is never imported or called, and in that it counts what the program asks
for. `datacard_core.inputs.pickles.opcodes` has the instructions.
"""

from __future__ import annotations

import pickle
import re
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from datacard_core.inputs.pickles.limits import check_key
from datacard_core.inputs.pickles.records import Named, Record, RefusedError
from datacard_core.inputs.pickles.runs import Runs
from datacard_core.inputs.pickles.window import Window
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from datacard_core.inputs.pickles.limits import Budget
    from datacard_core.inputs.pickles.records import Name
    from datacard_core.inputs.pickles.window import Stream

# Memory, in bytes, of a container or record with what is kept while real objects are built, and of an item in it.
CONTAINER = 450
ITEM = 80
_POINTER = 8
_SCALAR = 48

_LARGE = 1 << 16
"""Size of an object, in bytes, that is counted at once and not at the next check."""
_LONGEST_NAME = 256
_MOST_REFUSED = 100
_MOST_MARKS = 1000
_LONG = 512
"""Instructions of a run after which limits are checked at once."""


class Finished(Exception):  # noqa: N818 - no error
    """The pickle has come to its end."""


class Machine:
    """The state of a pickle that is being read."""

    def __init__(
        self,
        stream: Stream,
        admitted: Collection[Name],
        at_once: Mapping[Name, Callable[[tuple[Any, ...]], object]],
        budget: Budget,
    ) -> None:
        self.budget = budget
        self.window = Window(stream, budget)
        self.stack: list[Any] = []
        self._below: list[list[Any]] = []
        self.memo: list[Any] = []
        self._runs = Runs()
        self._names: dict[Name, Named] = {}
        self._admitted = admitted
        self._at_once = at_once
        # A dict, as its keys are in order and each once.
        self._refused: dict[str, None] = {}

    def finish(self) -> None:
        """End the pickle, with the value on top of the stack.

        Raises:
            Finished: always.
        """
        raise Finished

    def check(self, steps: int) -> None:
        """Check the limits, after a number of instructions since the last check.

        Raises:
            RefusedError: the pickle asks for more than it may.
        """
        self.budget.steps += steps
        held = len(self.stack) + len(self.memo) + sum(map(len, self._below))
        self.budget.check(_POINTER * held)

    def check_names(self) -> None:
        """Raise if a name was not admitted.

        Raises:
            RefusedError: with all these names.
        """
        if self._refused:
            raise RefusedError(listing(self._refused, len(self._refused)))

    def spend(self, memory: int) -> None:
        """Count memory of an object."""
        if memory > _LARGE:
            self.budget.spend(memory)
        else:
            self.budget.spent += memory

    def made(self, value: object) -> None:
        """Put a value on the stack whose size is not known before."""
        self.spend(sys.getsizeof(value))
        self.stack.append(value)

    def mark(self) -> None:
        """Put a mark on the stack: what follows belongs together."""
        if len(self._below) >= _MOST_MARKS:
            raise RefusedError(f"values nested more than {_MOST_MARKS} deep")
        self._below.append(self.stack)
        self.stack = []

    def follow(self) -> None:
        """Carry out the run of plain values that follows, if there is one."""
        window = self.window
        run = self._runs.at(window.held, window.place)
        if run.steps:
            self.stack += run.values
            self.memo += run.memoized
            window.place += len(run.content)
            self.budget.spent += run.spent
            self.budget.steps += run.steps
            if run.steps > _LONG:
                self.check(0)

    def to_mark(self) -> list[Any]:
        """Take the values down to the last mark from the stack."""
        above = self.stack
        self.stack = self._below.pop()
        return above

    def keep(self, index: int) -> None:
        """Put the value on top of the stack into the memo."""
        missing = index - len(self.memo)
        if missing > self.budget.read:
            raise RefusedError(f"a memo of {index} objects")
        if missing >= 0:
            self.memo.extend([None] * (missing + 1))
        self.memo[index] = self.stack[-1]

    def named(self, module: str, name: str) -> Named:
        """Return what stands for a class or function, after noting if it is not admitted."""
        if (module, name) not in self._names:
            # numpy 2 has renamed the folder of its modules.
            key = (re.sub(r"^numpy\.core\.", "numpy._core.", module), name)
            self.spend(CONTAINER)
            self._names[module, name] = Named(key, self._at_once.get(key))
            if key not in self._admitted:
                # Reading goes on, so that all refused names are told at once.
                self._refused[f"{module}.{name}"] = None
                if len(self._refused) > _MOST_REFUSED:
                    self.check_names()
        return self._names[module, name]

    def call(self, named: Named, args: tuple[Any, ...]) -> object:
        """Return what stands for the result of a call."""
        if type(named) is not Named or type(args) is not tuple:
            raise pickle.UnpicklingError("a call of what is no class or function")
        if named.build is not None:
            result = named.build(args)
            # A scalar of numpy takes half a microsecond to tell its size. Its bytes are in the file.
            self.spend(_SCALAR + 2 * result.nbytes if isinstance(result, np.generic) else sys.getsizeof(result))
            return result
        self.spend(CONTAINER)
        return Record(name=named.name, args=args)

    def fill(self, values: list[Any]) -> None:
        """Put values, keys and values in turn, into the dict on top of the stack."""
        self.spend(ITEM * len(values) // 2)
        target, one_by_one = self.stack[-1], iter(values)
        pairs = zip(one_by_one, one_by_one, strict=True)
        if type(target) is Record:
            target.items.extend(pairs)
            return
        if type(target) is not dict:
            raise pickle.UnpicklingError("a key for what is no dict")
        for key, value in pairs:
            # Almost all keys are short strings.
            if type(key) is not str or len(key) > _LONGEST_NAME:
                check_key(key)
            target[key] = value

    def extend(self, values: list[Any]) -> None:
        """Put values into the list on top of the stack."""
        self.spend(2 * _POINTER * len(values))
        target = self.stack[-1]
        target = target.elements if isinstance(target, Record) else target
        if type(target) is not list:
            raise pickle.UnpicklingError("an element for what is no list")
        target.extend(values)
