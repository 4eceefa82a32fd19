"""The queue of jobs: what workers ask for under one token, and what they are told."""

import os
import subprocess
import sys
from collections import Counter, defaultdict

import pytest

from sim.cluster_run import Run
from sim.history import Operation
from sim.mutants.catalogue import MUTANTS, applied
from sim.result import outcomes
from sim.run import run
from sim.scenario import load
from sim.workload import HasInvariant
from sim.workloads.registry import make
from tests.tidy import ROOT

SEEDS, SEEDS_SOAK = 4, 1_000
# Everything that a call under a token may meet.
HARD = {
    "workload.transactions": "80",
    "network.loss": "0.05",
    "network.repeat": "0.05",
    "network.late": "0.05",
    "faults.crashes": "4",
    "faults.partition_splits": "3",
    "cluster.ledgers": "2",
    "protocol.stalled_after_us": "500_000",
}
MARKS = ("token.replayed", "token.mismatched", "token.in_progress", "token.begun_anew")
DIGEST = """
from sim.run import run
from sim.scenario import load
print(run(load("work-queue", {"faults.all": "2", "workload.transactions": "60"}), 3).digest)
"""


@pytest.fixture(scope="module")
def ran() -> Run:
    going = Run(load("work-queue"), 1)
    assert going.go().ok
    return going


@pytest.fixture(scope="module")
def jobs(ran: Run) -> dict[str, list[Operation]]:
    """Give the calls under each token that a job's round has."""
    found: dict[str, list[Operation]] = defaultdict(list)
    for one in ran.history:
        token = str(one.request.get("ClientRequestToken", ""))
        if token.startswith("job"):
            found[token].append(one)
    return found


def test_every_kind_of_request_is_asked_for_and_answered(ran: Run) -> None:
    done = {one.name for one in ran.history if one.outcome == "committed"}

    assert {"TransactWriteItems", "TransactGetItems", "GetItem"} <= done
    assert {"UpdateItem", "DeleteItem"} <= done


def test_under_one_token_there_are_one_request_or_two(jobs: dict[str, list[Operation]]) -> None:
    requests = {token: {repr(one.request) for one in calls} for token, calls in jobs.items()}

    assert {len(some) for some in requests.values()} == {1, 2}
    assert len({request for some in requests.values() for request in some}) == sum(
        map(len, requests.values())
    )


def test_several_workers_share_a_token_and_some_of_them_at_once(
    jobs: dict[str, list[Operation]],
) -> None:
    together = 0
    for calls in jobs.values():
        for one in calls:
            together += any(
                other.client != one.client and other.invoked_us < one.returned_us
                for other in calls
                if other.invoked_us > one.invoked_us
            )

    assert sum(len({one.client for one in calls}) > 1 for calls in jobs.values()) > 10
    assert together > 10


def test_a_token_says_of_one_commit_to_many_and_of_a_mismatch_to_others(
    jobs: dict[str, list[Operation]],
) -> None:
    told = {
        token: Counter(one.error or one.outcome for one in calls) for token, calls in jobs.items()
    }

    assert any(ends["committed"] > 2 for ends in told.values())
    assert any(ends["TransactionCanceledException"] and ends["committed"] for ends in told.values())
    assert any(
        ends["IdempotentParameterMismatchException"] and ends["committed"] for ends in told.values()
    )


def test_a_run_gets_somewhere(ran: Run) -> None:
    ends, codes = outcomes(ran.history)

    assert ends["committed"] > 60
    assert codes["TransactionConflict"] > 0
    assert codes["ConditionalCheckFailed"] > 0


def test_every_check_holds_and_every_mark_of_tokens_is_seen(soak: bool) -> None:
    scenario, marks = load("work-queue", HARD), dict.fromkeys(MARKS, 0)
    for seed in range(SEEDS_SOAK if soak else SEEDS):
        result = run(scenario, seed)
        assert result.findings == (), seed
        assert "invariant" in result.checks
        for mark in marks:
            marks[mark] += result.marks.get(mark, 0)
    assert all(marks.values()), marks


def test_as_many_effects_as_rounds_are_all_that_is_right() -> None:
    queue = make("work_queue", {"jobs": 2, "teams": 1})
    assert isinstance(queue, HasInvariant)
    job, team = {"round": {"N": "2"}}, {"effects": {"N": "4"}}

    assert queue.broken([job, job, team]) == ""
    assert queue.broken([job, None, team]) == (
        "the jobs have had 2 rounds, and the teams have 4 effects of them"
    )
    assert len([*queue.watched()]) == len([*queue.items()]) == 3


def test_a_run_is_the_same_in_every_process() -> None:
    digests = set()
    for noise in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": noise, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", DIGEST]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout)

    assert len(digests) == 1


@pytest.mark.parametrize(
    "name",
    ["requests-are-not-compared", "calls-are-not-told-apart", "each-call-is-another-request"],
)
def test_where_every_call_has_its_own_token_nothing_is_found(name: str) -> None:
    with applied(MUTANTS[name]):
        assert run(load("bank", {"workload.transactions": "60"}), 1).findings == ()
        assert run(load("work-queue", {"workload.transactions": "60"}), 1).findings != ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("jobs", 0),
        ("teams", 51),
        ("budget", -1),
        ("deliveries", 0),
        ("late", 1.5),
        ("newer", "often"),
    ],
)
def test_a_wrong_key_is_named(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        make("work_queue", {key: value})  # type: ignore[dict-item]  # As a file might have it.
