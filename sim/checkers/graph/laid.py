"""Blocks of registers, laid out for a search: who begins each, who is in it, and when it was.

All of it is in columns: a million transactions have a million blocks and more.
"""

from array import array
from collections.abc import Iterator

from sim.checkers.graph.observed import NOBODY, Observed
from sim.checkers.graph.txn import NEVER
from sim.checkers.graph.versions import Versions


class Several:
    """For each number some others, in the order in which they were given: `several[n]`.

    They are `others[ends[n] : ends[n + 1]]`, for who looks at so many that a slice is too slow.
    """

    def __init__(self, count: int, pairs: "tuple[array[int], array[int]]") -> None:
        numbers, others = pairs
        self.ends = ends = array("i", bytes(4 * (count + 1)))
        for number in numbers:
            ends[number + 1] += 1
        for number in range(count):
            ends[number + 1] += ends[number]
        self.others = array("i", bytes(4 * len(others)))
        free = ends[:]
        for number, other in zip(numbers, others, strict=True):
            self.others[free[number]] = other
            free[number] += 1

    def __getitem__(self, number: int) -> "array[int]":
        return self.others[self.ends[number] : self.ends[number + 1]]

    def __contains__(self, number: int) -> bool:
        """Whether a number has any."""
        return self.ends[number] < self.ends[number + 1]


class Row:
    """The blocks of each key that have not begun, in the order of some time of theirs."""

    def __init__(self, times: "array[int]", key_of: "array[int]") -> None:
        self._key_of = key_of
        self._blocks: dict[int, array[int]] = {}
        self._place = array("i", bytes(4 * len(times)))
        self.begun = bytearray(len(times))
        for block in sorted(range(len(times)), key=times.__getitem__):
            row = self._blocks.get(key_of[block])
            if row is None:
                row = self._blocks[key_of[block]] = array("i")
            self._place[block] = len(row)
            row.append(block)
        self._from = dict.fromkeys(self._blocks, 0)  # All before have begun.

    def first(self, key: int, *, besides: int) -> int | None:
        row, place = self._blocks[key], self._from[key]
        while place < len(row) and self.begun[row[place]]:
            place += 1
        self._from[key] = place
        while place < len(row) and (row[place] == besides or self.begun[row[place]]):
            place += 1
        return row[place] if place < len(row) else None

    def take(self, block: int) -> None:
        self.begun[block] = 1

    def put_back(self, block: int) -> None:
        self.begun[block] = 0
        key = self._key_of[block]
        self._from[key] = min(self._from[key], self._place[block])


class Laid:
    """The blocks of all registers that leave it open in which order they were written."""

    def __init__(
        self,
        observed: Observed,
        versions: Versions,
    ) -> None:
        self._observed = observed
        self.key_of = array("i")  # By block, as what follows.
        self.beginner = array("i")
        self.pending = array("i")  # Who has still to come, besides the one that begins it.
        self._block_of = array("i", [NOBODY]) * len(observed.values)  # By version.
        begins, within = (array("i"), array("i")), (array("i"), array("i"))
        for key in versions.open:
            for head in versions.heads[key]:
                self._lay(key, versions.block(head), begins, within)
        for txn, version in self._operations(observed.read, observed.read_ends):
            # Whoever reads what is not a block's end precedes the next writer in it anyway.
            if self._block_of[version] >= 0 and versions.next[version] < 0:
                self._join(txn, self._block_of[version], within)
        self.begins = Several(len(observed), begins)  # By transaction: the blocks it begins,
        self.within = Several(len(observed), within)  # and those it is in besides.
        self.members = Several(len(self.key_of), (within[1], within[0]))  # The same by block.
        # When the first one in it had returned, and the last was invoked.
        self.ended = array("q", [NEVER]) * len(self.key_of)
        self.began = array("q", [-NEVER]) * len(self.key_of)
        self._time()
        del self._block_of

    def _lay(
        self,
        key: int,
        members: list[int],
        begins: "tuple[array[int], array[int]]",
        within: "tuple[array[int], array[int]]",
    ) -> None:
        block = len(self.key_of)
        self.key_of.append(key)
        self.beginner.append(self._observed.writer[members[0]])
        self.pending.append(0)
        begins[0].append(self._observed.writer[members[0]])
        begins[1].append(block)
        for version in members:
            self._block_of[version] = block
        for version in members[1:]:
            self._join(self._observed.writer[version], block, within)

    def _join(self, txn: int, block: int, within: "tuple[array[int], array[int]]") -> None:
        within[0].append(txn)
        within[1].append(block)
        self.pending[block] += 1

    def _time(self) -> None:
        observed, ended, began = self._observed, self.ended, self.began
        for versions, ends in (
            (observed.read, observed.read_ends),
            (observed.written, observed.write_ends),
        ):
            for txn, version in self._operations(versions, ends):
                block = self._block_of[version]
                if block >= 0:
                    ended[block] = min(ended[block], observed.returned[txn])
                    began[block] = max(began[block], observed.invoked[txn])

    @staticmethod
    def _operations(versions: "array[int]", ends: "array[int]") -> Iterator[tuple[int, int]]:
        begin = 0
        for txn, end in enumerate(ends):
            for place in range(begin, end):
                yield txn, versions[place]
            begin = end
