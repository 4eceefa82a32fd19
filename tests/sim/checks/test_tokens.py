"""Several calls under one token: what may be told and decided, and what only looks wrong."""

import pytest

from sim.checkers.evidence import NEVER_US, Evidence
from sim.checkers.instants import Instants
from sim.checkers.linear import check_items
from sim.checkers.outcomes import check_outcomes
from sim.checkers.reasons import check_reasons
from sim.cluster_run import Run
from sim.history import Operation
from sim.scenario import load

SAME = "k1: write delete(a) [token=T]\nk2: at 50ms write delete(a) [token=T]\nk2: get a"
OTHER = "k1: write delete(a) [token=T]\nk2: at 50ms write put(d, 1) [token=T]"
LATER = "k1: write put(d, 1) [token=T]\nk2: at 700s write put(d, 2) [token=T]"
VALID_US = 600_000_000


def evidence_of(requests: str, token_valid_us: int = VALID_US) -> Evidence:
    keys = {"workload.requests": requests, "workload.clients": "2", "workload.there": "a=0"}
    going = Run(load("one-transaction", keys), 1)
    assert going.go().findings == ()
    tables = going.workload.tables
    return Evidence(going.history, going.witness, tables, token_valid_us=token_valid_us)


def kinds(evidence: Evidence) -> set[str]:
    instants = Instants(evidence)
    found = [*check_outcomes(evidence), *check_reasons(evidence), *check_items(evidence)]
    return {one.kind for one in (*found, *instants.findings, *instants.late)}


def written(evidence: Evidence) -> list[Operation]:
    """Return the write transactions of both clients, the first one's first."""
    return [one for one in evidence.operations if one.name == "TransactWriteItems"]


def replace(evidence: Evidence, old: Operation, **fields: object) -> Operation:
    new: Operation = old._replace(**fields)  # type: ignore[arg-type]  # A field's own.
    evidence.operations = [new if one is old else one for one in evidence.operations]
    evidence.by_call = {name: new if one is old else one for name, one in evidence.by_call.items()}
    return new


def test_a_token_that_is_no_longer_valid_may_lead_to_another_commit() -> None:
    assert kinds(evidence_of(LATER)) == set()


def test_a_token_that_is_valid_may_not() -> None:
    assert kinds(evidence_of(LATER, token_valid_us=VALID_US + 200_000_000)) == {
        "token applied twice"
    }


@pytest.mark.parametrize(
    ("moment", "found"), [(1, {"token forgotten"}), (-1, set())], ids=["after", "before"]
)
def test_nothing_is_decided_after_a_tokens_commit(moment: int, found: set[str]) -> None:
    evidence = evidence_of(SAME)
    (commit,) = (one for one in evidence.decisions if one.token == "T")
    other = commit._replace(
        number=commit.number + moment, transaction="another", call="k2/1", commits=False
    )

    evidence.decisions.append(other)

    assert kinds(evidence) == found


def test_a_mismatch_is_true_where_the_token_stands_for_another_request() -> None:
    evidence = evidence_of(OTHER)

    assert written(evidence)[1].error == "IdempotentParameterMismatchException"
    assert kinds(evidence) == set()


def test_a_mismatch_is_not_true_of_the_request_that_everybody_made() -> None:
    evidence = evidence_of(OTHER)
    first, second = written(evidence)

    replace(evidence, second, request=first.request)

    assert kinds(evidence) == {"mismatch invented"}


def test_a_mismatch_is_not_true_of_the_request_that_was_committed() -> None:
    evidence = evidence_of(OTHER)
    first, second = written(evidence)
    third = second._replace(call="k2/9", request=first.request, attempts=[])

    evidence.operations.append(third)

    assert kinds(evidence) == {"mismatch invented"}


def test_a_mismatch_may_be_true_of_it_when_its_token_is_no_longer_valid() -> None:
    evidence = evidence_of(OTHER)
    first, second = written(evidence)
    later_us = first.invoked_us + evidence.token_valid_us
    third = second._replace(call="k2/9", request=first.request, attempts=[])

    evidence.operations.append(third._replace(invoked_us=later_us, returned_us=later_us + 1))

    assert kinds(evidence) == set()


def test_a_reason_is_not_true_that_another_call_was_given() -> None:
    requests = "k1: write delete(a if missing) [token=T]"
    evidence = evidence_of(f"{requests}\nk2: at 50ms write delete(d if missing) [token=T]")
    cancelled, other = written(evidence)

    replace(evidence, other, status=400, answer=cancelled.answer)

    assert kinds(evidence) == {"cancelled and committed", "reason misplaced"}


def test_a_commit_is_over_when_any_call_under_its_token_was_told() -> None:
    evidence = evidence_of(SAME)
    first, second = written(evidence)
    assert evidence.over_us(first) == first.returned_us < second.returned_us

    evidence = evidence_of(SAME)
    first = replace(evidence, written(evidence)[0], status=0, answer={})

    assert first.is_unknown
    assert evidence.over_us(first) == second.returned_us
    assert evidence.over(first) == (
        f"was known to {second.call}, under the same token, at {second.returned_us} µs"
    )


def test_nobody_is_told_committed_before_others_may_read_it() -> None:
    """The other client's answer says that the item is gone: from then on nobody may see it."""
    evidence = evidence_of(SAME)
    first, second = written(evidence)
    replace(evidence, first, status=0, answer={})
    (get,) = (one for one in evidence.operations if one.name == "GetItem")
    (commit,) = (one for one in evidence.decisions if one.token == "T")
    early = [one._replace(number=commit.number - 1) for one in evidence.reads[get.attempts[0]]]
    (landed,) = (one for one in evidence.landed if one.transaction == commit.transaction)
    ((_, before, _),) = landed.changes

    evidence.reads[get.attempts[0]] = [one._replace(lsns=(before,)) for one in early]

    assert second.returned_us < get.invoked_us < NEVER_US
    assert "stale read" in kinds(evidence)
