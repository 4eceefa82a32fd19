"""What is said between nodes, and how it travels.

Reading order: `messages` (everything that is ever said), `ids`, `codec`, `host` (the seams), `rpc`,
`once`, `placement`, `owners` (the way to a key, wherever it is), `weather`, `seal`, `lossy`.

Besides: `settings`, `streams` (what messages say of tables and changes), `events` (what is noted).
"""
