"""Each item by itself: whoever was answered before another one asked comes first."""

import pytest

from tests.builders import Stage, json_add, json_key, json_put, single
from tests.sim.checks.evidence import Case

WRITE, FIRST_GET, ADD, SECOND_GET = range(4)


@pytest.fixture
def case() -> Case:
    """Write a, read it, add to it, read it again, each after the other."""
    stage = Stage(clients=1)
    stage.write(json_put("a", 1))
    stage.run_for(1)  # Asked at the very moment of an answer is not after it.
    stage.get("a")
    stage.run_for(1)
    stage.do("UpdateItem", single(json_add("a", 1)))
    stage.run_for(1)
    stage.get("a")
    return Case(stage)


def as_read_by(case: Case, place: int, other: int) -> None:
    """Have one read shown what another one was shown."""
    (mine,), (theirs,) = case.operations[place].attempts, case.operations[other].attempts
    lsns = case.evidence.reads[theirs][0].lsns
    case.evidence.reads[mine] = [read._replace(lsns=lsns) for read in case.evidence.reads[mine]]
    case.replace(place, answer=case.operations[other].answer)


def linear(case: Case) -> list[str]:
    return [one.kind for one in case.findings() if one.checker == "items"]


def test_the_true_story_has_no_finding(case: Case) -> None:
    assert case.findings() == []


def test_a_stale_read_is_found_and_explained(case: Case) -> None:
    as_read_by(case, SECOND_GET, FIRST_GET)

    (finding,) = (one for one in case.findings() if one.checker == "items")
    assert finding.kind == "stale read"
    assert "must come before" in finding.explanation
    assert finding.explanation.endswith("a contradiction")
    assert "linearizable" in finding.refutes
    assert finding.possible == ("serializable",)


def test_a_stale_read_beside_the_write_is_no_finding(case: Case) -> None:
    as_read_by(case, SECOND_GET, FIRST_GET)
    case.replace(ADD, returned_us=case.operations[SECOND_GET].invoked_us)

    assert linear(case) == []


def test_a_read_that_was_asked_for_twice_may_have_been_answered_by_the_later_one(
    case: Case,
) -> None:
    (old,), (new,) = (case.operations[one].attempts for one in (FIRST_GET, SECOND_GET))
    case.evidence.reads[new] = [*case.evidence.reads[old], *case.evidence.reads[new]]

    assert linear(case) == []


def test_a_read_of_what_comes_later_is_found(case: Case) -> None:
    as_read_by(case, FIRST_GET, SECOND_GET)

    assert linear(case) == ["late write"]


def test_two_reads_that_go_back_are_found(case: Case) -> None:
    as_read_by(case, FIRST_GET, SECOND_GET)
    as_read_by(case, SECOND_GET, FIRST_GET)
    stage_now = case.operations[ADD]
    case.replace(ADD, invoked_us=0, returned_us=stage_now.returned_us + 10_000_000)
    (first,), (second,) = (case.operations[n].attempts for n in (FIRST_GET, SECOND_GET))
    new, old = case.evidence.reads[first][0].lsns, (1,)
    case.evidence.reads[second] = [read._replace(lsns=old) for read in case.evidence.reads[second]]

    assert new != old
    assert linear(case) == ["stale read"]


def test_one_of_several_readings_that_fits_is_enough(case: Case) -> None:
    (attempt,) = case.operations[FIRST_GET].attempts
    (later,) = case.operations[SECOND_GET].attempts
    case.evidence.reads[attempt] += case.evidence.reads[later]

    assert linear(case) == []


# Unknown outcomes ---------------------------------------------------------------------------------


def test_a_write_of_an_unknown_outcome_may_come_as_late_as_it_likes(case: Case) -> None:
    case.replace(ADD, status=0, answer={})
    as_read_by(case, SECOND_GET, FIRST_GET)

    assert linear(case) == []


def test_a_write_of_an_unknown_outcome_cannot_come_before_it_was_asked_for(case: Case) -> None:
    case.replace(ADD, status=0, answer={})
    as_read_by(case, FIRST_GET, SECOND_GET)

    assert linear(case) == ["late write"]


def test_a_write_that_did_not_happen_has_no_place() -> None:
    stage = Stage(clients=1)
    stage.get("a")
    stage.do("UpdateItem", single(json_add("a", 1, "attribute_exists(k)")))
    stage.get("a")
    case = Case(stage)
    case.replace(1, status=0, answer={})

    assert case.findings() == []
    assert case.operations[0].request["Key"] == json_key("a")
