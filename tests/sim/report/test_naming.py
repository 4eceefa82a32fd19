"""Names: an expression with its names and values in their places."""

from sim.report.naming import filled


def test_a_value_that_looks_like_a_name_is_left_alone() -> None:
    values = {":long": ("S", "no :a here"), ":a": ("S", "yes")}

    told = filled("SET #n = :long, b = :a", {"#n": "o:a"}, values)

    assert told == "SET o:a = 'no :a here', b = 'yes'"


def test_of_two_names_that_begin_alike_each_has_its_own_value() -> None:
    values = {":a": ("S", "1"), ":ab": ("S", "2")}

    assert filled("SET x = :ab, y = :a", {}, values) == "SET x = '2', y = '1'"
