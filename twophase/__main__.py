"""`python -m twophase` is the command `twophase`."""

from twophase.cli.main import main

main(prog_name="twophase")
