"""What a trace tells of its clients: their operations, as a history has them.

A trace has every request and every answer, so what a client saw can be put together again.  A call
whose answer did not come is unknown; when its client gave it up, a trace does not tell.
"""

from collections.abc import Sequence
from typing import Any

from network.messages import Request, Response
from sim.history import Operation
from sim.report.recording import Arrived, Moment, Sent


class Asked:
    """A call, as far as it has come."""

    def __init__(self, us: int, client: str, request: Request, call: str) -> None:
        self.invoked_us = self.latest_us = us
        self.client, self.request, self.call = client, request, call
        self.attempts: list[str] = []
        self.returned_us: int | None = None
        self.response: Response | None = None


def operations_in(moments: Sequence[Moment]) -> list[Operation]:
    """Put together what clients saw, in the order of their answers; the unanswered come last."""
    calls: dict[str, Asked] = {}
    for moment in moments:
        if isinstance(moment, Sent) and isinstance(moment.message, Request):
            _asked(calls, moment, moment.message)
        elif isinstance(moment, Arrived) and isinstance(moment.sent.message, Response):
            _answered(calls, moment, moment.sent.message)
    answered = sorted(
        calls.values(), key=lambda one: (one.response is None, one.returned_us or one.latest_us)
    )
    return [_operation(place, one) for place, one in enumerate(answered)]


def _asked(calls: dict[str, Asked], sent: Sent, request: Request) -> None:
    one = calls.get(sent.call)
    if one is None:
        one = calls[sent.call] = Asked(sent.us, sent.source, request, sent.call)
    one.latest_us = sent.us
    one.response = one.returned_us = None  # Only the latest attempt's answer counts.
    if request.incarnation:  # Nobody has incarnation 0: surely nothing happened.
        one.attempts.append(f"{sent.source}#{sent.id}")


def _answered(calls: dict[str, Asked], arrived: Arrived, response: Response) -> None:
    one = calls.get(arrived.sent.call)
    if one is None or not one.attempts:
        return
    latest = one.attempts[-1].rpartition("#")[2]
    if one.response is None and latest == str(arrived.sent.reply_to):
        one.response, one.returned_us = response, arrived.us


def _operation(place: int, one: Asked) -> Operation:
    response = one.response
    body: dict[str, Any] = dict(response.body) if response is not None else {}
    return Operation(
        place,
        one.client,
        one.request.operation,
        one.request.body,
        one.call,
        one.invoked_us,
        one.latest_us if one.returned_us is None else one.returned_us,
        one.attempts,
        response.status if response is not None else 0,
        body,
    )
