"""In which order tests run, and which of them are traced for the coverage."""

import sys
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

# Tests that run a browser, or the same lines thousands of times: tracing them doubles their
# time and adds no line. Others cover what they run.
UNTRACED = (
    "browser/",
    "core/test_touching.py::test_whatever",
    "core/test_verdict_laws",
    "exporting/test_copies",
    "exporting/test_files.py::test_an_export_is_of_one",
    "exporting/test_release_before",
    "exporting/test_whole_site",
    "history/test_feeds.py::test_every",
    "intake/test_measurement",
    "measured/test_fuzz",
    "measured/test_pins",
    "measured/test_submission.py::test_140",
    "probe/test_probe_killed",
    "quoting/test_check_mail.py",
    "quoting/test_pasted_forms.py::test_no_input",
    "review/test_decisions.py::test_a_decision_shows",
    "search/test_pages.py::test_a_pinned",
    "store/test_store",
    "store/test_summaries.py::test_a_lost",
    "store/test_summaries.py::test_deriving",
    "store/test_summaries.py::test_what_is_stored",
    "test_cli.py::test_a_process_of_its_own",
    "test_many_writers",
    "web/test_limits_on_the_wire",
    "web/test_twins_agree",
    "web/test_two_hypervisors.py::test_no_sentence",
    "web/test_wanted_page.py::test_times",
)

# Of a table of cases that goes through a whole page or command only the first one is traced;
# in the folders below each case is cheap, and may be the only one on its line.
TRACED_OF_A_TABLE = 1
EVERY_CASE_TRACED = (
    "tests/core/", "tests/curation/", "tests/intake/", "tests/pens/", "tests/store/",
    "tests/foreign/", "tests/quoting/test_mail", "tests/quoting/test_pasted",
    "tests/search/test_query",
    "tests/probe/test_guest_log", "tests/probe/test_outcomes", "tests/probe/test_probe_checks",
    "tests/probe/test_traces",
)  # fmt: skip
TRACED = pytest.StashKey[bool]()

# Modules that take long begin first, so that no worker is left alone with one at the end.
LONG = (
    "browser/",
    "exporting/",
    "measured/",
    "curation/test_lint.py",
    "store/test_summaries",
    "test_cli.py",
    "test_many_writers",
    "intake/test_measurement",
    "web/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long modules first, and choose what is traced for the coverage."""
    items.sort(key=lambda item: next((i for i, part in enumerate(LONG) if part in item.nodeid), 99))
    cases: Counter[str] = Counter()
    for item in items:
        test = item.nodeid.partition("[")[0]
        cases[test] += 1
        few = test.startswith(EVERY_CASE_TRACED) or cases[test] <= TRACED_OF_A_TABLE
        item.stash[TRACED] = few and not any(part in item.nodeid for part in UNTRACED)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Leave some tests out of the coverage, with their fixtures and their threads.

    The marker of pytest-cov does not do it: a worker of xdist goes on tracing.
    """
    if item.stash[TRACED]:
        return (yield)
    mine, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    try:
        return (yield)
    finally:
        threading.settrace(of_threads)  # type: ignore[arg-type]
        sys.settrace(mine)
