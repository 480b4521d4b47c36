"""A site over which data versions go by, for the tests of what changed."""

from datetime import timedelta

from app.store.engine import writer_sessions
from app.store.seeding import load_seed
from tests.conftest import SEEDED_AT, engine_of

SITE = "http://127.0.0.1:8000"
HTML = {"accept": "text/html"}
FIRST = "2026-11-22.1"
FEEDS = (
    *("/changes.atom", "/r/ldr.atom", "/r/tpr.atom", "/r/ldr/avic/write.atom"),
    *("/r/ldr/x2avic/write.atom", "/c/zen-5.atom", "/c/zen-1.atom", "/d.atom", "/d/1.atom"),
    *("/d/2.atom", "/errata/1023.atom", "/index.atom", "/index.atom?mode=avic&group=lvt"),
    "/index.atom?verdict=contradicts",
)


class Story:
    """A site over which six data versions go by; the feeds are kept as they were at each."""

    def __init__(self, client, url, copy):
        self.client, self.url, self.copy = client, url, copy
        self.feeds, self.versions, self.tags = [], [], []

    def look(self):
        """Keep what every feed says now."""
        app = self.client.app
        while not hasattr(app, "state"):
            app = app._app
        self.state = app.state
        self.versions.append(self.state.snapshots.refresh().name)
        answers = {path: self.client.get(path) for path in FEEDS}
        self.feeds.append({path: answer.content for path, answer in answers.items()})
        self.tags.append({path: answer.headers["etag"] for path, answer in answers.items()})

    def write(self, act):
        with engine_of(self.url) as engine, writer_sessions(engine).begin() as session:
            act(session, SEEDED_AT + timedelta(hours=len(self.versions)))
        self.look()

    def edit(self, *change):
        self.copy.edit(*change)
        self.write(lambda session, now: load_seed(session, self.copy.folder, now))

    def text(self, path):
        return self.client.get(path).text
