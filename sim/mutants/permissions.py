"""Mutants of permissions: somebody does what they may not, or is told so too late (§2.3)."""

from collections.abc import Awaitable, Callable
from typing import Any

from items.errors import DynamoDBError
from network.messages import Response
from router import access, api
from router.policies import Decision, Principal
from sim.mutants.mutant import OF_TRANSACTIONS, Hint, mutant
from sim.mutants.patches import Patches

LET_THROUGH = ("let through",)
NEEDS = {"scenario": "permissions"}


@mutant(
    "§2.3",
    "A transaction needs the permission of its first action alone.",
    "who may put can delete, with a put before it",
    kinds=LET_THROUGH,
    blind=OF_TRANSACTIONS,
    hint=Hint("permissions"),
    needs=NEEDS,
)
def first_action_alone_needs_permission(patches: Patches) -> None:
    @patches.around(access, "_needs_of_actions")
    def needs(original: Callable[..., Any], kinds: Any, body: Any) -> list[access.Need]:
        return list(original(kinds, body))[:1]


@mutant(
    "§2.3",
    "A ConditionCheck needs no permission.",
    "who may only write learns what is there",
    kinds=LET_THROUGH,
    blind=OF_TRANSACTIONS,
    hint=Hint("permissions"),
    needs=NEEDS,
)
def checks_need_no_permission(patches: Patches) -> None:
    kinds = {**access.OF_ACTIONS["TransactWriteItems"]}
    del kinds["ConditionCheck"]
    patches.set(access, "OF_ACTIONS", {**access.OF_ACTIONS, "TransactWriteItems": kinds})


@mutant(
    "§2.3",
    "An allow wins over a deny.",
    "a deny keeps nobody from anything",
    kinds=LET_THROUGH,
    blind=OF_TRANSACTIONS,
    hint=Hint("permissions"),
    needs=NEEDS,
)
def allow_wins_over_deny(patches: Patches) -> None:
    @patches.around(Principal, "decide")
    def decide(_: Any, self: Principal, action: str, resource: str) -> Decision:
        about = [
            one.allows
            for one in self.statements
            if one.actions.include(action.lower()) and one.resources.include(resource)
        ]
        return Decision.ALLOWED if any(about) else Decision.NOT_ALLOWED


@mutant(
    "§2.3",
    "A request is carried out first, and refused when it is to be answered.",
    "a refused transaction is applied all the same",
    kinds=("carried out", "cancelled and committed"),
    hint=Hint("permissions"),
    needs=NEEDS,
)
def permission_is_asked_afterwards(patches: Patches) -> None:
    judge = access.refuse_unless_allowed
    patches.set(api, "refuse_unless_allowed", lambda *_: None)

    @patches.around(api.Api, "call")
    async def call(
        original: Callable[..., Awaitable[Response]],
        self: Any,
        operation: str,
        body: Any,
        **how: Any,
    ) -> Response:
        answer = await original(self, operation, body, **how)
        if self._permissions is not None:
            try:
                judge(self._permissions, how["caller"], operation, body)
            except DynamoDBError as error:
                return Response(error.kind.status, error.body())
        return answer
