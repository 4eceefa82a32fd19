"""Mutants of the first phase: what a coordinator makes of votes and silence (§3.3, Listing 2)."""

from typing import Any

from coordinator import write
from items.errors import THROTTLING_ERROR_REASON
from network.messages import Accept, Reject
from sim.mutants.mutant import WRONG_DATA, Hint, mutant
from sim.mutants.patches import Patches


@mutant(
    "§3.3",
    "A transaction commits as soon as anybody has accepted.",
    "half transactions: what was rejected is missing",
    code="M06",
    kinds=WRONG_DATA,
    hint=Hint("bank"),
)
def one_accept_is_enough(patches: Patches) -> None:
    @patches.around(write, "reasons_for")
    def reasons_for(original: Any, votes: Any) -> Any:
        return () if any(isinstance(vote, Accept) for vote in votes) else original(votes)


@mutant(
    "§3.3",
    "A partition that stays silent until the deadline counts as one that accepted.",
    "half transactions: whoever was silent has promised nothing",
    code="M28",
    kinds=WRONG_DATA,
    hint=Hint("bank", {"protocol.votes_deadline_us": "20000"}),
)
def silence_is_consent(patches: Patches) -> None:
    @patches.around(write, "collect_votes")
    async def collect_votes(original: Any, *args: Any) -> Any:
        silent = Reject(THROTTLING_ERROR_REASON, None)
        return [Accept() if vote == silent else vote for vote in await original(*args)]


@mutant(
    "§3.3",
    "The last action's vote is not looked at.",
    "half transactions: one rejection of many is overlooked",
    kinds=WRONG_DATA,
    hint=Hint("bank"),
)
def the_last_vote_is_not_counted(patches: Patches) -> None:
    @patches.around(write, "reasons_for")
    def reasons_for(original: Any, votes: Any) -> Any:
        return original([*votes[:-1], Accept()] if len(votes) > 1 else votes)
