"""A replicator: one node of each region that speaks with those of the other regions.

It has two sides, the sender and the receiver, which have nothing to do with each other.  Within its
region it is a node like any other; a name with a region before it (`eu-west-1.x1`) is another
region's, and what is said to it crosses the link between them.

Left out: more than one replicator a region.
"""

from collections.abc import Sequence

from network.host import Host
from network.messages import Changed, Frame, from_frame
from network.placement import Placement
from network.rpc import Peers
from replication.options import ReplicationOptions
from replication.receiver import Receiver
from replication.sender import Sender


class Replicator:
    """One incarnation of a replicator; its node's whole server."""

    def __init__(
        self,
        host: Host,
        placement: Placement,
        region: str,
        others: Sequence[str],
        options: ReplicationOptions,
    ) -> None:
        self._peers = Peers(host)
        self.sender = Sender(host, self._peers, placement, options, region=region, others=others)
        self.receiver = Receiver(host, self._peers, placement, options)
        host.spawn(self.sender.watch())

    def receive(self, frame: Frame) -> None:
        """Take an answer, or what has changed in another region."""
        envelope = from_frame(frame)
        if envelope.reply_to:
            self._peers.answered(envelope.reply_to, envelope.message)
        elif isinstance(envelope.message, Changed):
            self.receiver.take(envelope, envelope.message)
