"""Takes the pictures of docs/reading-a-report.md and of the README anew.

    .venv/bin/python -m tests.pictures

Not a test: a picture is looked at before it is kept.
"""

import re
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Browser

from sim.cluster_run import Run
from sim.report.page import page_of
from sim.report.recording import Origin, Recorder, Recording, recording_of
from sim.scenario import Scenario, load, parse
from tests import browser as browsers
from tests.tidy import ROOT

PAGE = ROOT / "docs" / "reading-a-report.md"
PICTURES = ROOT / "docs" / "pictures"
BYTES_MAX = 200_000


class Picture(NamedTuple):
    """One picture: which run, which link, which part of the page."""

    name: str
    run: str
    link: str
    part: str
    width: int = 1280
    theme: Literal["light", "dark"] = "light"
    picked: str = ""  # The beginning of the phrase of a message that is looked at.


def crash() -> Scenario:
    """Return the scenario that the page shows."""
    found = re.search(
        r"^```toml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found is not None
    return parse(found[1], "crash", {})


def scenario_of(run: str) -> Scenario:
    return crash() if run == "crash" else load(run)


def recorded(run: str) -> Recording:
    going, recorder = Run(scenario_of(run), 1), Recorder()
    going.listen(recorder)
    result = going.go()
    origin = Origin(run, 1, None, f"twophase simulate {run} --seed 1")
    return recording_of(recorder, origin, list(going.history), result=result, witness=going.witness)


TAKEN = (
    Picture(
        "report-conflict",
        "two-that-conflict",
        "#t=65800&transaction=k1/6&from=56500&to=79400",
        "#space",
        picked="reject TransactionConflict",
    ),
    Picture("report-crash", "crash", "#t=66379&from=53500&to=96500", "#space"),
    Picture("report-moment", "crash", "#t=84000&from=53500&to=96500", "#travel"),
    Picture(
        "report-narrow",
        "orders-and-payments",
        "#t=176000&from=172000&to=182000",
        "#diagram",
        390,
        "dark",
    ),
)


def take(browser: Browser, picture: Picture, file: Path) -> Path:
    """Take one picture."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": 900}, color_scheme=picture.theme
    )
    page = context.new_page()
    page.goto(f"{file.as_uri()}{picture.link}")
    page.wait_for_timeout(500)
    if picture.picked:
        place = page.evaluate(
            "(phrase) => { const { diagram } = document.getElementById('space');"
            " const n = diagram.inSight().find((one) =>"
            " twophase.data.message(one).phrase.startsWith(phrase));"
            " return diagram.placeOf(n); }",
            picture.picked,
        )
        x, y = (place["x1"] + place["x2"]) / 2, (place["y1"] + place["y2"]) / 2
        page.locator("#space canvas[role=application]").click(position={"x": x, "y": y})
        page.mouse.move(0, 0)
        page.wait_for_timeout(200)
    path = PICTURES / f"{picture.name}.png"
    page.locator(picture.part).screenshot(path=path)
    context.close()
    return path


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    file = PICTURES / ".run.html"
    with browsers.opened() as browser:
        for picture in TAKEN:
            file.write_text(page_of(recorded(picture.run)), encoding="utf-8")
            path = take(browser, picture, file)
            assert path.stat().st_size < BYTES_MAX, f"{path} is too large"
    file.unlink()


if __name__ == "__main__":
    main()
