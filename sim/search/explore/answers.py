"""Answers as a router would give them: here coordinators and partitions answer clients directly."""

from items.errors import CATALOGUE, DynamoDBError, cancelled
from items.to_json import item_to_json
from network.messages import (
    Failed,
    Finished,
    Message,
    Readings,
    ReadItems,
    WriteRefused,
    Written,
)
from router.responses import got, written
from sim.search.explore.notes import Answered
from sim.search.explore.world import Asked


def is_passing(answer: Answered) -> bool:
    """Say whether an SDK would ask again after this answer."""
    error = str(answer.body.get("__type", "")).rpartition("#")[2]
    return error in CATALOGUE and CATALOGUE[error].retryable


def answer_of(asked: Asked, reply: Message) -> Answered:
    """Give the answer as the client sees it."""
    match reply:
        case Finished(reasons=reasons) if reasons:
            error = cancelled(reasons)
            return Answered(asked.call, error.kind.status, error.body())
        case Finished() | Written():
            attributes = reply.attributes if isinstance(reply, Written) else None
            return Answered(asked.call, 200, written(attributes))
        case ReadItems(items=items):
            responses = [got(item, None, {}) for item in items]
            return Answered(asked.call, 200, {"Responses": responses})
        case Readings(readings=readings):
            return Answered(asked.call, 200, got(readings[0].item, None, {}))
        case Failed(error=error, message=message) | WriteRefused(error=error, message=message):
            raised = DynamoDBError(CATALOGUE[error], message)
            body = raised.body()
            if isinstance(reply, WriteRefused) and reply.item is not None:
                body["Item"] = item_to_json(reply.item)
            return Answered(asked.call, raised.kind.status, body)
        case _:
            raise AssertionError(f"no answer: {reply}")
