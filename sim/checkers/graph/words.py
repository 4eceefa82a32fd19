"""How transactions, versions and lists are written in an explanation."""

import json
import re
from collections.abc import Hashable, Iterable, Sequence

from sim.checkers.graph.observed import LIST, Observed
from sim.checkers.graph.txn import NEVER, TEXT_SHOWN_MAX, Key, Truth, TxnId, Value

LIST_SHOWN_MAX = 12  # Elements; of a longer list its end is shown, where the news is.
OPS_SHOWN_MAX = 8
# Texts that could be taken for numbers, for true, false or null, or for what stands around them.
AMBIGUOUS = re.compile(r"$|[\s\d\"'\[{(-]|(true|false|null)$|.*[\s=;:,]$")


def name(observed: Observed, txn: int) -> str:
    """Name a transaction: T12, or what its history calls it."""
    return called(observed.ids[txn])


def called(txn_id: TxnId) -> str:
    return f"T{txn_id}" if isinstance(txn_id, int) else txn_id


def names(observed: Observed, txns: Iterable[int]) -> str:
    return ", ".join(name(observed, txn) for txn in txns)


def shown(value: Value) -> str:
    """Write a value as JSON would, a long list by its end; other things by their own text.

    What a terminal would not print is escaped, and of a long text the middle is left out.
    """
    if isinstance(value, list | tuple):
        return shown_list(value)
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) > TEXT_SHOWN_MAX:
        half = TEXT_SHOWN_MAX // 2
        text = f"{text[:half]} … {text[-half:]} ({len(text):,} characters)"
    if not text.isprintable():
        text = "".join(map(_printable, text))
    return text


def _printable(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def shown_list(values: Sequence[Hashable]) -> str:
    few = values[-LIST_SHOWN_MAX:]
    return f"[{'… ' if len(few) < len(values) else ''}{', '.join(map(shown, few))}]"


def key_name(observed: Observed, key: int) -> str:
    return key_called(observed.keys[key])


def key_called(key: Key) -> str:
    """Write a key as JSON would, but a text that can be nothing else without quotation marks."""
    if isinstance(key, Truth):
        return str(key)
    if isinstance(key, str) and key.isprintable() and len(key) <= TEXT_SHOWN_MAX:
        return shown(key) if AMBIGUOUS.match(key) else key
    return shown(key)


def state(observed: Observed, version: int) -> str:
    """Write what a reader of this version saw: `x = [1, 2]`, `x = 7`, or `nothing in x`."""
    key = observed.key_of[version]
    told = key_name(observed, key)
    if version == observed.initial[key]:
        return f"nothing in {told}"
    if observed.kinds[key] != LIST:
        return f"{told} = {shown(observed.values[version])}"
    longest, last = observed.longest[key], observed.values[version]
    if last not in longest or key in observed.torn:
        return f"{told} = [… {shown(last)}]"
    return f"{told} = {shown_list(longest[: longest.index(last) + 1])}"


def wrote(observed: Observed, version: int) -> str:
    """Write what the writer of a version did: `appended 3 to x`, `wrote x = 7`."""
    key, value = observed.key_of[version], shown(observed.values[version])
    told = key_name(observed, key)
    return (
        f"appended {value} to {told}" if observed.kinds[key] == LIST else f"wrote {told} = {value}"
    )


def line(observed: Observed, txn: int) -> str:
    """Write a transaction on one line: what it found, and what it wrote."""
    parts = [f"read {state(observed, version)}" for version in observed.reads_of(txn)]
    parts += [wrote(observed, version) for version in observed.writes_of(txn)]
    if len(parts) > OPS_SHOWN_MAX:
        parts = [*parts[:OPS_SHOWN_MAX], f"and {len(parts) - OPS_SHOWN_MAX} more"]
    unknown = "" if observed.returned[txn] != NEVER else " (outcome unknown)"
    return f"{name(observed, txn)}{unknown}: {'; '.join(parts)}"
