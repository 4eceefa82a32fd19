"""The steps of a search, with what it takes to undo each: in columns, since there are many."""

from array import array

from items.data import data


@data
class Step:
    """One step, as it is undone."""

    txn: int
    freed: "array[int]"  # Who could come next because of it.
    replaced: list[tuple[int, int]]  # Keys and the blocks that they had before.
    by_return: int  # How far the search had come before.
    by_invocation: int


class Trail:
    """Steps are begun, told what they change, and taken back from the latest on."""

    def __init__(self) -> None:
        self.txns, self.times = array("i"), array("q")
        self.freed = array("i")
        self._by_return, self._by_invocation = array("i"), array("i")
        self._freed_from, self._replaced_from = array("i"), array("i")
        self._keys, self._blocks = array("i"), array("i")

    def __len__(self) -> int:
        return len(self.txns)

    def begin(self, txn: int, time: int, by_return: int, by_invocation: int) -> None:
        self.txns.append(txn)
        self.times.append(time)
        self._by_return.append(by_return)
        self._by_invocation.append(by_invocation)
        self._freed_from.append(len(self.freed))
        self._replaced_from.append(len(self._keys))

    def replace(self, key: int, block: int) -> None:
        """Note the block that a key had before."""
        self._keys.append(key)
        self._blocks.append(block)

    def pop(self) -> Step:
        del self.times[-1]
        freed_from, replaced_from = self._freed_from.pop(), self._replaced_from.pop()
        freed, keys = self.freed[freed_from:], self._keys[replaced_from:]
        replaced = list(zip(keys, self._blocks[replaced_from:], strict=True))
        del self.freed[freed_from:], self._keys[replaced_from:], self._blocks[replaced_from:]
        return Step(
            self.txns.pop(), freed, replaced, self._by_return.pop(), self._by_invocation.pop()
        )
