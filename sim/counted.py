"""A number and what it counts, in words."""


def counted(count: float, one: str, many: str = "") -> str:
    """Write `1 run`, `1,000 runs` or, of a median, `1.5 runs`; `many` where no `s` will do."""
    number = f"{count:,}" if count % 1 else f"{int(count):,}"
    return f"{number} {one}" if count == 1 else f"{number} {many or one + 's'}"
