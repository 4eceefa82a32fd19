"""What nodes note about themselves: each event once, with its meaning.

An event is `noun.happened`.  Some are noted by the nodes themselves, others by the witness of
a simulation, which sees inside them.  There an event is counted as a *mark*, something that
exploration should have seen at least once, and told to whoever listens; a server counts it.
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
    "prepare.throttled": "A prepare was rejected because its partition took no new work.",
    "capacity.throttled": "A partition refused what was too much for a provisioned table.",
    "prepare.failed": "A prepare was rejected for its condition, or for what it makes of its item.",
    "singleton.conflicted": "A singleton write was rejected because a transaction was ongoing.",
    "read.met_ongoing": "A round of a read transaction met an ongoing transaction.",
    "read.met_change": "A read transaction saw an LSN move between two rounds.",
    "partition.split_begun": "A partition began to carry a part of its range to its child.",
    "partition.split_committed": "The placement gave the part of a range to the child.",
    "partition.split_undone": "A split came to nothing, and the parent serves the range again.",
    "stream.waited": "A change's record had to wait for a transaction that was older and ongoing.",
    "iterator.expired": "A reader of a stream came back too late, and took a new iterator.",
    "entry.outdated": "An index was told of a change that it knew, or that a later one had undone.",
    "partition.stalled": "A partition reported a transaction that was ongoing for too long.",
    "replication.trimmed": "A region was away too long: changes were gone before it heard of them.",
    "request.unknown": "A client was left without a definite answer.",
}

# Of these the witness of a simulation tells, and nobody else: a server does not count them.
WITNESSED = frozenset(
    {
        "transaction.committed",
        "transaction.cancelled",
        "recovery.committed",
        "recovery.cancelled",
        "coordinators.met",
        "vote.repeated",
        "commit.repeated",
        "cancel.early",
        "prepare.too_late",
        "prepare.conflicted",
        "prepare.throttled",
        "capacity.throttled",
        "prepare.failed",
        "singleton.conflicted",
        "stream.waited",
        "iterator.expired",
        "entry.outdated",
        "request.unknown",
    }
)

# What happens to hosts, links and disks, as a simulation's trace tells of it.  No node notes it and
# none is a mark: how often there was which fault is counted beside.
FAULTS = {
    "host.started": "A host came up: a new incarnation, on the disk and clock of the one before.",
    "host.crashed": "A host lost its memory and its tasks.",
    "host.paused": "A host began to stand still.",
    "host.resumed": "A host goes on, with what has become due and has arrived meanwhile.",
    "clock.jumped": "A host's clock jumped by so much.",
    "link.cut": "What arrives on a link is lost.",
    "link.healed": "What arrives on a link is delivered again.",
    "link.held": "What arrives on a link is kept.",
    "link.released": "What was kept on a link is delivered.",
    "links.clogged": "Messages on these links take so many times as long.",
    "links.unclogged": "Messages on these links are no longer clogged.",
    "network.split": "Groups of hosts do not hear each other.",
    "network.united": "These groups hear each other again.",
    "disk.slowed": "A disk's syncs take so many times as long.",
    "disk.hastened": "A disk is no longer slowed.",
    "disk.filled": "A disk is full: every append fails.",
    "disk.cleared": "A disk has room again.",
    "disk.lied": "A disk began to say of everything that it is durable, and to write nothing.",
    "append.failed": "An append failed on a full disk, which is a crash.",
    "write.torn": "A crash left the beginning of an append on a disk.",
    "write.dropped": "A host found a torn append as it started, and dropped it.",
    "partition.throttled": "A partition takes no new work.",
    "partition.relented": "A partition takes new work again.",
    "step.happened": "A fault that was placed on a step of the protocol came.",
}
