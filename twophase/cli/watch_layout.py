"""How a live view is laid out: blocks of lines in two columns, cut to the terminal's size.

Nothing here scrolls or wraps: what does not fit is cut, and a block says how much that is.
"""

from collections.abc import Sequence

from rich.text import Text

from items.data import data

GAP = 2  # Columns between the two sides.
WIDTH_MIN, HEIGHT_MIN = 60, 16
UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


@data
class Block:
    """A title and lines, of which the last ones are shown, or the first ones."""

    title: str
    lines: Sequence[Text]
    height: int | None = None  # With its title; None: what is left over.
    newest_last: bool = True


@data
class Size:
    """Columns and lines of a terminal."""

    width: int
    height: int


def page(
    size: Size,
    head: Sequence[Text],
    left: Sequence[Block],
    right: Sequence[Block],
    foot: Text,
    *,
    left_width: int,
) -> list[Text]:
    """Lay out a screen: exactly as many lines as it has, none longer than it is wide."""
    width, height = size.width, size.height
    if width < WIDTH_MIN or height < HEIGHT_MIN:
        small = f"{WIDTH_MIN} columns and {HEIGHT_MIN} lines are needed"
        return filled([Text(small)], width, height)
    room = height - len(head) - 1
    rows = zip(
        column(left, left_width, room), column(right, width - left_width - GAP, room), strict=True
    )
    # Put together, not added up: the first one's style is no style of the others.
    gap = " " * GAP
    body = [Text.assemble(fitted(one, left_width, pad=True), gap, other) for one, other in rows]
    return [*filled(head, width, len(head)), *body, fitted(foot, width)]


def column(blocks: Sequence[Block], width: int, height: int) -> list[Text]:
    """Put blocks below each other; those without a height share what is left."""
    fixed = sum(block.height or 0 for block in blocks)
    open_ended = [block for block in blocks if block.height is None]
    left = max(0, height - fixed)
    lines: list[Text] = []
    for block in blocks:
        share = block.height
        if share is None:
            share = left // len(open_ended)
            share += left % len(open_ended) if block is open_ended[-1] else 0
        lines += drawn(block, width, min(share, height - len(lines)))
    return filled(lines, width, height)


def drawn(block: Block, width: int, height: int) -> list[Text]:
    """Draw one block in so many lines; the title says how many more there are."""
    if height <= 0:
        return []
    room = height - 1
    lines = list(block.lines)
    hidden = max(0, len(lines) - room)
    if hidden:
        lines = lines[-room:] if block.newest_last and room else lines[:room]
    title = Text(block.title, style="bold")
    if hidden and not block.newest_last:
        title.append(f"  … and {hidden} more", style="not bold dim")
    return filled([title, *lines], width, height)


def filled(lines: Sequence[Text], width: int, height: int) -> list[Text]:
    """Cut lines to a width, and their number to a height; fill it up with empty ones."""
    shown = [fitted(line, width) for line in lines[:height]]
    return shown + [Text("")] * (height - len(shown))


def fitted(line: Text, width: int, *, pad: bool = False) -> Text:
    """Cut a line to a width with an ellipsis; what would move the cursor is shown as a sign."""
    line = line.copy()
    if not line.plain.isprintable():
        line.plain = "".join(sign if sign.isprintable() else UNPRINTABLE for sign in line.plain)
    line.truncate(max(0, width), overflow="ellipsis", pad=pad)
    return line
