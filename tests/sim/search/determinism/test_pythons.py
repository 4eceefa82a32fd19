"""Finding interpreters: each once, tried, and left out with a reason."""

import errno
import os
import sys
from pathlib import Path

import pytest

from sim.search.determinism.pythons import (
    LISTED,
    LeftOut,
    Python,
    candidates,
    environment_for,
    tried_out,
)


def program(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def saying(path: Path, told: str) -> str:
    return program(path, f"echo '{told}'")


def test_this_one_comes_first_and_each_file_once(tmp_path: Path) -> None:
    shims, versions = tmp_path / "shims", tmp_path / "versions"
    for name in ("python3.11", "python3.12"):
        program(shims / name, "exit 127")
    old = program(versions / "3.12.1" / "bin" / "python3", "")
    beside = program(tmp_path / "bin" / "python3.12", "")
    (tmp_path / "bin" / "python3").symlink_to(beside)
    program(tmp_path / "bin" / "python3-config", "")

    found = candidates(
        {
            "PATH": os.pathsep.join([str(shims), str(tmp_path / "bin"), "/no/such/folder"]),
            "PYENV_ROOT": str(tmp_path),
            LISTED: os.pathsep.join([old, "/not/there"]),
        }
    )

    python3 = str(tmp_path / "bin" / "python3")  # By its shortest name; it is python3.12.
    assert found == [sys.executable, old, "/not/there", python3]


def test_folders_that_nobody_may_look_into_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python3 = program(tmp_path / "bin" / "python3", "")

    def listed(folder: Path) -> list[str]:  # Whoever is root may look everywhere.
        if folder != tmp_path / "bin":
            raise PermissionError(errno.EACCES, "Permission denied")
        return ["python3"]

    monkeypatch.setattr(os, "listdir", listed)

    found = candidates({"PATH": os.pathsep.join(["/not/for/us", str(tmp_path / "bin")])})

    assert found == [sys.executable, python3]


@pytest.mark.slow
def test_this_python_can_make_a_run() -> None:
    found = tried_out(sys.executable)

    assert isinstance(found, Python)
    assert found.name == f"cpython {'.'.join(map(str, sys.version_info[:3]))}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo no such version >&2; exit 127", "it does not start: no such version"),
        ("exit 3", "it does not start: exit code 3"),
        ("echo hello", "it does not start as a Python does"),
        ("true", "it does not start as a Python does"),
        ("""echo '{"version": [3, 10, 13], "name": "cpython"}'""", "is older than 3.11"),
        (
            """echo '{"version": [3, 12, 1], "name": "cpython", "lacks": "no lark"}'""",
            "cpython 3.12.1 cannot import what a run needs: no lark",
        ),
    ],
)
def test_one_that_cannot_make_a_run_is_left_out_with_the_reason(
    text: str, why: str, tmp_path: Path
) -> None:
    found = tried_out(program(tmp_path / "python3", text))

    assert isinstance(found, LeftOut)
    assert why in found.why


def test_one_that_lacks_packages_borrows_them(tmp_path: Path) -> None:
    lacks = '{"version": [3, 12, 1], "name": "cpython", "lacks": "lark"}'
    has = '{"version": [3, 12, 1], "name": "cpython", "compiled": false}'
    text = f"case $PYTHONPATH in *site-packages*) echo '{has}';; *) echo '{lacks}';; esac"

    found = tried_out(program(tmp_path / "python3", text))

    assert found == Python(
        str(tmp_path / "python3"), "cpython 3.12.1", borrows=True, compiled=False
    )


def test_what_is_not_there_is_left_out() -> None:
    found = tried_out("/not/there")

    assert isinstance(found, LeftOut)
    assert "does not start" in found.why


def test_a_process_inherits_nothing_that_makes_a_run_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONHASHSEED"):
        monkeypatch.setenv(name, "1")

    variables = environment_for(borrows=False)

    assert [name for name in variables if name in ("PYTHONHOME", "PYTHONOPTIMIZE")] == []
    assert "PYTHONHASHSEED" not in variables
