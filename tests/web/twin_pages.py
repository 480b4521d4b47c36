"""Pages and text twins of one application, and what the two kinds of page do not share."""

from datetime import UTC, datetime

from app.core.words import State
from app.intake import submitting
from app.store import queries
from app.store.engine import writer_sessions
from app.store.seeding import load_knowledge
from app.store.submissions import Decision
from tests.conftest import engine_of
from tests.measured.documents import document, observed
from tests.running import HTML, TEXT, twin_of, unsound, unsound_page
from tests.web.twinned import Shown, Twin, added, left_out

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
EXIT = {"code": "0x402", "info1": "0x1000000d0", "info2": "0x0", "rip": "after"}
SEEN = [
    observed("ldr", "x2avic", "write", "ignored", value="0x10", read_back="0x0", note="Odd."),
    observed("isr", "x2avic", "write", "gp", member=3, count=2),
    observed("ldr", "avic", "write", "vmexit-trap", exit=EXIT),
    observed("icr", "x2avic", "write", "gp", condition="busy-set"),
    observed("tpr", "x2avic", "read", "allowed", intercepted=True),
    observed("tpr", "avic", "read", "allowed"),
]
LINKS = ["https://lore.kernel.org/all/constructed@example.org/", "also@example.org"]


# The twin is the block alone, ready to be piped into a mail: what else is to be copied beside it,
# and what introduces it, is for the page.
BESIDE_A_BLOCK = ("h1", "p.lead", "label", "*[@id != 'mail-block']", "p.fine")


def apart_on(path):
    parts = path.partition("?")[0].strip("/").split("/")
    if parts[-1] == "mail":
        return BESIDE_A_BLOCK
    # Columns have room for the abbreviation and the numbers, not for the names and spans.
    return ("*.name", "*.address") if parts == ["corrected"] or "view=cpu" in path else ()


# Words in which the text pages frame what a page shows in columns.
OWN = frozenset(
    {
        *("url", "http", "stands", "behind", "by", "name", "names", "where", "disagree", "mails"),
        *("kind", "them", "short", "rule", "rules", "elsewhere", "differs", "explain", "quirks"),
        *("seen", "register", "stepping", "shown", "recorded", "nothing", "none", "whole"),
    }
)


def seed_with_measurements(url):
    """Return a seeded database with an accepted and a pending measurement; their names."""
    with engine_of(url) as engine:
        return url, submit(engine, SEEN, "accepted"), submit(engine, SEEN[:2], "pending")


def submit(engine, seen, state, **changes):
    """Send a document made of observations, decide on it, and return its name."""
    raw = document(
        observations=seen, **changes, links=LINKS, notes=f"Constructed.\n\nIt is {state}."
    )
    with writer_sessions(engine).begin() as session:
        known = load_knowledge(session, queries.current_version_id(session))
        measurement = submitting.prepare(raw, known, NOW)
        submitting.submit(session, submitting.Incoming(raw, measurement), NOW)
        if state != "pending":
            decision = Decision(State(state), "It is so.", NOW, "A reviewer")
            submitting.take_decision(session, measurement.slug, decision)
    return measurement.slug


class Pages:
    """Pages and text twins of one application, each asked for once, and each of them sound."""

    def __init__(self, client, words):
        self._client, self._words = client, words
        self._pages, self._shown, self._twins, self._answers = {}, {}, {}, {}

    def html(self, path):
        if path not in self._pages:
            answer = self._client.get(path, headers=HTML)
            assert [] == unsound_page(answer), path
            self._pages[path] = answer.text
        return self._pages[path]

    def twin(self, path):
        if path not in self._twins:
            text = self._client.get(twin_of(path, "txt"))
            assert [] == unsound(text), path
            self._twins[path] = Twin(text.text, self._words)
        return self._twins[path]

    def added(self, path):
        return [word for word in added(self.html(path), self.twin(path)) if word not in OWN]

    def shown(self, path):
        if path not in self._shown:
            self._shown[path] = Shown.of(path, self.html(path), apart_on(path))
        return self._shown[path]

    def left_out(self, path):
        return left_out(self.shown(path), self.twin(path))

    def lacking(self, path, fragment):
        """Return what is wrong with an address and a fragment of it, as a page."""
        if not fragment:
            status = self._status(path, HTML)
            return "" if status == 200 else str(status)
        return "" if f' id="{fragment}"' in self.html(path) else "no such fragment"

    def lacking_as_text(self, path, fragment):
        """Return the same of its text."""
        if not fragment:
            status = self._status(path, TEXT)
            return "" if status == 200 else str(status)
        bare = path.partition("?")[0]
        return "" if self.twin(path).marks(bare, fragment) else "no such fragment"

    def _status(self, path, headers):
        key = path, headers["accept"]
        if key not in self._answers:
            known = path in (self._pages if headers is HTML else self._twins)
            self._answers[key] = (
                200 if known else self._client.get(path, headers=headers).status_code
            )
        return self._answers[key]
