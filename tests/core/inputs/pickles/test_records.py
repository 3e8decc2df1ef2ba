"""Pickles as inert records: what is refused, and that no code in a pickle is executed."""

from __future__ import annotations

import copyreg
import os
import pickle
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import hist
import numpy as np
import pytest
from boost_histogram.axis import transform

from tests.support.cases import case
from tests.support.coffea_files import (
    Calls,
    an_output,
    before_an_output,
    complaint,
    in_an_output,
    named,
    save_pickle,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

EXECUTING: dict[str, Callable[[str], bytes]] = {
    "REDUCE": lambda shell: in_an_output(Calls(os.system, shell)),
    "REDUCE, old protocol": lambda shell: in_an_output(Calls(eval, f"__import__('os').system({shell!r})"), 3),
    "a function by value": lambda shell: in_an_output(Calls(lambda: os.system(shell))),  # noqa: S605
    "a dotted name": lambda shell: before_an_output(named("shutil", "os.system") + text(shell) + b"\x85R"),
    "INST": lambda shell: before_an_output(f"(S'{shell}'\niposix\nsystem\n".encode()),
    "OBJ": lambda shell: before_an_output(b"(" + named("posix", "system") + text(shell) + b"o"),
}


def test_code_in_a_file_is_not_executed(tmp_path: Path) -> None:
    """Each way of a pickle to execute code is refused, and the code is not executed."""
    marker = tmp_path / "executed"
    for how, attack_of in EXECUTING.items():
        with case(how):
            attack = attack_of(f"touch {marker}")
            pickle.loads(attack)
            assert marker.exists(), "the attack itself must work"
            marker.unlink()
            message = complaint(save_pickle(tmp_path / "evil.coffea", attack))
            assert not marker.exists()
            assert "evil.coffea holds " in message
            assert "not admitted" in message
            assert "trust=True loads the file" in message


def test_every_refused_class_is_named(tmp_path: Path) -> None:
    """One error names all refused classes and functions."""
    content = in_an_output([Calls(os.system, "true"), Path("a"), [Calls(eval, "1")]])
    message = complaint(save_pickle(tmp_path / "evil.coffea", content))
    # The module of the class, which is a part of pathlib in some versions of Python.
    for refused in ("posix.system", f"{type(Path()).__module__}.PosixPath", "builtins.eval"):
        assert refused in message


def test_refused_class_in_a_damaged_pickle(tmp_path: Path) -> None:
    """A refused function is named also if the pickle is damaged behind it."""
    content = in_an_output(Calls(os.system, "true"), 3)[:-2]
    assert "posix.system" in complaint(save_pickle(tmp_path / "evil.coffea", content))


@pytest.mark.parametrize("module_and_name", [("hist", "Hist"), ("builtins", "dict.fromkeys"), ("numpy", "load")])
def test_only_exact_names_are_admitted(tmp_path: Path, module_and_name: tuple[str, str]) -> None:
    """A name close to an admitted one is refused."""
    content = before_an_output(named(*module_and_name))
    assert ".".join(module_and_name) in complaint(save_pickle(tmp_path / "evil.coffea", content))


def test_extension_code_is_refused(tmp_path: Path) -> None:
    """A code of the extension registry is refused, also after another unpickler has used it."""
    marker = tmp_path / "executed"
    attack = before_an_output(b"\x82\xf0" + text(f"touch {marker}") + b"\x85R")
    copyreg.add_extension("posix", "system", 0xF0)
    try:
        pickle.loads(attack)
        assert marker.exists(), "the attack itself must work"
        marker.unlink()
        assert "extension registry" in complaint(save_pickle(tmp_path / "evil.coffea", attack))
        assert not marker.exists()
        pickle.loads(attack)
        assert marker.exists(), "what was refused must not stay behind"
    finally:
        copyreg.remove_extension("posix", "system", 0xF0)


@pytest.mark.slow
@pytest.mark.parametrize("opcodes", [b"Psystem\n", text("system") + b"Q"], ids=["PERSID", "BINPERSID"])
def test_persistent_id_is_refused(tmp_path: Path, opcodes: bytes) -> None:
    """A persistent id is refused."""
    assert "persistent" in complaint(save_pickle(tmp_path / "evil.coffea", before_an_output(opcodes)))


@pytest.mark.parametrize("opcodes", [b"\x97", b"\x96" + bytes(8) + b"\x98"], ids=["NEXT_BUFFER", "READONLY_BUFFER"])
def test_out_of_band_buffer_is_refused(tmp_path: Path, opcodes: bytes) -> None:
    """A buffer outside the pickle is refused."""
    content = pickle.dumps(an_output("a"), 3)[2:-1] + text("extra") + opcodes + b"s."
    message = complaint(save_pickle(tmp_path / "evil.coffea", b"\x80\x05" + content))
    assert "buffer" in message or "memoryview" in message


POISONED = {
    "collections.Counter": Counter,
    "hist.hist.Hist": hist.Hist,
    "numpy.ndarray": np.ndarray,
    "numpy.core.multiarray.scalar": np.float64(1).__reduce__()[0],
    "boost_histogram.axis.transform._internal_conversion": transform._internal_conversion,
    "builtins.dict": dict,
}


def test_classes_cannot_be_altered(tmp_path: Path) -> None:
    """A pickle cannot set attributes of real classes and functions."""
    state = b"N}" + text("poison") + b"K\x01s\x86"  # (None, {"poison": 1}), which Python sets on the named object
    for path, altered in POISONED.items():
        with case(path):
            attack = save_pickle(tmp_path / "a.coffea", before_an_output(named(*path.rsplit(".", 1)) + state + b"b"))
            complaint(attack)
            assert not hasattr(altered, "poison")


def test_python_itself_alters_the_class() -> None:
    """The same pickle, loaded by Python, alters the class."""
    state = b"N}" + text("poison") + b"K\x01s\x86"
    pickle.loads(before_an_output(named("collections", "Counter") + state + b"b"))
    assert Counter.poison == 1  # type: ignore[attr-defined]
    del Counter.poison  # type: ignore[attr-defined]


def test_bytes_after_the_pickle_are_told(tmp_path: Path) -> None:
    """Bytes after the pickle are an error."""
    file = save_pickle(tmp_path / "a.coffea", pickle.dumps(an_output("a")) + b"more")
    assert "more bytes follow its pickle" in complaint(file)
