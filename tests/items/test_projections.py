import pytest
from hypothesis import given

from items.projections import part_of, project
from items.values import AttributeValue, Item
from tests.items.strategies import items

ITEM: Item = {
    "pk": ("S", "k"),
    "m": ("M", {"x": ("N", "1"), "y": ("M", {"z": ("N", "2")})}),
    "l": ("L", (("N", "0"), ("M", {"a": ("N", "1"), "b": ("N", "2")}), ("N", "3"))),
}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("pk", {"pk": ("S", "k")}),
        ("pk, nowhere", {"pk": ("S", "k")}),
        ("#p", {"pk": ("S", "k")}),
        ("m.x", {"m": ("M", {"x": ("N", "1")})}),
        ("m.x, m.y.z", {"m": ITEM["m"]}),
        ("m.y.z", {"m": ("M", {"y": ("M", {"z": ("N", "2")})})}),
        ("l[2], l[0]", {"l": ("L", (("N", "0"), ("N", "3")))}),
        ("l[1].b", {"l": ("L", (("M", {"b": ("N", "2")}),))}),
        ("l[1].b, l[1].a, l[7]", {"l": ("L", (("M", {"a": ("N", "1"), "b": ("N", "2")}),))}),
        ("m.nowhere, l[9], pk.x, nowhere.x", {}),
        ("m[0], l.x", {}),
    ],
)
def test_a_projection_keeps_what_is_asked_for_and_what_leads_there(
    text: str, part: dict[str, AttributeValue]
) -> None:
    assert project(text, ITEM, {"#p": "pk"}) == part


def test_without_expression_it_is_the_whole_item() -> None:
    assert project(None, ITEM, {}) == ITEM
    assert project(None, ITEM, {}) is not ITEM


@given(items())
def test_all_of_an_items_names_are_all_of_it(item: Item) -> None:
    assert part_of(item, [(name,) for name in item]) == item
    assert part_of(item, []) == {}


@given(items())
def test_the_paths_to_all_elements_are_all_of_it(item: Item) -> None:
    paths = [
        (name, step)
        for name, (kind, content) in item.items()
        for step in (content if kind == "M" else range(len(content)) if kind == "L" else ())
    ]

    documents = {n: v for n, v in item.items() if v[0] in ("L", "M") and v[1]}
    assert part_of(item, paths) == documents
