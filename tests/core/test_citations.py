"""A commit is quoted by its own subject or by its hash alone."""

import pytest

from app.core.citations import commit_form
from app.core.facts import Source
from app.core.words import Reading, SourceKind

HASH = "5a7c7d148e488f43cf9c8e64fa5e1bd715ae0485"


@pytest.mark.parametrize(
    ("title", "form"),
    [
        ("KVM: selftests: Play nice", 'commit 5a7c7d148e48 ("KVM: selftests: Play nice")'),
        ("[One of the AVIC fixes of v6.3]", "commit 5a7c7d148e48"),
        ("Re-split x2APIC ICR", "commit 5a7c7d148e48"),
    ],
    ids=["its subject", "words of ours", "a subject without its prefix"],
)
def test_a_title_is_quoted_only_where_it_is_the_whole_subject(title, form):
    source = Source(
        id="commit", kind=SourceKind.COMMIT, title=title, read=Reading.WHOLE, commit=HASH
    )

    assert form == commit_form(source)
