"""A browser without a window: Chromium by the WebDriver protocol, which is JSON over HTTP."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM, DRIVER = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
"""Programs of Debian's packages `chromium` and `chromium-driver`, None where they are not installed."""

# The switches about networks keep Chromium from calling its maker.
SWITCHES = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
STARTED = b"was started successfully on port "


@attrs.frozen
class Browser:
    """A page in the browser."""

    session: str

    def open(self, page: Path) -> None:
        self._post("url", url=page.as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script returns, which may be a promise."""
        return self._post("execute/sync", script=script, args=arguments)

    def messages(self) -> list[str]:
        """Return the messages of the console since the last call."""
        return [entry["message"] for entry in self._post("se/log", type="browser")]

    def devtools(self, command: str, **parameters: Any) -> None:
        self._post("goog/cdp/execute", cmd=command, params=parameters)

    def _post(self, command: str, **parameters: Any) -> Any:
        return post(f"{self.session}/{command}", **parameters)


def post(url: str, /, **parameters: Any) -> Any:
    request = urllib.request.Request(url, json.dumps(parameters).encode(), {"Content-Type": "application/json"})  # noqa: S310 - of this machine
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)["value"]


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start the browser with an empty profile, and end it."""
    assert DRIVER is not None
    with subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as driver:
        try:
            port = _port(driver)
            options = {"args": [*SWITCHES, f"--user-data-dir={profile}"], "binary": CHROMIUM}
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            url = f"http://127.0.0.1:{port}/session"
            made = Browser(f"{url}/{post(url, capabilities={'alwaysMatch': wanted})['sessionId']}")
            try:
                yield made
            finally:
                with urllib.request.urlopen(urllib.request.Request(made.session, method="DELETE"), timeout=60):  # noqa: S310
                    pass
        finally:
            driver.terminate()


def _port(driver: subprocess.Popen[bytes]) -> int:
    assert driver.stdout is not None
    begin = time.monotonic()
    for line in driver.stdout:
        if STARTED in line:
            return int(line.partition(STARTED)[2].rstrip(b".\n"))
        assert time.monotonic() < begin + 60
    raise AssertionError("chromedriver did not start")
