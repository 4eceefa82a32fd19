from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.errors import (
    NUMBER_OVERFLOW,
    NUMBER_TOO_LONG,
    NUMBER_UNDERFLOW,
    VALIDATION,
    DynamoDBError,
)
from items.numbers import add, canonical, subtract
from tests.items.strategies import numbers

EXACT = Context(prec=400)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0.000", "0"),
        ("0e999999999999", "0"),
        ("7", "7"),
        ("007", "7"),
        ("+3", "3"),
        ("-3", "-3"),
        ("-007.50", "-7.5"),
        ("1.00", "1"),
        ("5.", "5"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("1e3", "1000"),
        ("1E+3", "1000"),
        ("1.5e1", "15"),
        ("123.456e1", "1234.56"),
        ("1e-20", "0.00000000000000000001"),
        ("1e125", "1" + "0" * 125),
        ("9" * 38 + "e88", "9" * 38 + "0" * 88),
        ("1e-130", "0." + "0" * 129 + "1"),
        ("1" + "0" * 60, "1" + "0" * 60),  # Many digits, one of them significant.
        ("0" * 50 + "1", "1"),
        ("0.1e000000000000002", "10"),
    ],
)
def test_a_number_has_one_text(written: str, stored: str) -> None:
    assert canonical(written) == stored


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1e126", NUMBER_OVERFLOW),
        ("-1e126", NUMBER_OVERFLOW),
        ("1" + "0" * 126, NUMBER_OVERFLOW),
        ("1e999999999999999999999", NUMBER_OVERFLOW),
        ("1e-131", NUMBER_UNDERFLOW),
        ("0.01e-129", NUMBER_UNDERFLOW),
        ("1e-999999999999999999999", NUMBER_UNDERFLOW),
        ("1" * 39, NUMBER_TOO_LONG),
        ("1." + "0" * 37 + "1", NUMBER_TOO_LONG),
        ("", "The parameter cannot be converted to a numeric value"),
        *(
            (text, f"The parameter cannot be converted to a numeric value: {text}")
            for text in [
                *("NaN", "Infinity", "-Infinity", " 1", "1 ", "1_000", "0x10", "one", ".", "e5"),
                *("1e", "--1", "+-1", "1,5", "1.2.3", "٣", "²", "1\n"),
            ]
        ),
    ],
)
def test_what_is_no_number_or_does_not_fit_is_refused(text: str, message: str) -> None:
    with pytest.raises(DynamoDBError) as refusal:
        canonical(text)

    assert refusal.value.kind is VALIDATION
    assert refusal.value.message == message


def test_a_megabyte_of_digits_is_refused_at_once() -> None:
    for text in ("1" * 1_000_000 + "x", "1e" + "1" * 1_000_000, "0." + "0" * 1_000_000 + "1"):
        with pytest.raises(DynamoDBError):
            canonical(text)


@pytest.mark.parametrize(
    ("left", "right", "total"),
    [
        ("1", "2", "3"),
        ("5", "-5", "0"),
        ("0.1", "0.2", "0.3"),
        ("0.5", "0.5", "1"),
        ("99", "1", "100"),
        ("-9" + "0" * 37, "-1" + "0" * 37, "-1" + "0" * 38),
        ("1" + "0" * 125, "1" + "0" * 124, "11" + "0" * 124),
    ],
)
def test_addition_is_exact(left: str, right: str, total: str) -> None:
    assert add(left, right) == total
    assert add(right, left) == total


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ("9" * 38 + "0" * 88, "1" + "0" * 88, NUMBER_OVERFLOW),
        ("1" + "0" * 125, "1", NUMBER_TOO_LONG),
        ("1" + "0" * 125, canonical("1e-130"), NUMBER_TOO_LONG),
        ("9" * 38, "0.1", NUMBER_TOO_LONG),
        (canonical("1.1e-130"), canonical("-1e-130"), NUMBER_UNDERFLOW),
    ],
)
def test_a_sum_that_does_not_fit_is_refused_not_rounded(
    left: str, right: str, message: str
) -> None:
    with pytest.raises(DynamoDBError, match=message):
        add(left, right)


def test_a_sum_may_carry_into_a_thirty_ninth_place() -> None:
    assert add("9" * 38, "1") == "1" + "0" * 38


@given(numbers(), numbers())
def test_sums_and_differences_are_what_arithmetic_says(left: str, right: str) -> None:
    for ours, theirs in ((add, EXACT.add), (subtract, EXACT.subtract)):
        exact = theirs(Decimal(left), Decimal(right))
        try:
            result = ours(left, right)
        except DynamoDBError:
            digits = exact.normalize(EXACT).as_tuple().digits
            assert len(digits) > 38 or not -130 <= exact.adjusted() <= 125
        else:
            assert Decimal(result) == exact
            assert canonical(result) == result


@given(numbers())
def test_the_stored_text_is_plain_and_stays_as_it_is(digits: str) -> None:
    assert canonical(digits) == digits
    assert set(digits) <= set("-.0123456789")


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=10, min_value=-(10**20), max_value=10**20
    )
)
def test_every_way_to_write_a_number_is_stored_as_one(number: Decimal) -> None:
    ways = [str(number), format(number, "f"), format(number, "E"), format(number, "f") + "000"]

    assert {canonical(way) for way in ways} == {canonical(ways[0])}
    assert Decimal(canonical(ways[0])) == number
