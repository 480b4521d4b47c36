"""A second hypervisor is two YAML files: no page then mixes it with the first."""

import csv
import io
import json
import re
import shutil
import xml.etree.ElementTree as ET
from itertools import chain, pairwise

import pytest

from app.store.engine import writer_sessions
from app.store.seeding import load_seed
from tests.conftest import SEED, SEEDED_AT, engine_of
from tests.measured.documents import observed
from tests.running import HTML, client_of, flat, twin_of
from tests.web.twin_pages import submit

# Made up, as is all that they say; only the documents behind them are real.
BHYVE = {
    "bhyve-14.0": """
slug: bhyve-14.0
order: 1
hypervisor: Bhyve
ranges:
  - {branch: releases, first: "14.0", last: "14.4", sources: [apm-3.44], unread: true}
not_known: [14.2.y]
text: Made up. While x2AVIC is active, Bhyve lets through reads and no write.
sources: [apm-3.44]
trap_offsets: [0D0h]
msrs:
  - {msrs: 800h-8FFh, read: pass, write: intercept}
""",
    "bhyve-15.0": """
slug: bhyve-15.0
order: 2
hypervisor: Bhyve
ranges:
  - {branch: releases, first: "15.0", sources: [apm-3.44], unread: true}
text: Made up. While x2AVIC is active, Bhyve lets TPR through and nothing else.
sources: [apm-3.44]
trap_offsets: [0B0h, 0D0h]
msrs:
  - {msrs: 800h-807h, read: intercept, write: intercept}
  - {msrs: 808h, read: pass, write: pass}
  - {msrs: 809h-8FFh, read: intercept, write: intercept, note: Made up.}
""",
}
IN_OLD = "Bhyve releases 14.0 to 14.4"
PATCHED = "a Bhyve patched to let the access through"
MIXED = "/?policy=bhyve-15.0,kvm-7.2"
PAGES = (
    *("/", MIXED, "/?policy=bhyve-14.0,bhyve-15.0", "/policy", "/policy/kvm-6.0"),
    *("/policy/kvm-7.2", "/policy/bhyve-14.0", "/policy/bhyve-15.0", "/policy/kvm-6.0..kvm-7.2"),
    *("/policy/bhyve-15.0..bhyve-14.0", "/r/tpr", "/r/ldr"),
    *(
        f"/r/{r}/{m}/{a}"
        for r in ("tpr", "ldr", "icr")
        for m in ("avic", "x2avic")
        for a in ("read", "write")
    ),
    *("/wanted", "/wanted?family=zen-5", "/m", "/changes", "/search?q=x2avic", "/search?q=bhyve"),
    *("/search?q=kvm", "/search?q=policy:bhyve-15.0", "/docs/policy", "/mail"),
    *(f"/mail{MIXED[1:]}", "/r/ldr/x2avic/write/mail"),
)
FILES = (
    "/api/v1/cells?policy=bhyve-15.0,kvm-7.2",
    "/api/v1/cells/ldr/x2avic/write",
    "/export/vapic.json",
    "/export/vapic-policies.csv",
)
FORMATS = ("txt", "json", "csv", "md", "atom")
NAMES = (re.compile(r"KVM|\bkvm-\d"), re.compile("Bhyve|bhyve-"))
# A row of a text page has its cells apart.
SENTENCE = re.compile(r"(?<=\.)\s|\s{4,}")
INLINE = re.compile(r"</?(?:a|b|i|em|del|mark|span|code|wbr)\b[^>]*>")
ADDRESS = re.compile(r"(?:https?:/)?/[\w?]\S*|\S*policy=\S*")
NEW_ITEM = re.compile(r"\s*(?:- |\[?\d+[.\]] |(?:kvm|bhyve)-\d|$)")


@pytest.fixture(scope="module")
def world(databases, tmp_path_factory):
    """A database with the real seed, two made-up policies and a measurement under each."""
    folder = tmp_path_factory.mktemp("two")
    seed = shutil.copytree(SEED, folder / "seed")
    for slug, text in BHYVE.items():
        (seed / "policies" / f"{slug}.yaml").write_text(text, "utf-8")
    url = databases.new("empty")
    with engine_of(url) as engine:
        with writer_sessions(engine).begin() as session:
            load_seed(session, seed, SEEDED_AT)
        return url, [_measured(engine, name) for name in ("Bhyve 15.1", "KVM 7.2.1")]


def _measured(engine, version):
    name, _, number = version.partition(" ")
    seen = [observed("ldr", "x2avic", "write", "ignored", value="0x10", read_back="0x0")]
    return submit(engine, seen, "accepted", hypervisor={"name": name, "version": number})


@pytest.fixture(scope="module")
def client(world):
    with client_of(world[0]) as client:
        yield client


def whole_lines(text):
    """Yield the lines of a text page as they were before they were wrapped."""
    said = ""
    for line, after in pairwise([*text.splitlines(), ""]):
        said += f" {line.strip()}"
        room = 75 - len(line)
        if NEW_ITEM.match(after) or room > len(after.split()[0]):
            yield said
            said = ""


def strings(data):
    """Yield every text in JSON data."""
    if isinstance(data, dict):
        yield from chain.from_iterable(map(strings, data.values()))
    elif isinstance(data, list):
        yield from chain.from_iterable(map(strings, data))
    else:
        yield str(data)


def parts(kind, text):
    """Return what an answer of some type says, part by part."""
    if "html" in kind:
        # A block for mails is its own twin, in lines.
        bare = re.sub(r"<(pre|textarea)\b.*?</\1>", "", text, flags=re.DOTALL)
        return re.split(r"<[^>]*>", INLINE.sub("", bare))
    if "json" in kind:
        return strings(json.loads(text))
    if "csv" in kind:
        return chain.from_iterable(list(csv.reader(io.StringIO(text)))[1:])
    if "markdown" in kind:
        return re.split(r"[|\n]", text)
    if "atom" in kind:
        return chain.from_iterable(whole_lines(t) for t in ET.fromstring(text).itertext())
    return whole_lines(text)


def mixing(kind, text):
    """Return the sentences of an answer that name both hypervisors, addresses left out."""
    bare = (ADDRESS.sub("", part) for part in parts(kind, text))
    said = (s for part in bare for s in SENTENCE.split(part))
    return [s for s in said if all(name.search(s) for name in NAMES)]


def mixed_in(answer):
    return mixing(answer.headers["content-type"], answer.text)


def paths(world):
    one, two = world[1]
    yield from (*PAGES, f"/m/{one}", f"/m/{two}", f"/m/{one}/diff/{two}")


def test_no_sentence_of_any_page_in_any_format_mixes_two_hypervisors(client, world):
    found = []
    for path in paths(world):
        html = client.get(path, headers=HTML)
        twins = [client.get(twin_of(path, extension)) for extension in FORMATS]
        answers = [html, *(answer for answer in twins if answer.status_code == 200)]
        assert 200 == html.status_code, path
        assert len(answers) > 1, path
        found += [f"{path}: {said}" for answer in answers for said in mixed_in(answer)]
    for path in FILES:
        answer = client.get(path)
        assert 200 == answer.status_code, path
        found += [f"{path}: {said}" for said in mixed_in(answer)]

    assert "" == "\n".join(found)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("text/html", "<p>Any <b>KVM</b>, or <a href='/policy/bhyve-15.0'>Bhyve</a> 15.0.</p>"),
        ("text/plain", f"Kernel          {'only on a KVM '.rjust(56, '-')}or\n  Bhyve too.\n"),
        ("application/json", '{"kernel": ["KVM 7.2 or Bhyve 15.0"]}'),
        ("text/csv", 'kernel\n"KVM 7.2, or Bhyve 15.0"\n'),
        ("text/markdown", "| tpr | KVM 7.2 or Bhyve 15.0 |"),
        ("application/atom+xml", "<feed><title>KVM 7.2 against Bhyve 15.0</title></feed>"),
    ],
)
def test_a_sentence_that_mixes_is_found_in_every_format(kind, text):
    assert mixing(kind, text)
    assert not mixing(kind, text.replace("Bhyve", "Xen"))


def test_pairs_never_run_across(client):
    for path in ("/policy", "/policy/kvm-7.2", "/policy/bhyve-14.0", MIXED):
        html = client.get(path, headers=HTML).text
        both = re.findall(
            r"/policy/([\w.-]+?)\.\.([\w.-]+)", html + client.get(twin_of(path, "txt")).text
        )

        assert all(one[:3] == other[:3] for one, other in both), path
        assert bool(both) == (path != MIXED), path


def test_policies_of_two_hypervisors_have_no_page_side_by_side_but_stand_in_the_table(client):
    answer = client.get("/policy/kvm-7.2..bhyve-15.0.txt")
    beside = flat(client, twin_of(MIXED, "txt"))

    assert 404 == answer.status_code
    assert "/?policy=kvm-7.2,bhyve-15.0" in answer.text
    assert "with the policy of Bhyve 15.0 and later. Beside it that of KVM 6.18.39 and" in beside
    assert "bhyve-15.0: pass, intercept: what the hypervisor does" in beside
    assert "kvm-7.2: pass, intercept: what the hypervisor does" in beside
    assert {
        f"/policy/{a}..{b}" for a, b in (("bhyve-14.0", "bhyve-15.0"), ("kvm-6.0", "kvm-7.2"))
    } == {
        hint.strip(",")
        for hint in re.findall(r"/policy/\S+\.\.\S+", client.get("/policy/kvm...txt").text)
    }


def test_wanted_says_of_each_hypervisor_what_lets_an_access_through(client):
    wanted = client.get("/wanted.json").json()["wanted"]
    text = flat(client, "/wanted.txt")
    said = {cell["cell"]: batch["kernel"] for batch in wanted for cell in batch["cells"]}
    newest = "any KVM with x2AVIC: every version on record lets the access through"

    assert (
        f"any Bhyve with x2AVIC: every version on record lets the access through. {newest}"
        == (said["tpr/x2avic/read"])
    )
    assert said["eoi/x2avic/write"].startswith(
        f"{PATCHED}: no version on record is sure to. any KVM"
    )
    assert f"Hypervisor: {IN_OLD}; or {PATCHED}: Bhyve 15.0 and later intercepts it;" in text
    assert f"Hypervisor: {PATCHED}: no version on record is sure to" in text


def test_the_list_has_the_policies_of_a_hypervisor_together(client):
    listed = [policy["policy"] for policy in client.get("/policy.json").json()["policies"]]

    assert ["bhyve-14.0", "bhyve-15.0", "kvm-6.0", "kvm-7.2"] == listed
    (unknown,) = client.get("/policy/bhyve-15.0.json").json()["not_known"]
    assert unknown.startswith("Bhyve, 14.2.y, and every stable branch from 14.0.y to 14.4.y that")


def test_a_measurement_is_held_against_the_policy_of_its_own_hypervisor(vapic, world, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", world[0])
    for slug, name in zip(world[1], ("Bhyve 15.0 and later", "KVM 6.18.39"), strict=True):
        told = vapic("review", "show", slug).out

        assert f"ldr/x2avic/write: {name}" in " ".join(told.split())
        assert [] == mixing("text/plain", told)


@pytest.mark.parametrize("args", [["policy"], ["show", "--filter", MIXED[2:]]])
def test_the_commands_mix_nothing_either(vapic, world, monkeypatch, args):
    monkeypatch.setenv("DATABASE_URL", world[0])
    ran = vapic(*args)

    assert 0 == ran.code
    assert "Bhyve" in ran.out
    assert "" == "\n".join(mixing("text/plain", ran.out))
