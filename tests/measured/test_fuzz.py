"""The API against its own description: nothing that is sent makes it fail or hang."""

import json
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.measured.documents import DOCUMENT
from tests.running import SITE, client_of

JSON = {"content-type": "application/json", "accept": "application/json"}
FUZZ = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def fuzzed(shared_url):
    """An application without rate limits: the fuzzer is in a hurry."""
    with client_of(shared_url, rate_uploads="", rate_token="") as client:
        yield client


def test_no_request_of_the_description_makes_the_server_fail(fuzzed):
    description = schemathesis.openapi.from_dict(fuzzed.get("/api/v1/openapi.json").json())
    tried = 0
    for found in description.get_all_operations():

        @FUZZ
        @given(case=found.ok().as_strategy())
        def send(case):
            nonlocal tried
            tried += 1
            sent = case.as_transport_kwargs(base_url=SITE)
            if isinstance(sent.get("data"), str | bytes):
                sent["content"] = sent.pop("data")
            known = ("method", "url", "params", "headers", "json", "data", "content", "cookies")
            answer = fuzzed.request(**{k: v for k, v in sent.items() if k in known and v})

            assert answer.status_code < 500, (case, answer.text)

        send()

    assert tried > 100


@FUZZ
@given(value=ANY_JSON)
def test_any_json_gets_a_clear_answer(fuzzed, value):
    answer = fuzzed.post("/api/v1/measurements", content=json.dumps(value), headers=JSON)

    assert 422 == answer.status_code
    assert answer.json()["problems"]


@FUZZ
@given(raw=st.binary(max_size=300))
def test_any_bytes_get_a_clear_answer(fuzzed, raw):
    answer = fuzzed.post("/api/v1/measurements?dry_run=true", content=raw, headers=JSON)

    assert 422 == answer.status_code
    assert answer.json()["problems"]


@FUZZ
@given(key=st.sampled_from(sorted(DOCUMENT)), value=ANY_JSON)
def test_a_document_with_one_part_replaced_is_taken_or_refused_never_failed(fuzzed, key, value):
    raw = json.dumps({**DOCUMENT, key: value})
    answer = fuzzed.post("/api/v1/measurements?dry_run=true", content=raw, headers=JSON)

    assert answer.status_code in {200, 422}


@FUZZ
@given(path=st.text(max_size=40), query=st.text(max_size=40))
def test_any_address_is_answered(fuzzed, path, query):
    for prefix in ("/", "/r/", "/m/", "/c/", "/d/", "/errata/", "/docs/", "/wanted"):
        answer = fuzzed.get(prefix + quote(path, errors="replace"), params={"q": query})

        assert answer.status_code < 500
