"""Chance: every choice of a run has a name, (site, n), and depends on nothing but it and the seed.

Taking one message, fault or client out of a run therefore shifts no other choice: the third delay
of link c1>p2 stays what it was.  That is what makes failures shrink and runs comparable.

The n-th draw is a 32-bit word of a hash of (seed, site, n), sixteen words a hash: no `random`,
whose methods change between Python versions, and no `log` or `exp`, which differ between platforms.
"""

from collections.abc import Mapping
from hashlib import blake2b
from struct import unpack

ONE = 1 << 32

Overrides = Mapping[tuple[str, int], int]  # (site, n) → the value drawn there instead.


class NamedSite:
    """One place that draws.  Its draws are numbered from 1 in the order in which they are made."""

    __slots__ = ("_block", "_key", "_overrides", "_words", "count")

    def __init__(self, key: bytes, overrides: dict[int, int] | None) -> None:
        self.count = 0
        self._key, self._overrides = key, overrides
        self._block = -1  # Which sixteen draws are at hand; most sites draw in order.
        self._words: tuple[int, ...] = ()

    def at(self, n: int, bound: int) -> int:
        """Return the n-th draw of 0 … bound - 1; 0 is the calm one.  `bound` is at most 2**32."""
        if self._overrides is not None and n in self._overrides:
            return self._overrides[n]
        block = n >> 4  # Sixteen words a block.
        if block != self._block:
            self._block = block
            self._words = unpack("<16I", blake2b(self._key + block.to_bytes(8, "little")).digest())
        return self._words[n & 15] * bound >> 32

    def below(self, bound: int) -> int:
        """Draw an integer of 0 … bound - 1; 0 is the calm one."""
        self.count = n = self.count + 1
        return self.at(n, bound)

    def happens(self, probability: float) -> bool:
        """Draw whether something happens; that it does not is calm, and override 0."""
        self.count = n = self.count + 1
        if self._overrides is not None and n in self._overrides:
            return bool(self._overrides[n])
        return self.at(n, ONE) >= ONE - probability * ONE

    def between(self, least: int, most: int) -> int:
        """Draw an integer of least … most; `least` is the calm one."""
        return least + self.below(most - least + 1)


class NamedChance:
    """All sites of one run."""

    def __init__(self, seed: int, overrides: Overrides | None = None, *, before: str = "") -> None:
        """Draw from a seed; `before` stands before the name of every site."""
        self.seed, self._before = seed, before
        self._sites: dict[str, NamedSite] = {}
        self._overrides: dict[str, dict[int, int]] = {}
        for (site, n), value in (overrides or {}).items():
            self._overrides.setdefault(site, {})[n] = value

    def site(self, name: str) -> NamedSite:
        """Return the site of this name, the same one each time."""
        site = self._sites.get(name)
        if site is None:
            whole = self._before + name
            key = blake2b(f"{self.seed}|{whole}".encode(), digest_size=16).digest()
            site = self._sites[name] = NamedSite(key, self._overrides.get(whole))
        return site
