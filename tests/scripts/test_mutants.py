"""Each mutant changes what some golden script says: scripts alone would tell that a rule is gone.

What `show` tells of records is left out: it must be in what nodes and clients say.
"""

import re
from functools import cache
from pathlib import Path

import pytest

from sim.mutants import batches, followers, indexes, pages, permissions, regions, streams, tables
from sim.mutants.catalogue import MUTANTS, applied
from sim.mutants.mutant import Mutant
from sim.script import rewrite

SCRIPTS = tuple(sorted(Path(__file__).parent.glob("*.txt")))
SHOWN = re.compile(r"[pl]\d+: ")
# Scripts have one cluster, no followers, streams, indexes or permissions, no batches or pages, and
# no table that changes.
BEYOND = [batches, followers, indexes, pages, permissions, regions, streams, tables]
OF_BATCHES = "strong-batches-pay-half"  # Of the provisioned tables; no script reads a batch.
FOUND = [
    one
    for one in MUTANTS.values()
    if not one.is_equivalent
    and one.name != OF_BATCHES
    and one.patch.__module__ not in [part.__name__ for part in BEYOND]
]
EQUIVALENT = [one for one in MUTANTS.values() if one.is_equivalent]


@cache
def written(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def said(script: str) -> list[str]:
    return [line for line in script.splitlines() if not SHOWN.match(line)]


def is_changed(path: Path) -> bool:
    """Say whether playing a script leads to something else than what is written."""
    return said(rewrite(written(path))) != said(written(path))


@pytest.mark.parametrize("mutant", FOUND, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_what_a_script_says(mutant: Mutant) -> None:
    with applied(mutant):
        assert any(is_changed(path) for path in SCRIPTS)


def test_without_a_mutant_no_script_says_anything_else() -> None:
    assert [path.stem for path in SCRIPTS if is_changed(path)] == []
