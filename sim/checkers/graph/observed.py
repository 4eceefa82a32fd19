"""A history in columns: who wrote each version, who read it, and when.

A million transactions fit because nothing is kept as it came: keys and versions are numbers, and of
all the lists that were read of a key only the longest one stays.  A *version* is a value of a key;
of a list it is named by its last element, since elements are unique.  What contradicts itself
inside one transaction, or between two reads of one list, is noticed on the way in.
"""

import json
from array import array
from collections.abc import Hashable

from sim.checkers.graph.txn import (
    APPEND,
    INFO,
    NEVER,
    OK,
    READ,
    WRITE,
    HistoryError,
    Key,
    Op,
    Txn,
    TxnId,
    Value,
    shortened,
)

HAPPENED, UNKNOWN, FAILED = 0, 1, 2
STATUS = {OK: HAPPENED, INFO: UNKNOWN}
EITHER, REGISTER, LIST = 0, 1, 2  # What a key holds; a read of nothing does not say.
NOBODY = -1
CONTRADICTIONS_MAX = 1_000  # Kept; more of them would tell nothing new.


class Observed:
    """Takes transactions one by one; what each attribute is counted by stands beside it."""

    def __init__(self) -> None:
        # By transaction.
        self.ids: list[TxnId] = []
        self.status = bytearray()
        self.invoked = array("q")
        self.returned = array("q")
        self.read_ends = array("i")  # Where its part of `read` ends; the one before: begins.
        self.write_ends = array("i")
        # By key.
        self.keys: list[Key] = []
        self.kinds = bytearray()
        self.versions: list[dict[Hashable, int]] = []
        self.longest: list[list[Hashable]] = []
        self.longest_reader = array("i")
        self.initial = array("i")
        # By version.
        self.key_of = array("i")
        self.values: list[Hashable] = []
        self.writer = array("i")
        self.is_final = bytearray()  # Its transaction wrote the key no more.
        self.together: dict[int, list[int]] = {}  # What one transaction wrote to one key.
        # One after another.
        self.read = array("i")  # Versions that a transaction found, before its own writes.
        self.written = array("i")
        self.updater = array("i")  # Who read a version and then wrote its key,
        self.updated = array("i")  # and that version.
        # Found on the way.
        self.torn: dict[int, tuple[int, list[Hashable], int, list[Hashable]]] = {}  # By key.
        self.contradictions: list[tuple[int, int, Value, Value]] = []
        self.foreseen: list[tuple[int, int]] = []  # Read by the transaction that then wrote it.
        self._key_ids: dict[Key, int] = {}
        self._met: dict[int, list[Hashable]] = {}  # By key: the list that this transaction met.
        self._finals: tuple[int, dict[int, int]] = (NOBODY, {})  # Of whom it was asked last.

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, txn: Txn) -> None:
        """Take one transaction more.

        Raises:
            HistoryError: It writes what was written before, or a key is list and register.
        """
        number = len(self.ids)
        happened = txn.status == OK
        self.ids.append(txn.id)
        self.status.append(STATUS.get(txn.status, FAILED))
        self.invoked.append(txn.invoked)
        # Nothing has to come after what may still be under way.
        returned = txn.returned if happened else None
        self.returned.append(NEVER if returned is None else returned)
        own: dict[int, list[int]] = {}  # By key: what it wrote.
        found: dict[int, int] = {}  # By key: the version it met.
        self._met = {}
        ids = self._key_ids
        for f, name, value in txn.ops:
            key = ids.get(name, -1)
            if key < 0:
                key = self._new_key(name)
            if f != READ:
                self._write(number, key, (f, name, value), own, found if happened else None)
            elif happened:
                if value.__class__ in (list, tuple) or (value is None and self.kinds[key] == LIST):
                    self._read_list(number, key, value, own, found)
                else:
                    self._read_register(number, key, value, own, found)
        before = self.write_ends[-1] if number else 0
        if len(self.written) - before > len(own):
            for mine in own.values():
                if len(mine) > 1:
                    self.together.update(dict.fromkeys(mine, mine))
        self.read_ends.append(len(self.read))
        self.write_ends.append(len(self.written))

    def key(self, name: Key) -> int:
        """Return the number of a key; one that nobody names gets one, too."""
        key = self._key_ids.get(name)
        return self._new_key(name) if key is None else key

    def version(self, key: int, value: Hashable) -> int:
        """Return the number of a version; one that nobody wrote gets one, too."""
        version = self.versions[key].get(value)
        return self._new_version(key, value, NOBODY) if version is None else version

    def reads_of(self, txn: int) -> "array[int]":
        return self.read[self.read_ends[txn - 1] if txn else 0 : self.read_ends[txn]]

    def writes_of(self, txn: int) -> "array[int]":
        return self.written[self.write_ends[txn - 1] if txn else 0 : self.write_ends[txn]]

    def final(self, txn: int, key: int) -> int:
        """Return the version that a transaction left of a key it wrote."""
        if self._finals[0] != txn:
            self._finals = (txn, {self.key_of[version]: version for version in self.writes_of(txn)})
        return self._finals[1][key]

    def _new_key(self, name: Key) -> int:
        key = self._key_ids[name] = len(self.keys)
        self.keys.append(name)
        self.kinds.append(EITHER)
        self.versions.append({})
        self.longest.append([])
        self.longest_reader.append(NOBODY)
        self.initial.append(self._new_version(key, None, NOBODY))
        return key

    def _new_version(self, key: int, value: Hashable, writer: int) -> int:
        version = self.versions[key][value] = len(self.values)
        self.key_of.append(key)
        self.values.append(value)
        self.writer.append(writer)
        self.is_final.append(1)
        return version

    def _is(self, number: int, key: int, kind: int, *, is_answer: bool = False) -> None:
        if self.kinds[key] == EITHER:
            self.kinds[key] = kind
        elif self.kinds[key] != kind:
            text = f"key {shown(self.keys[key])} is used as a list and as a register; use two keys"
            raise HistoryError(number, text, is_answer=is_answer)

    def _write(
        self,
        number: int,
        key: int,
        op: Op,
        own: dict[int, list[int]],
        found: dict[int, int] | None,
    ) -> None:
        f, name, value = op
        if self.kinds[key] != (kind := LIST if f == APPEND else REGISTER):
            self._is(number, key, kind)
        assert f in (WRITE, APPEND), f
        version = self.versions[key].get(value)
        if version is None:
            version = self._new_version(key, value, number)
        elif self.writer[version] != NOBODY or value is None:
            text = (
                f"{shown(value)} is written to key {shown(name)} a second time; written values must"
                " be unique"
                if value is not None
                else f"key {shown(name)} is written null, which stands for 'nothing there'"
            )
            raise HistoryError(number, text)
        else:
            self.writer[version] = number  # It was read before it was written here.
            if found is not None and found.get(key) == version:
                self.foreseen.append((number, version))
        mine = own.get(key)
        if mine is None:
            own[key] = [version]
            if found is not None and key in found:
                self.updater.append(number)
                self.updated.append(found[key])
        else:
            self.is_final[mine[-1]] = 0
            mine.append(version)
        self.written.append(version)

    def _read_register(
        self, number: int, key: int, value: Value, own: dict[int, list[int]], found: dict[int, int]
    ) -> None:
        if value is not None and self.kinds[key] != REGISTER:
            self._is(number, key, REGISTER, is_answer=True)
        version = self.versions[key].get(value)
        if version is None:
            version = self._new_version(key, value, NOBODY)
        expected = own[key][-1] if key in own else found.get(key)
        if expected is None:
            found[key] = version
            self.read.append(version)
        elif expected != version:
            self._contradicted(number, key, self.values[expected], value)

    def _read_list(
        self, number: int, key: int, value: Value, own: dict[int, list[int]], found: dict[int, int]
    ) -> None:
        if self.kinds[key] != LIST:
            self._is(number, key, LIST, is_answer=True)
        # What a list is read as, its reader has judged: it is a list of values, or nothing.
        seen: list[Hashable] = list(value) if value else []  # type: ignore[call-overload]  # As said.
        mine = [self.values[version] for version in own[key]] if key in own else []
        # What was read before the key was known for a list was nothing.
        met = self._met.get(key, [] if key in found else None)
        if self._is_odd(number, key, seen, met, mine):
            return
        longest = self.longest[key]
        count = len(seen)
        if count > len(longest):
            self._elements(number, key, seen[len(longest) :])
            if seen[: len(longest)] != longest:
                self._torn(number, key, seen)
            else:
                self.longest[key] = seen
                self.longest_reader[key] = number
        elif longest[:count] != seen:
            self._elements(number, key, seen)
            self._torn(number, key, seen)
        if key not in found:
            before = self._met[key] = seen[: count - len(mine)]
            found[key] = self.version(key, before[-1]) if before else self.initial[key]
            self.read.append(found[key])

    def _is_odd(
        self,
        number: int,
        key: int,
        seen: list[Hashable],
        met: list[Hashable] | None,
        mine: list[Hashable],
    ) -> bool:
        """Compare a list with what its reader had met and appended; keep what contradicts that.

        Where own appends are not as they were, it says nothing of the order of others.
        """
        if met is not None and seen != met + mine:
            self._contradicted(number, key, met + mine, seen)
        elif met is None and mine and seen[-len(mine) :] != mine:
            self._contradicted(number, key, mine, seen)
        else:
            return False
        self._elements(number, key, seen)
        return bool(mine) and (met is None or seen[: len(met + mine)] != met + mine)

    def _elements(self, number: int, key: int, values: list[Hashable]) -> None:
        for value in values:
            if value is None or value.__class__ in (list, dict, bool):
                element = shortened(json.dumps(value))
                text = (
                    f"key {shown(self.keys[key])} was read with an element {element}; elements are"
                    " numbers or texts"
                )
                raise HistoryError(number, text, is_answer=True)

    def _torn(self, number: int, key: int, seen: list[Hashable]) -> None:
        if key not in self.torn:
            self.torn[key] = (self.longest_reader[key], self.longest[key], number, seen)

    def _contradicted(self, number: int, key: int, expected: Value, seen: Value) -> None:
        if len(self.contradictions) < CONTRADICTIONS_MAX:
            self.contradictions.append((number, key, expected, seen))


def shown(value: Hashable) -> str:
    return shortened(repr(value))
