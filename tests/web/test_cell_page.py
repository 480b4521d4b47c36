"""The page of a cell: the answer first, and the checks of the access that is chosen."""

import re

import pytest

from app.core.words import OWN_ORDER
from tests.running import HTML, SITE, flat, soup_of, words

LDR = "/r/ldr/x2avic/write"
ICR = "/r/icr/x2avic/write"


def test_the_answer_comes_first_and_is_the_same_in_both_twins(client):
    soup, text = soup_of(client, LDR), client.get(f"{LDR}.txt").text
    answer = soup.find(id="in-short").find_next("dl")
    labels = [label.text for label in answer.find_all("dt")]
    block = text.partition("In short\n--------\n")[2].partition("\n\n")[0]

    assert ["Where", "Printed", OWN_ORDER, "Zen 4", "KVM 6.12", "KVM 7.2"] == labels
    told = [line[:16].strip() for line in block.splitlines() if line[0] != " "]
    assert [label[:16].strip() for label in labels] == told
    assert answer.find_next("h3")["id"] == "checks"
    assert "observed, group" in words(answer)
    assert "differs: #GP, no exit (observed on Zen 4; D-1)" in words(answer)
    assert "6.12.y after 6.12.117 not known" in " ".join(block.split())


@pytest.mark.parametrize(
    ("path", "bearing", "beside"),
    [(ICR, "contradicts the manual: vmexit-ipi (#VMEXIT (incomplete IPI)) [reserved-bits]",
      "[target-not-running, advanced, incomplete, invalid-target], gp"),
     ("/r/eoi/x2avic/write", "as printed: accelerated [edge]", "[level] (the manual's word)")],
)  # fmt: skip
def test_a_verdict_names_what_bears_it_and_the_rest_beside_it(path, bearing, beside, client):
    said = flat(client, f"{path}.txt").partition("CPU not stated ")[2]

    assert said.startswith(bearing)
    assert beside in said.partition("; beside it ")[2].partition(";")[0]


@pytest.mark.parametrize(
    ("path", "chosen"),
    [(LDR, ["policy=kvm-6.0", "policy=kvm-7.2"]),
     (ICR, ["policy=kvm-6.0", "policy=kvm-7.2", "value=valid", "value=reserved-bits"])],
)  # fmt: skip
def test_each_choice_is_a_link_to_an_address_of_its_own(path, chosen, client):
    links = [a["href"] for a in soup_of(client, path).find(id="checks").find_next("dl")("a")]
    text = client.get(f"{path}.txt").text

    assert [f"{path}?{query}" for query in chosen] == links
    for link in links:
        assert link in text
        page = client.get(link, headers=HTML, follow_redirects=False)
        assert (200, True) == (page.status_code, "as here" not in page.text)
    assert flat(client, f"{path}.txt") != flat(client, f"{path}.txt?{chosen[-1]}")


def test_a_choice_stays_when_another_is_made_and_when_the_page_is_copied(client):
    soup = soup_of(client, f"{ICR}?value=valid")
    links = [a["href"] for a in soup.find(id="checks").find_next("dl")("a")]
    copied = [field["value"] for field in soup.select("details.paste input")]

    assert f"{ICR}?policy=kvm-7.2&value=valid" in links
    assert ICR in links
    assert all(f"{ICR}?value=valid" in address for address in copied)
    assert "x2AVIC write, valid" in soup.title.text
    asked = client.get(f"{ICR}?value=valid&policy=kvm-7.2", follow_redirects=False)
    assert f"{ICR}?policy=kvm-7.2&value=valid" == asked.headers["location"]


@pytest.mark.parametrize(
    ("path", "beside"),
    [
        (LDR, ["/r/ldr/avic/read", "/r/ldr/avic/write", "/r/ldr/x2avic/read",
               "/r/remote-read/x2avic/write", "/r/dfr/x2avic/write"]),
        ("/r/id", ["/r/id/avic/read", "/r/id/avic/write", "/r/id/x2avic/read",
                   "/r/id/x2avic/write", "/r/version"]),
    ],
)  # fmt: skip
def test_a_page_leads_to_the_other_cells_and_to_the_registers_beside_it(path, beside, client):
    text = client.get(f"{path}.txt").text.partition("\nBeside it\n")[2]

    assert beside == [a["href"] for a in soup_of(client, path).select("nav.around a")]
    assert beside == re.findall(rf"{SITE}(/r/\S+)$", text.partition("\n\n")[0], re.MULTILINE)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (f"{LDR}?value=valid", "'value' is not a key of the filter; valid are policy."),
        (f"{ICR}?value=reserved", "did you mean 'reserved-bits'?"),
        (f"{LDR}?policy=kvm-6.0,kvm-7.2", "'policy' takes one value, not 2."),
        ("/r/ldr/avic/write?policy=kvm-7.2", "this page has none."),
    ],
)
def test_a_choice_that_there_is_not_is_refused(address, said, client):
    answer = client.get(address, headers={"accept": "text/plain"})

    assert (400, True) == (answer.status_code, said in " ".join(answer.text.split()))
