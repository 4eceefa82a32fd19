"""Who is busy with what: questions that have arrived at a node and are not answered yet."""

from collections import Counter

from network.messages import (
    Copy,
    Envelope,
    Log,
    ReadTransaction,
    Recover,
    Request,
    WriteTransaction,
)

SAID = {Request: "requests", WriteTransaction: "writes", ReadTransaction: "reads"}


class Working:
    """The questions under way, by node."""

    def __init__(self) -> None:
        self._under_way: dict[str, dict[tuple[str, int], str]] = {}  # By node, then by question.
        self._heard: dict[str, int] = {}  # How far a follower has heard of its partition's log.
        self._driving: dict[str, str] = {}  # Which coordinator recovers which transaction.
        self._handed: Counter[str] = Counter()  # Transactions that a manager has handed over.

    def delivered(self, envelope: Envelope, target: str) -> None:
        kind = SAID.get(type(envelope.message))
        if kind is not None and not envelope.reply_to:
            question = envelope.source, envelope.number
            self._under_way.setdefault(target, {})[question] = kind
        elif isinstance(envelope.message, Log):
            self._heard[target] = max(self._heard.get(target, 0), envelope.message.upto)
        elif isinstance(envelope.message, Copy):
            self._heard[target] = envelope.message.position
        elif isinstance(envelope.message, Recover):
            self._handed[envelope.source] += 1

    def driving(self, transaction: str, host: str) -> None:
        """Note that a coordinator has taken up a transaction that was handed to it."""
        self._driving[transaction] = host

    def sent(self, envelope: Envelope, target: str) -> None:
        if envelope.reply_to:
            waiting = self._under_way.get(envelope.source)
            if waiting is not None:
                waiting.pop((target, envelope.reply_to), None)

    def crashed(self, host: str) -> None:
        """Forget what a host was busy with, as it does."""
        self._under_way.pop(host, None)
        self._heard.pop(host, None)
        for transaction in [one for one, who in self._driving.items() if who == host]:
            del self._driving[transaction]

    def completed(self, transaction: str) -> None:
        self._driving.pop(transaction, None)

    def counts(self, host: str) -> dict[str, int]:
        """Say in numbers what a node is busy with."""
        found: Counter[str] = Counter(self._under_way.get(host, {}).values())
        counts = {kind: found[kind] for kind in SAID.values() if found[kind]}
        driven = sum(1 for who in self._driving.values() if who == host)
        if driven:
            counts["recoveries"] = driven
        if self._handed[host]:
            counts["handed over"] = self._handed[host]
        if host in self._heard:
            counts["heard"] = self._heard[host]
        return counts
