"""What stands before every request: bounded bodies, this machine only, nothing loaded from outside.

A plain ASGI layer, so it sees Gradio's own addresses too.
"""

import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from sonoloop.synthesis.batch_options import BYTES_PER_MB
from sonoloop.web.failures import where_and_what

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; form-action 'self'; frame-ancestors 'self'; base-uri 'self'"
)
"""Content-Security-Policy: the browser itself keeps every request on this server. Gradio's page
is made of inline scripts and styles."""
HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
FORM_BYTES: Final = 1 << 20
"""What a form takes besides its files."""
DRAINED_BYTES: Final = 1 << 28
"""Most that is read, and not kept, of a body that is refused."""
_LOG: Final = logging.getLogger(__name__)
LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class _BodyTooLargeError(Exception):
    """More came than is taken; never leaves this file."""


class Guard:
    """Wraps an application.

    Args:
        app: Any ASGI application.
        max_upload_bytes: Most that the files of one request take.
        only_local: Whether the server may be called by a name of this machine only; otherwise a
            page elsewhere could give its own name to this address and read the answers.
    """

    def __init__(self, app: App, *, max_upload_bytes: int, only_local: bool) -> None:
        """Take an application."""
        self.app = app
        self.max_body_bytes = max_upload_bytes + FORM_BYTES
        self.max_upload_bytes = max_upload_bytes
        self.only_local = only_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        refusal = self._refusal(headers)
        if refusal is not None:
            await _drain(receive)
            await _answer(send, *refusal)
            return
        await self._watched(scope, receive, send)

    def _refusal(self, headers: dict[str, bytes]) -> tuple[int, str] | None:
        host = headers.get("host", b"").decode("latin-1")
        name = urlsplit(f"//{host}").hostname or ""
        if self.only_local and name not in LOCAL_NAMES:
            return 403, "this server answers to names of its own machine only"
        origin = headers.get("origin", b"").decode("latin-1")
        if origin and urlsplit(origin).netloc != host:
            return 403, "a page of another server may not ask this one"
        length = headers.get("content-length", b"0").decode("latin-1")
        if length.isdecimal() and int(length) > self.max_body_bytes:
            return 413, self._too_large()
        return None

    def _too_large(self) -> str:
        return (
            f"the files are larger than {self.max_upload_bytes // BYTES_PER_MB} MB together: send "
            "fewer or smaller ones"
        )

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes, and answer in the application's place when it is too much."""
        num_bytes = 0
        started = False

        async def counted() -> Message:
            nonlocal num_bytes
            message = await receive()
            num_bytes += len(message.get("body", b""))
            if num_bytes > self.max_body_bytes:
                raise _BodyTooLargeError
            return message

        async def headed(message: Message) -> None:
            nonlocal started
            if num_bytes > self.max_body_bytes and not started:
                return  # what the application makes of half a body
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        try:
            await self.app(scope, counted, headed)
        except _BodyTooLargeError:
            pass
        except Exception as error:  # noqa: BLE001 - one request must not end the server
            _LOG.error("a request failed with %s", where_and_what(error))
            if not started and num_bytes <= self.max_body_bytes:
                await _answer(send, 500, "an error that should not be: tell who runs the server")
                return
        if num_bytes > self.max_body_bytes and not started:
            await _drain(receive)
            await _answer(send, 413, self._too_large())


async def _drain(receive: Receive) -> None:
    """Read what is still sent and forget it: who is cut off while sending never sees the answer."""
    left = DRAINED_BYTES
    while left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
        if not message.get("more_body", False):
            return


async def _answer(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"error": sentence}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        *HEADERS,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
