"""The JSON API: shapes, filters, and agreement with the pages."""

import pytest

from app.pages.table_columns import cell_columns


def test_a_cell_has_everything_that_a_thread_asks_for(client):
    body = client.get("/api/v1/cells").json()
    cell = next(c for c in body["cells"] if c["url"].endswith("/r/ldr/x2avic/write"))

    assert ["access-check", "product", "table"] == [claim["kind"] for claim in cell["claims"]]
    assert [{"condition": "", "behaviour": "gp", "kind": "access-check"}] == cell["effective"]
    assert ("explained", ["gp"], 1, "observed") == tuple(
        cell["families"]["zen-4"][key] for key in ("verdict", "behaviours", "reports", "evidence")
    )
    assert {"kvm-6.0": "pass", "kvm-7.2": "intercept"} == cell["policies"]


def test_the_table_is_whole(client, knowledge):
    cells = client.get("/api/v1/cells").json()["cells"]

    assert 4 * len(knowledge.registers) == len(cells)
    assert 33 == len(client.get("/api/v1/registers").json()["registers"])
    assert len(knowledge.families) == len(client.get("/api/v1/families").json()["families"])
    assert len(knowledge.errata) == len(client.get("/api/v1/errata").json()["errata"])
    assert len(knowledge.differences) == len(
        client.get("/api/v1/differences").json()["differences"]
    )


@pytest.mark.parametrize(
    "query",
    [
        "mode=x2avic",
        "mode=avic&access=read",
        "family=zen-4&verdict=explained",
        "family=genoa&verdict=explained",
        "only=disagreements",
        "group=lvt",
        "erratum=1235",
        "q=icr",
        "behaviour=gp&sort=-msr",
        "evidence=stated",
    ],
)
def test_the_api_and_the_page_filter_alike(client, query):
    api = client.get(f"/api/v1/cells?{query}").json()
    page = client.get(f"/index.json?{query}").json()
    lines = client.get(f"/index.csv?{query}").text.splitlines()

    assert api == page
    assert len(api["cells"]) == len(lines) - 1
    assert 0 < len(api["cells"]) < 132


def test_registers_come_in_the_order_that_is_asked_for(client):
    names = [
        r["name"].lower() for r in client.get("/api/v1/registers?sort=name").json()["registers"]
    ]
    back = [
        r["name"].lower() for r in client.get("/api/v1/registers?sort=-name").json()["registers"]
    ]

    assert sorted(names) == names
    assert sorted(names, reverse=True) == back


def test_one_cell_by_any_name(client):
    one = client.get("/api/v1/cells/APIC_LDR/x2avic/write").json()

    assert ("ldr", "x2avic", "write") == (one["register"], one["mode"], one["access"])
    assert one.items() <= client.get("/r/ldr/x2avic/write.json").json().items()


def test_errata_under_a_filter_touch_its_cells(client):
    errata = client.get("/api/v1/errata?q=eilvt").json()["errata"]

    assert "1458" in {e["slug"] for e in errata}
    assert "1235" not in {e["slug"] for e in errata}


def test_the_openapi_description_names_every_filter_key(client):
    description = client.get("/api/v1/openapi.json").json()
    named = {p["name"] for p in description["paths"]["/api/v1/cells"]["get"]["parameters"]}

    assert {"mode", "access", "family", "verdict", "q", "sort", "only", "erratum"} <= named
    assert "CellOut" in description["components"]["schemas"]


def test_the_description_of_a_cell_has_the_keys_of_the_columns(client, knowledge):
    schemas = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    keys = [key for column in cell_columns(knowledge, ()) for key in column.json]

    assert keys == list(schemas["CellOut"]["properties"])


def test_the_reference_works_without_another_host(client):
    page = client.get("/api/v1/docs", headers={"accept": "text/html"}).text

    assert "/api/v1/cells" in page
    assert "cdn" not in page.lower()


@pytest.mark.parametrize("path", ["cells?mode=x2avic", "registers", "families", "differences"])
def test_what_was_asked_once_is_kept_and_need_not_be_sent_again(client, path):
    first = client.get(f"/api/v1/{path}")
    again = client.get(f"/api/v1/{path}")
    known = client.get(f"/api/v1/{path}", headers={"if-none-match": first.headers["etag"]})

    assert (first.content, first.headers["etag"]) == (again.content, again.headers["etag"])
    assert (304, b"") == (known.status_code, known.content)
    assert "etag" not in client.get("/api/v1/cells?nothing=1").headers
