"""Who may do what: IAM's identity-based policies, as far as tables have use for them.

A policy is a list of statements.  Each allows or denies actions on resources, both told by patterns
in which `*` stands for any run of characters and `?` for any one.  A deny wins over every allow,
and what nothing allows is not allowed.

How a file says it is in `router.policy_file`; what an operation needs, in `router.access`.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from functools import lru_cache

from items.data import data


class Decision(Enum):
    """What a principal's policy says of an action on a resource."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "no statement allows it"
    DENIED = "a statement denies it"


@data
class Patterns:
    """Which names a statement is about: those that fit one of these, or all others."""

    patterns: tuple[str, ...]
    all_others: bool = False  # NotAction, NotResource.

    def include(self, name: str) -> bool:
        return any(fits(pattern, name) for pattern in self.patterns) != self.all_others


@data
class Statement:
    """One statement of a policy."""

    allows: bool  # Or else it denies.
    actions: Patterns  # In lower case: in `dynamodb:PutItem` capitals make no difference.
    resources: Patterns


@data
class Principal:
    """Somebody who sends requests, known by an access key."""

    name: str
    access_key: str
    statements: tuple[Statement, ...]
    secret: str = field(default="", repr=False)  # Nobody reads it in a log.

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::000000000000:user/{self.name}"

    def decide(self, action: str, resource: str) -> Decision:
        """Decide whether this principal may do `action`, as in dynamodb:PutItem, on a resource."""
        decision, action = Decision.NOT_ALLOWED, action.lower()
        for statement in self.statements:
            if statement.actions.include(action) and statement.resources.include(resource):
                if not statement.allows:
                    return Decision.DENIED
                decision = Decision.ALLOWED
        return decision


@data
class Permissions:
    """All principals, by access key; nobody else may do anything."""

    principals: Mapping[str, Principal]


@lru_cache(maxsize=10_000)  # A server is asked the same few things all day.
def fits(pattern: str, name: str) -> bool:
    """Say whether a name fits a pattern of `*`, `?` and characters that stand for themselves.

    Time grows with the product of both lengths at worst: a star that took too little takes one
    character more, and no star before it is tried again.
    """
    at = place = 0
    star, taken = -1, 0  # The latest star, and where what follows it was tried last.
    while place < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, taken = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", name[place]):
            at += 1
            place += 1
        elif star >= 0:
            taken += 1
            at, place = star + 1, taken
        else:
            return False
    return not pattern[at:].strip("*")
