"""Who says what to whom, by kind of host: a step on what nobody ever says can never come.

`cp` is from coordinators to partitions.  Kinds of message that are not named here - answers, and
reads and writes of single items - may go wherever there is a path.
"""

from collections.abc import Iterable
from typing import Final

# Pairs of hosts that speak to each other, in both directions.
_BOTH_WAYS = (
    *("kr", "sr", "rc", "rp", "rl", "rf", "cp", "cl", "mc", "mp", "ml"),
    *("pp", "pl", "pf", "ll", "xp", "xl", "xx"),
)
PATHS: Final = tuple(dict.fromkeys(way for path in _BOTH_WAYS for way in (path, path[::-1])))
SAID: Final = {
    "request": ("kr", "sr"),
    "answer": ("rk", "rs"),
    "write-transaction": ("rc",),
    "read-transaction": ("rc",),
    "read-items": ("cr",),
    "finished": ("cr",),
    "failed": ("cr",),
    "prepare": ("cp",),
    "vote": ("pc",),
    "commit": ("cp",),
    "cancel": ("cp",),
    "stalled": ("pm",),
    "recover": ("mc",),
    "open-table": ("rp",),
    "set-table": ("rp",),
    "drop-table": ("rp",),
    "propagate": ("pp",),
    "backfill": ("rp",),
    "filled": ("pr",),
    "weigh": ("rp",),
    "weights": ("pr",),
    "find-shards": ("rp", "xp"),
    "shards": ("pr", "px"),
    "read-stream": ("rp", "xp"),
    "stream-page": ("pr", "px"),
    "shard-gone": ("pr", "px"),
    "changed": ("xx",),
    "replicate": ("xp",),
    "split": ("mp", "ml"),
    "carry": ("pp", "ll"),
    "serve": ("pp", "ll"),
    "eventual": ("rf",),
    "follow": ("fp",),
    "log": ("pf",),
    "copy": ("pf",),
}
KINDS_OF_HOST: Final = "".join(dict.fromkeys("".join(PATHS)))
NEVER_ASK_THE_LEDGER: Final = "ksf"
ANYBODY: Final = "*"


def ways_of(kind: str) -> tuple[str, ...]:
    """Return between which hosts a kind of message goes; '' is any kind."""
    return SAID.get(kind, PATHS)


def ways_between(source: str, target: str, kind: str) -> list[str]:
    """Return those of a kind's ways that lead from one host to another; `*` is any host."""
    return [
        way
        for way in ways_of(kind)
        if source[0] in (ANYBODY, way[0]) and target[0] in (ANYBODY, way[1])
    ]


def is_alone(source: str, target: str) -> bool:
    """Say whether this is a host and itself, and of a kind that says nothing to itself.

    A partition keeps entries of its own items' indexes, and a ledger node the placement.
    """
    return source == target != ANYBODY and source[0] not in "pl"


def listed(ways: Iterable[str]) -> str:
    """Write ways as people write links: 'r1>p1' or 'x1>p1'."""
    return " or ".join(f"'{way[0]}1>{way[1]}{1 + (way[0] == way[1])}'" for way in ways)
