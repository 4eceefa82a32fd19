"""A policy file on this machine's disk: who may do what, read before anything else begins."""

from pathlib import Path

from router.policies import Permissions
from router.policy_file import FILE_BYTES_MAX, PolicyError, permissions_of
from twophase.os_errors import why


def policies_in(path: Path | str) -> Permissions:
    """Read a policy file.

    Raises:
        PolicyError: It cannot be read, or says what nobody understands; the file is named.
    """
    try:
        with Path(path).open("rb") as file:
            read = file.read(FILE_BYTES_MAX + 1)
        return permissions_of(read.decode("utf-8"))
    except UnicodeDecodeError:
        raise PolicyError(f"{path}: not text: it must be JSON in UTF-8") from None
    except OSError as error:
        raise PolicyError(f"{path} cannot be read: {why(error)}") from error
    except PolicyError as error:
        raise PolicyError(f"{path}: {error}") from error
