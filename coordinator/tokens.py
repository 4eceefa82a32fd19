"""What a request is answered from what its token has led to before (§2.3).

Answers that are definite must stay true for every later attempt and copy of the call, so they are
only given from what the ledger remembers.
"""

from coordinator.ledger import Entry, State
from items.errors import (
    IDEMPOTENT_PARAMETER_MISMATCH,
    INTERNAL_SERVER_ERROR,
    TRANSACTION_IN_PROGRESS,
    Reason,
)
from network.messages import Failed, Finished, WriteTransaction

# Why a call is refused whose parameters are not those that its token stands for.
MISMATCH = Reason(IDEMPOTENT_PARAMETER_MISMATCH.name, None)


def from_earlier(entry: Entry, message: WriteTransaction) -> Finished | Failed | None:
    """Answer a request from the entry that another transaction has under its token (§2.3).

    A commit is remembered for everybody, a cancellation for later attempts of the same call.  None
    means that the entry is decided and first has to be taken to its end.
    """
    refusal = entry.refusal_of(message.call)
    if refusal == (MISMATCH,) or is_mismatch(entry, message):
        return Failed.of(IDEMPOTENT_PARAMETER_MISMATCH)
    if refusal and (entry.state is State.COMPLETED or entry.transaction.call != message.call):
        return Finished(refusal, replayed=True)
    if not entry.is_decided:
        return Failed.of(TRANSACTION_IN_PROGRESS)
    if entry.state is not State.COMPLETED:
        return None
    if entry.is_cancelled:
        # Another call's, and not replaced: too many were refused under this token to remember one
        # more, so this one cannot be refused for good.
        return Failed.of(INTERNAL_SERVER_ERROR)
    return Finished((), replayed=True)


def is_mismatch(entry: Entry, message: WriteTransaction) -> bool:
    """Say whether the token stands for another request, which has not been cancelled (§2.3)."""
    if entry.is_cancelled or entry.refusal_of(message.call):
        return False
    return entry.transaction.fingerprint != message.fingerprint
