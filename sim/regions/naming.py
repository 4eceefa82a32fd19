"""Names for those outside a region: what happens in it is told with the region's before them."""

from typing import Any, NamedTuple

from sim.regions.gate import MARK
from sim.trace import Event, Listener


class NamedLink(NamedTuple):
    """One direction between two hosts of a region."""

    source: str
    target: str


def named(region: str, listener: Listener) -> Listener:
    """Tell a listener of a region's events, its hosts named as in `eu-west-1.p1`."""

    def listen(event: Event) -> None:
        fields: dict[str, Any] = {"region": region, **event.fields}
        link, host = fields.get("link"), fields.get("host")
        if link is not None and not isinstance(link, str):
            source, target = f"{region}{MARK}{link.source}", f"{region}{MARK}{link.target}"
            fields["link"] = NamedLink(source, target)
        if host is not None:
            fields["host"] = f"{region}{MARK}{host}"
        listener(event._replace(fields=fields))

    return listen
