"""LSNs that come twice: what mutants that count them anew have in common."""

from dataclasses import replace
from typing import Any

from items.actions import writes
from partition import rules
from sim.mutants.patches import Patches


def let_lsns_repeat(patches: Patches) -> None:
    """Leave out what the rule of commit asserts: that LSNs rise."""

    @patches.around(rules, "commit")
    def commit(original: Any, record: Any, *, lsn: int) -> Any:
        applied = original(replace(record, lsn=0), lsn=lsn)  # The rule asserts that LSNs rise.
        if applied.record is None or writes(record.ongoing.action):
            return applied
        return replace(applied, record=replace(applied.record, lsn=record.lsn))
