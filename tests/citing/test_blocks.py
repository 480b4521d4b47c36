"""What a block says, and the laws that every block keeps."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.cells import CellKey
from app.core.knowledge import Knowledge
from app.core.verdicts import judge
from app.core.words import Access, DifferenceState, Evidence, Mode, Verdict
from app.errors import InvalidFilter, NotFound
from app.mail import citing, mail_table, mail_text
from app.pens import mail_lines
from app.pens.place import Place
from app.store.snapshots import offline_snapshot
from tests.citing.conftest import SITE, VERSION
from tests.conftest import SEEDED_AT
from tests.factories import make_observation

KEY = CellKey("ldr", Mode.X2AVIC, Access.WRITE)
RO_WO = "/mail?rows=ro,wo&mode=x2avic"
ENDING = re.compile(rf"{SITE}/\S+[?&]at={re.escape(VERSION)}")
# What would end a message for git am, start a comment for git commit, or be quoted by mail.
BREAKS = re.compile(r"(?m)^(?:---|diff -|Index: |From |>|#|\.$)|[ \t]$|\t")


def faults(text):
    """Return what is wrong with a block, empty when nothing is."""
    *lines, last = text.splitlines()
    found = [line for line in lines if len(line) > 72 or "://" in line]
    found += [] if text.isascii() and text.endswith(f"{last}\n") else ["not ascii, or no end"]
    found += [] if ENDING.fullmatch(last) else [last]
    found += [] if lines[-1] and not lines[0].startswith(" ") else ["loose ends"]
    return found + BREAKS.findall(text) + re.findall("\n\n\n", text)


def addresses(knowledge):
    """Every address that has a block of its own."""
    found = [key.url for key in knowledge.cells]
    found += [f"/r/{slug}" for slug in knowledge.registers]
    return found + [f"/d/{number}" for number in knowledge.differences]


@pytest.fixture(scope="module")
def blocks(knowledge, snapshot):
    """Every block of a cell, a register or a difference, in all its forms, by address."""
    return {a: citing.find_citation(snapshot, a, SITE) for a in addresses(knowledge)}


def test_every_cell_register_and_difference_gives_a_sound_block(blocks):
    unsound = {address: faults(cited.block()) for address, cited in blocks.items()}

    assert {} == {address: found for address, found in unsound.items() if found}


def test_a_block_of_a_cell_register_or_difference_has_an_address_that_fits(blocks):
    last = {a: cited.block().splitlines()[-1] for a, cited in blocks.items()}

    assert [] == [url for url in last.values() if len(url) > 75]
    assert [f"{SITE}{a}?at={VERSION}" for a in last] == list(last.values())


@settings(max_examples=25)
@given(data=st.data())
def test_every_selection_gives_a_sound_block_that_its_own_address_gives_again(
    data, snapshot, knowledge
):
    words = ["ro", "wo", "rw", *knowledge.groups, *knowledge.registers, *map(str, knowledge.cells)]
    rows = data.draw(st.lists(st.sampled_from(words), max_size=6))
    query = {
        "rows": ",".join(rows),
        "mode": data.draw(st.sampled_from(["", *Mode])),
        "access": data.draw(st.sampled_from(["", *Access])),
        "verdict": data.draw(st.sampled_from(["", "", "", *Verdict])),
        "policy": data.draw(st.sampled_from(["", "", *knowledge.policies])),
        "sort": data.draw(st.sampled_from(["", "msr", "-name"])),
    }
    asked = "/mail?" + "&".join(f"{k}={v}" for k, v in query.items())
    text = citing.find_citation(snapshot, asked, SITE).block()
    url = text.splitlines()[-1]
    again = citing.find_citation(snapshot, url.removeprefix(SITE), SITE)

    assert [] == faults(text)
    assert (text, f"Link: {url}") == (again.block(), again.trailer)


@given(condition=st.text(max_size=200), hedge=st.text(max_size=40))
def test_words_of_a_report_never_break_a_block(condition, hedge, snapshot, knowledge):
    seen = make_observation("gp", cells=("ldr/x2avic/write",), condition=condition, hedge=hedge)
    view = snapshot.cells[KEY]
    conditions = knowledge.conditions
    judged = {"zen-4": judge(view.claims, [*view.observations, seen], "zen-4", conditions)}
    strange = replace(view, observations=(seen,), judgements=judged)
    place = Place(SITE, VERSION)

    assert [] == faults(mail_text.cell_block(strange, knowledge, place))
    assert [] == faults(mail_table.register_block((strange,), knowledge, place))


def test_a_cell_says_table_rule_evidence_and_places(block_of):
    assert (
        block_of("/r/ldr/x2avic/write")
        == f"""\
LDR, Logical Destination Register: WRMSR 80Dh under x2AVIC

  Table 15-22:                #VMEXIT (trap) [15.29.3.1, p.567]
  In print:                   wrong
  By the manual's own order:  #GP, no #VMEXIT [implied by 16.14, Table
                                16-6, p.658, 661-662]
                              x2APIC access check comes first [15.29.10,
                                p.583]
  AMD 57896:                  #GP, no #VMEXIT [inferred from rev 3.00,
                                p.176; Zen 5 model 44h only]
  Zen 4:                      #GP, no #VMEXIT (1 report, observed, for a
                                group of registers, hedged "typically",
                                inference in part)

AMD64 Architecture Programmer's Manual vol. 2 (24593) rev 3.44
{SITE}/r/ldr/x2avic/write?at={VERSION}
"""
    )


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("eoi/x2avic/write", "#GP, no #VMEXIT, if non-zero [inferred from rev 3.00, p.175;"),
        ("esr/x2avic/write", "#GP, no #VMEXIT, if non-zero [inferred from rev 3.00, p.178;"),
        ("ext-lvt/x2avic/write", "if reserved (63:17, 15:13, 11) [inferred from rev 3.00, p.185"),
    ],
)
def test_what_one_model_does_under_a_condition_is_said_with_it(block_of, cell, told):
    block, row = (" ".join(block_of(f"/{a}").split()) for a in (f"r/{cell}", "mail"))
    assert told in block
    assert "#GP if non-zero: AMD 57896" in row
    assert "#GP if reserved (63:17, 15:13, 11): AMD 57896" in row


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("eoi/x2avic/write", 'hedged "trap-like", the word is the manual\'s, inference in part)'),
        ("icr/x2avic/write", "if bit 12 (1 report, stated, inference in part)"),
        ("dfr/x2avic/write", "for a group of registers, inference in part)"),
    ],
)
def test_a_report_says_what_of_it_is_inference_or_the_manuals_word(block_of, cell, told):
    assert told in " ".join(block_of(f"/r/{cell}").split())


def test_the_thread_gets_its_table_of_read_only_and_write_only_registers(block_of):
    text = block_of(RO_WO)

    assert text.endswith(f"\n{SITE}{RO_WO}&at={VERSION}\n")
    assert len(text.splitlines()[-1]) <= 72
    assert [str(n) for n in range(1, 12)] == re.findall(r"(?m)^  \[(\d+)\] ", text)


def test_cells_with_the_same_reasons_share_a_footnote(block_of):
    lines = block_of(RO_WO).splitlines()
    marked = {line.split()[0] for line in lines if line.endswith("#GP [2]")}

    # The others rest on the same page of the manual, and on another page of the model's own.
    assert {"VER", "APR", "PPR"} == marked


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("rows=read-only,WO&mode=x2avic", RO_WO),
        ("mode=x2avic&rows=wo&rows=ro", RO_WO),
        ("rows=0x80d,ICRL,eoi", "/mail?rows=eoi,ldr,icr"),
        ("rows=ldr/x2avic/write,timer,LDR/avic/read",
         "/mail?rows=timer,ldr/avic/read,ldr/x2avic/write"),
        ("rows=ldr,ldr/x2avic/write,ro", "/mail?rows=ro"),
        ("rows=", "/mail"),
        ("at=2020-01-01.1&sort=order&rows=ldr", "/mail?rows=ldr"),
    ],
)  # fmt: skip
def test_equal_selections_have_one_address(asked, path, snapshot):
    assert path == citing.find_citation(snapshot, f"/mail?{asked}", SITE).path


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("lrd", "ldr"),
        ("ldr/x2avic/wrote", "ldr/x2avic/write"),
        ("tiemr", "timer"),
        ("nonsense entirely", ""),
    ],
)
def test_a_row_that_does_not_exist_is_refused_by_name(word, near, snapshot):
    with pytest.raises(InvalidFilter, match=re.escape(repr(word))) as refused:
        citing.find_citation(snapshot, f"/mail?rows=eoi,{word}", SITE)

    assert not near or near == refused.value.hints[0]


@pytest.mark.parametrize("address", ["/corrected", "/", "/errata", "/r", "/r/nope", "/d/99", ""])
def test_a_page_without_a_block_is_not_found(address, snapshot):
    with pytest.raises(NotFound):
        citing.find_citation(snapshot, address, SITE).block()


def test_no_word_means_both_a_group_and_a_register(knowledge):
    taken = {a.lower() for r in knowledge.registers.values() for a in (r.slug, r.macro)}

    assert set() == taken & {"ro", "wo", "rw", *knowledge.groups}


def test_every_conditional_block_explains_its_tags(knowledge, blocks):
    conditions = knowledge.conditions.values()
    for text in (cited.block() for address, cited in blocks.items() if address.count("/") > 2):
        used = {c.tag for c in conditions if re.search(rf" if {re.escape(c.tag)}[ ,;\n]", text)}

        assert used == {c.tag for c in conditions if f"  {c.tag}: " in text}


def measured(register, behaviour, **changes):
    """One observation of one machine."""
    return make_observation(
        behaviour, id=f"{register}-{changes}", family="zen-4", evidence=Evidence.MEASURED,
        cells=(f"{register}/x2avic/write",), sources=("apm-3.44",), **changes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("address", "seen", "line"),
    [
        (
            "/r/svr/x2avic/write",
            [measured("svr", "gp", report="a", machine="m", condition="reserved-bits"),
             measured("svr", "gp", report="b", machine="m", condition="reserved-bits")],
            "Zen 4: #GP, no #VMEXIT, if reserved (2 reports, 1 machine, measured)",
        ),
        (
            "/r/ldr/avic/read",
            [replace(measured("ldr", "gp"), cells=("ldr/avic/read",))],
            "Zen 4: #GP, no #VMEXIT (1 report, measured); against the manual",
        ),
        (
            "/r/isr/x2avic/write",
            [measured("isr", "gp", member="3", report="a"), measured("isr", "gp", member="0")],
            "#GP, no #VMEXIT (2 reports, measured, members 0, 3; 1 report, observed, member 0",
        ),
        (
            "/r/id/x2avic/write",
            [measured("id", "vmexit-fault")],
            "Zen 4: #VMEXIT (fault) (1 report, measured); against the manual; reports disagree",
        ),
        (
            "/r/tpr/x2avic/write",
            [measured("tpr", "accelerated", intercepted=True)],
            "intercepted by the hypervisor, which hides AVIC",
        ),
        (
            "/d/1",
            [measured("id", "gp", report="a"), measured("ldr", "gp", report="a")],
            "#GP, no #VMEXIT (1 report, measured), on 2 of its 10 cells",
        ),
    ],
)  # fmt: skip
def test_evidence_is_told_in_its_short_form(address, seen, line, knowledge):
    known = Knowledge.of([f for kind in knowledge.by_kind.values() for f in kind.values()] + seen)
    text = citing.find_citation(offline_snapshot(known, SEEDED_AT), address, SITE).block()

    assert line in " ".join(text.split())


def test_a_retracted_difference_says_so_with_the_reason(knowledge):
    entry = knowledge.differences["10"]
    gone = replace(
        entry.life[-1], state=DifferenceState.RETRACTED, date="2027-01-02", text="A typing error."
    )
    facts = [f for kind in knowledge.by_kind.values() for f in kind.values()]
    known = Knowledge.of([*facts, replace(entry, life=(*entry.life, gone))])
    text = citing.find_citation(offline_snapshot(known, SEEDED_AT), "/d/10", SITE).block()

    assert "  State:        RETRACTED 2027-01-02: A typing error.\n" in text


@pytest.mark.parametrize("page", ["/r/ldr/x2avic/write", "/r/ldr", "/mail?rows=ldr&mode=x2avic"])
def test_the_revision_that_an_old_address_asks_for_is_left_out(page, block_of):
    old = f"{page}{'&' if '?' in page else '?'}apm=3.38"

    assert block_of(page) == block_of(old)


def test_commits_are_offered_with_their_own_subjects_only(blocks):
    commits = blocks["/d/15"].commits
    every = [line for cited in blocks.values() for line in cited.commits]

    assert ('commit 5a7c7d148e48 ("KVM: selftests: Play nice with AMD\'s AVIC errata")',) == commits
    assert [] == [c for c in every if not re.fullmatch(r'commit [0-9a-f]{12} \("\w+: .+"\)', c)]


def test_a_commit_of_unknown_subject_is_named_by_its_hash_alone(snapshot):
    known = snapshot.knowledge.sources["commit-0a8735a6acf3"]
    sources = (known, replace(known, title="[The timer LVT is always intercepted]"))
    cited = replace(citing.find_citation(snapshot, "/d/15", SITE), sources=sources)

    assert ("0a8735a6acf3",) == cited.unnamed
    assert (f'commit 0a8735a6acf3 ("{known.title}")',) == cited.commits


def test_a_table_takes_the_widths_that_need_the_fewest_lines():
    out = mail_lines.MailBlock()
    out.table([("a", "b"), ("x" * 40, "one two"), ("y " * 30, "z" * 20)])
    lines = out.render().splitlines()

    assert max(map(len, lines)) <= 72
    assert 5 == len(lines)
