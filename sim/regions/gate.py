"""A region's way out: what its nodes say to another region crosses the link between the two.

Nodes have the same names in every region.  A name with a region before it, as in `eu-west-1.x1`, is
another region's, and the link knows both ends by such names.
"""

from typing import Any

from items.data import data
from network.host import Transport
from replication.options import ReplicationOptions

MARK = "."  # Between a region and a node.


@data
class Region:
    """What a cluster knows that is one of several regions."""

    name: str
    others: tuple[str, ...]
    link: Transport
    options: ReplicationOptions


class Gate:
    """The transport of a node that speaks with other regions as well; a `Transport`."""

    def __init__(self, region: Region, inside: Transport) -> None:
        self._region, self._inside = region, inside

    def send(self, source: str, target: str, frame: Any) -> None:
        if MARK in target:
            self._region.link.send(f"{self._region.name}{MARK}{source}", target, frame)
        else:
            self._inside.send(source, target, frame)
