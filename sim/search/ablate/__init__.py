"""Ablation: each mechanism of the protocol taken away in turn, and what breaks without it.

In reading order: `mechanisms` (the list), `ablation` (what comes of taking one away), `clients`
(whether those who asked can tell).
"""
