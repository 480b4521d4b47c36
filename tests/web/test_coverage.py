"""Coverage as a picture, and a family's page with printed, rule and seen side by side."""

import pytest

from app.core.views import view_cells
from app.core.wanted import REASONS, families_without_reports, list_wants
from app.core.words import Printed
from tests.running import SITE, soup_of, words


@pytest.fixture(scope="module")
def views(knowledge):
    return view_cells(knowledge)


def test_each_cell_with_evidence_is_one_mark_that_leads_there(site, knowledge, views):
    bands = soup_of(site, "/c").select("table.coverage tbody")
    heard = [f for f in knowledge.families if f not in families_without_reports(knowledge, views)]

    assert len(heard) == len(bands)
    for family, band in zip(heard, bands, strict=True):
        marks = {a["href"]: words(a.select_one(".vh")) for a in band.select("td a")}
        judged = {key.url: view.judgements[family] for key, view in views.items()}
        seen = {url: it.verdict.label for url, it in judged.items() if it.findings}

        assert seen == marks
        assert f"{len(seen)} seen" in words(band.select_one("[scope=rowgroup]"))


def test_what_is_wanted_of_a_cpu_is_counted_and_one_link_away(site, knowledge, views):
    links = {a["href"]: words(a) for a in soup_of(site, "/c").select("table.coverage tbody th a")}
    wanted = list_wants(knowledge, views, ("zen-4",))

    assert f"{len(wanted)} wanted" == links["/wanted?family=zen-4"]
    assert f"{SITE}/wanted?family=zen-4" in site.get("/c.txt").text


@pytest.mark.parametrize("family", ["zen-1", "zen-4"])
def test_a_family_says_why_fewer_cells_are_wanted_than_have_no_answer(
    site, knowledge, views, family
):
    wanted = list_wants(knowledge, views, (family,))
    without = [v for v in views.values() if v.judgements[family].verdict in REASONS]
    text = " ".join(site.get(f"/c/{family}.txt").text.split())

    assert f"; {len(without) - len(wanted)} more do not exist on it" in text


def test_the_text_has_four_codes_for_each_cpu(site):
    lines = site.get("/c.txt").text.splitlines()

    assert any(line.startswith("LDR                 .  .  .  ^") for line in lines)
    assert any(line.startswith("SELF_IPI                  .  .") for line in lines)


def test_a_family_shows_what_is_printed_what_rules_and_what_was_seen_side_by_side(site, views):
    rows = soup_of(site, "/c/zen-4").select("table.beside tbody tr")
    shown = {row.a["href"]: [words(cell) for cell in row.select("td")] for row in rows}
    expected = {
        key.url for key, view in views.items()
        if view.printed is Printed.WRONG or view.judgements["zen-4"].findings
    }  # fmt: skip

    assert expected == shown.keys()
    for url, (_, printed, rules, seen) in shown.items():
        view = next(view for key, view in views.items() if key.url == url)

        assert printed.startswith(view.printed.mark)
        assert all(claim.behaviour.short in rules for claim in view.effective)
        assert view.judgements["zen-4"].verdict.label in seen


def test_nothing_is_wrong_under_x2avic_on_a_family_that_does_not_have_it(site):
    assert not soup_of(site, "/c/zen-2").select("table.beside")
