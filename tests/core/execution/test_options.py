"""Options of commands whose work can be shared."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from datacard_core import worker_options


@click.command()
@worker_options
@click.option("--power", type=int, default=2)
def tell(executor: Any, jobs: int, power: int) -> None:
    """Tell what the function gets."""
    click.echo(f"{executor} {jobs} {power}")


@pytest.mark.parametrize(("given", "told"), [((), "None 1 2"), (("-j", "3", "--power", "4"), "None 3 4")])
def test_arguments(given: tuple[str, ...], told: str) -> None:
    """The function gets an executor and a number of processes beside its own options."""
    assert CliRunner().invoke(tell, given).stdout == f"{told}\n"


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        (("--jobs", "2", "--scheduler", "tcp://host:8786"), 2, "--jobs and --scheduler exclude each other"),
        (("--jobs", "0"), 2, "0 is not in the range"),
    ],
)
def test_usage(given: tuple[str, ...], status: int, said: str) -> None:
    """Processes and a cluster exclude each other, and no process is an error."""
    result = CliRunner().invoke(tell, given)
    assert (result.exit_code, said in result.stderr) == (status, True)
