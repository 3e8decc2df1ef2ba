"""The instructions of pickles, of all protocols, for a machine that executes nothing."""

from __future__ import annotations

import codecs
import pickle
import re
import struct
from typing import TYPE_CHECKING, Any

from datacard_core.inputs.pickles.limits import NUMBER, SHORT, check_key
from datacard_core.inputs.pickles.machine import CONTAINER, ITEM, Machine
from datacard_core.inputs.pickles.records import Named, Record, RefusedError, Skipped

if TYPE_CHECKING:
    from collections.abc import Callable

    Instruction = Callable[[Machine], None]

_SKIPPED = 200
"""Memory of what refers to a content that stays in the file, in bytes."""
UNSIGNED = struct.Struct("<I")


def _constant(value: object) -> Instruction:
    return lambda machine: machine.stack.append(value)


def _number(layout: str) -> Instruction:
    """Return the instruction for a number of a fixed size."""
    unpack, size = struct.Struct(layout).unpack, struct.calcsize(layout)

    def push(machine: Machine) -> None:
        machine.stack.append(unpack(machine.window.read(size))[0])
        machine.budget.spent += NUMBER

    return push


def _byte(machine: Machine) -> None:
    # Python keeps one object for each number of a byte.
    machine.stack.append(machine.window.read(1)[0])


def _sized(width: int, convert: Callable[[Any], object]) -> Instruction:
    """Return the instruction for a value with its size before it, in a number of some bytes."""
    return lambda machine: machine.made(convert(machine.window.payload(machine.window.number(width))))


def _content(width: int, convert: Callable[[Any], object]) -> Instruction:
    """Return the instruction for bytes with their size before them, which are skipped if there are many."""

    def push(machine: Machine) -> None:
        size = machine.window.number(width)
        if machine.budget.keeps(size):
            machine.made(convert(machine.window.payload(size)))
        else:
            machine.spend(_SKIPPED)
            machine.stack.append(Skipped(machine.window.skip(size), size))

    return push


def _short(convert: Callable[[bytes], object]) -> Instruction:
    """Return the instruction for a text or bytes of at most 255 bytes, the most frequent values."""

    def push(machine: Machine) -> None:
        machine.stack.append(convert(machine.window.read(machine.window.read(1)[0])))
        machine.budget.spent += SHORT

    return push


def _line(convert: Callable[[bytes], object]) -> Instruction:
    """Return the instruction for a value that is written as a line of text."""
    return lambda machine: machine.made(convert(machine.window.line()))


def _bytearray(content: bytes | bytearray) -> bytearray:
    return content if isinstance(content, bytearray) else bytearray(content)


def text(content: bytes | bytearray) -> str:
    """Return the text of its bytes."""
    return content.decode("utf-8", "surrogatepass")


def _integer(content: bytes) -> int:
    return int.from_bytes(content, "little", signed=True)


def _old_integer(line: bytes) -> int | bool:
    return line == b"01" if line in (b"00", b"01") else int(line.removesuffix(b"L"))


def _old_text(line: bytes) -> str:
    if not re.fullmatch(rb"(['\"]).*\1", line, re.DOTALL):
        raise pickle.UnpicklingError("a text without quotes")
    return codecs.escape_decode(line[1:-1])[0].decode("ascii")


def _keep(index: Callable[[Machine], int]) -> Instruction:
    return lambda machine: machine.keep(index(machine))


def _memoize(machine: Machine) -> None:
    machine.memo.append(machine.stack[-1])


def _recall(index: Callable[[Machine], int]) -> Instruction:
    return lambda machine: machine.stack.append(machine.memo[index(machine)])


def _recall_byte(machine: Machine) -> None:
    machine.stack.append(machine.memo[machine.window.read(1)[0]])


def _recall_word(machine: Machine) -> None:
    machine.stack.append(machine.memo[UNSIGNED.unpack(machine.window.read(4))[0]])


def _pop(machine: Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.to_mark()


def _pop_mark(machine: Machine) -> None:
    machine.to_mark()


def _duplicate(machine: Machine) -> None:
    machine.stack.append(machine.stack[-1])


def _new(machine: Machine, container: object, items: int) -> None:
    machine.spend(CONTAINER + ITEM * items)
    machine.stack.append(container)


def _empty(make: Callable[[], object]) -> Instruction:
    return lambda machine: _new(machine, make(), 0)


def _mark(machine: Machine) -> None:
    machine.mark()
    # The values of an axis, and of those behind another one.
    machine.follow()


def _set_items(machine: Machine) -> None:
    machine.fill(machine.to_mark())
    machine.follow()


def _tuple(machine: Machine) -> None:
    items = machine.to_mark()
    _new(machine, tuple(items), len(items))


def _short_tuple(size: int) -> Instruction:
    def make(machine: Machine) -> None:
        stack = machine.stack
        stack[-size:] = [tuple(stack[-size:])]
        machine.budget.spent += CONTAINER

    return make


def _list(machine: Machine) -> None:
    items = machine.to_mark()
    _new(machine, items, len(items))


def _dict(machine: Machine) -> None:
    items = machine.to_mark()
    _new(machine, {}, 0)
    machine.fill(items)


def _frozenset(machine: Machine) -> None:
    items = machine.to_mark()
    for item in items:
        check_key(item)
    _new(machine, frozenset(items), len(items))


def _add_items(machine: Machine) -> None:
    items = machine.to_mark()
    for item in items:
        check_key(item)
    if type(machine.stack[-1]) is not set:
        raise pickle.UnpicklingError("an element for what is no set")
    machine.spend(ITEM * len(items))
    machine.stack[-1].update(items)


def _set_item(machine: Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    machine.fill([key, value])


def _append(machine: Machine) -> None:
    machine.extend([machine.stack.pop()])


def _name_of_lines(machine: Machine) -> Named:
    return machine.named(machine.window.line().decode(), machine.window.line().decode())


def _name(machine: Machine) -> None:
    machine.stack.append(_name_of_lines(machine))


def _name_of_stack(machine: Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    if type(name) is not str or type(module) is not str:
        raise pickle.UnpicklingError("a name that is no text")
    machine.stack.append(machine.named(module, name))


def _call(machine: Machine) -> None:
    args = machine.stack.pop()
    machine.stack[-1] = machine.call(machine.stack[-1], args)


def _call_with_keywords(machine: Machine) -> None:
    if machine.stack.pop():
        raise RefusedError("a call with keyword arguments")
    _call(machine)


def _call_of_line(machine: Machine) -> None:
    args = tuple(machine.to_mark())
    machine.stack.append(machine.call(_name_of_lines(machine), args))


def _call_of_mark(machine: Machine) -> None:
    named, *args = machine.to_mark()
    machine.stack.append(machine.call(named, tuple(args)))


def _build(machine: Machine) -> None:
    state = machine.stack.pop()
    record = machine.stack[-1]
    if type(record) is not Record:
        raise pickle.UnpicklingError("a state for what has none")
    record.state, record.dtype = state, None


def _skip(size: int) -> Instruction:
    """Return the instruction for the number of the protocol, or for the size of a frame, which is a hint."""

    def skip(machine: Machine) -> None:
        machine.window.read(size)

    return skip


def _refused(what: str) -> Instruction:
    def refuse(_: Machine) -> None:
        raise RefusedError(what)

    return refuse


def _index_of_line(machine: Machine) -> int:
    index = int(machine.window.line())
    if index < 0:
        raise pickle.UnpicklingError("a negative index")
    return index


def _index(size: int) -> Callable[[Machine], int]:
    return lambda machine: machine.window.number(size)


_BY_OPCODE: dict[bytes, Instruction] = {
    pickle.PROTO: _skip(1),
    pickle.FRAME: _skip(8),
    pickle.STOP: Machine.finish,
    # Numbers and other constants
    pickle.NONE: _constant(None),
    pickle.NEWTRUE: _constant(True),
    pickle.NEWFALSE: _constant(False),
    pickle.EMPTY_TUPLE: _constant(()),
    pickle.BININT: _number("<i"),
    pickle.BININT1: _byte,
    pickle.BININT2: _number("<H"),
    pickle.BINFLOAT: _number(">d"),
    pickle.LONG1: _sized(1, _integer),
    pickle.LONG4: _sized(4, _integer),
    pickle.INT: _line(_old_integer),
    pickle.LONG: _line(_old_integer),
    pickle.FLOAT: _line(float),
    # Text and bytes
    pickle.SHORT_BINUNICODE: _short(text),
    pickle.BINUNICODE: _sized(4, text),
    pickle.BINUNICODE8: _sized(8, text),
    pickle.UNICODE: _line(lambda line: codecs.decode(line, "raw-unicode-escape")),
    pickle.STRING: _line(_old_text),
    pickle.SHORT_BINSTRING: _sized(1, lambda content: content.decode("ascii")),
    pickle.BINSTRING: _sized(4, lambda content: content.decode("ascii")),
    pickle.SHORT_BINBYTES: _short(bytes),
    pickle.BINBYTES: _content(4, bytes),
    pickle.BINBYTES8: _content(8, bytes),
    pickle.BYTEARRAY8: _content(8, _bytearray),
    # Stack and memo
    pickle.MARK: _mark,
    pickle.POP: _pop,
    pickle.POP_MARK: _pop_mark,
    pickle.DUP: _duplicate,
    pickle.MEMOIZE: _memoize,
    pickle.PUT: _keep(_index_of_line),
    pickle.BINPUT: _keep(_index(1)),
    pickle.LONG_BINPUT: _keep(_index(4)),
    pickle.GET: _recall(_index_of_line),
    pickle.BINGET: _recall_byte,
    pickle.LONG_BINGET: _recall_word,
    # Containers
    pickle.TUPLE: _tuple,
    pickle.TUPLE1: _short_tuple(1),
    pickle.TUPLE2: _short_tuple(2),
    pickle.TUPLE3: _short_tuple(3),
    pickle.EMPTY_LIST: _empty(list),
    pickle.EMPTY_DICT: _empty(dict),
    pickle.EMPTY_SET: _empty(set),
    pickle.LIST: _list,
    pickle.DICT: _dict,
    pickle.FROZENSET: _frozenset,
    pickle.APPEND: _append,
    pickle.APPENDS: lambda machine: machine.extend(machine.to_mark()),
    pickle.SETITEM: _set_item,
    pickle.SETITEMS: _set_items,
    pickle.ADDITEMS: _add_items,
    # Names, calls and states
    pickle.GLOBAL: _name,
    pickle.STACK_GLOBAL: _name_of_stack,
    pickle.REDUCE: _call,
    pickle.NEWOBJ: _call,
    pickle.NEWOBJ_EX: _call_with_keywords,
    pickle.INST: _call_of_line,
    pickle.OBJ: _call_of_mark,
    pickle.BUILD: _build,
    **dict.fromkeys((pickle.PERSID, pickle.BINPERSID), _refused("a persistent id")),
    **dict.fromkeys((pickle.EXT1, pickle.EXT2, pickle.EXT4), _refused("a code of the extension registry")),
    **dict.fromkeys((pickle.NEXT_BUFFER, pickle.READONLY_BUFFER), _refused("a buffer outside the pickle")),
}

INSTRUCTIONS = {opcode[0]: instruction for opcode, instruction in _BY_OPCODE.items()}
"""Functions of a machine by the byte that stands for them."""
