"""What stands before every request."""

import asyncio
import json
import logging

import pytest

from sonoloop.web.guard import FORM_BYTES, POLICY, App, Guard, Message, Receive, Scope, Send


def call(
    app: App,
    *,
    host: str = "localhost:1",
    only_local: bool = True,
    body: bytes = b"",
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    """Send one request."""
    guard = Guard(app, max_upload_bytes=100, only_local=only_local)
    named = {"host": host, **headers}
    scope: Scope = {
        "type": "http",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, b"".join(part.get("body", b"") for part in sent[1:])


async def echo(_: Scope, receive: Receive, send: Send) -> None:
    """Answer with what came."""
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


def test_good_request_passes_and_the_browser_is_told_to_stay() -> None:
    """Every answer carries the policy."""
    status, headers, body = call(echo, body=b"hello")
    assert (status, body) == (200, b"hello")
    assert headers["content-security-policy"] == POLICY
    assert headers["referrer-policy"] == "no-referrer"
    assert "http:" not in POLICY
    assert "https:" not in POLICY


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "[::1]:80"])
def test_names_of_this_machine_pass(host: str) -> None:
    """With and without port."""
    assert call(echo, host=host)[0] == 200


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "", "192.168.0.1:7860"])
def test_other_names_are_refused_where_only_this_machine_may_ask(host: str) -> None:
    """A name given to this address elsewhere would open it to any page."""
    status, _, body = call(echo, host=host)
    assert status == 403
    assert "names of its own machine only" in json.loads(body)["error"]
    assert call(echo, host=host, only_local=False)[0] == 200


def test_pages_of_other_servers_are_refused() -> None:
    """Wherever the server listens."""
    foreign = call(echo, host="a:1", only_local=False, origin="http://b:1")
    assert foreign[0] == 403
    assert call(echo, host="a:1", only_local=False, origin="http://a:1")[0] == 200


def test_large_body_is_refused_by_its_stated_and_by_its_true_length() -> None:
    """Whatever the application makes of half a body."""
    stated = call(echo, **{"content-length": str(100 + FORM_BYTES + 1)})
    assert stated[0] == 413
    true = call(echo, body=bytes(100 + FORM_BYTES + 1))
    assert true[0] == 413
    assert "larger than 0 MB together" in json.loads(true[2])["error"]

    async def stubborn(_: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(Exception):  # noqa: B017, PT011 - as a framework does
            await receive()
        await send({"type": "http.response.start", "status": 400, "headers": []})
        await send({"type": "http.response.body", "body": b"half a form"})

    status, _, body = call(stubborn, body=bytes(100 + FORM_BYTES + 1))
    assert (status, b"half" in body) == (413, False)


def test_error_becomes_a_sentence_and_is_logged_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No traceback reaches a browser."""

    async def broken(_: Scope, __: Receive, ___: Send) -> None:
        await asyncio.sleep(0)
        msg = "patient Meier"
        raise ValueError(msg)

    with caplog.at_level(logging.ERROR):
        status, _, body = call(broken)
    assert status == 500
    assert json.loads(body)["error"].startswith("an error that should not be")
    assert "ValueError" in caplog.text
    assert "Meier" not in caplog.text.replace('msg = "patient Meier"', "")
