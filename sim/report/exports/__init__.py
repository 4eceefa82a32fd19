"""A run in the formats of other tools: ShiViz, Perfetto, Mermaid, Jepsen and Elle.

Each is a function from a recording, or a part of one, to lines.  Reading order: `chosen` (which
part of a run), `spoken` (the words that all of them use), then a file a format.
"""
