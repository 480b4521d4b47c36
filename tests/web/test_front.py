"""Many who ask for one page at once let it be made once."""

import asyncio

import pytest

from app.settings import ROOT
from app.web.encodings import UNPACKERS
from app.web.front import Front

ASKING = 20


async def one(front, path, *headers):
    """Ask once; returns the body of the answer."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b""}
    await front(scope | {"headers": headers}, None, send)
    return b"".join(message.get("body", b"") for message in sent)


def asked(app, path):
    """Ask all at once; returns the answers' bodies."""
    front = Front(app, version=lambda: 1, limit=1 << 20)

    async def every():
        async with asyncio.timeout(5):
            return await asyncio.gather(*(one(front, path) for _ in range(ASKING)))

    return asyncio.run(every())


@pytest.mark.parametrize(("canonical", "made"), [(True, 1), (False, ASKING)])
def test_a_page_that_is_kept_is_made_for_all_who_ask_meanwhile(canonical, made):
    times = []

    async def app(scope, _, send):
        times.append(1)
        scope["state"] |= {"keep": True, "canonical": canonical}
        await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a page"})

    assert [b"a page"] * ASKING == asked(app, "/r/ldr")
    assert made == len(times)


def test_nobody_waits_for_the_end_of_what_nobody_keeps():
    begun, all_of_them = [], asyncio.Event()

    async def app(_scope, _, send):
        begun.append(1)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if len(begun) == ASKING:
            all_of_them.set()
        await all_of_them.wait()
        await send({"type": "http.response.body", "body": b"streamed"})

    assert [b"streamed"] * ASKING == asked(app, "/vapic.json")


def test_a_page_is_packed_in_a_hurry_at_first_and_well_for_who_asks_again():
    page = (ROOT / "README.md").read_bytes()

    async def app(scope, _, send):
        scope["state"] |= {"keep": True, "canonical": True}
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": page})

    async def three():
        front = Front(app, version=lambda: 1, limit=1 << 20)
        return [await one(front, "/", (b"accept-encoding", encoding.encode())) for _ in range(3)]

    for encoding, unpack in UNPACKERS.items():
        first, again, third = asyncio.run(three())
        assert page == unpack(first) == unpack(again)
        assert again == third
        assert not encoding or len(again) < len(first)


def test_pages_of_an_older_data_version_are_given_up_for_those_of_a_newer_one():
    versions = iter((1, 1, 2, 1))

    async def app(scope, _, send):
        scope["state"] |= {"keep": True, "canonical": True}
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a page of " + scope["path"].encode()})

    front = Front(app, version=lambda: next(versions), limit=1 << 20)
    sizes = []
    for path in ("/c", "/d", "/r/ldr", "/late"):
        asyncio.run(one(front, path))
        sizes.append(front.kept_bytes)

    assert sizes[0] < sizes[1] > sizes[2] == sizes[3]
