"""A page that is open in a browser: what tests ask of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page

HEIGHT = 900


def written(directory: Path, text: str) -> Path:
    path = directory / "run.html"
    path.write_text(text, encoding="utf-8")
    return path


class Opened:
    """A page, and what its console said."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def open(self, file: Path, link: str = "") -> "Opened":
        self.page.goto(f"{file.as_uri()}{link}")
        self.settle()
        return self

    def settle(self) -> None:
        """Wait for two frames: what was asked for is drawn then."""
        self.run(
            "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
        )

    def run(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)

    def view(self, name: str) -> Any:
        return self.run("(name) => twophase.view[name]", name)

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def in_sight(self) -> list[int]:
        return list(self.run("() => document.getElementById('space').diagram.inSight()"))

    def point_at(self, message: int) -> None:
        """Move the pointer to the middle of a message's line."""
        x, y = self.place_of(message)
        canvas = self.page.locator("#space canvas[role=application]")
        canvas.scroll_into_view_if_needed()
        canvas.hover(position={"x": x, "y": y})
        self.settle()

    def place_of(self, message: int) -> tuple[float, float]:
        one = self.run("(n) => document.getElementById('space').diagram.placeOf(n)", message)
        assert one is not None, "it is not in sight"
        return (one["x1"] + one["x2"]) / 2, (one["y1"] + one["y2"]) / 2


def in_window(browser: Browser, width: int, theme: Literal["light", "dark"]) -> Iterator[Opened]:
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT}, color_scheme=theme, reduced_motion="reduce"
    )
    yield Opened(context.new_page())
    context.close()
