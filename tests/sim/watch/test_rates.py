"""Rates of requests, from counters that are looked at again and again."""

from typing import Any

from sim.watch.rates import Rate, Rates


def answers(done: int, refused: int = 0) -> list[dict[str, Any]]:
    return [
        {"operation": "PutItem", "outcome": "done", "count": done},
        {"operation": "PutItem", "outcome": "ValidationException", "count": refused},
    ]


def test_a_rate_is_what_came_within_the_last_two_seconds() -> None:
    rates = Rates()
    for seconds, count in ((0.0, 0), (1.0, 50), (2.0, 100), (3.0, 100), (4.0, 110)):
        rates.take(seconds, answers(count))

    assert rates.rates() == [Rate("PutItem", 5.0, 110, 0)]


def test_one_look_is_no_rate() -> None:
    rates = Rates()
    assert rates.rates() == []

    rates.take(5.0, answers(7, 3))

    assert rates.rates() == [Rate("PutItem", 0.0, 10, 3)]


def test_a_server_that_was_restarted_has_no_negative_rate() -> None:
    rates = Rates()
    rates.take(0.0, answers(1_000))
    rates.take(1.0, answers(2))
    rates.take(2.0, answers(4))

    assert rates.rates() == [Rate("PutItem", 2.0, 4, 0)]
