"""The secret of the control endpoint: where it is kept, who finds it, and that it is needed."""

import errno
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner

from twophase.cli.main import main
from twophase.local import secret
from twophase.local.secret import SecretError, is_right, kept_secret, secret_for
from twophase.testing import LocalDynamoDB, local_dynamodb

PORT = 49_152
URL = f"http://127.0.0.1:{PORT}"
GIVEN = "a-secret-of-my-own"


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime directory of one's own, and no secret in the environment."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv(secret.VARIABLE, raising=False)
    return tmp_path / "twophase"


# Where it is.


def test_a_secret_is_kept_as_long_as_it_is_of_use_and_for_its_user_alone(runtime: Path) -> None:
    with kept_secret(PORT) as minted:
        file = runtime / f"{PORT}.secret"
        assert file.read_text() == minted
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(runtime.stat().st_mode) == 0o700
        assert secret_for(URL) == secret_for(f"http://localhost:{PORT}/") == minted
        assert secret_for("http://127.0.0.1:1") is None

    assert list(runtime.iterdir()) == []
    assert secret_for(URL) is None


def test_every_start_has_another_secret(runtime: Path) -> None:
    with kept_secret(PORT) as first:
        pass
    with kept_secret(PORT) as second:
        pass

    assert first != second
    assert len(first) == len(second) == 64
    assert runtime.is_dir()


def test_what_a_killed_server_left_is_replaced(runtime: Path) -> None:
    runtime.mkdir(mode=0o700)
    (runtime / f"{PORT}.secret").write_text("of somebody who is no more")

    with kept_secret(PORT) as minted:
        assert secret_for(URL) == minted


def test_a_secret_is_told_to_nobody_elsewhere(runtime: Path) -> None:
    with kept_secret(PORT):
        for url in (f"http://example.com:{PORT}", f"http://10.0.0.1:{PORT}", "nonsense"):
            assert secret_for(url) is None
    assert runtime.is_dir()


def test_the_environments_secret_is_written_nowhere(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(secret.VARIABLE, GIVEN)

    with kept_secret(PORT) as found:
        assert found == secret_for("http://example.com") == GIVEN
        assert not runtime.exists()


@pytest.mark.parametrize("given", ["short", "has a blank in the middle", "é" * 20, "x" * 257])
def test_a_secret_that_is_none_is_refused(
    runtime: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv(secret.VARIABLE, given)

    with pytest.raises(SecretError, match="must be 16 to 256 characters"), kept_secret(PORT):
        pass
    result = CliRunner().invoke(main, ["status", "--url", URL])
    assert result.exit_code == 2
    assert "TWOPHASE_SECRET must be 16 to 256 characters" in result.stderr
    assert not runtime.exists()


def test_a_place_that_others_see_is_refused(runtime: Path) -> None:
    runtime.mkdir()
    runtime.chmod(0o755)
    (runtime / f"{PORT}.secret").write_text(GIVEN)

    with pytest.raises(SecretError, match="give one in TWOPHASE_SECRET"), kept_secret(PORT):
        pass
    assert secret_for(URL) is None


def test_a_secret_that_cannot_be_written_leaves_no_file(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)

    with pytest.raises(SecretError, match="give one in TWOPHASE_SECRET"), kept_secret(PORT):
        pass
    assert list(runtime.iterdir()) == []


def test_a_link_of_somebody_else_is_refused(runtime: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    os.symlink(elsewhere, runtime)

    with pytest.raises(SecretError, match=r"/[^:]*: its directory is not this user's alone;"):
        kept_secret(PORT).__enter__()


def test_without_a_runtime_directory_it_is_in_the_one_for_what_is_temporary(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("", str(tmp_path / "gone")):
        monkeypatch.setenv("XDG_RUNTIME_DIR", name)
        assert secret.directory().name == f"twophase-{os.getuid()}"


# Who knows it.


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (f"Bearer {GIVEN}", True),
        (f"Bearer {GIVEN}x", False),
        (f"Bearer {GIVEN[:-1]}", False),
        ("Bearer ", False),
        (GIVEN, False),
        ("", False),
    ],
)
def test_only_the_whole_secret_is_right(told: str, expected: bool) -> None:
    assert is_right(GIVEN, {b"authorization": told.encode()}) is expected
    assert not is_right(GIVEN, {})


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDynamoDB]:
    with local_dynamodb(seed=1, control=True, metrics=True) as server:
        yield server


def asked(server: LocalDynamoDB, path: str, told: str | None, body: bytes | None = None) -> int:
    headers = {} if told is None else {"Authorization": told}
    request = Request(server.url + path, data=body, headers=headers)
    try:
        with urlopen(request) as answer:
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code


def test_nobody_gets_in_without_the_secret(server: LocalDynamoDB) -> None:
    right = f"Bearer {secret_for(server.url)}"

    for told in (None, "", "Bearer ", "Bearer guessed-by-somebody", right[:-1]):
        assert asked(server, "/_twophase/status", told) == 403
        assert asked(server, "/_twophase/faults", told, b"loss=1") == 403
    assert asked(server, "/_twophase/status", right) == 200
    assert server.cluster.trouble is not None
    assert str(server.cluster.trouble.faults) == "none"
    assert asked(server, "/metrics", None) == 200  # Only who asked for metrics has them.


def test_commands_find_it_and_say_so_if_they_cannot(
    server: LocalDynamoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["status", "--json", "--url", server.url]
    assert json.loads(CliRunner().invoke(main, words).stdout)["nodes"]
    monkeypatch.setenv(secret.VARIABLE, "guessed-by-somebody")

    result = CliRunner().invoke(main, words)

    assert result.exit_code == 2
    assert result.stderr == (
        "twophase: who looks inside this server must have its secret: ask as the user who started"
        " it, or with the secret in TWOPHASE_SECRET\n"
    )
