"""What a person can get wrong on the command line: one clear sentence, and exit code 2."""

import click

FINDING, BAD_INPUT, INTERRUPTED, CLOSED_PIPE = 1, 2, 130, 141  # Exit codes beside 0.
SENTENCE_MAX = 1_000  # Characters: whoever gave more than that knows what they gave.


class BadInputError(click.ClickException):
    """Says what is wrong with the input and what would be right."""

    exit_code = BAD_INPUT


def sentence(error: BaseException) -> str:
    """Give an error's words on one line."""
    said = error.format_message() if isinstance(error, click.ClickException) else str(error)
    line = " ".join(said.split())
    return line if len(line) <= SENTENCE_MAX else f"{line[:SENTENCE_MAX]} …"
