"""One request writes at a time, few wait, none for long, and nobody's answer is lost."""

import asyncio

import pytest

from tests.web.tiny import API, HERE, Recorder, ask, ask_now, limited


@pytest.fixture
def recorder():
    return Recorder()


def test_one_writes_at_a_time_and_all_get_their_turn(recorder):
    async def twenty(app):
        return await asyncio.gather(*(ask(app, (b"%d" % n,)) for n in range(20)))

    answers = asyncio.run(twenty(limited(recorder)))

    assert [200] * 20 == [answer.status for answer in answers]
    assert 1 == recorder.most_running
    assert sorted(b"%d" % n for n in range(20)) == sorted(recorder.bodies)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)


def test_who_comes_to_a_full_queue_is_sent_away_and_nobody_else(recorder):
    async def crowd(app):
        recorder.gate = asyncio.Event()
        tasks = [asyncio.create_task(ask(app, (b"%d" % n,))) for n in range(5)]
        await until(lambda: sum(task.done() for task in tasks) == 2)
        page = await ask(app, method="GET")
        recorder.gate.set()
        return [await task for task in tasks], page, await ask(app)

    answers, page, later = asyncio.run(crowd(limited(recorder, writers_waiting=2)))

    assert [200, 200, 200, 503, 503] == [answer.status for answer in answers]
    assert ("busy", "1") == (answers[3].data["error"]["code"], answers[3].headers["retry-after"])
    assert [200, 200] == [page.status, later.status]
    assert [b"0", b"1", b"2", b"{}"] == recorder.bodies


def test_who_waits_too_long_is_sent_away_and_the_queue_goes_on(recorder):
    async def wait(app):
        recorder.gate = asyncio.Event()
        first = asyncio.create_task(ask(app, (b"first",)))
        await until(lambda: recorder.running)
        second = await ask(app, (b"second",))
        recorder.gate.set()
        return (await first).status, second, (await ask(app, (b"third",))).status

    first, second, third = asyncio.run(wait(limited(recorder, writer_seconds=0.05)))

    assert [200, 503, 200] == [first, second.status, third]
    assert "1" == second.headers["retry-after"]
    assert [b"first", b"third"] == recorder.bodies


def test_a_client_that_does_not_read_its_answer_holds_up_nobody(recorder):
    async def two(app):
        unread = asyncio.Event()

        async def stuck(_):
            await unread.wait()

        async def body():
            return {"type": "http.request", "body": b"stuck", "more_body": False}

        scope = {"type": "http", "method": "POST", "path": API, "headers": [], "client": HERE}
        stuck_task = asyncio.create_task(app({**scope, "query_string": b""}, body, stuck))
        await until(lambda: recorder.bodies)
        status = (await ask(app, (b"next",))).status
        unread.set()
        await stuck_task
        return status

    assert 200 == asyncio.run(two(limited(recorder)))
    assert [b"stuck", b"next"] == recorder.bodies


def test_a_failure_gives_the_turn_back(recorder):
    app = limited(recorder, writers_waiting=0)
    recorder.fails = True
    with pytest.raises(LookupError):
        ask_now(app)
    recorder.fails = False

    assert 200 == ask_now(app).status


def test_a_client_that_leaves_before_its_body_is_complete_is_not_served(recorder):
    async def leave(app):
        messages = [{"type": "http.request", "body": b"hal", "more_body": True}]
        scope = {"type": "http", "method": "POST", "path": API, "headers": [], "client": HERE}

        async def receive():
            return messages.pop() if messages else {"type": "http.disconnect"}

        await app({**scope, "query_string": b""}, receive, None)

    app = limited(recorder)
    asyncio.run(leave(app))

    assert [] == recorder.bodies
    assert 200 == ask_now(app, (b"whole",)).status
    assert [b"whole"] == recorder.bodies
