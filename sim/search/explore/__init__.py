"""Explore: every schedule of a tiny world, walked with the nodes' own code.

In reading order: `world` (who asks for what, and what may go wrong), `storages` and `coordinators`
(one node's step, each worked out once), `notes` (what has been seen, in an order that matters),
`state`, `draft` and `states` (what can come next, and what that leads to), `judging` (what the
checkers say), `walk` and `graph` (the search), `telling` and `scripted` (a schedule in words, and
as a scenario), `worlds` (those that come with the product).

The nodes are a function of what they are told: a partition's machine is a synchronous step, and a
coordinator does the same again whenever it is given the same answers.  So the walk runs each
node's code once for each thing that can happen to it in each of its situations, and remembers what
came of it; a state of the world is then a few numbers, and a step is a few look-ups.
"""
