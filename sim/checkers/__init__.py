"""Judges of a run: each reads a history and the evidence, and says what is wrong.

Reading order: `finding`, `model`, `oracles`, `outcomes`.
"""
