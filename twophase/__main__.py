"""Where the command `twophase` begins, which is `python -m twophase` as well."""

import sys


def main() -> None:
    """Be the command, which is quiet if it is interrupted before it is all there."""
    try:
        from twophase.cli.main import main as command  # noqa: PLC0415  # Ctrl-C may come now.

        command(prog_name="twophase")
    except KeyboardInterrupt:
        sys.exit(130)  # As `twophase.cli.errors` has it, which may not be there yet.


if __name__ == "__main__":
    main()
