"""A server for all tests of a file: each test uses tables or keys of its own."""

from collections.abc import Iterator

import pytest

from twophase.testing import LocalDynamoDB, local_dynamodb


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[LocalDynamoDB]:
    with local_dynamodb(seed=1) as server:
        yield server
