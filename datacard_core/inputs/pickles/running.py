"""The program of a pickle, run by a machine: frequent instructions in a loop, the others by a table."""

from __future__ import annotations

import pickle
from itertools import repeat
from operator import length_hint
from typing import TYPE_CHECKING

from datacard_core.inputs.pickles.limits import SHORT
from datacard_core.inputs.pickles.machine import CONTAINER, Finished, Machine
from datacard_core.inputs.pickles.opcodes import INSTRUCTIONS, UNSIGNED
from datacard_core.inputs.pickles.records import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from datacard_core.inputs.pickles.limits import Budget
    from datacard_core.inputs.pickles.records import Name
    from datacard_core.inputs.pickles.window import Stream

_STEPS_BETWEEN_CHECKS = 4096
_SCALAR = pickle.MEMOIZE + pickle.TUPLE2 + pickle.MEMOIZE + pickle.REDUCE + pickle.MEMOIZE
"""Instructions that follow the bytes of a scalar of numpy, and that are carried out together."""
_LONGEST = 2 + 255 + len(_SCALAR)
"""Bytes of the longest instruction in the loop, with those that are carried out together with it."""

_LONG_BINGET, _BINGET, _BININT1, _SHORT_BINUNICODE, _MEMOIZE, _SHORT_BINBYTES = (
    pickle.LONG_BINGET
    + pickle.BINGET
    + pickle.BININT1
    + pickle.SHORT_BINUNICODE
    + pickle.MEMOIZE
    + pickle.SHORT_BINBYTES
)


def read_records(
    stream: Stream,
    admitted: Collection[Name],
    at_once: Mapping[Name, Callable[[tuple[Any, ...]], object]],
    budget: Budget,
) -> object:
    """Read a pickle that ends with the stream.

    Args:
        stream: where to read it.
        admitted: modules and names of what the pickle may name, with numpy's modules as of numpy 2.
        at_once: functions that build an object of its arguments while the pickle is read, in place of a record.
        budget: what the pickle may ask for.

    Returns:
        Containers, plain values and records.

    Raises:
        RefusedError: the pickle names what is not admitted, or asks for too much.
        EOFError: it ends too early.
        Exception: the pickle is damaged; any exception is possible.
    """
    machine = Machine(stream, admitted, at_once, budget)
    try:
        _run(machine)
    except Finished:
        pass
    except RefusedError:
        raise
    except Exception as error:
        # An argument that is cut off raises errors of many types.
        if machine.window.is_cut:
            raise EOFError("the pickle has no end") from error
        raise
    finally:
        # Also after a failure: refused names often are the reason why the pickle went wrong.
        machine.check_names()
    # Reading on also makes lz4 see the end of its frame, without which a file that was cut off there would pass.
    if machine.window.read(1):
        raise pickle.UnpicklingError("more bytes follow its pickle")
    return machine.stack.pop()


def _run(machine: Machine) -> None:
    """Carry out instructions to the end of the pickle.

    Raises:
        Finished: always, or another error before.
    """
    window = machine.window
    more = True
    while more:
        machine.check(run_window(machine))
        if window.place > len(window.held) - _LONGEST:
            more = window.move()
    # The last bytes are fewer than an instruction may need.
    while True:
        INSTRUCTIONS[window.read(1)[0]](machine)


def run_window(machine: Machine) -> int:  # noqa: C901 - a call for each instruction would take twice the time
    """Carry out instructions while the longest would be whole in the window, and return their number."""
    window, memo, stack = machine.window, machine.memo, machine.stack
    held, place = window.held, window.place
    safe = len(held) - _LONGEST
    spent, further, left = 0, 0, repeat(None, _STEPS_BETWEEN_CHECKS)
    for _ in left:
        if place > safe:
            further -= 1
            break
        code = held[place]
        place += 1
        if code == _LONG_BINGET:
            stack.append(memo[UNSIGNED.unpack_from(held, place)[0]])
            place += 4
        elif code == _BINGET:
            stack.append(memo[held[place]])
            place += 1
        elif code == _BININT1:
            # Python keeps one object for each number of a byte.
            stack.append(held[place])
            place += 1
        elif code == _MEMOIZE:
            memo.append(stack[-1])
        elif code == _SHORT_BINUNICODE:
            place, start = place + 1 + held[place], place + 1
            stack.append(held[start:place].decode("utf-8", "surrogatepass"))
            spent += SHORT
        elif code == _SHORT_BINBYTES:
            place, start = place + 1 + held[place], place + 1
            content = held[start:place]
            spent += SHORT
            if held.startswith(_SCALAR, place):
                args = (stack.pop(), content)
                stack[-1] = scalar = machine.call(stack[-1], args)
                memo += content, args, scalar
                place += len(_SCALAR)
                further += len(_SCALAR)
                spent += CONTAINER
            else:
                stack.append(content)
        else:
            window.place = place
            INSTRUCTIONS[code](machine)
            place, stack = window.place, machine.stack
            if window.held is not held:
                held = window.held
                safe = len(held) - _LONGEST
    window.place = place
    machine.budget.spent += spent
    return _STEPS_BETWEEN_CHECKS - length_hint(left) + further
