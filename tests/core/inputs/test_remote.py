"""Files at remote addresses: a copy on disk while they are read."""

from __future__ import annotations

import functools
import http.server
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import fsspec
import pytest

from datacard_core import Analysis, Category, InputError, Systematics, load_output
from datacard_core.inputs.paths import address_of, expanded
from datacard_core.inputs.remote import on_disk
from tests.support import outputs as by_hand
from tests.support.cases import case
from tests.support.coffea_files import assert_same, complaint, save
from tests.support.commands import datacard, entries

if TYPE_CHECKING:
    from collections.abc import Iterator

OUTPUT = by_hand.Output().mc("Signal", "2022", nominal=[1, 2]).mc("TTbar", "2022", nominal=[5, 6]).loaded


class Site(http.server.SimpleHTTPRequestHandler):
    """A server of files, with a file that has moved, one without a length, and one that needs a token."""

    def do_GET(self) -> None:
        name = self.path.strip("/")
        if name not in ("moved", "streamed", "private"):
            super().do_GET()
        elif name == "moved":
            self.send_response(302)
            self.send_header("Location", "/2022/a.coffea")
            self.end_headers()
        elif name == "private" and self.headers["Authorization"] != "Bearer token":
            self.send_error(401)
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(Path(self.directory, "2022", "a.coffea").read_bytes())

    def log_message(self, *_: object) -> None:
        """Write nothing to the output of the tests."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of this machine that has an output."""
    pytest.importorskip("aiohttp")
    folder = tmp_path_factory.mktemp("site")
    (folder / "2022").mkdir()
    save(folder / "2022" / "a.coffea", OUTPUT)
    (folder / "text.coffea").write_text("no output")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Site, directory=str(folder)))
    # The command ends a process at once in which other threads run.
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def analysis() -> Analysis:
    return Analysis(
        years=["2022"],
        mc_processes=by_hand.two_processes(),
        systematics=Systematics([]),
        categories={"SR": Category("m")},
        plugins=by_hand.PLUGINS,
    )


def test_addresses() -> None:
    """An address gets back the slash that pathlib took, and a path on disk is none."""
    cases: list[tuple[str, str | None]] = [
        ("https:/x/a", "https://x/a"),
        ("root://x//store/a", "root://x//store/a"),
        ("simplecache::https://x/a", "simplecache::https://x/a"),
        ("C:/a", None),
        ("a:b/c", None),
        ("/a/b", None),
    ]
    for path, address in cases:
        with case(path, address):
            assert address_of(path) == address
            assert expanded(path) == (address or path)


def test_server(site: str) -> None:
    """Cards, load_output and inspect read an address of a real server, as text and as a path of pathlib."""
    address = f"{site}/2022/a.coffea"
    assert_same(load_output(Path(address)), load_output([address]))
    assert analysis().build(address, verbose=False)["SR"].rate("ttbar_2022") == 11
    assert entries(datacard("inspect", address).stdout, "m")[2] == "2"


def test_faults_name_the_address(site: str) -> None:
    """An error names the address and not the copy, and copies are removed."""
    assert complaint(f"{site}/b.coffea") == f"{site}/b.coffea does not exist"  # type: ignore[arg-type]
    assert complaint(f"{site}/text.coffea").startswith(f"{site}/text.coffea is text")  # type: ignore[arg-type]
    with pytest.raises(InputError) as raised:
        analysis().build([f"{site}/text.coffea", f"{site}/b.coffea"])
    assert sorted(problem.split()[0] for problem in raised.value.problems) == [
        f"{site}/b.coffea",
        f"{site}/text.coffea",
    ]


def test_copy(site: str) -> None:
    """A copy has the folders of its address below a temporary one, and is removed at the end."""
    for address in (f"{site}/2022/a.coffea", f"{site}/../../../2022/a.coffea"):
        with on_disk(address) as copy:
            assert Path(copy).parts[-2:] == ("2022", "a.coffea")
            assert ".." not in Path(copy).parts
            assert Path(copy).is_file()
        assert not Path(copy).exists()
    with pytest.raises(InputError, match=r"/b cannot be read: .*name too long"):
        load_output(f"{site}/{'a' * 300}/b")


def test_answers_of_servers(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is read from where it has moved, without a length, and with a token of the configuration of fsspec."""
    assert list(load_output([f"{site}/moved"])["variables"]) == ["m"]
    assert list(load_output(f"{site}/streamed")["variables"]) == ["m"]
    assert "401" in complaint(f"{site}/private")  # type: ignore[arg-type]
    options = {"client_kwargs": {"headers": {"Authorization": "Bearer token"}}}
    monkeypatch.setitem(fsspec.config.conf, "http", options)
    assert list(load_output(f"{site}/private")["variables"]) == ["m"]


def test_memory(tmp_path: Path) -> None:
    """A protocol of fsspec alone is read too."""
    with fsspec.open("memory://folder/a.coffea", "wb") as file:
        file.write(save(tmp_path / "a.coffea", OUTPUT).read_bytes())
    assert list(load_output("memory://folder/a.coffea")["variables"]) == ["m"]


def test_error_of_several_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of a file system that has several lines, as those of XRootD, is one line."""

    def fail(*_: object) -> None:
        raise OSError("no such\nfile\n")

    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "get_file", fail)
    with pytest.raises(InputError) as raised:
        load_output("memory://folder/a.coffea")
    assert str(raised.value) == "memory://folder/a.coffea cannot be read: OSError: no such file"


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("rooot://x/a.coffea", r"has the protocol 'rooot', which fsspec has not \(did you mean 'root'\?\)"),
        ("root://x//a.coffea", r"needs a package that is not installed .*: pip install 'datacard-core\[xrootd\]'"),
        ("s3://x/a.coffea", r"needs a package that is not installed .*: pip install 'datacard-core\[s3\]'"),
    ],
)
def test_missing_protocols(address: str, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A protocol that fsspec does not know, or whose package is missing, is told with the way out."""
    for name in ("fsspec_xrootd", "XRootD", "s3fs"):
        # Python's own mark of a module that cannot be imported.
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=problem):
        load_output(address)
