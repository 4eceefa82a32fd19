"""What is told of disks that fail: enough to mend them, and not so much that it fills a disk."""

from typing import Any

from structlog.testing import capture_logs

from twophase.local.failed_disks import AGAIN_US, FailedDisks

FULL = OSError("disk is full")


def told(logs: list[Any]) -> list[tuple[str, str, int]]:
    return [(one["event"], one["node"], one.get("untold", 0)) for one in logs]


def test_a_disk_that_goes_on_failing_is_told_of_once_a_minute() -> None:
    now = [0]
    disks = FailedDisks(lambda: now[0])
    with capture_logs() as logs:
        for _ in range(5):
            disks.failed("p1", FULL)
        disks.failed("p2", FULL)
        now[0] = AGAIN_US
        disks.failed("p1", FULL)
        disks.failed("p1", FULL)

    assert told(logs) == [
        ("disk.failed", "p1", 0),
        ("disk.failed", "p2", 0),
        ("disk.failed", "p1", 4),
    ]


def test_it_is_told_that_a_host_is_up_again_only_after_it_was_told_that_its_disk_failed() -> None:
    disks = FailedDisks(lambda: 0)
    with capture_logs() as logs:
        disks.restarted("p1")
        disks.failed("p1", FULL)
        disks.restarted("p1")
        disks.failed("p1", FULL)  # It comes and goes: the second time nothing is told.
        disks.restarted("p1")

    assert told(logs) == [("disk.failed", "p1", 0), ("node.restarted", "p1", 0)]


def test_a_bug_is_told_of_each_time() -> None:
    disks, bug = FailedDisks(lambda: 0), KeyError("k")
    with capture_logs() as logs:
        disks.failed("p1", bug, bug)
        disks.failed("p1", bug, bug)

    assert [one["exc_info"] for one in logs] == [bug, bug]
