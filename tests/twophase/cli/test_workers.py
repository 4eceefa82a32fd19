"""A worker that dies is nobody's finding: whoever asked is told, with exit code 2."""

import os
import signal
from concurrent.futures import Future
from typing import Any

import pytest
from click.testing import CliRunner

from sim.search.executors import Processes
from twophase.cli.errors import BAD_INPUT
from twophase.cli.main import main


def killed(_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly(Processes):
    """Processes that are killed by whatever they are asked."""

    def submit(self, job: Any, asked: Any) -> Future[Any]:
        return super().submit(killed, asked)


@pytest.mark.parametrize(
    ("module", "words", "what"),
    [
        ("ablate", ("ablate", "every-vote"), "ablation"),
        ("steps", ("steps", "one-transaction", "--no-pairs"), "step sweep"),
        ("mutants_hunt", ("mutants", "--hunt", "the-last-vote-is-not-counted"), "hunt"),
    ],
)
def test_a_worker_that_dies_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, module: str, words: tuple[str, ...], what: str
) -> None:
    monkeypatch.setattr(f"twophase.cli.{module}.open_pool", lambda _, jobs: Deadly(jobs))

    result = CliRunner().invoke(main, [*words, "--jobs", "1"])

    assert result.exit_code == BAD_INPUT, result.output
    assert f"a process of the {what} died, out of memory or killed" in result.stderr
    assert result.stdout == ""
