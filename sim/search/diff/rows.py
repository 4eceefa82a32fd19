"""Two runs side by side, from a little before they part to where the finding shows.

After a parting nearly everything happens a little earlier or later; so events are put beside each
other by what they say, and not by when they happen.
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from items.data import data
from sim.search.diff.nearest import Nearest
from sim.search.diff.seen import SeenEvent, Watched

BEFORE = 3  # Events that both have, shown before they part.
ALIGNED_MAX = 600  # Events of either side that are put beside those of the other.
# What arrives or is lost was sent, with its fate; a look that saw nothing tells nobody anything.
SAYS_NOTHING = re.compile(r"^delivered |^lost .*, loss$|: scan$|: page of 0$")
TIMES = re.compile(r"@-?[\d.]+ms|#\d+")


@data
class Row:
    """What happened on both sides; None where nothing on that side is like it."""

    failing: SeenEvent | None
    passing: SeenEvent | None

    @property
    def is_same(self) -> bool:
        """Whether both say the same, be it at different times."""
        return self.failing is not None and self.passing is not None


def rows_of(nearest: Nearest) -> tuple[Row, ...]:
    """Put two runs side by side, without what says nothing new."""
    n, failing, passing = nearest.prefix, nearest.failing, nearest.passing
    before = [Row(seen, seen) for seen in failing.events[max(0, n - BEFORE) : n]]
    rest = aligned(_rest(failing, n), _rest(passing, n))
    parting = first_events(nearest)
    return (*before, *(row for row in rest if _is_at(row, parting) or not _says_nothing(row)))


def _rest(watched: Watched, prefix: int) -> tuple[SeenEvent, ...]:
    return watched.events[prefix : min(max(watched.shows, prefix + 1), prefix + ALIGNED_MAX)]


def _is_at(row: Row, parting: tuple[SeenEvent | None, SeenEvent | None]) -> bool:
    """Say whether a row has one of the two events at which the runs part."""
    pairs = zip((row.failing, row.passing), parting, strict=True)
    return any(seen is not None and seen is there for seen, there in pairs)


def _says_nothing(row: Row) -> bool:
    """Say whether it is only that what was sent arrives, or that a manager looks around."""
    seen = row.failing or row.passing
    assert seen is not None, "a row has something"
    return bool(SAYS_NOTHING.search(seen.said))


def aligned(failing: tuple[SeenEvent, ...], passing: tuple[SeenEvent, ...]) -> Iterator[Row]:
    """Pair the events of two runs by what they say."""
    one, other = ([TIMES.sub("", seen.said) for seen in side] for side in (failing, passing))
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            yield from (Row(*pair) for pair in zip(failing[i:j], passing[k:m], strict=True))
        else:
            yield from (Row(seen, None) for seen in failing[i:j])
            yield from (Row(None, seen) for seen in passing[k:m])


def first_events(nearest: Nearest) -> tuple[SeenEvent | None, SeenEvent | None]:
    """Return the first event of each side after which they are two."""
    n = nearest.prefix
    failing, passing = nearest.failing.events[n : n + 1], nearest.passing.events[n : n + 1]
    return failing[0] if failing else None, passing[0] if passing else None
