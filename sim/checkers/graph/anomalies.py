"""Adya's anomalies by their names: what each is, what it refutes, and what it leaves possible.

The names are those of Adya's thesis as Elle uses them.  `-realtime` marks a cycle that closes only
because one transaction had returned before another was invoked.
"""

from collections.abc import Iterable

from sim.checkers.graph.txn import LINEARIZABLE, Anomaly, Precedes, TxnId

REALTIME = "-realtime"
SHOWN_MAX = 10  # Anomalies of one type that are reported; the rest is counted.

NOTHING = ("nothing weaker",)
UNCOMMITTED, COMMITTED = ("read uncommitted",), ("read committed",)
SERIAL = ("serializable",)
SNAPSHOT = ("snapshot isolation",)
ANY = ("read uncommitted", "read committed", "snapshot isolation", "serializable")

# By type: in a few words, what it refutes, and the strongest model that it leaves possible.
KINDS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "garbage-read": ("a value that nobody wrote", ANY, NOTHING),
    "duplicate-elements": ("one write, applied twice", ANY, NOTHING),
    "incompatible-order": ("two orders of the same writes", ANY, NOTHING),
    "lost-write": ("an acknowledged write that is nowhere", ANY, NOTHING),
    "G0": ("dirty write", ANY, NOTHING),
    "dirty-update": ("a write on top of an aborted one", ANY[1:], UNCOMMITTED),
    "G1a": ("aborted read", ANY[1:], UNCOMMITTED),
    "G1b": ("intermediate read", ANY[1:], UNCOMMITTED),
    "G1c": ("circular information flow", ANY[1:], UNCOMMITTED),
    "internal": ("a transaction at odds with itself", ANY[2:], COMMITTED),
    "lost-update": ("two updates of one version", ANY[2:], COMMITTED),
    "G-single": ("read skew", ANY[2:], COMMITTED),
    "G-nonadjacent": ("long fork", ANY[2:], COMMITTED),
    "G2": ("write skew", SERIAL, SNAPSHOT),
    "no-serial-order": ("every order contradicts a read", SERIAL, SNAPSHOT),
    "no-serial-order-realtime": (
        "every order contradicts a read or real time",
        ("strict serializable",),
        COMMITTED,
    ),
    "not-linearizable": ("two values, each before the other", ("linearizable",), ()),
}
STRICT = ("strong snapshot isolation", "strict serializable")
STRICTLY = {
    "G0": ("dirty write in real time", STRICT),
    "G1c": ("a read or write out of real time", STRICT),
    "G-single": ("stale read", STRICT),
    "G-nonadjacent": ("long fork in real time", STRICT),
    "G2": ("write skew in real time", STRICT[1:]),
}
for _name, (_about, _refuted) in STRICTLY.items():
    KINDS[_name + REALTIME] = (_about, _refuted, SERIAL)

CYCLES = tuple(STRICTLY)  # From the gravest to the least.

# From the weakest model to the strongest, to say what several anomalies leave together.
LADDER = (*NOTHING, *UNCOMMITTED, *COMMITTED, *SNAPSHOT, *SERIAL)


def anomaly(
    kind: str,
    told: str,
    transactions: Iterable[TxnId],
    model: str,
    steps: Iterable[Precedes] = (),
) -> Anomaly:
    """Make an anomaly whose explanation ends with what it refutes."""
    about, refutes, possible = KINDS[kind]
    if model == LINEARIZABLE:
        refutes, possible = (model,), ()  # Of single operations no isolation can be told.
    text = f"{told}\n{kind} ({about}).  Refutes: {', '.join(refutes)}."
    if possible:
        text += f"  Still possible: {', '.join(possible)}."
    involved = tuple(dict.fromkeys(transactions))
    return Anomaly(kind, text, involved, refutes, possible, tuple(steps))


def weakest(kinds: Iterable[str]) -> str:
    """Return the kind of cycle that refutes least: what holds whichever of these there is."""
    kinds = list(kinds)
    plain = max((kind.removesuffix(REALTIME) for kind in kinds), key=CYCLES.index)
    return plain + (REALTIME if any(kind.endswith(REALTIME) for kind in kinds) else "")


def still_possible(anomalies: Iterable[Anomaly]) -> str:
    """Name the strongest model that none of these refutes."""
    left = [LADDER.index(name) for one in anomalies for name in one.possible if name in LADDER]
    return LADDER[min(left)] if left else LADDER[-1]


class Findings:
    """Collects anomalies, so many of each type; what is beyond is only counted."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.found: list[Anomaly] = []
        self.left_out = 0
        self._counts: dict[str, int] = {}

    def takes(self, kind: str) -> bool:
        """Count one more of a type; say whether it is to be told."""
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count > SHOWN_MAX:
            self.left_out += 1
        return count <= SHOWN_MAX

    def add(
        self,
        kind: str,
        told: str,
        transactions: Iterable[TxnId],
        steps: Iterable[Precedes] = (),
    ) -> None:
        self.found.append(anomaly(kind, told, transactions, self.model, steps))
