"""Refuses requests that are too long, before they are read into memory."""

import json

_LONGEST = 65_536  # bytes; the longest prompt with every option is a tenth of it


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
            await _refuse(send, 411, "Send the length of the body (Content-Length).")
        elif int(length) > _LONGEST:
            await _refuse(send, 413, f"The body is longer than {_LONGEST} bytes.")
        else:
            await self._app(scope, receive, send)


async def _refuse(send, status: int, message: str) -> None:
    kind = "invalid_request_error"
    body = json.dumps({"error": {"message": message, "type": kind}}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
