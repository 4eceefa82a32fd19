"""Words on the page can be read: each colour of words stands out from what is behind it."""

import re

import pytest

from sim.report.page import PAGE

WORDS = ("ink", "soft", "accent", "bad-words", "odd-words")
BEHIND = ("paper", "panel")
LEAST = 4.5  # WCAG 2.2, 1.4.3.
BOLD = (".verdict", ".mark-")  # Large signs, beside words in ink.


def colours(theme: str) -> dict[str, str]:
    """Return the colours of a theme by name; of the style's first two rules."""
    rules = re.findall(r"\{(.*?)\}", (PAGE / "style.css").read_text(encoding="utf-8"), re.DOTALL)
    return dict(re.findall(r"--([\w-]+): (#\w{6});", rules[("light", "dark").index(theme)]))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("words", WORDS)
def test_words_stand_out(theme: str, behind: str, words: str) -> None:
    found = colours(theme)
    darker, lighter = sorted(luminance(found[name]) for name in (behind, words))

    assert (lighter + 0.05) / (darker + 0.05) >= LEAST


def test_words_have_no_other_colours() -> None:
    for name in ("diagram.css", "sections.css"):
        text = (PAGE / name).read_text(encoding="utf-8")
        rules = re.findall(r"^(.*?) \{.*?[{; ]color: var\(--([\w-]+)\)", text, re.MULTILINE)

        assert rules
        assert [
            rule for rule, colour in rules if colour not in WORDS and not rule.startswith(BOLD)
        ] == []
