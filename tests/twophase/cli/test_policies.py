"""`twophase serve --policies`: what is told of a file that is none, and that a right one holds."""

import json
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from router.policy_file import FILE_BYTES_MAX
from twophase.cli.main import main

POLICIES = {
    "Principals": [
        {
            "Name": "reader",
            "AccessKeyId": "READER",
            "SecretAccessKey": "a-secret",
            "Policy": {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Action": ["dynamodb:List*", "dynamodb:GetItem"],
                    "Resource": "*",
                },
            },
        }
    ]
}


def refusal(*words: str) -> str:
    result = CliRunner().invoke(main, ["serve", *words])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", "line 1: not JSON"),
        (b"\xff", "not text: it must be JSON in UTF-8"),
        (b" " * (FILE_BYTES_MAX + 1), "a policy file has 1,048,576 characters at most"),
        (b'{"Principals": [{"Name": "app"}]}', "principal 1 has no AccessKeyId"),
    ],
)
def test_a_file_that_is_none_is_one_sentence(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "policies.json"
    file.write_bytes(content)

    assert f"--policies: {file}: {expected}" in refusal("--policies", str(file))


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    gone = tmp_path / "gone.json"

    assert f"--policies: {gone} cannot be read: no such" in refusal("--policies", str(gone))
    assert "cannot be read: is a directory" in refusal("--policies", str(tmp_path))


def test_a_server_with_policies_says_so_and_shows_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "policies.json"
    file.write_text(json.dumps(POLICIES))
    command = [sys.executable, "-m", "twophase", "serve", "--port", "0", "--policies", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        lines: list[str] = []
        while not lines or "Ctrl-C" not in lines[-1]:
            lines.append(server.stdout.readline())
        url = next(line for line in lines if "AWS_ENDPOINT_URL" in line).partition("=")[2].strip()
        reader = boto3.client(
            "dynamodb",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="READER",
            aws_secret_access_key="a-secret",
        )
        try:
            assert reader.list_tables()["TableNames"] == []
            with pytest.raises(ClientError, match="not authorized to perform: dynamodb:DeleteTab"):
                reader.delete_table(TableName="Orders")
        finally:
            server.terminate()

    assert "Principals: 1; a client signs with the keys of one of them.\n" in lines
    assert "a-secret" not in "".join(lines)
    assert not any("AWS_SECRET" in line for line in lines)
