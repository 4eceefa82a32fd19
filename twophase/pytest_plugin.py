"""`twophase.testing` as a pytest fixture.

    pytest_plugins = ["twophase.pytest_plugin"]  # In your `conftest.py`.

    def test_an_order(local_dynamodb):
        client = local_dynamodb.client()

Each test has a server of its own.  `@pytest.mark.local_dynamodb(faults="conflict=0.2", seed=7)`
gives it what `twophase.testing.local_dynamodb` takes.  Of a test that fails with faults pytest
shows the seed that they came from, under 'Captured twophase'.
"""

from collections.abc import Iterator

import pytest

from twophase import testing


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "local_dynamodb(faults=..., seed=..., data=...): how the fixture's server is to be",
    )


@pytest.fixture
def local_dynamodb(request: pytest.FixtureRequest) -> Iterator[testing.LocalDynamoDB]:
    """Serve a DynamoDB for the length of a test."""
    mark = request.node.get_closest_marker("local_dynamodb")
    args, named = (mark.args, mark.kwargs) if mark else ((), {})
    with testing.local_dynamodb(*args, **named) as dynamodb:  # Refuses what has no name.
        if named.get("faults") is not None:
            request.node.add_report_section("setup", "twophase", seed_told(dynamodb.seed))
        yield dynamodb


def seed_told(seed: int) -> str:
    """Say how a test meets the same faults again; pytest shows it of a test that failed."""
    return f"The faults come from seed {seed}: local_dynamodb(..., seed={seed}) draws them again.\n"
