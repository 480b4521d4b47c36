"""Another spelling of an address leads to its one form, and a wrong one is refused with a hint.

What was published stands in ``tests/data/published-urls.txt``.
"""

import html

import pytest

from tests.running import FIRST, HTML, JSON, TEXT, unsound

CELL = "/r/ldr/x2avic/write"
PIN = f"at={FIRST}"
RO_WO = "/mail?rows=ro,wo&mode=x2avic"
SHOWN = {
    # Any name of a row, a difference, an erratum or a policy.
    "/r/LDR/x2avic/write": (308, CELL),
    "/r/0x80d/X2AVIC/Write": (308, CELL),
    "/r/LDR.txt": (308, "/r/ldr.txt"),
    "/r/APIC_LDR/avic/read.json": (308, "/r/ldr/avic/read.json"),
    f"/r/80D.txt?{PIN}": (308, f"/r/ldr.txt?{PIN}"),
    f"/r/APIC_LDR.txt?{PIN}": (308, f"/r/ldr.txt?{PIN}"),
    "/d/d-3.txt": (308, "/d/3.txt"),
    "/errata/1329": (308, "/errata/1327"),
    "/policy/KVM-7.2": (308, "/policy/kvm-7.2"),
    "/policy/kvm-7.2..kvm-7.2.txt": (308, "/policy/kvm-7.2.txt"),
    # Equal views of the table.
    "/?mode=&access=&q=": (302, "/"),
    "/?family=zen-5&family=zen-4": (302, "/?family=zen-4,zen-5"),
    "/?verdict=agrees&family=zen-4": (302, "/?family=zen-4&verdict=agrees"),
    "/?sort=order": (302, "/"),
    "/index.csv?access=write&mode=avic": (302, "/index.csv?mode=avic&access=write"),
    "/?utm_source=mail&mode=avic": (302, "/?mode=avic"),
    f"/?{PIN}&mode=avic": (302, f"/?mode=avic&{PIN}"),
    "/?policy=kvm-7.2&policy=kvm-6.0": (302, "/?policy=kvm-6.0,kvm-7.2"),
    # Of the ledger, of what is wanted, of a search.
    "/d?mode=&q=": (302, "/d"),
    "/d?access=write&mode=x2avic": (302, "/d?mode=x2avic&access=write"),
    "/d.csv?state=seen&state=reported&sort=number": (302, "/d.csv?state=seen,reported"),
    f"/d.txt?{PIN}&q=ldr&state=reported": (302, f"/d.txt?state=reported&q=ldr&{PIN}"),
    "/wanted?family=": (302, "/wanted"),
    "/wanted?family=zen-5&family=zen-4": (302, "/wanted?family=zen-4,zen-5"),
    "/wanted.atom?family=zen-5,zen-4": (302, "/wanted.atom?family=zen-4,zen-5"),
    # Any name of a family.
    "/wanted?family=genoa": (302, "/wanted?family=zen-4"),
    "/wanted.txt?family=zen5,9654": (302, "/wanted.txt?family=zen-4,zen-5"),
    f"/?family=Genoa&{PIN}": (302, f"/?family=zen-4&{PIN}"),
    "/wanted/9654": (308, "/wanted?family=zen-4"),
    "/wanted/25/17.txt": (308, "/wanted/19h/11h.txt"),
    "/wanted.csv?utm_source=mail": (302, "/wanted.csv"),
    "/search?q=": (302, "/search"),
    "/search?q=++icr++write+": (302, "/search?q=icr+write"),
    "/search?q=mode%3Ax2avic%2Cavic": (302, "/search?q=mode:avic,x2avic"),
    "/search?q=ldr+MODE:avic": (302, "/search?q=mode:avic+ldr"),
    "/search?utm_source=x&q=icr": (302, "/search?q=icr"),
    "/search.txt?q=icr&q=icr": (302, "/search.txt?q=icr"),
    "/search?at=2026-11-22&q=icr": (302, "/search?q=icr&at=2026-11-22"),
    "/search?q=%ff%01%e2%80%ae": (302, "/search?q=%EF%BF%BD"),
    # Of a block for mails.
    "/mail?mode=x2avic&rows=wo&rows=ro&sort=order": (302, RO_WO),
    "/mail?mode=&rows=&q=": (302, "/mail"),
    "/mail?rows=ldr%2Fx2avic%2Fwrite": (302, "/mail?rows=ldr/x2avic/write"),
    "/mail.txt?at=2026-11-22&rows=LDR": (302, "/mail.txt?rows=ldr&at=2026-11-22"),
    "/r/0x80d/X2AVIC/Write/mail.txt": (302, f"{CELL}/mail.txt"),
    f"/r/LDR/mail?{PIN}": (302, f"/r/ldr/mail?{PIN}"),
    "/d/D-3/mail": (302, "/d/3/mail"),
    "/?verdict=table-wrong,not-measured": (302, "/?verdict=explained,unmeasured"),
    "/d?state=stated-elsewhere": (302, "/d?state=documented"),
    "/search?q=verdict:not-measured": (302, "/search?q=verdict:unmeasured"),
    "/mail?rows=ldr&family=genoa": (302, "/mail?rows=ldr&family=zen-4"),
    # What others add to the address of a page that has no filter.
    f"{CELL}?fbclid=1": (302, CELL),
    f"{CELL}.txt?{PIN}&fbclid=1": (302, f"{CELL}.txt?{PIN}"),
    "/r/ldr?gclid=2": (302, "/r/ldr"),
    "/corrected?utm_id=3": (302, "/corrected"),
    # Addresses that showed another revision of the manual, or what is pending.
    "/index.txt?mode=avic&pending=include": (308, "/index.txt?mode=avic"),
    "/?apm=nonsense&mode=avic": (308, "/?mode=avic"),
    "/index.json?mode=x2avic&apm=3.38&sort=msr": (308, "/index.json?mode=x2avic&sort=msr"),
    f"/corrected?apm=3.38&{PIN}": (308, f"/corrected?{PIN}"),
    "/corrected.csv?apm=3.38": (308, "/corrected.csv"),
    f"/r/LDR.txt?{PIN}&apm=3.38": (308, f"/r/LDR.txt?{PIN}"),
    f"{CELL}?apm=3.44": (308, CELL),
    f"{CELL}.json?apm=3.38": (308, f"{CELL}.json"),
    "/r/ldr/mail.txt?apm=3.38": (308, "/r/ldr/mail.txt"),
    "/mail?rows=ldr&apm=3.38": (308, "/mail?rows=ldr"),
    f"/r/ldr/since/{FIRST}?apm=3.38": (308, f"/r/ldr/since/{FIRST}"),
    "/index.atom?mode=x2avic&apm=3.38": (308, "/index.atom?mode=x2avic"),
    "/api/v1/cells?apm=3.38&mode=avic": (308, "/api/v1/cells?mode=avic"),
    f"/api/v1/cells/ldr/x2avic/write?apm=3.38&{PIN}": (
        308,
        f"/api/v1/cells/ldr/x2avic/write?{PIN}",
    ),
    "/docs/apm/3.38..3.44": (308, "/docs/apm"),
    f"/docs/apm/3.38..3.44.json?{PIN}": (308, f"/docs/apm.json?{PIN}"),
}
NO_FILTER = "'amp' is not a key of the filter; this page has none."
REFUSED = {
    "/?famly=zen-4": (400, "family"),
    "/?verdict=agreed": (400, "agrees"),
    "/?mode=x2avik": (400, "x2avic"),
    "/?sort=nam": (400, "name"),
    "/?policy=kvm-7.3": (400, "kvm-7.2"),
    "/api/v1/cells?policy=kvm-7.3": (400, "kvm-7.2"),
    "/r/apic_icrr": (404, "icr"),
    "/r/0x304": (404, "icr"),
    "/c/zen": (404, "zen-4"),
    "/d?state=documentd": (400, "did you mean 'documented'?"),
    "/wanted?family=zn-5": (400, "zen-5"),
    "/wanted?famly=zen-5": (400, "family"),
    "/wanted?mode=avic": (400, "'mode' is not a key"),
    "/policy/kvn-7.2": (404, "/policy/kvm-7.2"),
    "/policy/kvm": (404, "/policy/kvm-6.0"),
    "/policy/kvm-6.0..kvm-9": (404, "/policy/kvm-7.2"),
    "/policy/kvm-6.0..": (404, "/policy/kvm-6.0..kvm-7.2"),
    "/policy/kvm-6.0..kvm-7.2..kvm-6.0": (404, "/policy/kvm-6.0..kvm-7.2"),
    "/mail?rows=lrd": (400, "ldr"),
    "/guest?cell=icr/x3avic": (400, "did you mean 'icr/x2avic'?"),
    "/mail?rows=ldr&mode=x3avic": (400, "x2avic"),
    "/mail?row=ldr": (400, "did you mean"),
    "/r/ldt/mail": (404, "ldr"),
    "/d/99/mail": (404, "There is no difference"),
    f"{RO_WO}&at=2020-01-01": (404, FIRST),
    "/corrected?at=2026-11-21": (
        404,
        f"Nothing was public before the first data version, {FIRST}.",
    ),
    "/corrected?at=2026-11-22.9": (404, FIRST),
    "/corrected?at=tomorrow": (404, FIRST),
    "/corrected?at=2026-13-99": (404, FIRST),
    "/corrected?at=../etc": (404, FIRST),
    "/search?query=icr": (400, "query"),
    "/search?q=a%00b": (400, "NUL (%00)"),
    "/api/v1/search?query=icr": (400, "query"),
    "/corrected?amp=3.38": (400, NO_FILTER),
    "/r/ldr?amp=3.38": (400, NO_FILTER),
    f"{CELL}?amp=3.38": (400, "'amp' is not a key of the filter; valid are policy."),
    "/api/v1/cells/ldr/x2avic/write?amp=3.38": (400, NO_FILTER),
}


@pytest.mark.parametrize(("asked", "leads"), SHOWN.items())
def test_another_spelling_leads_to_the_one_address(client, asked, leads):
    answer = client.get(asked, headers=HTML, follow_redirects=False)

    assert leads == (answer.status_code, answer.headers["location"])
    # What is gone for good may lead to another spelling in its turn; a view leads nowhere else.
    again = client.get(leads[1], headers=HTML, follow_redirects=leads[0] == 308)
    assert 200 == again.status_code


@pytest.mark.parametrize(("asked", "leads"), [("/r/0x830", "/r/icr"), ("/?sort=order", "/")])
def test_a_redirect_says_where_it_leads(client, asked, leads):
    answer = client.get(asked, headers=TEXT, follow_redirects=False)

    assert f"See {leads}\n" == answer.text
    assert answer.headers["content-type"].startswith("text/plain")


def test_no_address_leads_to_another_site(client):
    answer = client.get("http://127.0.0.1:8000//other.example/?apm=3.38", follow_redirects=False)

    assert (308, "/other.example/") == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize(("asked", "refused"), REFUSED.items())
def test_a_mistake_is_refused_with_what_would_do_in_every_format(client, asked, refused):
    status, near = refused
    page, text, data = (client.get(asked, headers=kind) for kind in (HTML, TEXT, JSON))
    error = data.json()["error"]
    told = (html.unescape(page.text), text.text, "\n".join([error["message"], *error["hints"]]))

    assert [status] * 3 == [answer.status_code for answer in (page, text, data)]
    assert [True] * 3 == [near in " ".join(said.split()) for said in told]
    assert "/api/" in asked or [f"{status}"] == unsound(text)


def test_a_format_that_a_page_does_not_have_is_a_404_that_offers_others(client):
    answer = client.get("/docs/words.csv")

    assert (404, True) == (answer.status_code, "/docs/words.txt" in answer.text)


def test_several_mistakes_are_named_at_once(client):
    text = client.get("/index.txt?famly=1&verdict=agreed&mode=y").text

    for word in ("'famly'", "'agreed'", "'y'"):
        assert word in text
