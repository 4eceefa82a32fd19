"""A real browser for tests of pages: Debian's Chromium, without a window, driven by Playwright.

Where there is none the tests are skipped in one loud line; with TWOPHASE_BROWSER=required, as in
`.ci/run`, that is a failure.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LACKING = (
    "NO BROWSER: reports are not looked at; `apt-get install chromium` brings one, or set"
    " TWOPHASE_BROWSER to the path of one"
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def path() -> str | None:
    """Return where a browser is, if there is one."""
    named = os.environ.get("TWOPHASE_BROWSER", "")
    names = NAMES if named in ("", "required") else (named,)
    return next((found for name in names if (found := shutil.which(name))), None)


@contextmanager
def opened() -> Iterator[Browser]:
    """Start a browser, and end it."""
    place = path()
    if place is None:
        if os.environ.get("TWOPHASE_BROWSER") == "required":
            pytest.fail(LACKING, pytrace=False)
        # Where a browser is required, as in CI, it has failed above.
        pytest.skip(LACKING)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=place, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
