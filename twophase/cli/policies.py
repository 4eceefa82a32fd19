"""`--policies FILE`: who may do what, read before anything else begins."""

from pathlib import Path

from router.policies import Permissions
from router.policy_file import FILE_BYTES_MAX, PolicyError, permissions_of
from twophase.cli.errors import BadInputError, why


def policies_in(path: str) -> Permissions:
    """Read a policy file.

    Raises:
        BadInputError: It cannot be read, or says what nobody understands.
    """
    try:
        with Path(path).open("rb") as file:
            read = file.read(FILE_BYTES_MAX + 1)
        return permissions_of(read.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadInputError(f"--policies: {path}: not text: it must be JSON in UTF-8") from None
    except OSError as error:
        raise BadInputError(f"--policies: {path} cannot be read: {why(error)}") from error
    except PolicyError as error:
        raise BadInputError(f"--policies: {path}: {error}") from error
