"""What is said between nodes, and how it travels.

Reading order: `messages` (everything that is ever said), `ids`, `codec`, `host` (the seams), `rpc`,
`once`, `weather`, `seal`, `lossy`, `placement`.
"""
