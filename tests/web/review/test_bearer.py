"""Submitters bring their token with each request."""

import pytest
from starlette.requests import Request

from app.core.words import TokenScope
from app.errors import Forbidden
from app.intake import reviewing
from app.web import guard
from tests.reviewables import RECEIVED_AT


def request_with(authorization=None):
    headers = [] if authorization is None else [(b"authorization", authorization.encode())]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize("shape", ["Bearer {}", "bearer {}", "BEARER   {} "])
def test_a_bearer_token_is_known_by_its_secret(shape, secret, write):
    with write.begin() as session:
        token = guard.bearer(request_with(shape.format(secret)), session)

    assert "Rae Reviewer" == token.name


def test_a_token_may_be_typed_into_a_form_and_the_header_goes_first(secret, write):
    with write.begin() as session:
        assert "Rae Reviewer" == guard.bearer(request_with(), session, secret).name
        with pytest.raises(Forbidden):
            guard.bearer(request_with("Bearer x"), session, secret)


@pytest.mark.parametrize("authorization", [None, "", "Basic YTpi", "Bearerx"])
def test_a_request_without_a_token_is_anonymous(authorization, write):
    with write.begin() as session:
        assert guard.bearer(request_with(authorization), session) is None


@pytest.mark.parametrize("secret", ["", " ", " vapic_unknown", "of one that was revoked"])
def test_an_unknown_or_revoked_bearer_token_is_forbidden(secret, write):
    with write.begin() as session:
        token, revoked = reviewing.new_token(session, "Gone", TokenScope.SUBMIT, RECEIVED_AT)
        reviewing.revoke_token(session, token.id, RECEIVED_AT)
        sent = f" {revoked}" if secret.startswith("of one") else secret
        with pytest.raises(Forbidden, match="unknown, or it was revoked"):
            guard.bearer(request_with(f"Bearer{sent}"), session)
