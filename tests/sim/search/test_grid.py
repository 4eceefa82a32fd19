"""`--set key=a,b,c`: every combination, and commas that belong to a value."""

import pytest

from sim.search.grid import COMBINATIONS_MAX, GridError, combinations_of


def test_no_set_is_one_combination() -> None:
    assert combinations_of([]) == ({},)


def test_several_keys_multiply_and_the_last_varies_fastest() -> None:
    assert combinations_of(["a=1,2", "b=x", "c=0,1"]) == (
        {"a": "1", "b": "x", "c": "0"},
        {"a": "1", "b": "x", "c": "1"},
        {"a": "2", "b": "x", "c": "0"},
        {"a": "2", "b": "x", "c": "1"},
    )


def test_blanks_around_values_are_nobodys() -> None:
    assert combinations_of([" a = 1 , 2 "]) == ({"a": "1"}, {"a": "2"})


def test_of_a_key_that_comes_twice_the_last_holds() -> None:
    assert combinations_of(["a=1,2", "a=3"]) == ({"a": "3"},)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('["a, b", "c"]', ['["a, b", "c"]']),
        ('["a"],["b","c"]', ['["a"]', '["b","c"]']),
        ('"a,b",c', ['"a,b"', "c"]),
        ("'a,b','[',c", ["'a,b'", "'['", "c"]),
        ("200..2000,log-normal 500", ["200..2000", "log-normal 500"]),
        ("x=1,y=2", ["x=1", "y=2"]),
    ],
)
def test_a_comma_in_quotes_or_brackets_belongs_to_its_value(text: str, values: list[str]) -> None:
    assert [one["k"] for one in combinations_of([f"k={text}"])] == values


@pytest.mark.parametrize("text", ["", "a", "=1", "a=", "a= ", "a=1,,2", "a=1,", "a=,1", "a=1,2,1"])
def test_what_is_no_grid_is_refused(text: str) -> None:
    with pytest.raises(GridError, match=r"--set"):
        combinations_of([text])


def test_too_many_combinations_are_refused_before_they_are_made() -> None:
    many = ",".join(map(str, range(COMBINATIONS_MAX)))

    with pytest.raises(GridError, match="1,000,000,000 combinations"):
        combinations_of([f"a={many}", f"b={many}", f"c={many}"])
    assert len(combinations_of([f"a={many}"])) == COMBINATIONS_MAX
