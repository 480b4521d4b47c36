"""Whatever is asked for, the site answers it: a few hundred requests of ``make fuzz``."""

import asyncio

from app.settings import Settings
from app.web.app import create_app
from tests.fuzz.asking import ask

SEED, NUMBER = 15, 400


def test_no_spoilt_request_makes_the_site_fail_or_says_what_a_browser_would_run(database_url):
    app = create_app(Settings(database_url=database_url, rate_uploads="", rate_token=""))
    asked = asyncio.run(ask(app, SEED, NUMBER))

    assert [] == asked.bad
    assert NUMBER == asked.statuses.total()
    # Most of them reached something: what a first look refuses shows nothing.
    assert {200, 308, 400, 404, 405, 422} <= asked.statuses.keys()
    assert NUMBER / 10 < asked.statuses[200]
