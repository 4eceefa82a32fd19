"""A failure and its file: written and read again it is the same; what is no failure is refused."""

import pytest

from sim.checkers.finding import Finding
from sim.keys import ScenarioError
from sim.mutants.catalogue import MUTANTS
from sim.scenario import Scenario, load, parse, shipped
from sim.search.shrink.failure import Failure, class_of, found, ordered, read, text_of
from sim.search.shrink.scenario_file import written

DIGEST = "0123456789abcdef0123456789abcdef"
SMALL = """
[failure]
seed = 7
mutant = "one-accept-is-enough"
finding = "items: stale read"

[workload]
name = "bank"
"""


def same(first: Scenario, second: Scenario) -> bool:
    """Say whether two scenarios are the same run from any seed."""
    return (first.workload, first.keys, first.workload_keys, first.steps) == (
        second.workload,
        second.keys,
        second.workload_keys,
        second.steps,
    )


def finding(checker: str, kind: str) -> Finding:
    return Finding(checker, kind, "", ())


# The file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*shipped()])
def test_a_scenario_that_is_written_and_read_again_is_the_same(name: str) -> None:
    scenario = load(name)

    assert same(parse(written(scenario, None), name, {}), scenario)


@pytest.mark.parametrize("mutant", [*MUTANTS])
def test_where_a_mutant_shows_is_written_as_it_is(mutant: str) -> None:
    hint = MUTANTS[mutant].hint
    scenario = load(hint.scenario, hint.settings)

    assert same(parse(written(scenario, None), "it", {}), scenario)


def test_every_fault_at_once_is_spelt_out() -> None:
    scenario = load("bank", {"faults.all": "2", "faults.crashes": "0"})

    again = parse(written(scenario, None), "it", {})

    assert again.keys == {**scenario.keys, "faults.all": 0}
    assert again.keys["faults.crashes"] == 0


def test_texts_that_toml_could_misread_come_back() -> None:
    text = 'he said "no" \\ and\x7f left'
    scenario = parse('description = ""\n[workload]\nname = "bank"', "it", {})

    assert parse(written(scenario, None, text), "it", {}).description == text


def test_a_failure_that_is_written_and_read_again_is_the_same() -> None:
    failure = Failure(load("bank"), 3, "one-accept-is-enough", (("items", "stale read"),), DIGEST)

    again = parse(text_of(failure, "a story", ["told", "in two lines"]), "bank", {})

    assert again.failure is not None
    assert (again.failure.seed, again.failure.mutant) == (3, "one-accept-is-enough")
    assert again.failure.finding == failure.leading
    assert again.failure.digest == DIGEST
    assert again.description == "a story"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("seed = 'one'", "failure.seed is to be a whole number"),
        ("seed = true", "failure.seed"),
        ("seed = -1", "failure.seed"),
        ("mutant = 3", "failure.seed"),
        ("seed = 1\nmutant = 3", "failure.mutant is to be a name"),
        ("seed = 1\nfinding = 'stale'", "failure.finding is to be a checker and a kind"),
        ("seed = 1\ndigest = 'abc'", "failure.digest is to be 32 hexadecimal digits"),
        ("seed = 1\nwhen = 'now'", "'failure.when' is no key of a failure"),
    ],
)
def test_a_mistake_in_the_section_is_named(line: str, wrong: str) -> None:
    with pytest.raises(ScenarioError, match=wrong):
        parse(f"[failure]\n{line}\n[workload]\nname = 'bank'", "it", {})


def test_failure_has_to_be_a_section() -> None:
    with pytest.raises(ScenarioError, match=r"failure is to be a section"):
        parse("failure = 3\n[workload]\nname = 'bank'", "it", {})


def test_a_scenario_without_the_section_is_no_failure(tmp_path: pytest.TempPathFactory) -> None:
    path = f"{tmp_path}/it.toml"
    with open(path, "w", encoding="utf-8") as file:
        file.write("[workload]\nname = 'bank'\n")

    with pytest.raises(ScenarioError, match="without a failure"):
        read(path)
    with pytest.raises(ScenarioError, match="there is no failure's file"):
        read(f"{tmp_path}/other.toml")


def test_a_person_may_write_one_without_a_digest() -> None:
    recorded = parse(SMALL, "it", {}).failure

    assert recorded is not None
    assert recorded.digest == ""


# The finding that leads ---------------------------------------------------------------------------


def test_what_harms_clients_leads_and_what_explains_comes_last() -> None:
    seen = [finding("graph", "G1b"), finding("structure", "half a transaction")]
    seen += [finding("invariant", "invariant broken"), finding("items", "stale read")] * 2

    assert ordered(seen) == (
        ("items", "stale read"),
        ("structure", "half a transaction"),
        ("graph", "G1b"),
        ("invariant", "invariant broken"),
    )


def test_of_a_mutant_that_leads_which_its_rule_leads_to() -> None:
    seen = [finding("items", "stale read"), finding("timestamps", "data differ")]

    assert ordered(seen, ("data differ",))[0] == ("timestamps", "data differ")
    assert ordered(seen)[0] == ("items", "stale read")


def test_two_words_for_writers_without_an_order_are_one_class_and_no_others_are() -> None:
    assert class_of("data differ") == class_of("order refuted")
    assert class_of("read refuted") == {"read refuted"}
    assert not class_of("stale read") & class_of("read refuted")


def test_a_run_that_holds_is_no_failure() -> None:
    assert found(load("bank", {"workload.transactions": "5"}), 1, None) is None


def test_a_run_that_fails_is_found_with_its_digest() -> None:
    failure = found(load("bank", {"workload.transactions": "10"}), 1, "conditions-are-not-judged")

    assert failure is not None
    assert failure.leading == ("timestamps", "order refuted")
    assert failure.is_seen([finding("timestamps", "data differ")])
    assert not failure.is_seen([finding("items", "stale read")])
    again = found(failure.scenario, failure.seed, failure.mutant)
    assert again is not None
    assert again.digest == failure.digest
