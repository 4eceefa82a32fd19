"""Judges of a run: each reads a history, or the evidence of the disks, and says what is wrong."""
