import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from items.paths import Path, as_text, by_first_step, clash, first_clash, get, resolved

ITEM = {
    "a": ("M", {"b": ("L", (("N", "1"), ("M", {"c": ("S", "deep")})))}),
    "a.b": ("S", "a name with a dot"),
}


def paths() -> SearchStrategy[Path]:
    step = st.sampled_from("ab") | st.integers(0, 1)
    return st.builds(lambda first, rest: (first, *rest), st.sampled_from("ab"), st.lists(step))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("a", "b", 0), ("N", "1")),
        (("a", "b", 1, "c"), ("S", "deep")),
        (("a.b",), ("S", "a name with a dot")),
        (("b",), None),
        (("a", "c"), None),
        (("a", "c", "d"), None),
        (("a", "b", 2), None),
        (("a", 0), None),  # A map has no positions,
        (("a", "b", "c"), None),  # a list no names,
        (("a.b", "c"), None),  # and a text neither.
    ],
)
def test_a_path_leads_to_a_value_or_to_nothing(path: Path, found: object) -> None:
    assert get(ITEM, path) == found


def test_placeholders_become_names_and_names_stay() -> None:
    assert resolved(("#n", "b", 3, "#m"), {"#n": "a.b", "#m": "#n"}) == ("a.b", "b", 3, "#n")


def test_a_path_is_written_with_its_positions_in_brackets() -> None:
    assert as_text(("a", "b", 1)) == "[a, b, [1]]"


@pytest.mark.parametrize(
    ("one", "two", "problem"),
    [
        (("a",), ("b",), None),
        (("a", "b"), ("a", "c"), None),
        (("a", 0), ("a", 1), None),
        (("a",), ("a",), "overlap"),
        (("a",), ("a", "b"), "overlap"),
        (("a", 1), ("a", 1, "b"), "overlap"),
        (("a", "b"), ("a", 1), "conflict"),
        (("a", 0, "b"), ("a", 0, 1), "conflict"),
    ],
)
def test_paths_overlap_or_conflict(one: Path, two: Path, problem: str | None) -> None:
    for first, second in ((one, two), (two, one)):
        expected = problem and (
            f"Two document paths {problem} with each other; must remove or rewrite one of these"
            f" paths; path one: {as_text(first)}, path two: {as_text(second)}"
        )
        assert first_clash([first, ("z",), second]) == expected


def test_an_overlap_is_told_before_a_conflict() -> None:
    message = first_clash([("a", 1), ("a", "b"), ("c",), ("c", "d")])

    assert message is not None
    assert "overlap" in message
    assert "path one: [c], path two: [c, d]" in message


def test_of_two_overlaps_the_one_that_is_complete_first_is_told() -> None:
    message = first_clash([("a",), ("b",), ("b", "c"), ("a",)])

    assert message is not None
    assert "path one: [b], path two: [b, c]" in message


@given(st.lists(paths(), max_size=6))
def test_paths_clash_if_some_two_of_them_do(several: list[Path]) -> None:
    pairs = [(one, two) for i, one in enumerate(several) for two in several[:i]]

    assert (first_clash(several) is None) == all(clash(*pair) is None for pair in pairs)


def test_of_many_paths_each_is_compared_once_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def counted(one: Path, two: Path) -> str | None:
        compared.append(one)
        return clash(one, two)

    monkeypatch.setattr("items.paths.clash", counted)
    several: list[Path] = [*((f"a{n}",) for n in range(100)), ("b", 0), ("b", "c")]

    assert first_clash(several) is not None
    assert len(compared) < len(several)


@given(st.lists(paths().flatmap(lambda path: st.tuples(st.just(path), st.integers()))))
def test_branching_loses_no_entry(entries: list[tuple[Path, int]]) -> None:
    branches = by_first_step(entries)

    together = [((step, *path), entry) for step in branches for path, entry in branches[step]]
    assert sorted(together, key=repr) == sorted(entries, key=repr)
