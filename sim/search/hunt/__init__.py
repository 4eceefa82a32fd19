"""The hunt: how many seeds it takes to find a mutant, by strategies that know nothing of it.

Reading order: `draws`, then what a seed's world is drawn from: `worlds`, `troubles`, `requests`,
`placing`; `strategies` (the portfolio), `shots` (one run), `hunted` (what many of them say),
`hunting` (the hunt itself), `tales` (the shrunk story of what it finds).
"""
