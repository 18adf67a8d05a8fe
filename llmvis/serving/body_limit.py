"""Refuses requests that are too long, and keeps nothing of them in memory."""

import asyncio
import json

_LONGEST = 65_536  # bytes; the longest prompt with every option is a tenth of it
_THROWN_AWAY = 1_048_576  # bytes of a refused body that are read past
_PATIENCE = 2.0  # seconds to read past them


class BodyLimit:
    """ASGI middleware that asks for a length, and refuses one that is too great."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["method"] not in {"POST", "PUT", "PATCH"}:
            await self._app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"")
        if not length.isdigit():
            await _read_past(receive)
            await _refuse(send, 411, "Send the length of the body (Content-Length).")
        elif int(length) > _LONGEST:
            await _read_past(receive)
            await _refuse(send, 413, f"The body is longer than {_LONGEST} bytes.")
        else:
            await self._app(scope, receive, send)


async def _read_past(receive) -> None:
    """Takes a refused body off the wire, as far as it pays, and keeps none of it.

    A connection that is closed with bytes unread is reset, and the client loses the
    answer that says why (RFC 9112, section 9.6).
    """
    left, more = _THROWN_AWAY, True
    try:
        async with asyncio.timeout(_PATIENCE):
            while more and left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                more = message.get("more_body", False)
    except TimeoutError:
        return


async def _refuse(send, status: int, message: str) -> None:
    kind = "invalid_request_error"
    body = json.dumps({"error": {"message": message, "type": kind}}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
