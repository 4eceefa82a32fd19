"""What every operation is given: the tools to carry it out with, and who asks."""

from items.data import data
from router.followers import Followers
from router.nodes import Nodes
from router.options import RouterOptions
from router.tables import Tables


@data
class Tools:
    """What carrying out an operation takes."""

    nodes: Nodes
    tables: Tables
    options: RouterOptions
    followers: Followers | None  # None: there are none, and every read is its partition's.


@data
class Origin:
    """Who asks: the client's attempt, and the call that it is an attempt of."""

    request: str
    call: str
