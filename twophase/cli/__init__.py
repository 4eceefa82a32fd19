"""The command `twophase`, one file a command group."""
