"""Analyses on a real Dask cluster of two processes, some of which are killed."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import site
import subprocess
import sys
import threading
import time
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from unittest import mock

import attrs
import pytest
from click.testing import CliRunner

from datacard_core import (
    DEFAULT_PLUGINS,
    DatacardError,
    InputError,
    PluginCallError,
    PluginLoadError,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)
from datacard_core.cli.commands import main
from datacard_core.execution.dask import cluster
from datacard_core.execution.workers import results
from tests.support.commands import datacard, failed, write
from tests.support.demo_files import SMALL_DEMO, contents, datasets_of, of_datasets, save, written
from tests.support.plugins import Gated, Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Install

# Imported by the cluster alone: it takes half a second, also where tests are only collected.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("distributed") is None, reason="distributed is not installed"),
]

CARDS = 7
"""Files of the demo: a card and a file of templates for each of three categories, and a script."""

ONE_CATEGORY = attrs.evolve(SMALL_DEMO, categories={"SR": SMALL_DEMO.categories["SR"]})

ACME = """
    import numpy as np

    from datacard_core import Normalisation, SystematicKind, hookimpl

    class Doubling(SystematicKind):
        typ = "doubling"

        def effects(self, target):
            yield Normalisation(target.positions, np.full(len(target.positions), 2.0))

    @hookimpl
    def datacard_systematic_kinds():
        return [Doubling()]
"""
OTHER_SAMPLES = """
    import numpy as np

    from datacard_core import Shape, SystematicKind, hookimpl

    class OtherSample(SystematicKind):
        typ = "other-sample"
        options = {"of": "sample of Up"}

        def samples(self, systematic):
            return {"Up": {process: [systematic.options["of"]] for process in systematic.processes}}

        def effects(self, target):
            yield Shape(target.positions, target.samples["Up"], target.nominal, scale=np.ones(len(target.positions)))

    @hookimpl
    def datacard_systematic_kinds():
        return [OtherSample()]
"""
FAILING_WRITER = """
    from datacard_core import CardWriter, hookimpl

    class Failing(CardWriter):
        name = "failing"

        def render(self, card):
            raise RuntimeError(f"no ink for {card.channel.bin}")

    @hookimpl
    def datacard_card_writers():
        return [Failing()]
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of one cluster for all tests, with two processes as workers.

    A test may kill a worker, if it waits until there are two again.
    """
    dask, distributed = import_module("dask"), import_module("distributed")
    preloaded = ["distributed", "uproot", "datacard_core.cli.cards", "datacard_core.demo"]
    multiprocessing.get_context("forkserver").set_forkserver_preload(preloaded)
    with (
        # Otherwise distributed preloads all that it can use, such as pandas, in place of these modules.
        mock.patch.object(distributed.utils, "_forkserver_preload_set", new=True, create=True),
        # One repetition instead of three: a call that always kills its worker costs two new workers instead of four.
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": 1,
                # Workers are forked from a server that has imported the code, which each one would else do anew.
                "distributed.worker.multiprocessing-method": "forkserver",
                # Looks at its own processes, many times a second in each, that take more time than the tests.
                "distributed.worker.profile.enabled": False,
                "distributed.admin.tick.interval": "1s",
                "distributed.admin.system-monitor.interval": "5s",
            }
        ),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # None takes port 8787, which may be in use
            host="127.0.0.1",
            local_directory=str(tmp_path_factory.mktemp("dask")),
        ) as made,
        distributed.Client(made) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def files(small_demo: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The demo output as a file for each data-taking period."""
    folder = tmp_path_factory.mktemp("files")
    return [
        save(folder / f"output_{year}.coffea", of_datasets(small_demo, datasets_of(small_demo, year)))
        for year in SMALL_DEMO.years
    ]


@pytest.fixture(scope="module")
def expected(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All files that are written without a cluster."""
    return written(SMALL_DEMO, files, tmp_path_factory.mktemp("expected") / "cards")


def with_acme(*plugins: str) -> Any:
    """Return the analysis with a nuisance of the kind that the plugin `acme` provides."""
    doubling = SystematicUncertainty("twice", "doubling", ["signal"], SMALL_DEMO.years, 1.0)
    systematics = Systematics([*SMALL_DEMO.systematics.values(), doubling])
    names = ("lnn", "shape", "rateparam", "mcstats", "combine", "root", "coffea", *plugins)
    return attrs.evolve(ONE_CATEGORY, systematics=systematics, plugins=load_plugins(*names))


def raised_in_time(work: Callable[[], object]) -> Exception | None:
    """Return the error of a call, which must not wait forever."""
    outcome: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            outcome.put(error)
        else:
            outcome.put(None)

    threading.Thread(target=run, daemon=True).start()
    try:
        return outcome.get(timeout=15)
    except queue.Empty:
        pytest.fail("the call does not return")


class TestCluster:
    def test_without_scheduler(self) -> None:
        """Without an address there is no client."""
        with cluster(None) as found:
            assert found is None

    def test_with_scheduler(self, client: Any) -> None:
        """The client works on the cluster of the address."""
        with cluster(client.scheduler.address) as found:
            assert found is not None
            assert found.get_executor(pure=False).submit(divmod, 7, 2).result(20) == (3, 1)

    @pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense", "smtp://127.0.0.1:1"])
    def test_no_scheduler_at_the_address(self, address: str) -> None:
        """The error names the address and shows a valid one."""
        with pytest.raises(DatacardError, match=r"tcp://host:8786") as raised, cluster(address):
            pass
        assert f"no Dask scheduler answers at '{address}'" in str(raised.value)


class TestSameBytes:
    def test_client(self, client: Any, files: list[Path], expected: dict[str, bytes], tmp_path: Path) -> None:
        """Cards that are built and written on a cluster have the same bytes, and the same findings."""
        cards = SMALL_DEMO.build(files, executor=client, verbose=False)
        cards.dump(tmp_path, executor=client)
        assert len(expected) == CARDS
        assert contents(tmp_path) == expected
        assert cards.report() == SMALL_DEMO.build(files, verbose=False).report()

    def test_shape_only(self, client: Any, files: list[Path], tmp_path: Path) -> None:
        """Variations that are scaled to the nominal have the same bytes too."""
        analysis = attrs.evolve(ONE_CATEGORY, shape_only_for_rateparam=True)
        expected = written(analysis, files, tmp_path / "here")
        assert written(analysis, files, tmp_path / "there", executor=client) == expected

    def test_executor_of_a_client(
        self, client: Any, files: list[Path], expected: dict[str, bytes], tmp_path: Path
    ) -> None:
        """The executor of a client, and files in another order, give the same bytes."""
        with client.get_executor() as executor:
            assert written(SMALL_DEMO, files[::-1], tmp_path / "cards", executor=executor) == expected


class TestCommand:
    def test_build_on_a_cluster(
        self,
        client: Any,
        files: list[Path],
        expected: dict[str, bytes],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The command with --scheduler writes the same bytes, and its paths may be relative."""
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        script = tmp_path / "analysis.py"
        script.write_text("from tests.support.demo_files import SMALL_DEMO as analysis\n", encoding="utf-8")
        arguments = [script, *map(os.path.relpath, files), "-o", "cards", "--scheduler", client.scheduler.address]
        result = CliRunner().invoke(main, ["build", *map(str, arguments)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert contents(tmp_path / "elsewhere" / "cards") == expected

    def test_no_scheduler(self, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error names the address, and no card is written."""
        monkeypatch.setattr("datacard_core.execution.dask.SCHEDULER_TIMEOUT", 0.5)
        script = write(tmp_path / "analysis.py", "from tests.support.demo_files import SMALL_DEMO as analysis\n")
        for address in ("tcp://127.0.0.1:1", "nonsense", "smtp://127.0.0.1:1"):
            arguments = [script, *files, "-o", tmp_path / "cards", "--scheduler", address]
            message = failed(datacard("build", *arguments))
            assert f"no Dask scheduler answers at '{address}'" in message
            assert "tcp://host:8786" in message
        assert not (tmp_path / "cards").exists()


class TestErrors:
    def test_unusable_files(self, client: Any, files: list[Path], tmp_path: Path) -> None:
        """The error names each unusable file, and no card is written."""
        cut_off = tmp_path / "cut_off.coffea"
        cut_off.write_bytes(files[0].read_bytes()[:5000])
        missing = tmp_path / "nowhere.coffea"
        with pytest.raises(InputError) as raised:
            SMALL_DEMO.build([*files[1:], cut_off, missing], executor=client).dump(tmp_path / "cards")
        assert len(raised.value.problems) == 2
        said = sorted(raised.value.problems)
        assert said[0].startswith(f"{cut_off} ends too early")
        assert said[1].startswith(f"{missing} does not exist")
        assert not (tmp_path / "cards").exists()

    def test_failed_call_is_not_repeated(self, client: Any, tmp_path: Path) -> None:
        """A call that raises an error is made once."""
        tries = tmp_path / "tries"
        command = ["sh", "-c", f"echo again >> '{tries}'; exit 1"]
        for _, result in results(subprocess.check_call, {"it": (command,)}, executor=client):
            with pytest.raises(DatacardError, match="it: CalledProcessError"):
                result()
        assert tries.read_text() == "again\n"

    def test_unexpected_error_names_subject_and_worker(self, client: Any) -> None:
        """An unexpected error has the subject of its call and the process of the worker; other calls succeed."""
        pids = set(client.run(os.getpid).values())
        found = dict(results(divmod, {"thirds": (1, 0), "halves": (4, 2)}, executor=client))
        assert found["halves"]() == (2, 0)
        with pytest.raises(DatacardError, match=r"thirds: ZeroDivisionError: .* on ") as raised:
            found["thirds"]()
        assert int(str(raised.value).partition("process ")[2].split(maxsplit=1)[0]) in pids

    def test_failing_writer(self, client: Any, files: list[Path], install: Install, tmp_path: Path) -> None:
        """The error of a card writer on a worker names its plugin, and no file is written."""
        client.run(site.addsitedir, str(install("inkless", FAILING_WRITER)))
        analysis = attrs.evolve(ONE_CATEGORY, plugins=load_plugins(*SMALL_DEMO.plugins, "inkless"))
        cards = analysis.build(files, verbose=False)
        with pytest.raises(PluginCallError, match="no ink for") as raised:
            cards.dump(tmp_path / "cards", writer="failing", executor=client)
        assert raised.value.plugin == "inkless"
        assert not (tmp_path / "cards").exists()


class TestPlugins:
    def test_selection_arrives(self, client: Any) -> None:
        """A worker has the plugins with the same names."""
        plugins = load_plugins()
        assert client.submit(list, plugins).result(20) == list(plugins)

    def test_third_party_plugins(self, client: Any, files: list[Path], install: Install, tmp_path: Path) -> None:
        """Plugins that are installed on the workers give the same bytes there, in processes and here.

        One of them has a kind that reads a sample of another process.
        """
        for name, source in (("acme", ACME), ("acme_samples", OTHER_SAMPLES)):
            client.run(site.addsitedir, str(install(name, source)))
        gen = SystematicUncertainty(
            "gen", "other-sample", ["ttbar"], SMALL_DEMO.years, 1.0, options={"of": "SingleTop"}
        )
        analysis = with_acme("acme", "acme_samples")
        analysis = attrs.evolve(analysis, systematics=Systematics([analysis.systematics["twice"], gen]))
        expected = written(analysis, files, tmp_path / "here")
        cards = analysis.build(files, executor=client, verbose=False)
        cards.dump(tmp_path / "there", executor=client)
        assert contents(tmp_path / "there") == expected
        assert written(analysis, files[::-1], tmp_path / "processes", jobs=2) == expected
        text = (tmp_path / "there" / SMALL_DEMO.card_name("SR")).read_text()
        assert [line.split()[:3] for line in text.splitlines() if line.startswith("twice")] == [["twice", "lnN", "2.0"]]
        year = SMALL_DEMO.years[0]
        # Up is the nominal of the other sample, a process of its own here.
        assert cards["SR"].rate(f"ttbar_{year}", "genUp") == cards["SR"].rate(f"singletop_{year}")

    def test_missing_on_the_workers(self, client: Any, files: list[Path], install: Install) -> None:
        """A plugin that the workers do not have is an error with its version here."""
        client.wait_for_workers(2, timeout=20)
        install("absent", ACME, version="1.2")
        error = raised_in_time(lambda: with_acme("absent").build(files, executor=client))
        assert isinstance(error, PluginLoadError)
        assert "plugin 'absent' is not installed here, and absent 1.2 where it was selected" in str(error)

    def test_another_version_on_the_workers(
        self, client: Any, files: list[Path], install: Install, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A plugin that has another version on the workers is an error with both versions."""
        old = install("moved", ACME, version="1.0")
        client.run(site.addsitedir, str(old))
        monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder != str(old)])
        install("moved", ACME, version="2.0")
        error = raised_in_time(lambda: with_acme("moved").build(files, executor=client))
        assert isinstance(error, PluginLoadError)
        assert "plugin 'moved' is moved 1.0 here, and moved 2.0 where it was selected" in str(error)


class TestLostWorkers:  # the last ones, because new workers lack what earlier tests have imported
    def test_worker_killed_while_it_reads(self, client: Any, files: list[Path], tmp_path: Path) -> None:
        """Another worker reads the file, and the bytes are the same."""
        declared = attrs.evolve(ONE_CATEGORY, plugins=load_plugins(*DEFAULT_PLUGINS, Provider("gates", Gated())))
        gate = files[-1].with_suffix(".gate")
        os.mkfifo(gate)  # opening it waits for the other end
        killed: list[int] = []

        def kill() -> None:
            with gate.open("wb"):  # waits until a worker opens it to read
                pids = client.run(os.getpid)
                while len(busy := [worker for worker, tasks in client.processing().items() if tasks]) != 1:
                    time.sleep(0.02)
                # The next worker reads the file at once.
                gate.unlink()
                killed.append(pids[busy[0]])
                os.kill(pids[busy[0]], signal.SIGKILL)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        try:
            cards = declared.build(files, source="gated", executor=client)
        finally:
            killer.join(20)
        cards.dump(tmp_path / "cards", executor=client)
        assert contents(tmp_path / "cards") == written(declared, files, tmp_path / "expected", source="gated")
        client.wait_for_workers(2, timeout=20)
        assert len(killed) == 1
        assert killed[0] not in client.run(os.getpid).values()

    def test_call_that_kills_every_worker(self, client: Any) -> None:
        """A call that ends each worker it is given to is an error that names its file."""
        for _, result in results(os._exit, {"output_2022.coffea": (9,)}, executor=client):
            with pytest.raises(DatacardError, match=r"^output_2022\.coffea: .*KilledWorker"):
                result()
        client.wait_for_workers(2, timeout=20)
