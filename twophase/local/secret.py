"""The secret of a server's control endpoint: who has it may look inside, and make trouble.

A server mints one when it starts and keeps it, as long as it runs, in a file that nobody but its
user can read: `twophase/PORT.secret` in the user's runtime directory.  So `twophase status` and
`twophase faults` of the same user on the same machine find it by the server's port.  Where there is
a `TWOPHASE_SECRET` in the environment, that is the secret, of a server as of who asks it, and no
file is written or read: so it is between users, containers and machines.

It is never given on a command line: other users can read those.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from hmac import compare_digest
from pathlib import Path
from tempfile import gettempdir
from urllib.parse import urlsplit

from twophase.local.world import new_secret
from twophase.os_errors import why

VARIABLE = "TWOPHASE_SECRET"
SECRET = re.compile(r"[!-~]{16,256}")
LENGTH_MAX = 256
HEADER, SCHEME = b"authorization", b"Bearer "
NEAR = ("127.0.0.1", "localhost", "::1")


class SecretError(Exception):
    """Why there can be no secret, in one sentence."""


@contextmanager
def kept_secret(port: int) -> Iterator[str]:
    """Give a server on this port its secret, and keep it where its user finds it.

    Raises:
        SecretError: The one in the environment is none, or there is no place to keep one.
    """
    given = given_secret()
    if given is not None:
        yield given
        return
    secret, file = new_secret(), directory() / f"{port}.secret"
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        check_private(file.parent)
        file.unlink(missing_ok=True)  # Of a server that was killed.
        written = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(written, "w", encoding="ascii") as opened:
                opened.write(secret)
        except OSError:
            file.unlink()  # Nobody is to find an empty one.
            raise
    except OSError as error:
        raise SecretError(
            f"the secret for --control cannot be kept in {file}: {why(error)};"
            f" give one in {VARIABLE}"
        ) from error
    try:
        yield secret
    finally:
        file.unlink(missing_ok=True)


def secret_for(url: str) -> str | None:
    """Find the secret of a server: the environment's, or this user's file of its port.

    Raises:
        SecretError: The one in the environment is none.
    """
    given = given_secret()
    parts = urlsplit(url)
    if given is not None or parts.hostname not in NEAR:
        return given  # What is kept here is told to nobody elsewhere.
    port = parts.port or (443 if parts.scheme == "https" else 80)
    file = directory() / f"{port}.secret"
    try:
        check_private(file.parent)
        return file.read_text(encoding="ascii")[:LENGTH_MAX]
    except (OSError, UnicodeDecodeError):  # No server of this user's on that port, by all one sees.
        return None


def is_right(secret: str, headers: dict[bytes, bytes]) -> bool:
    """Say whether whoever sent these headers knows the secret."""
    told = headers.get(HEADER, b"")
    return told.startswith(SCHEME) and compare_digest(told[len(SCHEME) :], secret.encode())


def given_secret() -> str | None:
    given = os.environ.get(VARIABLE)
    if not given:
        return None
    if not SECRET.fullmatch(given):
        raise SecretError(f"{VARIABLE} must be 16 to {LENGTH_MAX} characters without blanks")
    return given


def directory() -> Path:
    """Return this user's directory for what lives as long as a process."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "twophase"
    return Path(gettempdir()) / f"twophase-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


def check_private(path: Path) -> None:
    """Refuse a directory that somebody else has put there, or can look into.

    Raises:
        OSError
    """
    found = path.lstat()
    is_own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    if not (stat.S_ISDIR(found.st_mode) and is_own and not found.st_mode & 0o077):
        raise PermissionError(0, "its directory is not this user's alone")
