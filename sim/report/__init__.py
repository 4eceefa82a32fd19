"""A run as a page: one HTML file that shows what happened, and opens from a disk.

Reading order: `recording` (what a report is made of), `page` (how it is put together), then the
parts of the data, each with a drawing of its own in `page/`: `diagram`, `states`, `sentences`.
"""
