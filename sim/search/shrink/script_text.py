"""A story as a golden script's commands; what comes of them is not written yet.

The first block sets up the cluster and what was there; the next places all steps and makes all
requests, each at its moment; the last lets time go by, if need be, and shows what is left.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from textwrap import wrap

from items.data import data
from sim.faults.step_words import shown_us
from sim.script_stage import LETTERS
from sim.search.shrink.story import (
    TRANSACTIONS,
    Story,
    item_names,
    request_names,
    requests_said,
    token_said,
)
from sim.search.shrink.timeline import Timeline

COLUMNS_MAX = 98  # Of a comment, without its '# '.
SECOND_US = 1_000_000
TIMES = {  # What a script's `cluster` calls the keys that it has, and they are not its defaults.
    "protocol.stalled_after_us": "stalled_after_us",
    "protocol.votes_deadline_us": "votes_deadline_us",
    "protocol.token_valid_us": "token_valid_us",
}


@data
class Manner:
    """How closely a script follows a run: the less of it, the easier it is to read."""

    unit_us: int  # Moments of requests are rounded to it.
    waits: bool  # Let time go by at the end, for what has stalled.
    repeats: bool  # Questions and requests are repeated, as in a run.


def crowded(story: Story) -> str:
    """Return a partition with more items than a script has letters there; '' if none has."""
    count = int(story.key("cluster.partitions"))
    items = Counter(_home(story, item, count) for item in item_names(story))
    letters = Counter(n % count for n in range(len(LETTERS)))
    return next((f"p{home + 1}" for home in sorted(items) if items[home] > letters[home]), "")


def letters_of(story: Story) -> dict[int, str]:
    """Call each item by a letter that is on its partition in a script; by its own if that is.

    No partition of the story's may be `crowded`.
    """
    count = int(story.key("cluster.partitions"))
    free, found = list(LETTERS), dict[int, str]()
    for item, word in item_names(story).items():
        home = _home(story, item, count)
        fit = [one for one in free if LETTERS.index(one) % count == home]
        found[item] = word if word in fit else fit[0]
        free.remove(found[item])
    return found


def _home(story: Story, item: int, count: int) -> int:
    """Say which of so many partitions an item is on, the first being 0."""
    return min(story.homes[item], count) - 1


def script_of(
    story: Story, steps: Iterable[object], moments: Timeline, manner: Manner, head: Iterable[str]
) -> str:
    """Return a script without what comes of it, in which the story may happen."""
    letters = letters_of(story)
    comments = [f"# {line}" for one in head for line in wrapped(one)]
    there = [f"k1: put {letters[item]} 0" for item in story.there if item in letters]
    last = [f"tick {_seconds(moments)}s"] if manner.waits else []
    last.append(f"show {' '.join(sorted(letters.values()))}")
    chosen = [f"recovery {moments.recovery}"] if moments.recovery not in ("", "c1") else []
    blocks = [
        [*comments, _cluster(story, manner), *chosen, *there],
        [*map(str, steps), *requests(story, letters, moments, manner.unit_us)],
        last,
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def wrapped(sentence: str) -> list[str]:
    return wrap(sentence, COLUMNS_MAX, subsequent_indent="  ", break_on_hyphens=False)


def requests(
    story: Story, letters: Mapping[int, str], moments: Timeline, unit_us: int
) -> list[str]:
    """Return the requests in the order in which they are made, and the time between them."""
    of = request_names(story)
    said = zip(story.requests, requests_said(story, letters), strict=True)
    timed = []
    for one, text in said:
        name = of[one.number]
        if name in moments.asked_us:  # What nobody came to ask for is not asked for here.
            at_us = (moments.asked_us[name] + unit_us // 2) // unit_us * unit_us
            via = moments.via.get(name, "c1") if one.verb in TRANSACTIONS else "c1"
            options = [token_said(story, one), "" if via == "c1" else f"via={via}"]
            chosen = " ".join(filter(None, options))
            line = f"{name.partition('.')[0]}: {text}{f' [{chosen}]' if chosen else ''}"
            timed.append((at_us, line))
    lines, now_us = [], min((at_us for at_us, _ in timed), default=0)
    for at_us, line in sorted(timed, key=lambda one: one[0]):
        if at_us > now_us:
            lines.append(f"tick {shown_us(at_us - now_us)}")
            now_us = at_us
        lines.append(line)
    return lines


def _cluster(story: Story, manner: Manner) -> str:
    clients = len({one.client for one in story.requests})
    given = {
        "partitions": story.key("cluster.partitions"),
        "coordinators": story.key("cluster.coordinators"),
        "clients": max(2, clients),
    }
    for key, name in TIMES.items():
        if key in story.keys:
            given[name] = story.keys[key]
    if manner.repeats:
        given["repeat_us"] = given["router_repeat_us"] = story.key("protocol.repeat_first_us")
        given["attempts"] = story.key("client.attempts_max")
        given["attempt_us"] = story.key("client.attempt_deadline_us")
    return f"cluster {' '.join(f'{name}={value}' for name, value in given.items())}"


def _seconds(moments: Timeline) -> int:
    """Return how long to wait for what has stalled: at least so long that somebody looks."""
    return max(20, -(-moments.lasts_us // SECOND_US))
