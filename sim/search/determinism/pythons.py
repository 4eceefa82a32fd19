"""Which Pythons there are, and which of them can make a run; the others, with the reason.

Looked for on PATH, in pyenv, and in TWOPHASE_PYTHONS (paths, separated as PATH is).  One that has
not installed what a run needs borrows the packages of this one: all of them are, or have a half
that is, plain Python.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import sim
from items.data import data

ROOT = Path(sim.__file__).parents[1]
NAMES = re.compile(r"python3(\.\d+)?|pypy3(\.\d+)?")
LISTED = "TWOPHASE_PYTHONS"
PYTHONS_MAX = 40
PROBE_SECONDS = 60
OLDEST = (3, 11)
PROBE = """
import json, sys
told = {"version": list(sys.version_info[:3]), "name": sys.implementation.name}
if sys.version_info >= (3, 11):
    try:
        import sim.search.determinism.child
        import msgpack
        told["compiled"] = not msgpack.Unpacker.__module__.endswith("fallback")
    except ImportError as error:
        told["lacks"] = str(error)
print(json.dumps(told))
"""


@data
class Python:
    """An interpreter that can make a run."""

    path: str
    name: str  # As in cpython 3.12.1.
    borrows: bool  # It has the packages that a run needs from this interpreter's environment.
    compiled: bool  # msgpack is the compiled one there, and not the one in plain Python.


@data
class LeftOut:
    """An interpreter that cannot."""

    path: str
    why: str


def find_pythons() -> tuple[tuple[Python, ...], tuple[LeftOut, ...]]:
    """Find all interpreters and try each; this one comes first."""
    paths = candidates(os.environ)
    with ThreadPoolExecutor(4) as threads:
        tried = list(threads.map(tried_out, paths))
    found = tuple(one for one in tried if isinstance(one, Python))
    return found, tuple(one for one in tried if isinstance(one, LeftOut))


def candidates(environment: Mapping[str, str]) -> list[str]:
    """List the interpreters that there may be, each once, by the file that it is in the end."""
    paths = [sys.executable]
    paths += _listed(environment.get(LISTED, ""))
    pyenv = Path(environment.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [Path(one) for one in environment.get("PATH", "").split(os.pathsep) if one]
    # A shim only finds what is in `versions` as well, if anything.
    paths += _in_folders(one for one in folders if one != pyenv / "shims")
    versions = pyenv / "versions"
    of_versions = (str(versions / name / "bin" / "python3") for name in _names_in(versions))
    paths += filter(os.path.exists, of_versions)
    once: dict[str, str] = {}
    for path in paths:
        once.setdefault(os.path.realpath(path), path)
    return list(once.values())[:PYTHONS_MAX]


def _listed(text: str) -> list[str]:
    return [shutil.which(one) or one for one in text.split(os.pathsep) if one]


def _in_folders(folders: Iterable[Path]) -> list[str]:
    return [
        str(folder / name)
        for folder in folders
        for name in _names_in(folder)
        if NAMES.fullmatch(name)
    ]


def _names_in(folder: Path) -> list[str]:
    """List what is in a folder; nothing if it is not there, or not for us to look into."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def tried_out(path: str) -> Python | LeftOut:
    """Find out whether an interpreter can make a run, with its own packages or with borrowed."""
    lacks = ""
    for borrows in (False, True):
        told = _told(path, borrows=borrows)
        if isinstance(told, str):
            return LeftOut(path, told)
        name = f"{told['name']} {'.'.join(map(str, told['version']))}"
        if tuple(told["version"]) < OLDEST:
            return LeftOut(path, f"{name} is older than {'.'.join(map(str, OLDEST))}")
        if "lacks" not in told:
            return Python(path, name, borrows=borrows, compiled=told["compiled"])
        lacks = f"{name} cannot import what a run needs: {told['lacks']}"
    return LeftOut(path, lacks)


def _told(path: str, *, borrows: bool) -> dict[str, Any] | str:
    """Ask an interpreter what it is; a text says why it does not answer."""
    try:
        done = subprocess.run(  # noqa: S603  # It is to try what was found.
            [path, "-c", PROBE],
            cwd=ROOT,
            env=environment_for(borrows=borrows),
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it does not start: {error}"
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    if done.returncode:
        return f"it does not start: {last}"
    try:
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):  # It says something else, or nothing: that is the reason.
        return "it does not start as a Python does"
    return told


def environment_for(*, borrows: bool) -> dict[str, str]:
    """Return the variables of a process that finds our packages, and borrowed ones if it must."""
    unwanted = ("PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONHASHSEED", "PYTHONSTARTUP")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    paths = [str(ROOT), kept.get("PYTHONPATH", "")]
    paths += [sysconfig.get_path("purelib")] if borrows else []
    path = os.pathsep.join(one for one in paths if one)
    return {**kept, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
