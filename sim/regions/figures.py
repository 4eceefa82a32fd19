"""What came of several regions, as data: outcomes by region, lag, and what readers could see."""

from collections.abc import Mapping

from items.data import data


@data
class Lag:
    """How long after a write was durable in its region another one had it, in µs."""

    p50: int
    p99: int
    most: int


@data
class OfRegion:
    """One region's part."""

    name: str
    outcomes: Mapping[str, int]  # Of its clients' transactions.
    writes: int  # Items that its own clients changed …
    arrived: int  # … and those that came from other regions and were kept.


@data
class Anomaly:
    """Something that no single region would show, told in sentences."""

    calls: tuple[str, ...]  # Whose it is: `eu-west-1.k2/7`.
    explanation: str


@data
class AcrossRegions:
    """All of it."""

    regions: tuple[OfRegion, ...]
    lag_us: Lag | None  # None: nothing came from anywhere.
    caught_up_us: int  # After the trouble's end every region had heard of everything.
    partial: tuple[Anomaly, ...]  # Reads of a part of another region's transaction.
    lost: tuple[Anomaly, ...]  # Writes that are gone for one that knew nothing of them.
    lost_updates: int  # Those of them where both had found the same version.
    torn: int  # Transactions of which some writes are gone like that, and others stay.
    is_gone: bool  # A snapshot of each region after that shows the same everywhere.
