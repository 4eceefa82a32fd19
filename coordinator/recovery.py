"""Recovery: taking a transaction that nobody finishes to its end, whatever its state (§3.5).

A recovery manager (`coordinator.manager`) or a retry hands a stalled transaction to a coordinator,
perhaps when its own coordinator is only slow: two coordinators on one transaction are safe.
"""

from coordinator.ledger import State
from coordinator.write import Tools, drive, finish
from network.messages import Cancel, Commit, Done, Failed, Finished, Recover


async def recover(message: Recover, tools: Tools) -> None:
    """Take a stalled transaction to its end, on whatever state the ledger has of it."""
    entry = await tools.ledger.find(message.entry)
    if entry is None or entry.transaction.id != message.transaction:
        # Its entry is gone, so it is finished: the entry is written before the first prepare and
        # purged or replaced only afterwards.  If it had committed, a late prepare would have been
        # rejected for its timestamp; so what is ongoing there was cancelled.  This speaks for the
        # partition's records only.
        order: type[Cancel | Commit] = Cancel
    elif entry.state is State.PREPARING:
        await drive(entry.transaction, tools, nobody_waits)
        return
    elif entry.state is not State.COMPLETED:
        await finish(entry.transaction, entry, tools, nobody_waits)
        return
    else:
        # A promise made after the transaction was completed: a prepare that its own cancel
        # overtook.
        order = Cancel if entry.is_cancelled else Commit
    if message.partition:
        patience = tools.options.patience(tools.options.answer_deadline_us)
        ended = order(message.transaction, message.keys)
        reply = await tools.peers.ask(message.partition, ended, patience)
        if isinstance(reply, Done) and any(reply.changed):
            tools.note("orphan.ended")


def nobody_waits(_: Finished | Failed) -> None:
    """Answer nobody: whoever asked has been told to ask again."""
