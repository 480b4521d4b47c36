"""Measurement documents: small ones with their outcome, and arbitrary ones for Hypothesis.

A valid document is the one with every key, with other values and any of the optional keys
left out. A mutant is changed in a few places: keys that go, come, or change their spelling,
and values of another type, out of range, or odd in a string, most at an edge of the format.
"""

import copy
import json

import pytest
from hypothesis import strategies as st

from app.core.faults import BadDocument
from app.core.words import Access, Mode
from app.intake import format1
from app.intake.measurement import parse, to_measurement
from tests.intake.bad.table import MINIMAL, good

# Of the form alone: what an emulation answered is not watched for exits.
FULL = good("every-key") | {"emulation": good("emulated")["emulation"]}
RECEIVED = "2026-11-22T12:00:00Z"
SCHEMA = format1.json_schema()

# Characters on both sides of every class that a pattern names, and of what dialects differ in.
ODD = (
    "\0\t\n\x0b\x0c\r\x1f !\"#%&'()*+,-./09:;<=>?@AFGZ[\\]^_`afgxz{|}~\x7f\x80\x85\x9f\xa0é"
    "\u0130\u0661\u0966\u017f\u200b\u2027\u2028\u2029\u202a\u202e\u202f\u2065\u2066\u2069\u206a"
    "\u212a\u3000\ufeff\uff11\U0001d7ce\U0001f600"
)
odd_text = st.text(alphabet=st.sampled_from(ODD), max_size=12)
line = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30)
hexes = st.from_regex(r"0x[0-9a-fA-F]{1,16}", fullmatch=True)
PICKS = {
    "register": line,
    "member": st.integers(0, 255),
    "mode": st.sampled_from([mode.value for mode in Mode]),
    "access": st.sampled_from([access.value for access in Access]),
    "outcome": st.sampled_from([outcome.value for outcome in format1.OUTCOMES]),
    "rip": st.sampled_from(["at", "after"]),
    "accelerator": st.sampled_from(["kvm", "xen", "hyper-v", "bhyve", "tcg", "other"]),
    "family": st.integers(0, 0x10E),
    "model": st.integers(0, 255),
    "stepping": st.integers(0, 15),
    "count": st.integers(1, 10**9),
    "note": st.text(st.sampled_from("a\n\r\té"), max_size=9),
    "parameters": st.lists(st.from_regex(r"[a-z_.]{1,9}=[!-~]{0,9}", fullmatch=True), max_size=2),
    "links": st.lists(
        st.from_regex(r"https://[a-z][a-z./?#]{0,9}|[a-z.+]{1,9}@[a-z.-]{1,9}", fullmatch=True),
        max_size=2,
    ),
    "measured_at": st.sampled_from(["2024-02-29T00:00:00Z", "2026-12-31T23:59:59.1-00:00"]),
    **dict.fromkeys(
        ("microcode", "svm_edx", "value", "read_back", "code", "info1", "info2"), hexes
    ),
    **dict.fromkeys(("name", "version", "vendor", "brand", "command", "condition", "branch"), line),
    **dict.fromkeys(
        ("avic", "x2avic", "x2avic_ext", "intercepted", "withhold", "virtual"), st.booleans()
    ),
}
strangers = (
    st.none()
    | st.booleans()
    | st.sampled_from([-1, 0, 1, 15, 16, 255, 256, 270, 271, 10**9, 10**9 + 1, 2**63, 2**64])
    | st.sampled_from([1.0, 0.0, -0.0, 15.0, 255.0, 1.5, 1e9, 1e10, 1e300, 5e-324])
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | odd_text
    | st.sampled_from(["", "1", "true", "null", "gp", "GP", "avic", "absent", "undefined", "x-"])
    | st.just([])
    | st.just({})
    | st.lists(st.integers() | odd_text, max_size=2)
    | st.dictionaries(odd_text, odd_text, max_size=2)
)
odd_keys = odd_text | st.sampled_from(["x-", "x-y", "X-y", "xy", "x", " x-y", "ax-y", "register_"])


def document(**changes):
    return json.dumps(MINIMAL | changes).encode()


def observing(*observations):
    """Return a document with observations that differ from the minimal one as told."""
    first = MINIMAL["observations"][0]
    return document(observations=[first | changes for changes in observations])


def measured(raw, knowledge):
    """Return what a document measured, as the site would keep it."""
    return to_measurement(parse(raw, knowledge), knowledge, RECEIVED)


def refused(raw, knowledge):
    """Return the faults for which a document is refused."""
    with pytest.raises(BadDocument) as error:
        measured(raw, knowledge)
    return error.value.faults


def places(value, path=()):
    """Return the path of every value in a document, its own included."""
    found = [path]
    items = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else items:
        found += places(item, (*path, key))
    return found


def at(value, path):
    for step in path:
        value = value[step]
    return value


def may_go(path):
    """Whether a key may be left out."""
    schema = SCHEMA if len(path) == 1 else SCHEMA["$defs"][DEFINED[path[-2]]]
    return path[-1] not in schema["required"] if "required" in schema else True


DEFINED = {
    "tool": "Tool",
    "cpu": "CpuPart",
    "features": "Features",
    "hypervisor": "Hypervisor",
    "host": "HostPart",
    "emulation": "EmulationPart",
    "guest": "Guest",
    0: "ObservationPart",
    "exit": "ExitPart",
    "submitter": "Submitter",
}
KEYS = [path for path in places(FULL)[1:] if isinstance(path[-1], str)]
OPTIONAL = [path for path in KEYS if may_go(path)]
OTHER = [path for path in KEYS if path[-1] in PICKS and path[0] != "emulation"]
OBJECTS = [path for path in places(FULL) if isinstance(at(FULL, path), dict)]


@st.composite
def valid_documents(draw):
    """A valid document: other values, private keys, and any of the optional keys left out."""
    document = copy.deepcopy(FULL)
    for path in draw(st.lists(st.sampled_from(OTHER), max_size=4)):
        at(document, path[:-1])[path[-1]] = draw(PICKS[path[-1]])
    for path in draw(st.lists(st.sampled_from(OBJECTS), max_size=2)):
        at(document, path)["x-" + draw(odd_text)] = draw(strangers)
    document["observations"] *= draw(st.integers(1, 3))
    document = copy.deepcopy(document)
    # From the end, so that what holds a key goes after it.
    gone = draw(st.sets(st.sampled_from(range(len(OPTIONAL)))))
    for path in (OPTIONAL[i] for i in sorted(gone, reverse=True)):
        del at(document, path[:-1])[path[-1]]
    return document


@st.composite
def mutants(draw):
    """A document that was valid before something happened to it, once to three times."""
    document = draw(valid_documents())
    for _ in range(draw(st.integers(1, 3))):
        # The shallow places are few beside the deep ones, and matter as much.
        depth = draw(st.integers(0, 4))
        within = [p for p in places(document) if 0 < len(p) <= depth]
        if not within:
            return draw(strangers)
        path = draw(st.sampled_from(within))
        mutate(draw, at(document, path[:-1]), path[-1])
    return document


def mutate(draw, parent, last):
    """Change, remove, rename or add one thing."""
    old = parent[last]
    what = draw(st.sampled_from(["stranger", "nudge", "nudge", "nudge", "remove", "rename", "add"]))
    if what == "stranger":
        parent[last] = draw(strangers)
    elif what == "nudge":
        parent[last] = nudge(draw, old)
    elif what == "remove":
        del parent[last]
    elif isinstance(parent, list):
        parent.append(draw(strangers))
    else:
        key = draw(odd_keys) if what == "add" else draw(near_keys(last))
        parent[key] = draw(strangers) if what == "add" else parent.pop(last)


def near_keys(key):
    return st.sampled_from([key + "s", key[:-1], key.upper(), f"x-{key}", f" {key}", f"{key}\n"])


def nudge(draw, old):
    """Return a value much like another, so that it comes to lie at an edge."""
    if isinstance(old, bool | float) or old is None:
        return draw(strangers)
    if isinstance(old, int):
        return draw(st.sampled_from([float(old), old + 0.5, str(old), -old, old + 2**63, [old]]))
    if isinstance(old, str):
        where = draw(st.integers(0, len(old)))
        cut = draw(st.integers(where, min(len(old), where + 2)))
        return old[:where] + draw(odd_text) + old[cut:]
    if isinstance(old, list):
        return draw(st.sampled_from([old * 2, old[:-1], old * 60, {"0": old}]))
    return draw(st.sampled_from([[old], list(old), {}, old | {"x-": 1}]))
