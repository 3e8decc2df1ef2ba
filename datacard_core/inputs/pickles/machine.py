"""The machine that a pickle is a program for: a stack of values, and a memo of those that are used again.

It differs from Python's own in that a name is never imported or called, and in that it counts what the program asks
for. `datacard_core.inputs.pickles.opcodes` has the instructions.
"""

from __future__ import annotations

import io
import pickle
import re
import sys
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING, Any, BinaryIO

from datacard_core.inputs.pickles.limits import check_key
from datacard_core.inputs.pickles.records import Named, Record, RefusedError
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from datacard_core.inputs.pickles.limits import Budget
    from datacard_core.inputs.pickles.records import Name

# Memory, in bytes, of a container or record with what is kept while real objects are built, and of an item in it.
CONTAINER = 450
ITEM = 80
_POINTER = 8

_STEPS_BETWEEN_CHECKS = 4096
_LARGE = 1 << 16
"""Size of an object, in bytes, that is counted at once and not at the next check."""
_PIECE = 1 << 20
_LONGEST_LINE = 4096
_LONGEST_NAME = 256
_MOST_REFUSED = 100
_MOST_MARKS = 1000


class _Finished(Exception):  # noqa: N818 - no error
    """The pickle has come to its end."""


class Machine:
    """The state of a pickle that is being read."""

    def __init__(
        self,
        stream: BinaryIO,
        admitted: Collection[Name],
        at_once: Mapping[Name, Callable[[tuple[Any, ...]], object]],
        budget: Budget,
    ) -> None:
        self.budget = budget
        self._source = _Counted(stream, budget)
        self._buffer = io.BufferedReader(self._source, _LARGE)
        # The most frequent call of all.
        self.read = self._buffer.read
        self.stack: list[Any] = []
        self._below: list[list[Any]] = []
        self.memo: list[Any] = []
        self._names: dict[Name, Named] = {}
        self._admitted = admitted
        self._at_once = at_once
        # A dict, as its keys are in order and each once.
        self._refused: dict[str, None] = {}

    def run(self, opcodes: Mapping[bytes, Callable[[Machine], None]]) -> object:
        """Return the value that the pickle ends with.

        Raises:
            RefusedError: it names what is not admitted, or asks for too much.
            EOFError: it ends too early.
            Exception: it is damaged.
        """
        codes = iter(partial(self.read, 1), None)
        try:
            # In blocks, as a check after each instruction would cost as much as the instruction.
            for steps in count(step=_STEPS_BETWEEN_CHECKS):
                self._check(steps)
                for code in islice(codes, _STEPS_BETWEEN_CHECKS):
                    opcodes[code](self)
        except _Finished:
            self._check(steps)
        except RefusedError:
            raise
        except Exception as error:
            # An argument that is cut off raises errors of many types.
            if self._source.has_ended:
                raise EOFError("the pickle has no end") from error
            raise
        finally:
            # Also after a failure: refused names often are the reason why the pickle went wrong.
            self._check_names()
        return self.stack.pop()

    def finish(self) -> None:
        """End the pickle, with the value on top of the stack.

        Raises:
            _Finished: always.
        """
        raise _Finished

    def _check(self, steps: int) -> None:
        held = len(self.stack) + len(self.memo) + sum(map(len, self._below))
        self.budget.check(_POINTER * held, steps)

    def _check_names(self) -> None:
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

    def number(self, size: int) -> int:
        """Read an unsigned number of some bytes."""
        return int.from_bytes(self.read(size), "little")

    def payload(self, size: int) -> bytes | bytearray:
        """Read the content of a text or an array, in pieces, since its size may be forged."""
        if size <= _PIECE:
            return self.read(size)
        content = bytearray()
        while size > len(content):
            piece = self.read(min(size - len(content), _PIECE))
            if not piece:
                raise EOFError("the content of an array has no end")
            content += piece
        return content

    def line(self) -> bytes:
        """Read a line, such as the name of a module in an old protocol."""
        line = self._buffer.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise pickle.UnpicklingError("a line has no end")
        return line[:-1]

    def mark(self) -> None:
        """Put a mark on the stack: what follows belongs together."""
        if len(self._below) >= _MOST_MARKS:
            raise RefusedError(f"values nested more than {_MOST_MARKS} deep")
        self._below.append(self.stack)
        self.stack = []

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
        # numpy 2 has renamed the folder of its modules.
        key = (re.sub(r"^numpy\.core\.", "numpy._core.", module), name)
        if key not in self._names:
            self.spend(CONTAINER)
            self._names[key] = Named(key)
            if key not in self._admitted:
                # Reading goes on, so that all refused names are told at once.
                self._refused[f"{module}.{name}"] = None
                if len(self._refused) > _MOST_REFUSED:
                    self._check_names()
        return self._names[key]

    def call(self, named: Named, args: tuple[Any, ...]) -> object:
        """Return what stands for the result of a call."""
        if not isinstance(named, Named) or type(args) is not tuple:
            raise pickle.UnpicklingError("a call of what is no class or function")
        if build := self._at_once.get(named.name):
            result = build(args)
            self.spend(sys.getsizeof(result))
            return result
        self.spend(CONTAINER)
        return Record(named.name, args)

    def fill(self, values: list[Any]) -> None:
        """Put values, keys and values in turn, into the dict on top of the stack."""
        self.spend(ITEM * len(values) // 2)
        target = self.stack[-1]
        if isinstance(target, Record):
            target.items.extend(zip(values[::2], values[1::2], strict=True))
            return
        for key in values[::2]:
            # Almost all keys are short strings.
            if type(key) is not str or len(key) > _LONGEST_NAME:
                check_key(key)
        if type(target) is not dict:
            raise pickle.UnpicklingError("a key for what is no dict")
        target.update(zip(values[::2], values[1::2], strict=True))

    def extend(self, values: list[Any]) -> None:
        """Put values into the list on top of the stack."""
        self.spend(2 * _POINTER * len(values))
        target = self.stack[-1]
        target = target.elements if isinstance(target, Record) else target
        if type(target) is not list:
            raise pickle.UnpicklingError("an element for what is no list")
        target.extend(values)


class _Counted(io.RawIOBase):
    """A stream that counts how many bytes were read of it."""

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget
        self.has_ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._stream.readinto(buffer)  # type: ignore[attr-defined]
        self._budget.read += count
        self.has_ended = not count
        return int(count)
