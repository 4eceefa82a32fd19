"""What rows of a partition's SQLite file are made of: texts that a student can read.

Keys and items are DynamoDB's JSON, timestamps are `µs.node`.
"""

from typing import Any, TypeAlias

import orjson

from items.keys import Key
from items.to_json import item_of_json, item_to_json, to_json, value_of_json
from items.values import Item

Row: TypeAlias = tuple[Any, ...]


def put_into(table: str, columns: tuple[str, ...], key: str) -> str:
    """Say 'insert, or else replace what is there'; the rows come where it says VALUES."""
    new = ", ".join(f"{column} = excluded.{column}" for column in columns)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ON CONFLICT ({key}) DO UPDATE SET {new}"  # noqa: S608
    )


def key_text(key: Key) -> str:
    return orjson.dumps([to_json(value) for value in key]).decode()


def item_text(item: Item | None) -> str | None:
    return None if item is None else orjson.dumps(item_to_json(item)).decode()


def key_from(text: str) -> Key:
    return tuple([value_of_json(value) for value in orjson.loads(text)])


def item_from(text: str | None) -> Item | None:
    return None if text is None else item_of_json(orjson.loads(text))
