"""What a trace tells of its clients: their operations, as a history has them.

A trace has every request and every answer, so what a client saw can be put together again.  A call
that its client gave up is unknown, whatever came later: a client says so when it does, and whoever
asks for something else has given up what it asked for before.
"""

from collections.abc import Sequence
from typing import Any

from network.messages import Request, Response
from sim.history import Operation
from sim.report.recording import Arrived, Moment, Noted, Sent


class Asked:
    """A call, as far as it has come."""

    def __init__(self, us: int, client: str, request: Request, call: str) -> None:
        self.invoked_us = self.latest_us = us
        self.client, self.request, self.call = client, request, call
        self.attempts: list[str] = []
        self.returned_us: int | None = None
        self.response: Response | None = None
        self.is_over = False  # Nobody waits for an answer any more.


def operations_in(moments: Sequence[Moment]) -> list[Operation]:
    """Put together what clients saw, in the order of their ends; the unfinished come last."""
    calls: dict[str, Asked] = {}
    waited_for: dict[str, Asked] = {}  # By client: what it asked for last.
    for moment in moments:
        match moment:
            case Sent(message=Request() as request):
                _asked(calls, waited_for, moment, request)
            case Arrived(sent=Sent(message=Response() as response)):
                _answered(calls, moment, response)
            case Noted(event="request.unknown", fields=fields):
                _given_up(calls.get(str(fields.get("call"))), moment.us)
            case _:
                pass  # What nodes say to each other is no call.
    ended = sorted(
        calls.values(), key=lambda one: (one.returned_us is None, one.returned_us or one.latest_us)
    )
    return [_operation(place, one) for place, one in enumerate(ended)]


def _asked(
    calls: dict[str, Asked], waited_for: dict[str, Asked], sent: Sent, request: Request
) -> None:
    one = calls.get(sent.call)
    if one is None:
        one = calls[sent.call] = Asked(sent.us, sent.source, request, sent.call)
    before = waited_for.get(one.client)
    if before is not None and before is not one and before.returned_us is None:
        _given_up(before, sent.us)
    waited_for[one.client] = one
    one.latest_us = sent.us
    one.response = one.returned_us = None  # Only the latest attempt's answer counts.
    one.is_over = False
    if request.incarnation:  # Nobody has incarnation 0: surely nothing happened.
        one.attempts.append(f"{sent.source}#{sent.id}")


def _given_up(one: Asked | None, us: int) -> None:
    if one is not None:
        one.returned_us, one.is_over = us, True


def _answered(calls: dict[str, Asked], arrived: Arrived, response: Response) -> None:
    one = calls.get(arrived.sent.call)
    if one is None or one.is_over or not one.attempts:
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
