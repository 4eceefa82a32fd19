"""A browser for the tests of a file, and its windows."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests import browser as browsers
from tests.sim.report.opened import Opened, in_window


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.opened() as browser:
        yield browser


@pytest.fixture(params=[(1280, "light"), (390, "dark")], ids=str)
def either(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """One of both widths, one of both themes: for what hardly hangs on them."""
    yield from in_window(browser, *request.param)


@pytest.fixture
def wide(browser: Browser) -> Iterator[Opened]:
    yield from in_window(browser, 1280, "light")
