"""In which order the versions of each key came, as far as that is certain.

A key's versions form *blocks*: within a block each version directly follows the one before it.  The
first block begins with the initial version; where others begin is known only in so far as they come
after the first block's end.  Lists tell their order themselves; whatever was appended and never
read comes after all that was.  Of a register only this is certain: who read a version and then
wrote the key has written its successor.  True orders, where somebody knows them, replace all that.

An unknown transaction happened if somebody read what it wrote (and then all of it happened);
otherwise it is left out, which changes no answer, since nobody saw anything of it.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence

from sim.checkers.graph.anomalies import Findings
from sim.checkers.graph.observed import FAILED, HAPPENED, LIST, NOBODY, UNKNOWN, Observed
from sim.checkers.graph.txn import VersionOrders
from sim.checkers.graph.words import key_name, name, shown, shown_list, wrote

NONE, GARBAGE, ABORTED, INTERMEDIATE = 0, 1, 2, 3  # What may be wrong with reading a version.


class Versions:
    """The order of versions; `next` is by version, what follows it directly, or -1."""

    def __init__(
        self, observed: Observed, findings: Findings, orders: VersionOrders | None = None
    ) -> None:
        self._observed, self._findings = observed, findings
        self._true = {observed.key(key): order for key, order in (orders or {}).items()}
        known = {
            key: [observed.version(key, value) for value in order]
            for key, order in self._true.items()
        }
        count = len(observed.values)
        self.happened = self._who_happened(known)
        self.flaw = self._flaws()
        self.next = array("i", [NOBODY]) * count
        self.heads: dict[int, list[int]] = {}  # By key: where its other blocks begin.
        self.ends: dict[int, int] = {}  # By key that has any of those: where its first block ends.
        self._placed = bytearray(count)
        # Follows another only as the update of who had read that; every other place is certain.
        self.is_update = bytearray(count)
        self._unordered: set[int] = set()  # Keys whose order contradicts itself: said already.
        for key in range(len(observed.keys)):
            if key in known:
                self._chain(key, self._known(key, known[key]))
            elif observed.kinds[key] == LIST:
                self._chain(key, self._walked(key))
        self._updates(known)
        self._find_heads(known)

    @property
    def open(self) -> list[int]:
        """The keys whose blocks could stand in several orders, and it may matter in which."""
        kinds = self._observed.kinds
        return [key for key, heads in self.heads.items() if len(heads) > 1 and kinds[key] != LIST]

    def block(self, head: int) -> list[int]:
        """List a block from its first version on."""
        versions = [head]
        while (after := self.next[versions[-1]]) != NOBODY:
            versions.append(after)
        return versions

    def _who_happened(self, known: Mapping[int, list[int]]) -> bytearray:
        observed = self._observed
        status, writer = observed.status, observed.writer
        happened = bytearray(one == HAPPENED for one in status)
        if UNKNOWN in status:
            seen: list[Iterable[int]] = [observed.read, *known.values()]
            seen += [self._elements(key) for key in range(len(observed.keys)) if key not in known]
            for versions in seen:
                for version in versions:
                    if (txn := writer[version]) >= 0 and status[txn] == UNKNOWN:
                        happened[txn] = 1
        return happened

    def _elements(self, key: int) -> list[int]:
        versions = self._observed.versions[key]
        return [versions[value] for value in self._observed.longest[key] if value in versions]

    def _flaws(self) -> bytearray:
        observed = self._observed
        status, final = observed.status, observed.is_final
        flaw = bytearray(len(observed.values))
        for version, txn in enumerate(observed.writer):
            if txn < 0:
                flaw[version] = GARBAGE
            elif status[txn] == FAILED:
                flaw[version] = ABORTED
            elif not final[version]:
                flaw[version] = INTERMEDIATE
        for version in observed.initial:
            flaw[version] = NONE
        return flaw

    def _chain(self, key: int, versions: Sequence[int]) -> None:
        """Let these versions of a key be its first block."""
        before = self._observed.initial[key]
        self._placed[before] = 1
        for version in versions:
            self.next[before] = version
            self._placed[version] = 1
            before = version

    # Lists.

    def _walked(self, key: int) -> list[int]:
        """Return the final versions of a list's writers, in the order of its longest read."""
        observed = self._observed
        versions, flaw = observed.versions[key], self.flaw
        longest = observed.longest[key]
        if key in observed.torn:
            self._unordered.add(key)
            return []
        walk = [versions.get(value, NOBODY) for value in longest]
        if len(walk) != len(set(walk)) or any(v < 0 or flaw[v] for v in walk):
            return self._walked_closely(key, walk)
        if observed.together:
            return self._walked_closely(key, walk)
        return walk

    def _walked_closely(self, key: int, walk: list[int]) -> list[int]:
        observed, flaw = self._observed, self.flaw
        chain: list[int] = []
        at = 0
        while at < len(walk):
            version = walk[at]
            if version < 0 or flaw[version] in (GARBAGE, ABORTED):
                self._unordered.add(key)  # `structure` says what is wrong with it.
                return []
            mine = observed.together.get(version, [version])
            run = walk[at : at + len(mine)]
            # The end of the longest read may fall among a transaction's own appends, but for
            # anybody else that is an intermediate read, and said as such.
            if run != mine[: len(run)]:
                self._broken(key, mine, walk)
                return []
            chain.append(mine[-1])
            at += len(mine)
        if len(set(chain)) != len(chain):
            self._unordered.add(key)
            return []
        return chain

    def _broken(self, key: int, mine: list[int], walk: list[int]) -> None:
        """Say that what one transaction appended does not stand together in what was read."""
        observed = self._observed
        self._unordered.add(key)
        if len(walk) != len(set(walk)):
            return  # Duplicates, which `structure` tells.
        txn, reader = observed.writer[mine[0]], observed.longest_reader[key]
        appended = [observed.values[version] for version in mine]
        place_of = {version: place for place, version in enumerate(walk)}
        places = [place_of[version] for version in mine if version in place_of]
        own = set(mine)
        between = [
            walk[place]
            for place in range(places[0], places[-1] + 1 if len(places) == len(mine) else len(walk))
            if walk[place] not in own and walk[place] >= 0
        ]
        kind = "G0" if places == sorted(places) and walk[places[0]] == mine[0] and between else ""
        kind = kind or "incompatible-order"
        if not self._findings.takes(kind):
            return
        who = name(observed, txn)
        told = (
            f"{who} appended {shown_list(appended)} to {key_name(observed, key)} in one "
            f"transaction, but {name(observed, reader)} read {shown(observed.longest[key])}"
        )
        others = [observed.writer[version] for version in between]
        if kind == "G0":
            other = name(observed, others[0])
            value = shown(observed.values[between[0]])
            told += (
                f": {who} must precede {other}, because {other}'s {value} comes after {who}'s "
                f"{shown(appended[0])}; but {other} must precede {who}, because it comes before "
                f"{who}'s {shown(appended[-1])}: a contradiction."
            )
        else:
            told += ", which has them in another order or leaves one out: a contradiction."
        involved = [txn, *others[:1], reader]
        self._findings.add(kind, told, [observed.ids[one] for one in involved])

    # Registers, and orders that are known.

    def _known(self, key: int, order: list[int]) -> list[int]:
        """Judge a true order of versions, and return the final ones of what happened."""
        observed, findings = self._observed, self._findings
        chain = []
        for version in order:
            txn = observed.writer[version]
            if self.flaw[version] == ABORTED and findings.takes("dirty-update"):
                told = (
                    f"{name(observed, txn)} did not happen, but that it {wrote(observed, version)} "
                    "is in the data."
                )
                findings.add("dirty-update", told, [observed.ids[txn]])
            elif self.flaw[version] == NONE:
                chain.append(version)
        values = [observed.values[version] for version in order]
        longest = observed.longest[key]
        if longest != values[: len(longest)] and findings.takes("incompatible-order"):
            reader = observed.longest_reader[key]
            told = (
                f"{name(observed, reader)} read {key_name(observed, key)} = {shown_list(longest)}, "
                f"but the order of its elements was {shown_list(values)}."
            )
            findings.add("incompatible-order", told, [observed.ids[reader]])
        if len(set(chain)) != len(chain) and findings.takes("duplicate-elements"):
            twice = next(version for version in chain if chain.count(version) > 1)
            txn = observed.writer[twice]
            told = f"That {name(observed, txn)} {wrote(observed, twice)} was applied twice."
            findings.add("duplicate-elements", told, [observed.ids[txn]])
        return list(dict.fromkeys(chain))

    def _updates(self, known: Mapping[int, list[int]]) -> None:
        """Chain what was read and then written by the same transaction; tell lost updates."""
        observed = self._observed
        first: dict[int, int] = {}  # By version: who updated it.
        for txn, version in zip(observed.updater, observed.updated, strict=True):
            if self.flaw[version] != NONE:
                continue
            if version in first:
                self._lost_update(first[version], txn, version)
                continue
            first[version] = txn
            key = observed.key_of[version]
            after = observed.final(txn, key)
            if key in known or key in self._unordered:
                continue
            # Of a list this is news only where the longest read ends before what was appended.
            if observed.kinds[key] != LIST or (self.next[version] < 0 and not self._placed[after]):
                self.next[version] = after
                self._placed[after] = self.is_update[after] = 1

    def _lost_update(self, first: int, second: int, version: int) -> None:
        if not self._findings.takes("lost-update"):
            return
        observed = self._observed
        key = observed.key_of[version]
        one, other = name(observed, first), name(observed, second)
        told = (
            f"{one} and {other} both read {_version(observed, version)} and then wrote "
            f"{key_name(observed, key)}: {one} {_writes(observed, first, key)}, {other} "
            f"{_writes(observed, second, key)}.  {one} must precede {other}, because {one} read "
            f"the version before {other}'s; but {other} must precede {one}, because {other} read "
            f"the version before {one}'s: a contradiction."
        )
        self._findings.add("lost-update", told, (observed.ids[first], observed.ids[second]))

    def _find_heads(self, known: Mapping[int, list[int]]) -> None:
        """Find what begins a block of its own; a single one directly follows the first block."""
        observed = self._observed
        placed, final, happened = self._placed, observed.is_final, self.happened
        for version, txn in enumerate(observed.writer):
            if txn < 0 or placed[version] or not final[version] or not happened[txn]:
                continue
            key = observed.key_of[version]
            if key in self._unordered:
                continue
            if key in known:
                self._lost_write(txn, version)
            else:
                self.heads.setdefault(key, []).append(version)
        for key, heads in list(self.heads.items()):
            end = self.block(observed.initial[key])[-1]
            if len(heads) == 1:
                self.next[end] = heads[0]
                del self.heads[key]
            else:
                self.ends[key] = end

    def _lost_write(self, txn: int, version: int) -> None:
        observed = self._observed
        if observed.status[txn] == HAPPENED and self._findings.takes("lost-write"):
            told = (
                f"{name(observed, txn)} {wrote(observed, version)} and was told so, but that "
                "is not among the versions that there were."
            )
            self._findings.add("lost-write", told, [observed.ids[txn]])


def _version(observed: Observed, version: int) -> str:
    key = observed.key_of[version]
    told = key_name(observed, key)
    if version == observed.initial[key]:
        return f"nothing in {told}"
    at = "up to " if observed.kinds[key] == LIST else "= "
    return f"{told} {at}{shown(observed.values[version])}"


def _writes(observed: Observed, txn: int, key: int) -> str:
    return wrote(observed, observed.final(txn, key))
