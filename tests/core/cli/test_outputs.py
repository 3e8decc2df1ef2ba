"""The command that reads outputs: `datacard inspect`."""

from __future__ import annotations

import itertools
import os
import pickle
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.cases import case
from tests.support.commands import datacard, entries, failed
from tests.support.foreign import filled
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core.demo import DemoFiles


class TestInspect:
    @pytest.mark.slow
    def test_demo(self, demo_files: DemoFiles) -> None:
        """All variables, samples and variations of the demo are listed."""
        result = datacard("inspect", demo_files.output)
        assert result.exit_code == 0
        assert result.stderr == ""
        assert entries(result.stdout, "nJets") == ["nJets", "events.nJets", "8", "4 to 12", "CR1, CR2, SR"]
        assert re.search(r"│ TTbar +(│ 2 +){5}│", result.stdout)
        assert re.search(r"│ DATA_EGamma +(│ 1 +){5}│", result.stdout)
        assert re.search(r"│ DATA_EGamma +│ none +│", result.stdout)
        assert re.search(r"│ VV +│ JER, JES_Absolute, .*, sf_mu_id +│", result.stdout)

    @pytest.mark.slow
    def test_real_output(self) -> None:
        """A real output is listed, with its variable of two axes."""
        if not (SHARED_DATA / "output_all.coffea").exists():
            pytest.skip("the real output of PocketCoffea is not in this checkout")
        result = datacard("inspect", SHARED_DATA / "output_all.coffea")
        assert result.exit_code == 0, result.output
        assert entries(result.stdout, "control_var_1")[-1] == "CR1, CR2, SR"
        assert entries(result.stdout, "discriminant")[-1] == "CR1, CR2, SR, inclusive"
        assert " x " in entries(result.stdout, "disc_vs_nJets")[2]
        assert "sf_vjets_hf" in result.stdout
        assert re.search(r"│ Vjets__hf +│ 2 +│ 2 +│ 2 +│", result.stdout)

    @pytest.mark.parametrize("year", ["2022_preEE", "2023_preBPix"])
    def test_file_without_histograms(self, year: str) -> None:
        """A file without histograms is listed as such."""
        file = SHARED_DATA / "partial" / f"output_VV_ZZ_{year}.coffea"
        if not file.exists():
            pytest.skip("the real outputs of PocketCoffea are not in this checkout")
        result = datacard("inspect", file)
        assert result.exit_code == 0, result.output
        assert entries(result.stdout, "discriminant")[1] == "no histogram"
        assert re.search(r"│ VV +│ 1 +│", result.stdout)
        assert re.search(r"│ VV +│ no histogram +│", result.stdout)

    @pytest.mark.slow
    def test_several_files(self) -> None:
        """Several files are listed as one output."""
        files = sorted((SHARED_DATA / "partial").glob("*TTbar*.coffea"))
        if not files:
            pytest.skip("the real outputs of PocketCoffea are not in this checkout")
        result = datacard("inspect", *files)
        assert re.search(r"│ TTbar +│ 2 +│ 2 +│ 2 +│", result.stdout)

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.coffea", b"", "a.coffea is empty"),
            ("a.json", b'{"a": 1}', "a.json is text, such as JSON"),
            ("a.root", b"root\0\0", "a.root is a ROOT file"),
            ("a.coffea", b"\x04\x22\x4d\x18 and no more", "a.coffea"),
        ],
    )
    def test_other_files(self, name: str, content: bytes, message: str, tmp_path: Path) -> None:
        """The error says which kind of file it is."""
        (tmp_path / name).write_bytes(content)
        assert message in failed(datacard("inspect", tmp_path / name))

    def test_pipes_and_devices(self, tmp_path: Path) -> None:
        """No source opens a pipe, which waits for a writer, or a device, which has no end."""
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        # Both ends are open and hold some bytes, so that a source that reads would not hang here.
        ends = os.open(pipe, os.O_RDWR)
        os.write(ends, bytes(1000))
        try:
            for path, source in itertools.product((pipe, "/dev/zero"), ("coffea", "pickle", "uhi", "roothists")):
                with case(path, source):
                    message = failed(datacard("inspect", path, "--source", source))
                    assert message == f"Error: {path} is a device or a pipe, expected a file on disk\n"
        finally:
            os.close(ends)

    def test_other_histograms(self, tmp_path: Path) -> None:
        """A file of another source is listed by the conventions in its options."""
        contents = {("tt", "C", "nominal"): [1, 2], ("tt", "C", "jesUp"): [1, 2], ("tt", "C", "jesDown"): [1, 2]}
        histogram = filled(("process", "era", "variation"), contents)
        (tmp_path / "h.pkl").write_bytes(pickle.dumps({"m": histogram}))
        options = ["sample_axis=process", "category_axis=null", 'select={"era": "C"}', "years=2018"]
        given = [argument for option in options for argument in ("--option", option)]
        result = datacard("inspect", "--source", "pickle", *given, tmp_path / "h.pkl")
        assert result.exit_code == 0, result.output
        assert entries(result.stdout, "m") == ["m", "mass", "2", "0 to 2", "inclusive"]
        assert re.search(r"│ tt +│ jes +│", result.stdout)
        assert re.search(r"┃ sample +┃ +2018 +┃", result.stdout)
        refused = datacard("inspect", "--source", "pickle", "--option", "sample_axis", tmp_path / "h.pkl")
        assert "'sample_axis' has no value: expected NAME=VALUE" in refused.stderr
