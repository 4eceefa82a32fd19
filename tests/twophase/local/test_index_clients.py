"""Secondary indexes as programs use them: boto3 in both its layers, its paginators, PynamoDB."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, LocalSecondaryIndex
from pynamodb.models import Model

from tests.router.indexed import index, table
from twophase.testing import LocalDynamoDB, local_dynamodb

LOOKS_MAX = 2_000


@pytest.fixture(scope="module")
def client(dynamodb: LocalDynamoDB) -> Iterator[Any]:
    client = dynamodb.client()
    yield client
    client.close()


def orders(client: Any, name: str) -> str:
    """Make a table of orders, by customer and number, with an index of each kind."""
    body = table(
        "customer",
        "number",
        types={"customer": "S", "number": "S", "state": "S", "day": "S"},
        local=[index("by-day", "customer", "day")],
        remote=[index("by-state", "state", "day", shows="INCLUDE", included=["total"])],
        name=name,
    )
    client.create_table(**body)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return name


def eventually(look: Callable[[], Any], right: Any) -> Any:
    """Look again and again until it is right: an index is eventually consistent."""
    found = None
    for _ in range(LOOKS_MAX):
        found = look()
        if found == right:
            return found
    raise AssertionError(f"found {found}, which never was {right}")


def order(n: int, **more: str) -> dict[str, Any]:
    item = {"customer": f"c{n % 3}", "number": f"{n:03}", "total": n, "note": "…"}
    return {**item, **more}


def test_the_resource_layer_queries_and_scans_indexes(dynamodb: LocalDynamoDB, client: Any) -> None:
    resource = dynamodb.resource()
    whole = resource.Table(orders(client, "resource"))
    for n in range(9):
        whole.put_item(Item=order(n, state="open" if n % 2 else "sent", day=f"{30 - n}"))

    def open_ones() -> list[str]:
        page = whole.query(IndexName="by-state", KeyConditionExpression=Key("state").eq("open"))
        return [item["number"] for item in page["Items"]]

    eventually(open_ones, ["007", "005", "003", "001"])
    shown = whole.query(
        IndexName="by-state",
        KeyConditionExpression=Key("state").eq("open") & Key("day").between("23", "25"),
        FilterExpression=Attr("total").gt(5),
    )["Items"]
    assert shown == [{"customer": "c1", "number": "007", "state": "open", "day": "23", "total": 7}]
    local = whole.query(
        IndexName="by-day",
        KeyConditionExpression=Key("customer").eq("c0") & Key("day").begins_with("2"),
        ConsistentRead=True,
        ScanIndexForward=False,
    )["Items"]
    assert [item["number"] for item in local] == ["003", "006"]
    assert all(item["note"] == "…" for item in local)
    assert whole.scan(IndexName="by-state")["Count"] == 9


def test_paginators_go_through_an_index(client: Any) -> None:
    name = orders(client, "pages")
    for n in range(25):
        item = order(n, state="open", day=str(n % 4))
        client.put_item(
            TableName=name,
            Item={k: {"S": v} if isinstance(v, str) else {"N": str(v)} for k, v in item.items()},
        )
    question = {
        "TableName": name,
        "IndexName": "by-state",
        "KeyConditionExpression": "#s = :s",
        "ExpressionAttributeNames": {"#s": "state"},
        "ExpressionAttributeValues": {":s": {"S": "open"}},
    }
    eventually(lambda: client.query(**question)["Count"], 25)

    pages = list(
        client.get_paginator("query").paginate(**question, PaginationConfig={"PageSize": 4})
    )
    scanned = client.get_paginator("scan").paginate(
        TableName=name, IndexName="by-day", PaginationConfig={"PageSize": 7}
    )

    found = [(i["day"]["S"], i["number"]["S"]) for page in pages for i in page["Items"]]
    assert len(pages) == 7
    assert [day for day, _ in found] == sorted(day for day, _ in found)
    assert sorted(number for _, number in found) == [f"{n:03}" for n in range(25)]
    assert sum(page["Count"] for page in scanned) == 25


def test_an_index_is_made_and_dropped_while_the_table_serves(client: Any) -> None:
    name = "later"
    client.create_table(**table("pk", types={"pk": "S"}, name=name))
    for n in range(60):
        client.put_item(TableName=name, Item={"pk": {"S": str(n)}, "group": {"S": f"g{n % 2}"}})

    client.update_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "group", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("by-group", "group")}],
    )

    def status() -> str:
        shown = client.describe_table(TableName=name)["Table"]
        return str(next(iter(shown.get("GlobalSecondaryIndexes", [{}]))).get("IndexStatus", ""))

    eventually(status, "ACTIVE")
    question = {
        "TableName": name,
        "IndexName": "by-group",
        "KeyConditionExpression": "#g = :g",
        "ExpressionAttributeNames": {"#g": "group"},
        "ExpressionAttributeValues": {":g": {"S": "g1"}},
    }
    eventually(lambda: count_or_error(client, question), 30)
    delete = {"Delete": {"IndexName": "by-group"}}
    client.update_table(TableName=name, GlobalSecondaryIndexUpdates=[delete])
    eventually(status, "")
    eventually(lambda: count_or_error(client, question), "ValidationException")


def count_or_error(client: Any, question: dict[str, Any]) -> int | str:
    try:
        return int(client.query(**question)["Count"])
    except ClientError as error:
        return str(error.response["Error"]["Code"])


def test_a_transaction_is_refused_for_what_an_index_cannot_hold(client: Any) -> None:
    name = orders(client, "refused")
    key = {"customer": {"S": "c"}, "number": {"S": "1"}}
    good = {"Put": {"TableName": name, "Item": {**key, "number": {"S": "2"}}}}
    update = {
        "TableName": name,
        "Key": key,
        "UpdateExpression": "SET #s = :n",
        "ExpressionAttributeNames": {"#s": "state"},
        "ExpressionAttributeValues": {":n": {"N": "1"}},
    }

    with pytest.raises(client.exceptions.TransactionCanceledException) as refused:
        client.transact_write_items(TransactItems=[good, {"Update": update}])

    codes = [one["Code"] for one in refused.value.response["CancellationReasons"]]
    assert codes == ["None", "ValidationError"]
    with pytest.raises(ClientError, match="Type mismatch for Index Key state"):
        client.put_item(TableName=name, Item={**key, "state": {"N": "1"}})
    assert client.scan(TableName=name)["Count"] == 0


def test_pynamodbs_index_classes_work(
    dynamodb: LocalDynamoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")

    class ByScore(GlobalSecondaryIndex["Player"]):  # type: ignore[no-untyped-call]  # Theirs.
        class Meta:
            index_name, projection = "by-score", AllProjection()

        game = UnicodeAttribute(hash_key=True)
        score = NumberAttribute(range_key=True)

    class ByScoreHere(LocalSecondaryIndex["Player"]):  # type: ignore[no-untyped-call]  # Theirs.
        class Meta:
            index_name, projection = "by-score-here", AllProjection()

        game = UnicodeAttribute(hash_key=True)
        score = NumberAttribute(range_key=True)

    class Player(Model):
        class Meta:
            table_name, host, region = "players", dynamodb.url, "us-east-1"

        game = UnicodeAttribute(hash_key=True)
        name = UnicodeAttribute(range_key=True)
        score = NumberAttribute()
        by_score = ByScore()
        by_score_here = ByScoreHere()

    Player.create_table(billing_mode="PAY_PER_REQUEST", wait=True)
    for name, score in (("ann", 3), ("bob", 1), ("cid", 2)):
        Player("chess", name, score=score).save()

    here = Player.by_score_here.query("chess", consistent_read=True)
    assert [player.name for player in here] == ["bob", "cid", "ann"]
    eventually(
        lambda: [one.name for one in Player.by_score.query("chess", Player.score > 1)],
        ["cid", "ann"],
    )


def test_indexes_survive_a_restart_on_a_directory(tmp_path: Path) -> None:
    with local_dynamodb(data=tmp_path) as server:
        client = server.client()
        name = orders(client, "kept")
        for n in range(12):
            key = {"customer": {"S": "c"}, "number": {"S": str(n)}}
            more = {"state": {"S": "open"}, "day": {"S": str(n % 3)}}
            client.put_item(TableName=name, Item={**key, **more})
        client.close()

    with closing(sqlite3.connect(tmp_path / "p1.sqlite")) as file:
        tables = [id_ for (id_,) in file.execute("SELECT id FROM tables")]
    assert any(id_.endswith("#outbox") for id_ in tables)
    assert any(id_.endswith("#by-state#0") for id_ in tables)
    with local_dynamodb(data=tmp_path) as server:
        client = server.client()
        question = {
            "TableName": name,
            "ExpressionAttributeNames": {"#k": "state"},
            "KeyConditionExpression": "#k = :v",
            "ExpressionAttributeValues": {":v": {"S": "open"}},
        }
        eventually(lambda: client.query(**question, IndexName="by-state")["Count"], 12)
        days = client.query(
            TableName=name,
            IndexName="by-day",
            ConsistentRead=True,
            KeyConditionExpression="customer = :v",
            ExpressionAttributeValues={":v": {"S": "c"}},
        )["Items"]
        assert [item["day"]["S"] for item in days] == ["0"] * 4 + ["1"] * 4 + ["2"] * 4
        client.close()
