"""Sessions that people and CI share: `nox -l` lists them, `nox -s lint docs` runs two of them."""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.sessions = ["lint", "docs", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.needs_version = ">=2024.4"

OLDEST = Path(__file__).parent / ".ci" / "pocket-coffea.txt"
"""Versions that PocketCoffea pins."""

PARALLEL = ["-n", "auto", "--dist", "loadfile"]
"""A module stays on one worker, so that its fixtures are made once."""


@nox.session
@nox.parametrize("dependencies", ["newest", "oldest"], ids=["newest", "oldest"])
def tests(session: nox.Session, dependencies: str) -> None:
    """Run all tests, with the newest dependencies and with those that PocketCoffea pins."""
    constraint = ["--constraint", str(OLDEST)] if dependencies == "oldest" else []
    session.install("--editable", ".[test]", *constraint)
    session.run("python", "-m", "pytest", *(session.posargs or PARALLEL))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and types."""
    session.install("--editable", ".[lint]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation site into `site`; warnings are errors."""
    session.install("--editable", ".[docs]")
    # The theme otherwise prints an advertisement for its successor.
    session.run("mkdocs", "build", "--strict", env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def coverage(session: nox.Session) -> None:
    """Run all tests and print which lines and branches they reach."""
    session.install("--editable", ".[test]")
    session.run(
        "python",
        "-m",
        "pytest",
        *(session.posargs or PARALLEL),
        "--cov",
        "--cov-report=term",
    )
