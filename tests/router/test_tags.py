from typing import Any

import pytest

from items.errors import RESOURCE_NOT_FOUND, SERIALIZATION, VALIDATION
from tests.router.harness import World

Json = dict[str, Any]

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/pets"
NAMED: Json = {"ResourceArn": ARN}


def tags(**given: str) -> list[Json]:
    return [{"Key": key, "Value": value} for key, value in given.items()]


def listed(world: World, **how: Any) -> dict[str, str]:
    answer = world.ok("ListTagsOfResource", NAMED, **how)
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}


@pytest.fixture
def world() -> World:
    world = World()
    world.table()
    return world


def test_a_table_has_the_tags_that_it_was_given(world: World) -> None:
    first = listed(world)
    answer = world.ok("TagResource", {**NAMED, "Tags": tags(owner="me", stage="test")})
    world.ok("TagResource", {**NAMED, "Tags": tags(stage="", team="a")}, router="r2")

    assert (first, answer) == ({}, {})
    assert listed(world) == {"owner": "me", "stage": "", "team": "a"}


def test_a_table_may_have_tags_from_the_beginning() -> None:
    world = World()
    body = {
        "TableName": "pets",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "Tags": tags(owner="me"),
    }

    world.ok("CreateTable", body)

    assert listed(world) == {"owner": "me"}


def test_tags_go_by_their_keys_and_one_that_is_not_there_is_no_error(world: World) -> None:
    world.ok("TagResource", {**NAMED, "Tags": tags(owner="me", stage="test")})

    answer = world.ok("UntagResource", {**NAMED, "TagKeys": ["stage", "colour"]})

    assert answer == {}
    assert listed(world) == {"owner": "me"}


def test_what_changes_nothing_writes_nothing(world: World) -> None:
    ledgers = [world.cluster.network.link("r1", name) for name in world.cluster.ledgers]
    before = sum(link.sent for link in ledgers)

    world.ok("UntagResource", {**NAMED, "TagKeys": ["colour"]})

    assert sum(link.sent for link in ledgers) == before + 1  # The definition was read.


def test_tags_that_come_at_once_are_all_kept(world: World) -> None:
    world.await_all(
        *(
            world.asked("TagResource", {**NAMED, "Tags": tags(**{f"key{n}": "x"})}, router=router)
            for n, router in enumerate(("r1", "r2", "r1", "r2"))
        )
    )

    assert sorted(listed(world)) == ["key0", "key1", "key2", "key3"]


def test_a_table_has_fifty_tags_at_most(world: World) -> None:
    world.ok("TagResource", {**NAMED, "Tags": tags(**{f"k{n}": "" for n in range(50)})})

    world.ok("TagResource", {**NAMED, "Tags": tags(k7="again")})
    error, message = world.error("TagResource", {**NAMED, "Tags": tags(one_more="")})

    assert error == VALIDATION.name
    assert message == (
        "One or more parameter values were invalid:"
        " Too many Tags: a table can have 50, and this would be 51"
    )
    assert len(listed(world)) == 50


INVALID = "Invalid TableArn: Invalid ResourceArn provided as input"


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("TagResource", {**NAMED, "Tags": []}, "Atleast one Tag needs to be provided as Input."),
        (
            "UntagResource",
            {**NAMED, "TagKeys": []},
            "Atleast one Tag Key needs to be provided as Input.",
        ),
        ("TagResource", {"Tags": []}, "Invalid TableArn"),
        ("ListTagsOfResource", {}, "Invalid TableArn"),
        ("ListTagsOfResource", {"ResourceArn": "a:b:c:d:e:f/g"}, f"{INVALID} a:b:c:d:e:f/g"),
        ("ListTagsOfResource", {"ResourceArn": ARN[:-2]}, f"{INVALID} {ARN[:-2]}"),
        (
            "TagResource",
            {**NAMED, "Tags": [{"Key": "", "Value": "x" * 257}]},
            "2 validation errors detected: Value '' at 'tags.1.member.key' failed to"
            " satisfy constraint: Member must have length greater than or equal to 1;"
            f" Value '{'x' * 257}' at 'tags.1.member.value' failed to satisfy constraint:"
            " Member must have length less than or equal to 256",
        ),
    ],
)
def test_what_is_no_tag_and_no_table_is_refused(
    world: World, operation: str, body: Json, message: str
) -> None:
    assert world.error(operation, body) == (VALIDATION.name, message)


@pytest.mark.parametrize("arn", ["pets", "arn:aws:s3:::table/pets", "a:b:c:d:e:f/", ""])
@pytest.mark.parametrize("operation", ["TagResource", "UntagResource", "ListTagsOfResource"])
def test_what_is_no_arn_is_nobodys_to_ask_about(world: World, operation: str, arn: str) -> None:
    assert world.error(operation, {"ResourceArn": arn}) == (
        "AccessDeniedException",
        "User: arn:aws:iam::000000000000:root is not authorized to perform:"
        f" dynamodb:{operation} on resource: {arn or '*'}",
    )


def test_many_colons_take_no_time(world: World) -> None:
    # By trying all: more ways to read them as an ARN than a run has time for.
    error, _ = world.error("ListTagsOfResource", {"ResourceArn": ":" * 2_000})

    assert error == "AccessDeniedException"


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("TagResource", {"Tags": tags(a="b")}),
        ("ListTagsOfResource", {}),
    ],
)
def test_a_table_that_nobody_made_is_not_found(operation: str, more: Json) -> None:
    assert World().error(operation, {**NAMED, **more}) == (
        RESOURCE_NOT_FOUND.name,
        f"Requested resource not found: ResourcArn: {ARN} not found",
    )


def test_of_tags_to_take_from_no_table_less_is_said() -> None:
    assert World().error("UntagResource", {**NAMED, "TagKeys": ["a"]}) == (
        RESOURCE_NOT_FOUND.name,
        "Requested resource not found",
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [("ok", "#!%%^$$&"), ("->>;-)])", "ok"), ("!!!|", "<><"), ("aws:x", "y"), ("AWS:x", "y")],
)
def test_a_tag_that_cannot_be_is_refused(world: World, key: str, value: str) -> None:
    error, _ = world.error("TagResource", {**NAMED, "Tags": [{"Key": key, "Value": value}]})

    assert error == VALIDATION.name


def test_a_tag_may_have_letters_of_all_languages(world: World) -> None:
    world.ok("TagResource", {**NAMED, "Tags": [{"Key": "straße 7_/@", "Value": "值 +-=._:/@"}]})


def test_wrong_json_is_refused_as_such(world: World) -> None:
    error, _ = world.error("TagResource", {**NAMED, "Tags": [{"Key": 3, "Value": "x"}]})

    assert error == SERIALIZATION.name
