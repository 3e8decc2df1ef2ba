"""An analysis on a real Dask cluster of two processes, one of which may be killed."""

from __future__ import annotations

import os
import pickle
import queue
import runpy
import signal
import site
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import lz4.frame
import pytest

import datacard_core.demo
from datacard_core import (
    DatacardError,
    InputError,
    PluginCallError,
    PluginLoadError,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)
from datacard_core.execution.workers import results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Install

distributed = pytest.importorskip("distributed")

DEMO = runpy.run_path(str(Path(datacard_core.demo.__file__).with_name("analysis.py")))["analysis"]
CARDS = 7  # and templates, three of each, and a script

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
    """A client of the cluster that the tests share."""
    with connected(tmp_path_factory.mktemp("dask")) as made:
        yield made


@pytest.fixture
def own_client(tmp_path: Path) -> Iterator[Any]:
    """A client of a cluster that the test has for itself."""
    with connected(tmp_path / "dask") as made:
        yield made


@contextmanager
def connected(folder: Path) -> Iterator[Any]:
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # None takes port 8787, which somebody may have
            host="127.0.0.1",
            local_directory=str(folder),
        ) as cluster,
        distributed.Client(cluster) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def files(demo: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The demo output as a file for each data-taking period."""
    folder = tmp_path_factory.mktemp("files")
    return [save(folder / f"output_{year}.coffea", of_year(demo, year)) for year in DEMO.years]


def save(path: Path, output: dict[str, Any]) -> Path:
    path.write_bytes(lz4.frame.compress(pickle.dumps(output, 5)))
    return path


def of_year(output: dict[str, Any], year: str) -> dict[str, Any]:
    """What PocketCoffea writes for the datasets of a year."""
    metadata = output["datasets_metadata"]
    by_dataset = {name: of for name, of in metadata["by_dataset"].items() if of["year"] == year}
    variables = {
        variable: {
            sample: {name: histogram for name, histogram in found.items() if name in by_dataset}
            for sample, found in samples.items()
        }
        for variable, samples in output["variables"].items()
    }
    cutflow = {
        category: {name: counts for name, counts in found.items() if name in by_dataset}
        for category, found in output["cutflow"].items()
    }
    return {
        "variables": variables,
        "cutflow": cutflow,
        "datasets_metadata": {
            "by_datataking_period": {year: metadata["by_datataking_period"][year]},
            "by_dataset": defaultdict(dict, by_dataset),
        },
    }


@pytest.fixture(scope="module")
def expected(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All files that are written without a cluster."""
    folder = tmp_path_factory.mktemp("expected") / "cards"
    DEMO.build(files).dump(folder)
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def with_acme(*plugins: str) -> Any:
    """The analysis with a nuisance of a kind that the plugin `acme` has."""
    doubling = SystematicUncertainty("twice", "doubling", ["signal"], DEMO.years, 1.0)
    systematics = Systematics([*DEMO.systematics.values(), doubling])
    names = ("lnn", "shape", "rateparam", "mcstats", "combine", "root", "coffea", *plugins)
    return attrs.evolve(DEMO, systematics=systematics, plugins=load_plugins(*names))


def raised_in_time(work: Callable[[], object]) -> Exception | None:
    """What a call raises; it must not wait forever."""
    outcome: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is
            outcome.put(error)
        else:
            outcome.put(None)

    threading.Thread(target=run, daemon=True).start()
    try:
        return outcome.get(timeout=15)
    except queue.Empty:
        pytest.fail("nothing came back, and nothing ever will")


class TestTheSameBytes:
    @pytest.mark.parametrize("shape_only", [False, True])
    def test_come_from_a_cluster(
        self, *, shape_only: bool, client: Any, files: list[Path], expected: dict[str, bytes], tmp_path: Path
    ) -> None:
        analysis = attrs.evolve(DEMO, shape_only_for_rateparam=shape_only)
        analysis.build(files, executor=client).dump(tmp_path / "there", executor=client)
        if shape_only:
            analysis.build(files).dump(tmp_path / "here")
            expected = contents(tmp_path / "here")
        assert len(expected) == CARDS
        assert contents(tmp_path / "there") == expected

    def test_come_from_the_executor_of_a_client(
        self, client: Any, files: list[Path], expected: dict[str, bytes], tmp_path: Path
    ) -> None:
        with client.get_executor() as executor:
            DEMO.build(files[::-1], executor=executor).dump(tmp_path / "cards", executor=executor)
        assert contents(tmp_path / "cards") == expected

    def test_come_with_the_same_findings(self, client: Any, files: list[Path]) -> None:
        assert DEMO.build(files, executor=client).report() == DEMO.build(files).report()

    def test_come_when_a_worker_is_killed_while_it_reads(
        self, client: Any, files: list[Path], expected: dict[str, bytes], tmp_path: Path
    ) -> None:
        stalling = tmp_path / "output_stalling.coffea"
        os.mkfifo(stalling)  # who opens it waits
        killed: list[int] = []

        def kill() -> None:
            with stalling.open("wb"):  # waits for somebody who reads
                pids = client.run(os.getpid)
                while len(busy := [worker for worker, tasks in client.processing().items() if tasks]) != 1:
                    time.sleep(0.02)
                # Whoever reads next gets the whole file.
                (tmp_path / "whole").write_bytes(files[2].read_bytes())
                (tmp_path / "whole").replace(stalling)
                killed.append(pids[busy[0]])
                os.kill(pids[busy[0]], signal.SIGKILL)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        try:
            cards = DEMO.build([*files[:2], stalling, *files[3:]], executor=client)
        finally:
            killer.join(20)
        cards.dump(tmp_path / "cards", executor=client)
        assert contents(tmp_path / "cards") == expected
        client.wait_for_workers(2, timeout=20)
        assert len(killed) == 1
        assert killed[0] not in client.run(os.getpid).values()


class TestErrors:
    def test_a_file_that_fails_is_named_and_nothing_is_written(
        self, client: Any, files: list[Path], tmp_path: Path
    ) -> None:
        cut_off = tmp_path / "cut_off.coffea"
        cut_off.write_bytes(files[0].read_bytes()[:5000])
        missing = tmp_path / "nowhere.coffea"
        with pytest.raises(InputError) as raised:
            DEMO.build([*files[1:3], cut_off, missing, *files[3:]], executor=client).dump(tmp_path / "cards")
        assert len(raised.value.problems) == 2
        said = sorted(raised.value.problems)
        assert said[0].startswith(f"{cut_off} ends too early")
        assert said[1].startswith(f"{missing} does not exist")
        assert not (tmp_path / "cards").exists()

    def test_what_fails_is_not_tried_again(self, client: Any, tmp_path: Path) -> None:
        tries = tmp_path / "tries"
        command = ["sh", "-c", f"echo again >> '{tries}'; exit 1"]
        for _, result in results(subprocess.check_call, {"it": (command,)}, executor=client):
            with pytest.raises(DatacardError, match="it: CalledProcessError"):
                result()
        assert tries.read_text() == "again\n"

    def test_any_other_error_names_what_it_was_about_and_the_worker(self, client: Any) -> None:
        pids = set(client.run(os.getpid).values())
        found = dict(results(divmod, {"thirds": (1, 0), "halves": (4, 2)}, executor=client))
        assert found["halves"]() == (2, 0)
        with pytest.raises(DatacardError, match=r"thirds: ZeroDivisionError: .* on ") as raised:
            found["thirds"]()
        assert int(str(raised.value).partition("process ")[2].split(maxsplit=1)[0]) in pids

    def test_a_worker_that_dies_again_and_again_is_an_error_that_names_the_file(self, client: Any) -> None:
        for _, result in results(os._exit, {"output_2022.coffea": (9,)}, executor=client):
            with pytest.raises(DatacardError, match=r"^output_2022\.coffea: .*KilledWorker"):
                result()
        client.wait_for_workers(2, timeout=20)

    def test_a_writer_that_fails_there_leaves_nothing(
        self, client: Any, files: list[Path], install: Install, tmp_path: Path
    ) -> None:
        client.run(site.addsitedir, str(install("inkless", FAILING_WRITER)))
        analysis = attrs.evolve(DEMO, plugins=load_plugins(*DEMO.plugins, "inkless"))
        cards = analysis.build(files, executor=client)
        with pytest.raises(PluginCallError, match="no ink for") as raised:
            cards.dump(tmp_path / "cards", writer="failing", executor=client)
        assert raised.value.plugin == "inkless"
        assert not (tmp_path / "cards").exists()


class TestPlugins:
    def test_names_are_what_arrives(self, client: Any) -> None:
        plugins = load_plugins()
        assert client.submit(list, plugins).result(20) == list(plugins)

    def test_those_of_others_work_there(self, client: Any, files: list[Path], install: Install, tmp_path: Path) -> None:
        client.run(site.addsitedir, str(install("acme", ACME)))
        analysis = with_acme("acme")
        analysis.build(files, executor=client).dump(tmp_path / "there", executor=client)
        analysis.build(files).dump(tmp_path / "here")
        assert contents(tmp_path / "there") == contents(tmp_path / "here")
        text = (tmp_path / "there" / DEMO.card_name("SR")).read_text()
        assert [line.split()[:3] for line in text.splitlines() if line.startswith("twice")] == [["twice", "lnN", "2.0"]]

    def test_one_that_is_not_there_is_told(self, own_client: Any, files: list[Path], install: Install) -> None:
        own_client.run(int)  # until both are there
        install("absent", ACME, version="1.2")
        error = raised_in_time(lambda: with_acme("absent").build(files, executor=own_client))
        assert isinstance(error, PluginLoadError)
        assert "plugin 'absent' is not installed here, and absent 1.2 where it was selected" in str(error)

    def test_another_version_there_is_told(
        self, own_client: Any, files: list[Path], install: Install, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = install("moved", ACME, version="1.0")
        own_client.run(site.addsitedir, str(old))
        monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder != str(old)])
        install("moved", ACME, version="2.0")
        error = raised_in_time(lambda: with_acme("moved").build(files, executor=own_client))
        assert isinstance(error, PluginLoadError)
        assert "plugin 'moved' is moved 1.0 here, and moved 2.0 where it was selected" in str(error)
