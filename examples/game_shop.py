"""Players buy items with coins: the example with which transactions were announced, in Python.

`buy` is the announcement's request; what is around it makes two tables, tries a few purchases,
good and bad, and cleans up.  `game-shop.mjs` is the same in JavaScript, as it was announced.
"""
# ruff: noqa: T201, S311  # A program that prints, and may draw as it likes.

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.exceptions import ClientError

PRICES = {"sword": 60, "shield": 50, "castle": 5000, "crown": 10}
PLAYERS = ["ann", "bob", "cid", "dan", "eve"]
EVERY_SECOND = {"Delay": 1, "MaxAttempts": 60}  # boto3's waiters ask every 20 seconds otherwise.

dynamodb = boto3.client("dynamodb")  # Endpoint, region and keys come from the environment.


def buy(player_id: str, item_id: str, item_price: int) -> None:
    """Take an item that is for sale, and pay for it: both or neither."""
    dynamodb.transact_write_items(
        TransactItems=[
            {
                "Update": {
                    "TableName": "items",
                    "Key": {"id": {"S": item_id}},
                    "ConditionExpression": "available = :true",
                    "UpdateExpression": "set available = :false, ownedBy = :player",
                    "ExpressionAttributeValues": {
                        ":true": {"BOOL": True},
                        ":false": {"BOOL": False},
                        ":player": {"S": player_id},
                    },
                }
            },
            {
                "Update": {
                    "TableName": "players",
                    "Key": {"id": {"S": player_id}},
                    "ConditionExpression": "coins >= :price",
                    "UpdateExpression": "set coins = coins - :price, "
                    "inventory = list_append(inventory, :items)",
                    "ExpressionAttributeValues": {
                        ":items": {"L": [{"S": item_id}]},
                        ":price": {"N": str(item_price)},
                    },
                }
            },
        ]
    )


def bought(player_id: str, item_id: str) -> str:
    """Buy, and say what came of it."""
    try:
        undisturbed(lambda: buy(player_id, item_id, PRICES[item_id]))
    except dynamodb.exceptions.TransactionCanceledException as error:
        item, player = reasons(error)  # In the order of the request.
        if item == "ConditionalCheckFailed":
            return "not for sale"
        if player == "ConditionalCheckFailed":
            return "too few coins"
        raise
    return "bought"


def undisturbed(ask: Callable[[], object]) -> None:
    """Ask again and again while somebody else's transaction is in the way: no SDK does it."""
    while True:
        try:
            ask()
        except dynamodb.exceptions.TransactionCanceledException as error:
            if "TransactionConflict" not in reasons(error):
                raise
        else:
            return
        time.sleep(0.05 * random.random())


def reasons(error: ClientError) -> list[str]:
    return [reason["Code"] for reason in error.response["CancellationReasons"]]


def prepare() -> None:
    for name in ("items", "players"):
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig=EVERY_SECOND)
    items: list[dict[str, object]] = [
        {"id": {"S": item}, "price": {"N": str(price)}, "available": {"BOOL": True}}
        for item, price in PRICES.items()
    ]
    players: list[dict[str, object]] = [
        {"id": {"S": player}, "coins": {"N": "100"}, "inventory": {"L": []}} for player in PLAYERS
    ]
    puts = [{"Put": {"TableName": "items", "Item": item}} for item in items]
    puts += [{"Put": {"TableName": "players", "Item": player}} for player in players]
    undisturbed(lambda: dynamodb.transact_write_items(TransactItems=puts))


def clean_up() -> None:
    for name in ("items", "players"):
        dynamodb.delete_table(TableName=name)
        dynamodb.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig=EVERY_SECOND)


def trade() -> None:
    for player, item in (
        ("ann", "sword"),
        ("bob", "sword"),
        ("ann", "shield"),
        ("bob", "castle"),
        ("bob", "shield"),
    ):
        print(f"{player}, {item} for {PRICES[item]}: {bought(player, item)}")

    with ThreadPoolExecutor(len(PLAYERS)) as pool:
        results = list(pool.map(lambda player: bought(player, "crown"), PLAYERS))
    print(f"crown, {len(PLAYERS)} players at once: bought by {results.count('bought')}")

    ann = dynamodb.get_item(
        TableName="players", Key={"id": {"S": "ann"}}, ProjectionExpression="inventory[0]"
    )
    print(f"ann's first item: {ann['Item']['inventory']['L'][0]['S']}")


if __name__ == "__main__":
    prepare()
    try:
        trade()
    finally:
        clean_up()
