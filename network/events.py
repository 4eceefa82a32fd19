"""What nodes note about themselves: each event once, with its meaning.

An event is `noun.happened`.  Some are noted by the nodes themselves, others by the witness of
a simulation, which sees inside them.  There an event is counted as a *mark*, something that
exploration should have seen at least once, and told to whoever listens; a server logs it.
"""

EVENTS = {
    "transaction.begun": "A coordinator entered a write transaction in the ledger.",
    "transaction.committed": "The ledger decided: commit.",
    "transaction.cancelled": "The ledger decided: cancel.",
    "transaction.unknown": "A coordinator found the entry of its own transaction gone.",
    "token.replayed": "A request was answered from what its token had led to before.",
    "token.mismatched": "A token came with another request than before.",
    "token.in_progress": "A retry met its transaction before it was decided.",
    "token.begun_anew": "A token was used again after its earlier call was cancelled.",
    "recovery.began": "A coordinator took up a transaction that was handed to it.",
    "recovery.committed": "A transaction was decided by another coordinator than its own: commit.",
    "recovery.cancelled": "A transaction was decided by another coordinator than its own: cancel.",
    "orphan.ended": "A promise was ended whose transaction had ended before.",
    "coordinators.met": "Two coordinators that were up asked for votes of one transaction.",
    "vote.repeated": "A partition was asked again for a promise it had given, and repeated it.",
    "commit.repeated": "A commit found nothing left to do.",
    "cancel.early": "A cancel found nothing to cancel: refused here, or its prepare is still away.",
    "prepare.too_late": "A prepare was rejected for its timestamp.",
    "prepare.conflicted": "A prepare was rejected because another transaction was ongoing.",
    "prepare.failed": "A prepare was rejected because its condition was false.",
    "singleton.conflicted": "A singleton write was rejected because a transaction was ongoing.",
    "read.met_ongoing": "A read transaction met an ongoing transaction and was cancelled.",
    "read.met_change": "A read transaction saw an LSN move between its rounds and was cancelled.",
    "partition.stalled": "A partition reported a transaction that was ongoing for too long.",
    "request.unknown": "A client was left without a definite answer.",
}
