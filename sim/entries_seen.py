"""When each entry of an index was there: by what was durable of it, in order.

A partition answers when what it answers from is durable.  So what was durable before a reader asked
and is to go only after it was answered is on its page, and what came only after that is not.

An entry of a global index is carried along when its range goes to another partition, and a copy may
be late: the version says which is the newest.
"""

from bisect import bisect_right
from collections import defaultdict
from operator import itemgetter
from typing import Any

from items.keys import Key, key_order
from network.ids import NEVER, Timestamp


class EntryLife:
    """When one entry came, and went, and came back."""

    def __init__(self) -> None:
        self._us: list[int] = []
        self._is_there = [False]  # At first, and from each of these moments on.
        self._version = NEVER

    def note(self, now_us: int, version: Timestamp, *, is_there: bool) -> None:
        if version >= self._version and is_there != self._is_there[-1]:
            self._us.append(now_us)
            self._is_there.append(is_there)
        self._version = max(version, self._version)

    def was_there(self, first_us: int, last_us: int) -> bool | None:
        """Say whether it was there all that time, or missing; None: perhaps."""
        first, last = bisect_right(self._us, first_us), bisect_right(self._us, last_us)
        return self._is_there[first] if first == last else None


class EntriesSeen:
    """All entries that there ever were, of each index by its table's name and its own."""

    def __init__(self) -> None:
        self._lives: dict[tuple[str, str], dict[Key, EntryLife]] = defaultdict(dict)

    def note(
        self,
        index: tuple[str, str],
        key: Key,
        now_us: int,
        *,
        is_there: bool,
        version: Timestamp = NEVER,
    ) -> None:
        lives = self._lives[index]
        if key not in lives:
            lives[key] = EntryLife()
        lives[key].note(now_us, version, is_there=is_there)

    def in_order(self, index: tuple[str, str]) -> list[tuple[tuple[Any, ...], Key, EntryLife]]:
        """Give an index's entries by the order of their keys, which comes first."""
        lives = self._lives[index].items()
        return sorted(((key_order(key), key, life) for key, life in lives), key=itemgetter(0))
