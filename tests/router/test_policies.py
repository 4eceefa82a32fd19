"""Policies: what fits a pattern, and what a principal's statements come to."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.policies import Decision, Patterns, Principal, Statement, fits

PUT, GET, DELETE = "dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:DeleteItem"
TABLES = "arn:aws:dynamodb:us-east-1:000000000000:table/"
ORDERS, PAYMENTS = f"{TABLES}Orders", f"{TABLES}Payments"

# Few characters, so that patterns fit now and then, and stars get in each other's way.
patterns = st.text("ab*?:/", max_size=8)
names = st.text("ab*?:/", max_size=10)


def allow(actions: str, resources: str = "*") -> Statement:
    return Statement(True, Patterns((actions.lower(),)), Patterns((resources,)))


def deny(actions: str, resources: str = "*") -> Statement:
    return Statement(False, Patterns((actions.lower(),)), Patterns((resources,)))


def somebody(*statements: Statement) -> Principal:
    return Principal("app", "APP", statements)


# Patterns.


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("*", "anything: at / all", True),
        ("?", "", False),
        ("?", "a", True),
        ("a*c", "abbc", True),
        ("a*c", "abcb", False),
        ("*ab*ab", "abab", True),
        ("*aab", "aaab", True),  # The star takes one more than it seemed to need.
        ("a?c", "a*c", True),
        ("a.c", "abc", False),  # Nothing but * and ? is special.
        ("arn:aws:dynamodb:*:*:table/Orders", ORDERS, True),
        ("arn:aws:dynamodb:*:*:table/Orders", f"{ORDERS}/index/ByDate", False),
        ("arn:aws:dynamodb:*:*:table/Orders/index/*", f"{ORDERS}/index/ByDate", True),
        ("arn:aws:dynamodb:*:*:table/Ord*", ORDERS, True),
        ("arn:aws:dynamodb:eu-*:*:table/Orders", ORDERS, False),
        ("arn:aws:dynamodb:*:*:table/orders", ORDERS, False),  # Names of tables have capitals.
    ],
)
def test_a_pattern_fits_what_it_says(pattern: str, name: str, expected: bool) -> None:
    assert fits(pattern, name) is expected


def fits_by_definition(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(fits_by_definition(pattern[1:], name[n:]) for n in range(len(name) + 1))
    return bool(name) and pattern[0] in ("?", name[0]) and fits_by_definition(pattern[1:], name[1:])


@settings(max_examples=500, deadline=None, derandomize=True)
@given(patterns, names)
def test_patterns_fit_as_their_definition_says(pattern: str, name: str) -> None:
    assert fits(pattern, name) is fits_by_definition(pattern, name)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=8), st.text(max_size=12))
def test_patterns_fit_as_regular_expressions_do(pattern: str, name: str) -> None:
    parts = [{"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern]

    assert fits(pattern, name) is (re.fullmatch("".join(parts), name, re.DOTALL) is not None)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(names, st.data())
def test_a_name_with_parts_taken_out_fits_it(name: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(name)))
    end = data.draw(st.integers(cut, len(name)))

    assert fits(f"{name[:cut]}*{name[end:]}", name)


def test_many_stars_take_no_time() -> None:
    assert not fits("*a" * 300 + "b", "a" * 1_000)  # By trying all: more ways than atoms.


# Statements.


def test_nobody_may_do_what_nothing_allows() -> None:
    assert somebody().decide(PUT, ORDERS) is Decision.NOT_ALLOWED
    assert somebody(allow(GET)).decide(PUT, ORDERS) is Decision.NOT_ALLOWED
    assert somebody(allow(PUT, PAYMENTS)).decide(PUT, ORDERS) is Decision.NOT_ALLOWED
    assert somebody(allow(PUT, ORDERS)).decide(PUT, ORDERS) is Decision.ALLOWED


def test_actions_have_no_capitals() -> None:
    assert somebody(allow("DYNAMODB:putITEM")).decide(PUT, ORDERS) is Decision.ALLOWED
    assert somebody(allow("dynamodb:Put*")).decide("dynamodb:PUTITEM", ORDERS) is Decision.ALLOWED


@pytest.mark.parametrize("turn", [1, -1])
def test_a_deny_wins_wherever_it_stands(turn: int) -> None:
    app = somebody(*[allow("*"), deny("dynamodb:Delete*", ORDERS), allow(DELETE, ORDERS)][::turn])

    assert app.decide(DELETE, ORDERS) is Decision.DENIED
    assert app.decide(DELETE, PAYMENTS) is Decision.ALLOWED
    assert app.decide(PUT, ORDERS) is Decision.ALLOWED


def test_a_statement_may_say_what_it_is_not_about() -> None:
    others = Patterns((DELETE.lower(),), all_others=True)
    elsewhere = Patterns((PAYMENTS,), all_others=True)
    app = somebody(Statement(True, others, Patterns(("*",))))
    careful = somebody(allow("*"), Statement(False, Patterns(("*",)), elsewhere))

    assert app.decide(PUT, ORDERS) is Decision.ALLOWED
    assert app.decide(DELETE, ORDERS) is Decision.NOT_ALLOWED
    assert careful.decide(PUT, PAYMENTS) is Decision.ALLOWED
    assert careful.decide(PUT, ORDERS) is Decision.DENIED


def test_a_secret_is_not_shown() -> None:
    assert "hush" not in repr(Principal("app", "APP", (), "hush"))
