"""What holds for every test: assertions are on, and the same run has the same examples."""

import os

import pytest
from hypothesis import HealthCheck, settings

if not __debug__:
    pytest.exit("The protocol's assertions are part of it: run Python without -O.", returncode=4)

SOAK = os.environ.get("TWOPHASE_SOAK") == "1"

# Leave `max_examples` to these profiles, so that `make soak` can raise it.
settings.register_profile(
    "quick",
    max_examples=50,
    deadline=None,  # A busy machine is no failure.
    derandomize=True,  # The same examples in every run: whoever is told of a failure can see it.
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # Judges by the wall clock, too.
)
settings.register_profile("soak", settings.get_profile("quick"), max_examples=2_000)
settings.load_profile("soak" if SOAK else "quick")


@pytest.fixture(scope="session")
def soak() -> bool:
    """True under `make soak`: tests that count seeds or steps themselves take many more."""
    return SOAK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one loud line that nobody has looked at the pages; else it is one skip of many."""
    for report in terminalreporter.getreports("skipped"):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        if "NO BROWSER" in reason:
            terminalreporter.write_line(reason.removeprefix("Skipped: "), bold=True, red=True)
            return
