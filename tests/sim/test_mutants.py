"""Every mutant is found: a run that is wrong in one way leads to a finding of its kind.

The seeds from which they are found are pinned in `sim/mutants/seeds.py`; with `TWOPHASE_REWRITE=1`
they are counted anew, from 0.  A mutant that takes more of them than the limit is a hole in the
checks or in the workloads.
"""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from network.ids import Timestamp
from partition import rules
from partition.record import Record
from sim.mutants.catalogue import GROUPS, MUTANTS, UnknownMutantError, applied, find
from sim.mutants.hunting import broken_run, first_seed, is_found
from sim.mutants.mutant import Mutant
from sim.mutants.patches import Patches
from sim.mutants.seeds import SEEDS
from sim.run import run
from sim.scenario import load
from tests.tidy import BELOW, PAPER, ROOT

REWRITES = os.environ.get("TWOPHASE_REWRITE") == "1"
SEEDS_FILE = ROOT / "sim" / "mutants" / "seeds.py"
SEEDS_MAX = 100
SURVIVED, SURVIVED_SOAK = 5, 200
NAME_LENGTH_MAX = 36  # That a table has room for.
FOUND = [one for one in MUTANTS.values() if not one.is_equivalent]
EQUIVALENT = [one for one in MUTANTS.values() if one.is_equivalent]

each = pytest.mark.parametrize("mutant", MUTANTS.values(), ids=lambda mutant: mutant.name)
each_to_be_found = pytest.mark.parametrize("mutant", FOUND, ids=lambda mutant: mutant.name)
each_equivalent = pytest.mark.parametrize("mutant", EQUIVALENT, ids=lambda mutant: mutant.name)
# What was read at the start is not what is written meanwhile.
needs_seeds = pytest.mark.skipif(REWRITES, reason="the seeds are being counted anew")


# Found ----------------------------------------------------------------------------------------


@pytest.mark.skipif(not REWRITES, reason="counts seeds for TWOPHASE_REWRITE=1 only")
def test_the_first_seeds_are_counted_anew() -> None:
    counted = {one.name: first_seed(one, range(SEEDS_MAX)) for one in FOUND}
    head, _, _ = SEEDS_FILE.read_text(encoding="utf-8").partition("{")
    lines = [f'    "{name}": {seed},\n' for name, seed in counted.items() if seed is not None]
    SEEDS_FILE.write_text(f"{head}{{\n{''.join(lines)}}}\n", encoding="utf-8")

    assert [name for name, seed in counted.items() if seed is None] == []


@needs_seeds
@pytest.mark.slow
@each_to_be_found
def test_a_mutant_is_found_from_its_seed_and_the_unbroken_protocol_is_not(mutant: Mutant) -> None:
    result = broken_run(mutant, mutant.seed)

    found = {(finding.checker, finding.kind) for finding in result.findings}
    assert is_found(mutant, result), f"only {found}; TWOPHASE_REWRITE=1 counts seeds anew"
    assert {checker for checker, _ in found}.isdisjoint(mutant.blind)
    assert unbroken(mutant).ok


def unbroken(mutant: Mutant) -> Any:
    return broken_run(replace(mutant, patch=lambda _: None), mutant.seed)


@needs_seeds
@pytest.mark.slow
@each_to_be_found
def test_a_mutant_is_found_within_a_hundred_seeds(
    mutant: Mutant, soak: bool, request: pytest.FixtureRequest
) -> None:
    # Counted from 0 in the long run only; else by the seed that the test above has found it from.
    first = first_seed(mutant, range(SEEDS_MAX)) if soak else SEEDS.get(mutant.name)

    assert first is not None, f"no seed below {SEEDS_MAX} finds it"
    assert first < SEEDS_MAX
    request.node.user_properties.append(("seeds", first + 1))  # For reports.


@pytest.mark.slow
@each_equivalent
def test_an_equivalent_mutant_survives(mutant: Mutant, soak: bool) -> None:
    for seed in range(SURVIVED_SOAK if soak else SURVIVED):
        assert broken_run(mutant, seed).findings == ()


def test_a_mutant_that_changes_nothing_is_not_found() -> None:
    mutant = find("conditions-are-not-judged")
    harmless = replace(mutant, patch=lambda _: None)

    assert is_found(mutant, broken_run(mutant, mutant.seed))
    assert not is_found(harmless, broken_run(harmless, mutant.seed))
    assert first_seed(harmless, range(2)) is None


# Put back -------------------------------------------------------------------------------------


@each
def test_a_mutant_replaces_something_and_puts_it_back(mutant: Mutant) -> None:
    before = dict(attributes())

    with applied(mutant):
        during = dict(attributes())
    after = dict(attributes())

    changed = [place for place, value in before.items() if during.get(place) is not value]
    assert changed
    assert during.keys() == before.keys() == after.keys()
    assert all(after[place] is value for place, value in before.items())


def attributes() -> Iterator[tuple[tuple[str, str], Any]]:
    """Return what each module of ours, and each class in one, has under each name."""
    for title, module in sorted(sys.modules.items()):
        if title.partition(".")[0] in BELOW and isinstance(module, ModuleType):
            for name, value in vars(module).items():
                yield (title, name), value
                if isinstance(value, type) and value.__module__ == title:
                    yield from (
                        ((f"{title}.{name}", inner), own) for inner, own in vars(value).items()
                    )


def test_a_run_after_a_mutants_run_is_the_run_before() -> None:
    mutant = find("prepare-ignores-timestamps")
    scenario = load(mutant.hint.scenario, mutant.hint.settings)
    before = run(scenario, mutant.seed).digest

    broken = broken_run(mutant, mutant.seed).digest

    assert broken != before
    assert run(scenario, mutant.seed).digest == before


def test_what_is_replaced_is_put_back_when_something_is_raised() -> None:
    before = rules.owns

    def broken_off() -> None:
        with applied(find("orders-ask-for-no-owner")):
            assert rules.owns is not before
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken_off()
    assert rules.owns is before


# Patches --------------------------------------------------------------------------------------


class Example:
    value = 1

    @staticmethod
    def still() -> int:
        return 1

    def __init__(self) -> None:
        self.mine = 1


class Heir(Example):
    pass


def test_the_latest_of_two_patches_is_put_back_first() -> None:
    with Patches() as patches:
        patches.set(Example, "value", 2)
        patches.set(Example, "value", 3)
        assert Example.value == 3

    assert Example.value == 1


def test_a_static_method_stays_one() -> None:
    before = vars(Example)["still"]

    with Patches() as patches:
        patches.set(Example, "still", staticmethod(lambda: 2))
        assert Example().still() == 2

    assert vars(Example)["still"] is before
    assert Example().still() == 1


def test_around_gives_the_original_to_the_replacement() -> None:
    record = Record(None, Timestamp(1, "c1"), 0)

    with Patches() as patches:

        @patches.around(rules, "is_too_late")
        def is_too_late(original: Any, timestamp: Any, record: Record) -> bool:
            return not original(timestamp, record)

        assert not rules.is_too_late(Timestamp(1, "c1"), record)

    assert rules.is_too_late(Timestamp(1, "c1"), record)


@pytest.mark.parametrize(
    ("place", "name"), [(rules, "propose"), (Example, "mine"), (Heir, "value")]
)
def test_what_is_not_there_cannot_be_replaced(place: Any, name: str) -> None:
    with Patches() as patches, pytest.raises(AttributeError, match=f"has no '{name}' of its own"):
        patches.set(place, name, 2)
    with Patches() as patches, pytest.raises(AttributeError, match=f"has no '{name}' of its own"):
        patches.around(place, name)(lambda original: original)

    assert not hasattr(rules, "propose")


# The catalogue --------------------------------------------------------------------------------


@each
def test_a_mutant_says_what_it_is(mutant: Mutant) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", mutant.name)
    assert len(mutant.name) <= NAME_LENGTH_MAX
    assert mutant.section.removeprefix("§") in PAPER
    assert re.fullmatch(r"[A-Z].+[\w)'`>]\.", mutant.sentence)
    assert mutant.anomaly.strip()
    assert bool(mutant.why) is not bool(mutant.kinds)
    assert re.fullmatch(r"(M\d+[a-z]?( |$))*", mutant.code)
    load(mutant.hint.scenario, mutant.hint.settings)


def test_names_and_sentences_are_each_for_one_mutant() -> None:
    assert len(MUTANTS) == sum(map(len, GROUPS.values()))
    assert len({one.sentence for one in MUTANTS.values()}) == len(MUTANTS)


def test_there_are_enough_of_them() -> None:
    codes = {code for one in EQUIVALENT for code in one.code.split()}

    assert len(FOUND) >= 40
    assert codes >= {"M09b", "M31"}


@needs_seeds
def test_each_that_is_to_be_found_has_its_seed() -> None:
    assert set(SEEDS) == {one.name for one in FOUND}


def test_ten_come_from_real_history_and_half_of_them_are_there_for_that() -> None:
    sources = {one.name: one.source for one in MUTANTS.values() if one.source}

    assert len(sources) >= 10
    assert len({source.partition(":")[0] for source in sources.values()}) >= 8
    assert all(one.source for one in GROUPS["as others have had them"])
    assert len(GROUPS["as others have had them"]) >= len(sources) / 2
    for source in sources.values():  # Whose, then what theirs did, then where that is published.
        assert re.fullmatch(r"[^:]+: .+ \(.+\)", source)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("prepare_ignores_timestamps", "prepare-ignores-timestamps"),
        ("one-acept-is-enough", "one-accept-is-enough"),
        ("zzzz", "`twophase mutants` lists all"),
    ],
)
def test_a_name_that_nobody_has_is_told_the_nearest(name: str, near: str) -> None:
    with pytest.raises(UnknownMutantError, match=near):
        find(name)


def test_blanks_around_a_plus_are_no_part_of_a_name() -> None:
    both = find("reads-have-one-round + recovery-always-cancels")

    assert both.name == "reads-have-one-round+recovery-always-cancels"


@pytest.mark.parametrize("name", ["nobody-recovers+", "+nobody-recovers", "+", " + "])
def test_a_plus_with_no_name_beside_it_is_told_what_is_missing(name: str) -> None:
    with pytest.raises(UnknownMutantError, match=r"a mutant is missing before or after a '\+'"):
        find(name)


def test_some_are_seen_by_one_kind_of_check_alone() -> None:
    by_certificate = [one for one in FOUND if "instants" in one.blind and "reasons" in one.blind]
    by_reasons = [one for one in FOUND if {"timestamps", "instants"} <= set(one.blind)]

    assert by_certificate
    assert by_reasons
