"""The same scenario and seed, the same run: in any process, under any hash seed, on any Python.

Each digest comes from a process of its own, with its own PYTHONHASHSEED and its own noise on the
heap, so that addresses differ.  The plants show that the same check catches what it is made for.
"""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sim.run import run
from sim.scenario import load
from sim.search.determinism.asked import (
    GOLDEN,
    GOLDEN_RUNS,
    SHORT,
    AskedRun,
    golden_digests,
    golden_runs,
    total_of,
    written,
)
from sim.search.determinism.certificate import Certificate, certify
from sim.search.determinism.difference import ATTEMPTS
from sim.search.determinism.environments import Environment, EnvironmentDigests
from sim.search.determinism.pythons import find_pythons
from tests.sim.search.determinism.one_python import ONLY_THIS
from tests.sim.search.determinism.plants import LEFT_BEHIND, PLANTS, plant
from tests.tidy import ROOT
from twophase.cli.determinism import SEEDS_DEFAULT

REWRITES = os.environ.get("TWOPHASE_REWRITE") == "1"
TROUBLE = {
    "workload.transactions": "15",
    "network.loss": "0.05",
    "network.repeat": "0.05",
    "faults.crashes": "3",
    "cluster.clock_skew_us": "5000",
}
RUNS = (AskedRun("hot-keys", TROUBLE, 7), AskedRun("bank", TROUBLE, 8))


def certified(runs: tuple[AskedRun, ...] = RUNS) -> Certificate:
    return certify(runs, ONLY_THIS, jobs=2)


@pytest.mark.slow
def test_every_python_does_the_same_under_every_hash_seed() -> None:
    found = certify(RUNS, find_pythons(), jobs=2)

    assert found.problems == ()
    assert found.difference is None
    assert found.digest is not None


@pytest.mark.slow
@pytest.mark.parametrize("text", PLANTS.values(), ids=PLANTS.keys())
def test_what_is_not_determined_is_caught_and_its_first_event_named(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, text, monkeypatch)

    difference = certified().difference

    assert difference is not None
    assert difference.digests[0] != difference.digests[1]
    assert difference.parting is not None
    assert difference.parting.events[0] != difference.parting.events[1]


@pytest.mark.slow
def test_what_a_run_leaves_behind_shows_where_it_makes_itself_felt_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, LEFT_BEHIND, monkeypatch)

    difference = certified().difference

    assert difference is not None
    assert difference.run == RUNS[0]  # First in one process, second in that which goes backwards.
    assert difference.parting is not None
    one, other = difference.parting.events
    assert difference.parting.before[-1].endswith("sent k1 → r2 #1: CreateTable")
    assert one.partition("  ")[2] == other.partition("  ")[2]  # The same, a microsecond later.


@pytest.mark.slow
def test_a_difference_that_does_not_come_again_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []
    monkeypatch.setattr("sim.search.determinism.difference.parted", lambda *_: tried.append(1))
    found = certified()
    told = (found.tolds[0].digests[0], "another")

    with monkeypatch.context() as patch:
        patch.setattr(
            "sim.search.determinism.environments.Processes.make",
            lambda self, environment, *_, **__: altered(found, environment, told),
        )
        difference = certified().difference

    assert difference is not None
    assert difference.parting is None
    assert len(tried) == ATTEMPTS


def altered(
    found: Certificate, environment: Environment, digests: tuple[str, str]
) -> EnvironmentDigests:
    """Return what was told, with another digest in the last environment."""
    told = next(one for one in found.tolds if one.environment == environment)
    return replace(told, digests=digests) if told is found.tolds[-1] else told


# The golden digests.


def digest_of(asked: AskedRun) -> str:
    return run(load(asked.scenario, asked.settings), asked.seed).digest


def test_the_first_golden_runs_have_their_digests() -> None:
    golden = golden_digests()

    assert {one.name: digest_of(one) for one in golden_runs(8)}.items() <= golden.items()


@pytest.mark.slow
def test_a_hundred_golden_runs_have_their_digests() -> None:
    runs = golden_runs()
    digests = [digest_of(one) for one in runs]

    if REWRITES:
        GOLDEN.write_text(written(runs, digests), encoding="ascii")
    assert GOLDEN.read_text(encoding="ascii") == written(runs, digests)
    assert len(golden_digests()) == GOLDEN_RUNS == len(set(digests))


def test_the_page_shows_the_digest_of_the_runs_that_are_made_when_none_are_named() -> None:
    total = total_of(list(golden_digests().values())[:SEEDS_DEFAULT])
    page = (ROOT / "docs" / "determinism.md").read_text(encoding="utf-8")

    assert set(re.findall(r"✓ (\w+)", page)) == {total[:8]}


def test_the_changelog_explains_the_golden_digests() -> None:
    total = total_of(list(golden_digests().values()))[:SHORT]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f"`{total}`" in changelog, (
        f"the golden digests are {total} now, and no entry of CHANGELOG.md says why:"
        f" add one that names `{total}`"
    )


def test_another_seed_does_something_else() -> None:
    digests = {digest_of(AskedRun("bank", TROUBLE, seed)) for seed in (7, 8)}

    assert len(digests) == 2
