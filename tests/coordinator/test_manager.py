"""Recovery managers: what they look at, what they hand over, and what they forget (§3.5)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.ledger import Entry
from coordinator.manager import NOTES, Horizon
from coordinator.options import CoordinatorOptions
from network.messages import Page, Recover, Scan, Stalled
from partition.options import PartitionOptions
from tests.builders import SECOND_US, Asked, Stage, calm, json_add, transaction
from tests.coordinator.held import entries, hold_votes, let_go

AGO_US = 1_600
STEP_US = AGO_US // NOTES  # Between two notes, at least.

# A horizon ----------------------------------------------------------------------------------------


def test_nothing_is_known_of_before_the_first_note() -> None:
    horizon = Horizon(AGO_US)
    assert horizon.lsn(AGO_US) == -1

    horizon.note(0, 7)

    assert horizon.lsn(AGO_US - 1) == -1
    assert horizon.lsn(AGO_US) == 7


def test_the_lsn_is_of_the_last_note_that_is_old_enough() -> None:
    horizon = Horizon(AGO_US)
    for n in range(5):
        horizon.note(n * STEP_US, 10 + n)

    assert [horizon.lsn(AGO_US + n * STEP_US) for n in range(5)] == [10, 11, 12, 13, 14]
    assert horizon.lsn(AGO_US + 5 * STEP_US - 1) == 14


def test_an_old_lsn_is_known_for_as_long_as_nothing_newer_is() -> None:
    horizon = Horizon(AGO_US)
    horizon.note(0, 7)

    assert horizon.lsn(100 * AGO_US) == horizon.lsn(200 * AGO_US) == 7


def test_notes_that_come_soon_are_left_out() -> None:
    horizon = Horizon(AGO_US)
    horizon.note(0, 7)
    horizon.note(STEP_US - 1, 8)

    assert horizon.lsn(AGO_US + STEP_US) == 7


def test_a_horizon_keeps_few_notes() -> None:
    horizon = Horizon(AGO_US)

    for us in range(10 * AGO_US):
        horizon.note(us, us)
        horizon.lsn(us)

    assert len(horizon._notes) <= NOTES + 2


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 5)), min_size=1, max_size=60))
def test_what_is_written_later_is_never_taken_for_unchanged(moves: list[tuple[int, int]]) -> None:
    # Each move lets time go by and things be written; the LSN at each time is remembered here.
    horizon, now_us, lsn = Horizon(AGO_US), 0, 0
    lsns = {0: 0}
    horizon.note(0, 0)
    for wait_us, written in moves:
        now_us, lsn = now_us + wait_us, lsn + written
        lsns[now_us] = lsn
        horizon.note(now_us, lsn)

        found = horizon.lsn(now_us)

        then = [us for us in lsns if us <= now_us - AGO_US]
        assert found <= (lsns[max(then)] if then else -1)
        assert (found >= 0) is bool(then)


# On a ledger node ---------------------------------------------------------------------------------

SCAN_US = 1_000_000
VALID_US = 20 * SECOND_US


def staged(**options: Any) -> Stage:
    """Make a cluster whose partitions report nothing, and whose manager looks every second."""
    plain = {"scan_us": SCAN_US, "token_valid_us": VALID_US, **options}
    return Stage(
        coordinators=1,
        settings=calm(
            coordinator=CoordinatorOptions(**plain),
            partition=PartitionOptions(stalled_after_us=10**15),
        ),
    )


def begin(stage: Stage, *names: str) -> list[Asked]:
    return [
        stage.begin("TransactWriteItems", transaction(json_add(name, 1), token=f"token {name}"))
        for name in names
    ]


def write(stage: Stage, *names: str) -> None:
    for asked in begin(stage, *names):
        assert asked.answer().outcome == "committed"


def by_token(stage: Stage) -> dict[str, Entry]:
    """Return the ledger's entries by their tokens."""
    return {entry.transaction.entry: entry for entry in entries(stage)}


def handed_over(stage: Stage) -> list[str]:
    """Return the tokens of what was handed to coordinators, in order."""
    return [message.entry for _, _, message in stage.said if isinstance(message, Recover)]


def looks(stage: Stage) -> list[tuple[Scan, Page]]:
    """Return all questions of the manager, each with its answer."""
    asked = [one for source, _, one in stage.said if source == "m1" and isinstance(one, Scan)]
    told = [one for _, target, one in stage.heard if target == "m1" and isinstance(one, Page)]
    return list(zip(asked, told, strict=False))


def test_only_what_has_stood_unfinished_for_long_is_handed_over() -> None:
    stage = staged()
    write(stage, "done")
    hold_votes(stage)
    begin(stage, "slow")
    stage.run_for(3 * SECOND_US)
    begin(stage, "new")

    stage.run_for(4 * SECOND_US)

    assert set(handed_over(stage)) == {"token slow"}
    assert not stage.has_heard(Stalled)


def test_what_is_handed_over_names_its_transaction_and_no_partition() -> None:
    stage = staged()
    hold_votes(stage)
    begin(stage, "slow")
    stage.run_for(7 * SECOND_US)

    found = next(message for _, _, message in stage.said if isinstance(message, Recover))

    assert found.transaction == by_token(stage)["token slow"].transaction.id
    assert (found.partition, found.keys) == ("", ())


def test_what_stands_still_is_handed_over_again_and_again_until_it_is_finished() -> None:
    stage = staged()
    hold_votes(stage)
    begin(stage, "slow")
    stage.run_for(15 * SECOND_US)
    assert len(handed_over(stage)) >= 5

    let_go(stage)
    stage.run_for(3 * SECOND_US)
    before = len(handed_over(stage))
    stage.run_for(10 * SECOND_US)

    assert len(handed_over(stage)) == before
    assert {entry.state for entry in by_token(stage).values()} == {"COMPLETED"}


def test_whatever_is_written_in_an_entry_is_a_step_forward() -> None:
    stage = staged()
    hold_votes(stage)
    begin(stage, "slow")
    for call in range(8):
        stage.run_for(SECOND_US)
        other = transaction(json_add("slow", 2), token="token slow")
        stage.do("TransactWriteItems", other, client="k2", call=f"mistake {call}")

    assert handed_over(stage) == []


def test_a_manager_that_came_back_waits_before_it_calls_anything_stalled() -> None:
    stage = staged()
    hold_votes(stage)
    begin(stage, "slow")
    stage.run_for(4 * SECOND_US)

    stage.cluster.crash("m1")
    stage.cluster.start("m1")
    stage.run_for(5 * SECOND_US)
    assert handed_over(stage) == []
    stage.run_for(3 * SECOND_US)

    assert set(handed_over(stage)) == {"token slow"}


@pytest.mark.parametrize("pages", [1, 2, 10])
def test_all_pages_of_a_ledger_are_looked_through(pages: int) -> None:
    stage = staged(scan_page=2, scan_pages=pages)
    hold_votes(stage)
    begin(stage, *"abcdefg")

    stage.run_for(20 * SECOND_US)

    assert set(handed_over(stage)) == {f"token {name}" for name in "abcdefg"}


@pytest.mark.parametrize("pages", [1, 2, 10])
def test_each_page_goes_on_where_the_last_one_ended(pages: int) -> None:
    stage = staged(scan_page=2, scan_pages=pages)
    write(stage, *"abcdefg")

    stage.run_for(10 * SECOND_US)

    found = looks(stage)
    assert [scan.limit for scan, _ in found] == [2] * len(found)
    assert [scan.after for scan, _ in found[1:]] == [page.last for _, page in found[:-1]]


def test_a_look_has_so_many_pages_at_most() -> None:
    stage = staged(scan_page=2, scan_pages=3)
    write(stage, *"abcdefghijklmnop")
    before = len(looks(stage))

    stage.run_for(10 * SCAN_US)

    # 16 entries are more than 3 pages of 2, so no look sees them all.
    assert 20 <= len(looks(stage)) - before <= 30


def test_a_manager_that_came_to_the_end_begins_again_at_the_beginning() -> None:
    stage = staged(scan_page=2, scan_pages=2, token_valid_us=1_000 * SECOND_US)
    hold_votes(stage)
    begin(stage, *"abcdefg")
    stage.run_for(20 * SECOND_US)
    found = looks(stage)

    first = next(n for n, (scan, _) in enumerate(found) if scan.after is None)
    round_ = []
    for _, page in found[first:]:
        round_ += [item["Entry"][1] for item in page.items]
        if page.last is None:
            break

    assert found[0][0].after is not None  # It begins anywhere.
    assert sorted(round_) == [f"token {name}" for name in "abcdefg"]


def test_two_managers_begin_at_different_places() -> None:
    # Else they would look at the same entries at the same time, again and again.
    stage = Stage(managers=2)
    stage.run_for(5 * SECOND_US)

    starts = [
        next(one.after for source, _, one in stage.said if source == node and isinstance(one, Scan))
        for node in stage.cluster.managers
    ]

    assert len(set(starts)) == 2


def test_completed_entries_are_passed_over_until_some_may_be_old() -> None:
    stage = staged()
    write(stage, *"abc")

    stage.run_for(VALID_US // 2)

    assert {scan.filter for scan, _ in looks(stage)} == {"#state <> :completed"}
    assert all(page.items == () for _, page in looks(stage)[2:])
    stage.run_for(VALID_US)
    assert looks(stage)[-1][0].filter is None


# Forgetting ---------------------------------------------------------------------------------------


def test_an_entry_is_forgotten_when_it_has_been_completed_for_long_enough() -> None:
    stage = staged()
    write(stage, "a")

    stage.run_for(VALID_US)
    assert set(by_token(stage)) == {"token a"}
    stage.run_for(VALID_US // NOTES + 3 * SCAN_US)

    assert by_token(stage) == {}


def test_an_entry_is_counted_from_its_completion_and_not_from_its_beginning() -> None:
    stage = staged(votes_deadline_us=1_000 * SECOND_US)
    hold_votes(stage)
    begin(stage, "slow")
    stage.run_for(VALID_US)
    let_go(stage)
    stage.run_for(SECOND_US)
    assert by_token(stage)["token slow"].state == "COMPLETED"

    stage.run_for(VALID_US - SECOND_US)

    assert set(by_token(stage)) == {"token slow"}
    stage.run_for(VALID_US // NOTES + 3 * SCAN_US)
    assert by_token(stage) == {}


def test_each_entry_has_its_own_time() -> None:
    stage = staged()
    write(stage, "a")
    stage.run_for(VALID_US // 2)
    write(stage, "b")

    stage.run_for(VALID_US // 2 + VALID_US // NOTES + 3 * SCAN_US)
    assert set(by_token(stage)) == {"token b"}
    stage.run_for(VALID_US // 2)

    assert by_token(stage) == {}


def test_what_is_not_completed_is_never_forgotten() -> None:
    stage = staged(votes_deadline_us=10_000 * SECOND_US)
    hold_votes(stage)
    begin(stage, "slow")

    stage.run_for(5 * VALID_US)

    assert by_token(stage)["token slow"].state == "PREPARING"


@pytest.mark.parametrize("pages", [1, 2, 10])
def test_old_entries_on_all_pages_are_forgotten(pages: int) -> None:
    stage = staged(scan_page=3, scan_pages=pages)
    write(stage, *"abcdefghij")

    stage.run_for(2 * VALID_US)

    assert by_token(stage) == {}


def test_a_manager_that_came_back_waits_before_it_forgets_anything() -> None:
    stage = staged()
    write(stage, "a")
    stage.run_for(VALID_US - SECOND_US)

    stage.cluster.crash("m1")
    stage.cluster.start("m1")
    stage.run_for(VALID_US)
    assert set(by_token(stage)) == {"token a"}
    stage.run_for(VALID_US // NOTES + 3 * SCAN_US)

    assert by_token(stage) == {}


def test_each_ledger_node_is_looked_through() -> None:
    stage = Stage(
        ledgers=3,
        settings=calm(coordinator=CoordinatorOptions(scan_us=SCAN_US, token_valid_us=VALID_US)),
    )
    write(stage, *"abcdefghij")
    kept = [len(stage.cluster.disks[node].contents.records) for node in stage.cluster.ledgers]
    assert all(kept)

    stage.run_for(2 * VALID_US)

    assert stage.entries() == []
