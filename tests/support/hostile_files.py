"""Hostile pickles and damaged files, made by a random generator with a seed.

`forged` makes one pickle that asks for much memory or time, `damaged` changes some bytes of a good one. Both are
written as a file by `tests.support.hostile_run`, which reads them with limits.
"""

from __future__ import annotations

import pickle
import random
import struct
from typing import TYPE_CHECKING

import numpy as np

from tests.support.coffea_files import an_output, named, text

if TYPE_CHECKING:
    from collections.abc import Callable

HASH_MODULUS = (1 << 61) - 1
"""Python's integers that differ by it have the same hash."""


def seeded(*seed: object) -> random.Random:
    """A random generator that gives the same numbers for the same seed."""
    return random.Random(" ".join(map(str, seed)))  # noqa: S311 - nothing secret


def number(value: int) -> bytes:
    """Opcode that pushes an integer."""
    size = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def floating(value: float) -> bytes:
    """Opcode that pushes a floating-point number."""
    return b"G" + struct.pack(">d", value)


def called(module: str, name: str, *arguments: bytes) -> bytes:
    """Opcodes that call a function."""
    return named(module, name) + b"(" + b"".join(arguments) + b"tR"


def put(index: int) -> bytes:
    return b"r" + struct.pack("<I", index)


def got(index: int) -> bytes:
    return b"j" + struct.pack("<I", index)


def array(values: bytes, code: str = "f8", shape: int | None = None, order: str = "<") -> bytes:
    """Opcodes that push an array of numpy with bytes as its content."""
    count = len(values) // int(code[1:]) if shape is None else shape
    return called(
        "numpy._core.numeric", "_frombuffer", content(values), dtype(code, order), tuple_of(number(count)), text("C")
    )


def dtype(code: str, order: str = "<") -> bytes:
    state = b"(" + number(3) + text(order) + b"NNN" + number(-1) + number(-1) + number(0) + b"t"
    return called("numpy", "dtype", text(code), b"\x89", b"\x88") + state + b"b"


def content(values: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(values)) + values


def tuple_of(*values: bytes) -> bytes:
    return b"(" + b"".join(values) + b"t"


def pairs(**values: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in values.items()) + b"u"


def histogram(axes: bytes, bins: bytes, axis_count: int, storage: str = "any_weight") -> bytes:
    """Opcodes that push a histogram with a forged state."""
    state = tuple_of(number(0), number(axis_count), axes, bins)
    inner = named("boost_histogram._core.hist", storage) + b")\x81" + state + b"b"
    attributes = pairs(_variance_known=b"\x88", name=b"N", label=b"N", _hist=inner)
    return named("hist.hist", "Hist") + b")\x81" + tuple_of(number(0), attributes) + b"b"


def names_axis(name: str, labels: bytes, count: int) -> bytes:
    """Values of the state of an axis of categories."""
    return (
        number(0) + number(0) + number(23) + number(0) + number(count) + labels + pairs(name=text(name), label=text(""))
    )


def bins_axis(name: str, bins: int) -> bytes:
    """Values of the state of an axis of equal bins."""
    values = (0, 0, 0, 0, 0, bins)
    return (
        b"".join(map(number, values)) + pairs(name=text(name), label=text("")) + floating(0) + floating(1) + number(0)
    )


def claimed_size(rng: random.Random) -> bytes:
    """A text, bytes or array of bytes whose size is larger than the file."""
    size = rng.choice([1 << 31, 8_000_000_000, 1 << 62])
    return rng.choice([b"\x8e", b"\x8d", b"\x96", b"\x95"]) + struct.pack("<Q", size) + bytes(20)


def claimed_number(rng: random.Random) -> bytes:
    return b"\x8b" + struct.pack("<i", rng.choice([1 << 30, -1, (1 << 31) - 1])) + bytes(9)


def memo_index(rng: random.Random) -> bytes:
    index = rng.choice([10**6, 10**8, (1 << 32) - 1])
    return b"N" + rng.choice([put(index), f"p{index}\n".encode()])


FLOODS = (
    *(b"N", b"\x88", b"(", b"]", b"}", b")", b"\x8f", b"2", b"\x94", b"N\x94", b"N0", b"(l", b"(t", b"(d", b"(\x91"),
    *(
        b"K\x05",
        b"M\xff\xff",
        b"]\x85",
        b"N2\x86",
        b"\x8a\x00",
        b"C\x00",
        b"\x8c\x02ab",
        b"G" + bytes(8),
        b"\x96" + bytes(8),
    ),
)
"""Short instructions, each of which makes an object or keeps one."""


def flood(rng: random.Random) -> bytes:
    """One short instruction, again and again."""
    return b"(N" + rng.choice(FLOODS) * rng.choice([10**4, 10**6, 3 * 10**6]) + b"t"


def flood_of_objects(rng: random.Random) -> bytes:
    """One object that was remembered, made or used again and again."""
    names = named("collections", "OrderedDict") + put(1000) + b"0" + named("hist.hist", "Hist") + put(1001) + b"0"
    one = rng.choice([got(1000) + b")R", got(1001) + b")\x81", got(1000) + b")R}b", got(1000)])
    return names + b"](" + one * rng.choice([10**4, 3 * 10**5]) + b"e"


def laughs(rng: random.Random) -> bytes:
    """Containers that hold the one before several times."""
    pair = rng.choice([b"2\x86", b"22\x87", b"](22e", b"h\x00"])
    depth = rng.choice([20, 60, 90])
    if pair == b"](22e":
        steps = [put(index) + b"0](" + got(index) * 2 + b"e" for index in range(1000, 1000 + depth)]
        return b"]" + b"".join(steps)
    if pair == b"h\x00":
        steps = [
            put(index) + b"0}(" + text("a") + got(index) + text("b") + got(index) + b"u"
            for index in range(1000, 1000 + depth)
        ]
        return b"}" + b"".join(steps)
    return text("lol") + pair * depth


def deep(rng: random.Random) -> bytes:
    """Containers in each other."""
    depth = rng.choice([99, 101, 1000, 10**5, 10**6])
    opened, closed = rng.choice(
        [(b"", b"\x85"), (b"]", b"a"), (b"}" + text("k"), b"s"), (b"(", b"t"), (b"(", b"l"), (b"(", b"\x91")]
    )
    return opened * depth + b"N" + closed * depth


def as_key(rng: random.Random) -> bytes:
    """A hostile value as the key of a dict or as the element of a set."""
    value = rng.choice([laughs, deep, call, flood])(rng)
    return rng.choice(
        [
            b"}" + value + b"Ns",
            b"(" + value + b"\x91",
            b"\x8f(" + value + b"\x90",
            called("builtins", "set", b"]" + value + b"a"),
        ]
    )


def call(rng: random.Random) -> bytes:
    """A call of a builtin that makes much of a number."""
    size = number(rng.choice([10**7, 10**9, 8 * 10**9]))
    block = called("builtins", rng.choice(["bytes", "bytearray"]), size)
    outer = rng.choice(["list", "tuple", "set", "frozenset", "dict", "str", "int", "complex", "bool", "float"])
    counter = called("collections", "Counter", block)
    return rng.choice([block, called("builtins", outer, block), counter, called("builtins", outer, size, size)])


def collisions(rng: random.Random) -> bytes:
    """Keys of equal hash."""
    count = rng.choice([1000, 30_000])
    makers: list[Callable[[int], bytes]] = [
        lambda n: number(n * HASH_MODULUS),
        lambda n: number(n << 40),
        lambda n: called("builtins", "complex", floating(-1000003.0 * n), floating(n)),
        lambda n: tuple_of(number(n * HASH_MODULUS)),
        lambda n: tuple_of(number(_partner(n)), number(n)),
        lambda n: floating(2.0 ** (n % 2000 - 1000)),
        lambda n: called(
            "numpy._core.multiarray", "scalar", dtype("f16"), content(np.longdouble(1 + n * 2.0**-60).tobytes())
        ),
    ]
    make = rng.choice(makers)
    return b"}(" + b"".join(make(n) + b"N" for n in range(count)) + b"u"


def _partner(n: int) -> int:
    """A number that has the same hash as others in a tuple with `n`, if hashes were only added."""
    return -n * 7919


def shared_content(rng: random.Random) -> bytes:
    """A large text or array that is copied again and again."""
    size = rng.choice([10**4, 10**6])
    times = rng.choice([100, 5000])
    one = rng.choice(
        [
            called("builtins", "bytearray", got(1000)),
            called("numpy._core.multiarray", "scalar", dtype(f"S{size}"), got(1000)),
            called("numpy._core.numeric", "_frombuffer", got(1000), dtype("S1"), tuple_of(number(size)), text("C")),
            called(
                "numpy._core.multiarray", "_reconstruct", named("numpy", "ndarray"), tuple_of(number(0)), content(b"b")
            )
            + tuple_of(number(1), tuple_of(number(size)), dtype("S1"), b"\x89", got(1000))
            + b"b",
            got(1000),
        ]
    )
    return content(b"a" * size) + put(1000) + b"0](" + one * times + b"e"


def long_keys(rng: random.Random) -> bytes:
    """Two long texts that are equal, compared again and again."""
    size = rng.choice([300, 5000, 10**6])
    texts = b"".join(text("a" * size) + put(1000 + place) + b"0" for place in (0, 1))
    return texts + b"}(" + (got(1000) + b"N" + got(1001) + b"N") * rng.choice([100, 50_000]) + b"u"


def forged_sizes(rng: random.Random) -> bytes:
    """A histogram whose sizes are larger than its content."""
    bins = rng.choice([0, 10**5, 10**6, (1 << 31) - 3, -1, 1 << 40])
    labels = rng.choice([b"", text("SR")])
    axes = names_axis("cat", labels, int(bool(labels))) + names_axis("variation", b"", 0) + bins_axis("x", bins)
    storage = rng.choice(["any_weight", "any_double", "any_mean", "any_int64", "any_unlimited"])
    numbers = array(bytes(8 * rng.choice([0, 1, 100])))
    extra = number(0) + number(1) + number(rng.choice([10**9, 1])) if storage == "any_unlimited" else number(0)
    return histogram(axes, extra + numbers, rng.choice([3, 3, 32, 1 << 31]), storage)


def shared_labels(rng: random.Random) -> bytes:
    """Many histograms that share the state of one."""
    count = rng.choice([10, 10**4])
    labels = b"".join(text(f"label {number}") for number in range(count))
    one = histogram(names_axis("cat", labels, count), number(0) + array(bytes(16 * (count + 1))), 1)
    state = named("hist.hist", "Hist") + put(1001) + b"0" + one + put(1002) + b"0"
    return state + b"](" + got(1002) * rng.choice([10, 10**5]) + b"e"


def forged_arrays(rng: random.Random) -> bytes:
    """Arrays and scalars of forged dtypes and shapes."""
    code = rng.choice(["U1000000000", "S2000000000", "U0", "f8", "O8", "V8", "U99999999999", "f16", "c32"])
    scalar = called("numpy._core.multiarray", "scalar", dtype(code), content(bytes(rng.choice([0, 8]))))
    whole = called(
        "numpy._core.numeric",
        "_frombuffer",
        content(bytes(8)),
        dtype(code),
        tuple_of(number(rng.choice([0, 1, 1 << 40]))),
        text("C"),
    )
    return rng.choice([scalar, whole])


def controls(rng: random.Random) -> bytes:
    """A class whose name controls a terminal."""
    return named("\x1b]52;c;ZXZpbA==\x07", rng.choice(["\x9b31m", "\u202e", "\r\x1b[2K"]))


HOSTILE: tuple[Callable[[random.Random], bytes], ...] = (
    claimed_size,
    claimed_number,
    memo_index,
    flood,
    flood_of_objects,
    laughs,
    deep,
    as_key,
    call,
    collisions,
    shared_content,
    long_keys,
    forged_sizes,
    shared_labels,
    forged_arrays,
    controls,
)
"""Functions that make the opcodes of a hostile value."""


def forged(kind: int, rng: random.Random) -> bytes:
    """Return a pickle of an output that holds a hostile value, of a kind by its number."""
    value = HOSTILE[kind % len(HOSTILE)](rng)
    whole = pickle.dumps(an_output("a"), 3)
    where = rng.choice(["extra", "behind", "variables", "isMC", "columns"])
    # An update of the outermost dict; its last instructions are those of the pickle.
    if where == "behind":
        return whole[:2] + value + b"0" + whole[2:]
    if where == "isMC":
        entry = pairs(a=pairs(sample=text("TTbar"), year=value, isMC=value))
        value = pairs(by_datataking_period=pairs(), by_dataset=entry)
        where = "datasets_metadata"
    elif where == "variables":
        value = pairs(m=pairs(TTbar=pairs(a=value)))
    return whole[:-1] + text(where) + value + b"s."


def damaged(good: bytes, rng: random.Random) -> bytes:
    """Return bytes with a few of them changed, left out, put in or repeated."""
    changed = bytearray(good)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        place = rng.randrange(len(changed))
        match rng.randrange(6):
            case 0 | 1:
                changed[place] = rng.randrange(256)
            case 2:
                changed[place] ^= 1 << rng.randrange(8)
            case 3:
                del changed[place : place + rng.choice([1, 1, 4, 50])]
            case 4:
                changed[place:place] = rng.randbytes(rng.choice([1, 1, 4]))
            case _:
                changed[place:place] = changed[place : place + rng.choice([1, 20, 400])]
    if not rng.randrange(20):
        del changed[rng.randrange(len(changed)) :]
    return bytes(changed) or b"\x80"
