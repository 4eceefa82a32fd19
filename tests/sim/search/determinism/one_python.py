"""The Python that the tests run on, and no other."""

import sys

from sim.search.determinism.pythons import LeftOut, Python

THIS = Python(sys.executable, "this one", borrows=False, compiled=True)
ONLY_THIS: tuple[tuple[Python, ...], tuple[LeftOut, ...]] = ((THIS,), ())
