"""What disks said was durable against what they had after the next crash.

A node answers when its disk has said that a write is durable; everything else stands on that.  Here
the disk itself is asked what it has lost of that.  No other check looks at it: whether they find
the harm that it does is another question, and sometimes there is none.
"""

from collections.abc import Iterator

from partition.storage import Changes
from sim.checkers.finding import Finding
from sim.cluster import Cluster

KEYS_SHOWN = 4


def check_disks(cluster: Cluster) -> Iterator[Finding]:
    """Find the writes that were acknowledged and are lost."""
    for name, disk in cluster.disks.items():
        for changes in disk.broken:
            text = f"{name}'s disk said that {_named(changes)} is durable, and lost it in a crash"
            transactions = (changes.cause,) if changes.cause else ()
            yield Finding("disks", "acknowledged write lost", text, transactions)


def _named(changes: Changes) -> str:
    keys = ["/".join(str(value) for _, value in key) for (_, key), _ in changes.records]
    shown = ", ".join(keys[:KEYS_SHOWN]) + (" …" if len(keys) > KEYS_SHOWN else "")
    whose = f" for {changes.cause}" if changes.cause else ""
    return f"its write{whose} of {shown}" if keys else f"its write{whose} about its tables"
