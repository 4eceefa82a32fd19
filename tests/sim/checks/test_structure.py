"""What landed on the disks against what was decided: one piece falsified, one finding."""

import pytest

from sim.checkers.outcomes import BY_PARTITIONS
from sim.witness import Refused
from tests.builders import Stage, json_add, json_check, json_put, single
from tests.sim.checks.evidence import Case
from tests.sim.test_history import error

WRITE, ADD, READ, CANCELLED = range(4)


@pytest.fixture
def case() -> Case:
    """Write a and b (on two partitions), add to a, read both, be cancelled."""
    stage = Stage(clients=1)
    (other,) = (name for name in ("b", "c", "d", "e") if is_first_elsewhere(stage, name))
    stage.write(json_put("a", 1), json_put(other, 1))
    stage.do("UpdateItem", single(json_add("a", 1)))
    stage.read("a", other)
    stage.write(json_check("a", "attribute_not_exists(k)"), json_put(other, 2))
    return Case(stage)


def is_first_elsewhere(stage: Stage, name: str) -> bool:
    elsewhere = [one for one in ("b", "c", "d", "e") if stage.owner(one) != stage.owner("a")]
    return name == elsewhere[0]


def test_the_true_story_has_no_finding(case: Case) -> None:
    assert case.findings() == []
    assert len(case.evidence.landed) == 2


def test_half_a_transaction_is_found_and_says_which(case: Case) -> None:
    lost = next(one for one in case.evidence.landed if one.changes[0][0][1] != (("S", "a"),))
    case.evidence.landed.remove(lost)

    (finding,) = (one for one in case.findings() if one.kind == "half a transaction")
    assert "was never applied to things" in finding.explanation
    assert finding.explanation.endswith("but to things a")
    assert "serializable" in finding.refutes


def test_a_lost_application_is_found(case: Case) -> None:
    case.evidence.landed.clear()

    assert "application lost" in case.kinds()


def test_a_transaction_that_is_applied_twice_is_found(case: Case) -> None:
    (first, _) = case.evidence.landed
    ((place, before, after),) = first.changes
    again = first._replace(number=999, changes=((place, before, (after or 0) + 50),))
    case.evidence.landed.append(again)

    assert "applied twice" in case.kinds()


def test_a_check_that_is_carried_out_twice_does_no_harm() -> None:
    stage = Stage(clients=1)
    stage.write(json_check("a", "attribute_not_exists(k)"), json_put("b", 1))
    case = Case(stage)
    checked = next(
        one for one in case.evidence.landed if any(after is None for _, _, after in one.changes)
    )
    case.evidence.landed.append(
        checked._replace(changes=tuple(one for one in checked.changes if one[2] is None))
    )

    assert case.findings() == []


def test_a_singleton_that_is_applied_twice_is_found(case: Case) -> None:
    (applied,) = case.evidence.applied
    case.evidence.applied.append(applied._replace(us=applied.us + 1))

    assert "applied twice" in case.kinds()


@pytest.mark.parametrize("name", ["ConditionalCheckFailedException", "ValidationException"])
def test_a_singleton_that_is_refused_and_applied_is_found(case: Case, name: str) -> None:
    """One copy of it was carried out, and another one refused."""
    (applied,) = case.evidence.applied
    case.evidence.refused.append(Refused(applied.number + 1, applied.request, name))
    case.replace(ADD, answer=error(name))

    (finding,) = (one for one in case.findings() if one.checker == "singletons")
    assert finding.kind == "refused and done"


@pytest.mark.parametrize("name", BY_PARTITIONS)
def test_a_refusal_that_no_partition_said_is_found(case: Case, name: str) -> None:
    case.evidence.applied.clear()
    case.replace(ADD, answer=error(name))

    assert "refusal invented" in case.kinds()


def test_what_a_cancelled_transaction_applied_is_found(case: Case) -> None:
    first = case.evidence.landed[0]
    case.evidence.landed.append(first._replace(transaction=case.transaction(CANCELLED)))

    assert "applied uncommitted" in case.kinds()


def test_what_is_applied_before_it_is_decided_is_found(case: Case) -> None:
    case.evidence.landed[0] = case.evidence.landed[0]._replace(number=0)

    assert "applied undecided" in case.kinds()


def test_what_is_applied_elsewhere_is_found(case: Case) -> None:
    first = case.evidence.landed[0]
    ((place, before, after),) = first.changes
    strange = ((place[0], (("S", "z"),)), before, after)
    case.evidence.landed.append(first._replace(changes=(strange,)))

    assert "applied elsewhere" in case.kinds()


def test_a_read_of_what_was_never_durable_is_found(case: Case) -> None:
    (attempt,) = case.operations[READ].attempts
    reads = case.evidence.reads[attempt]
    case.evidence.reads[attempt] = [one._replace(lsns=(77,) * len(one.lsns)) for one in reads]

    (finding, _) = (one for one in case.findings() if one.kind == "garbage read")
    assert finding.anomaly == "G1a"


def test_what_the_disks_found_is_told(case: Case) -> None:
    # A plain tuple in the shape of a note of the witness.
    wrong = ("timestamp fell", "p1: t1 left a at 3", "t1")
    case.evidence.wrongs.append(wrong)  # type: ignore[arg-type]  # As just said.

    assert case.kinds() == {"timestamp fell"}


# Unknown outcomes: neither dropped nor guessed ----------------------------------------------------


def test_a_transaction_that_happened_unknown_to_its_client_is_no_finding(case: Case) -> None:
    case.replace(WRITE, status=0, answer={})

    assert case.findings() == []


def test_half_a_transaction_of_an_unknown_outcome_is_found(case: Case) -> None:
    case.replace(WRITE, status=0, answer={})
    case.evidence.landed.pop()

    assert "half a transaction" in case.kinds()


def test_a_transaction_of_an_unknown_outcome_that_did_not_happen_is_no_finding() -> None:
    stage = Stage(clients=1)
    stage.write(json_check("a"), json_put("b", 1))
    case = Case(stage)
    case.replace(0, status=0, answer={})

    assert case.findings() == []
