"""Who may draw: those that know one of the server's keys, where it has any."""

import hashlib
import hmac
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Security
from fastapi.params import Depends as Dependency
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from llmvis.errors import ServingError
from llmvis.serving.waiting import Refused

VARIABLE = "LLMVIS_API_KEYS"


def read(file: str | None) -> tuple[str, ...]:
    """Reads the keys of the server.

    Args:
        file: One key a line; None for those of the variable LLMVIS_API_KEYS, with
            spaces or commas between them, or none where it is not set.

    Raises:
        ServingError: There is no such file, or no key in it.
    """
    if file is None:
        return tuple(re.findall(r"[^\s,]+", os.environ.get(VARIABLE, "")))
    try:
        lines = Path(file).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ServingError(
            f"serve.api_keys_file is {file}, and cannot be read: {error}. Write one "
            "key a line into it, such as `openssl rand -hex 32` gives."
        ) from error
    found = tuple(line.strip() for line in lines if line.strip())
    if not found:
        # A file that was emptied by accident must not open the server to everybody.
        raise ServingError(
            f"serve.api_keys_file is {file}, and has no key in it. Write one key a "
            "line, or set serve.api_keys_file to null to let everybody draw."
        )
    return found


def asked_of(keys: Sequence[str]) -> list[Dependency]:
    """Gives what a route depends on that only holders of a key may use.

    Args:
        keys: Any of them will do; none lets everybody in.
    """
    if not keys:
        return []
    known = [_digest(key) for key in keys]
    bearer = HTTPBearer(
        auto_error=False, scheme_name="key", description="A key of this server."
    )

    async def require(
        held: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
    ) -> None:
        given = _digest(held.credentials) if held else b""
        # All are compared, and as digests: the time tells nothing of any of them.
        if not any([hmac.compare_digest(given, one) for one in known]):
            raise Refused(
                401,
                "This server draws for those that have one of its keys. Send it in "
                "the header `Authorization: Bearer KEY`.",
            )

    return [Depends(require)]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
