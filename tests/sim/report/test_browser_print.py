"""A report on paper."""

from pathlib import Path
from typing import Any

import pytest

from sim.report.page import page_of
from tests.sim.report.builders import recording
from tests.sim.report.opened import Opened, written

pytestmark = pytest.mark.slow

INKED = """() => {
  const canvas = document.querySelector("canvas.base");
  const points = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let inked = 0;
  for (let n = 0; n < points.length; n += 4) {
    if (points[n] + points[n + 1] + points[n + 2] < 600) inked++;
  }
  return inked / (canvas.width * canvas.height);
}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shown = recording("bank", 2, {"workload.transactions": "150", "faults.all": "1"})
    return written(tmp_path_factory.mktemp("report"), page_of(shown))


def printed(opened: Opened) -> None:
    """Do as a browser does before it prints, at once: no frame comes in between."""
    opened.page.emulate_media(media="print")
    opened.run("() => dispatchEvent(new Event('beforeprint'))")


def test_on_paper_the_diagram_is_drawn_light_and_as_wide_as_a_page(
    either: Opened, file: Path
) -> None:
    either.open(file, "#theme=dark")

    printed(either)

    assert either.run(INKED) > 0.01
    assert either.run("() => document.documentElement.dataset.theme") == "light"
    assert either.run("() => document.querySelector('main').clientWidth") == 680
    hidden: Any = "() => getComputedStyle(document.querySelector('.toolbar')).display"
    assert either.run(hidden) == "none"
    assert either.page.locator(".gutter button").first.is_visible()  # It names a lane.
    assert either.page.locator(".step").first.is_visible()


def test_on_paper_all_rows_are_there_and_afterwards_all_is_as_it_was(
    wide: Opened, file: Path
) -> None:
    wide.open(file)
    rows = "() => document.querySelectorAll('.operations > tbody > tr:not(.details)').length"
    calls = wide.run("() => twophase.RUN.transactions.length")
    before = wide.run("() => document.querySelector('main').clientWidth")
    assert wide.run(rows) == 100 < calls

    printed(wide)
    assert wide.run(rows) == calls
    wide.page.emulate_media(media="screen")
    wide.run("() => dispatchEvent(new Event('afterprint'))")
    wide.settle()

    assert wide.run("() => document.querySelector('main').clientWidth") == before
    assert wide.said == []


def test_it_prints_to_pages(wide: Opened, file: Path) -> None:
    wide.open(file)

    pdf = wide.page.pdf(format="A4", print_background=True)

    assert pdf.startswith(b"%PDF")
    assert 5 < pdf.count(b"/Type /Page\n") < 60
