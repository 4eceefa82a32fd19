"""The weather on links: what becomes of messages, how often, and how long they take.

What a site draws is the caller's; here are the shapes.
"""

from items.data import data
from network.host import Site

CARRIED, LOST, REPEATED, LATE, CORRUPT = range(5)  # Fates; the calm one first.
FATE_PARTS = 1 << 32


@data
class Uniform:
    """Every delay from `least_us` to `most_us` is as likely as any other."""

    least_us: int
    most_us: int

    @property
    def longest_us(self) -> int:
        return self.most_us

    def times(self, factor: int) -> "Uniform":
        return Uniform(self.least_us * factor, self.most_us * factor)

    def draw(self, site: Site, n: int) -> int:
        return self.least_us + site.at(n, self.most_us - self.least_us + 1)


# Quantiles of exp(0.6 · z), z normal, at (n + ½) / 64 for n below 32, in thousandths of the median:
# the shape of delays in a network, by table because `log` and `exp` differ from platform to
# platform.
LOWER_PERMILLE = (
    *(234, 303, 347, 383, 413, 441, 466, 490, 513, 535, 556, 577, 597, 618, 638, 657),
    *(677, 697, 716, 736, 756, 776, 796, 816, 836, 857, 878, 899, 921, 943, 965, 988),
)
# The upper half mirrors the lower one in ratio.
PERMILLE = (*LOWER_PERMILLE, *(1_000_000 // quantile for quantile in reversed(LOWER_PERMILLE)))


@data
class LogNormal:
    """Most delays near the median, a few of them up to four times as long."""

    median_us: int

    @property
    def longest_us(self) -> int:
        return self.median_us * PERMILLE[-1] // 1000

    def times(self, factor: int) -> "LogNormal":
        return LogNormal(self.median_us * factor)

    def draw(self, site: Site, n: int) -> int:
        return max(1, self.median_us * PERMILLE[site.at(n, len(PERMILLE))] // 1000)


@data
class Weather:
    """How a link treats what it carries: probabilities a message, and delays in µs."""

    delay: Uniform | LogNormal
    loss: float = 0.0
    repeat: float = 0.0
    late: float = 0.0  # With this probability a message takes up to `late_us` longer.
    late_us: int = 0
    corrupt: float = 0.0  # A byte of the frame is changed; needs a network that seals.

    def __post_init__(self) -> None:
        total = self.loss + self.repeat + self.late + self.corrupt
        assert 0.0 <= total <= 1.0, "a link cannot lose, repeat and delay more than it carries"
