"""Faults as text: what reads, what it reads as, and what is refused in one sentence."""

import pytest

from twophase.local.faults import NONE, Crashes, Faults, FaultsError, parse, parse_next


def test_the_example_of_the_help_reads() -> None:
    text = (
        "loss=0.05,crash=coordinator:10s,skew=50ms,conflict=0.1,throttle=0.02,"
        "latency=5ms..50ms,unknown=0.01"
    )

    assert parse(text) == Faults(
        loss=0.05,
        latency_us_min=5_000,
        latency_us_max=50_000,
        skew_us=50_000,
        conflict=0.1,
        throttle=0.02,
        unknown=0.01,
        crashes=(Crashes("coordinator", 10_000_000, 1_000_000),),
    )


def test_nothing_is_no_fault() -> None:
    assert parse("") == parse(" , ") == NONE
    assert str(NONE) == "none"


def test_several_kinds_of_nodes_may_crash() -> None:
    assert parse("crash=router:1s, crash=any:2s:500ms").crashes == (
        Crashes("router", 1_000_000, 1_000_000),
        Crashes("any", 2_000_000, 500_000),
    )


@pytest.mark.parametrize(
    "text",
    [
        "loss=0.05,conflict=1.0",
        "latency=5ms..50ms,skew=1500us",
        "latency=0us..50ms",
        "crash=coordinator:10s:1s,crash=any:1m:1500ms",
        "repeat=0.5,throttle=0.25,unknown=0.125",
    ],
)
def test_what_is_told_reads_as_the_same_faults(text: str) -> None:
    assert parse(str(parse(text))) == parse(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lost=0.1", "'lost=0.1' is no fault: there are loss, repeat, latency, crash, skew,"),
        ("lost", "'lost' is no fault"),
        ("loss", "loss takes a value, as in loss=0.02"),
        ("loss=0.1,skew", "skew takes a value, as in skew=50ms"),
        ("crash", "crash takes a value, as in crash=coordinator:10s"),
        (
            "next PutItem: throttle",
            "'next PutItem: throttle' is a step: it stands alone, and is told to a server that",
        ),
        ("loss=0.1, next PutItem: throttle", "'next PutItem: throttle' is a step: it stands alone"),
        ("loss=2", "loss is a probability from 0 to 1, as in loss=0.05, not '2'"),
        ("loss=-0.1", "loss is a probability"),
        ("loss=nan", "loss is a probability"),
        ("loss=0.٣", "loss is a probability"),
        ("latency=٣ms", "latency takes a duration"),
        ("conflict=", "conflict is a probability"),
        ("loss=0.1,loss=0.2", "loss is there twice"),
        ("latency=1ms,latency=2ms", "latency is there twice"),
        ("latency=50ms..5ms", "latency goes from less to more"),
        ("latency=5", "latency takes a duration of up to a day, as in 50ms"),
        ("skew=2000m", "skew takes a duration"),
        ("crash=disk:1s", "crash names one of coordinator, partition, ledger, router, manager"),
        ("crash=router", "crash names one of"),
        ("crash=router:1ms", "a node crashes every 100ms at most"),
        ("loss=0.9,repeat=0.9", "must leave 5 % of the messages alone"),
        ("x" * 2_000, "in 1000 characters at most"),
    ],
)
def test_what_names_no_fault_is_told_what_would_be_right(text: str, told: str) -> None:
    with pytest.raises(FaultsError) as refused:
        parse(text)

    assert told in str(refused.value)


def test_the_place_of_a_step_is_of_the_digits_from_0_to_9() -> None:
    with pytest.raises(FaultsError, match=r"is no step: say 'next TransactWriteItems: conflict 2'"):
        parse_next("next TransactWriteItems: conflict ٣")
