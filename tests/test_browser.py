"""Where there is no browser, that is said aloud; where one is required, it is a failure."""

import os
import subprocess
import sys

import pytest

from tests import browser
from tests.tidy import ROOT

LOOKING = "tests/sim/report/test_browser.py::test_nothing_is_wider_than_the_window"


def test_a_browser_that_is_required_and_lacking_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TWOPHASE_BROWSER", "required")
    monkeypatch.setattr(browser, "NAMES", ("no-such-browser",))

    with pytest.raises(pytest.fail.Exception, match="NO BROWSER"), browser.opened():
        pass


def test_a_browser_that_is_lacking_is_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWOPHASE_BROWSER", raising=False)
    monkeypatch.setattr(browser, "NAMES", ("no-such-browser",))

    with pytest.raises(pytest.skip.Exception, match="NO BROWSER"), browser.opened():
        pass


@pytest.mark.slow
def test_what_nobody_looked_at_is_told_in_one_loud_line() -> None:
    environment = {**os.environ, "TWOPHASE_BROWSER": "no-such-browser"}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", LOOKING],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0
    assert ended.stdout.count("NO BROWSER") == 1
    assert "4 skipped" in ended.stdout
