"""Questions, and the names that traces print: the page that answers comes first."""

import pytest

from app.search import searching

FIRST = {
    # What is asked most.
    "is AVIC active?": "/docs/active",
    "is x2AVIC on": "/docs/active",
    "how do I know whether AVIC is used": "/docs/active",
    "why is x2AVIC inhibited": "/inhibit",
    "why is AVIC inhibited in my VM": "/inhibit",
    "AVIC not working": "/docs/active",
    "dmesg": "/docs/active",
    "PIT_REINJ": "/inhibit/pit-reinj",
    "APICV_INHIBIT_REASON_PIT_REINJ": "/inhibit/pit-reinj",
    "INHIBIT_REASON_IRQWIN": "/inhibit/irqwin",
    "APICV_INHIBIT_REASON_DISABLE": "/inhibit/disabled",
    "kvm-pit.lost_tick_policy=discard": "/inhibit/pit-reinj",
    "inhibits=0x200": "/inhibit/0x200",
    "kvm_apicv_inhibit_changed": "/inhibit",
    "doctor host": "/docs/active",
    "trace-cmd": "/docs/measure",
    "how to measure": "/docs/measure",
    "which exit on EOI write with level triggered": "/r/eoi/avic/write",
    "how do I cite a cell": "/docs/cite",
    "how can I send a measurement": "/docs/upload",
    "what is a verdict": "/docs/verdicts",
    "which families have x2AVIC": "/c",
    "manual wrong on Zen 4": "/c/zen-4",
    "does Zen 5 support x2avic": "/c/zen-5",
    "does Genoa support AVIC?": "/c/zen-4",
    "is x2AVIC supported on EPYC 9654": "/c/zen-4",
    "where is Table 15-22 wrong": "/corrected",
    "where is erratum 1235": "/errata/1235",
    "is Zen 3 affected": "/c/zen-3",
    "is the manual wrong?": "/corrected",
    "what's wrong in Table 15-22": "/corrected",
    # The thread.
    "does the guest see the same with and without interception": "/guest",
    "is it the same with and without interception": "/guest",
    "guest-visible behaviour": "/guest",
    "what ranks above the AVIC access permission checks": "/r/id#note-checks-before-the-table",
    "LAPIC_MMIO_HOLE": "/d/19",
    "is the BUSY bit left set": "/d/14",
    # Exits and events, as manuals, headers and traces have them.
    "AVIC_INCOMPLETE_IPI": "/r/icr#note-exit-incomplete-ipi",
    "kvm_avic_incomplete_ipi": "/r/icr#note-exit-incomplete-ipi",
    "EXIT_AVIC_INCOMPLETE_IPI": "/r/icr#note-exit-incomplete-ipi",
    "what does exit 0x401 mean": "/r/icr#note-exit-incomplete-ipi",
    "exit_reason 1025": "/r/icr#note-exit-incomplete-ipi",
    "what is exit_reason 1026": "/docs/words#on-behaviours",
    "exit reason 1024": "/docs/words#on-behaviours",
    "vmexit 0x402": "/docs/words#on-behaviours",
    "kvm_avic_unaccelerated_access: vcpu: 0, offset: 0x80(TPR)": "/docs/words#on-behaviours",
    "SVM_VMEXIT_AVIC_INCOMPLETE_IPI": "/r/icr#note-exit-incomplete-ipi",
    "AVIC_NOACCEL": "/docs/words#on-behaviours",
    "SVM_EXIT_AVIC_UNACCELERATED_ACCESS": "/docs/words#on-behaviours",
    "avic_unaccelerated_access": "/docs/words#on-behaviours",
    "kvm_msr": "/docs/words#on-behaviours",
    "kvm_avic_doorbell": "/r/icr#note-avic-doorbell",
    # Hypervisors.
    "xen avic": "/policy#note-xen",
    "bhyve avic": "/policy#note-bhyve",
    "virtualbox avic": "/policy#note-virtualbox",
    "which release of VirtualBox has AVIC": "/policy#note-virtualbox",
    "firecracker avic": "/policy#note-firecracker",
    "cloud-hypervisor avic": "/policy#note-cloud-hypervisor",
    "hyper-v avic": "/policy#note-hyper-v",
    "xen": "/policy#note-xen",
    # Names.
    "zen4": "/c/zen-4",
    "Genoa": "/c/zen-4",
    "EPYC 9654": "/c/zen-4",
    "MSR 0x83f": "/r/self-ipi",
    "3F0h": "/r/self-ipi#note-self-ipi-3f0",
    "LVTCMCI": "/r/unlisted#note-lvt-cmci",
    "IA32_X2APIC_TPR": "/r/tpr",
}


def hits(snapshot, query):
    found = searching.search(snapshot, query)
    return [*found.exact, *(hit for group in found.groups for hit in group.hits)]


@pytest.mark.parametrize("query", FIRST)
def test_the_page_that_answers_comes_first(snapshot, query):
    assert FIRST[query] == hits(snapshot, query)[0].path


@pytest.mark.parametrize("query", ["is AVIC active?", "dmesg", "how to measure", "kind:page avic"])
def test_a_pinned_search_knows_no_page_of_the_release(snapshot, query):
    found = searching.search(snapshot, query, pinned=True)

    assert "page" not in {hit.kind for hit in found.exact} | {group.kind for group in found.groups}


def test_empty_words_need_not_occur_but_alone_they_count(snapshot):
    paths = {hit.path for hit in hits(snapshot, "reserved bits")}

    assert paths <= {hit.path for hit in hits(snapshot, "what are the reserved bits?")} | paths
    assert paths & {hit.path for hit in hits(snapshot, "what are the reserved bits?")}
    assert searching.search(snapshot, "where").total
    assert not searching.search(snapshot, '"where is the"').total


def test_without_an_answer_words_that_say_nothing_are_not_offered(snapshot):
    offered = searching.search(snapshot, "why is there no zebracorn register").near

    assert offered
    assert not {"why", "is", "there", "no"} & set(offered)


@pytest.mark.parametrize("query", [query for query in FIRST if "#" in FIRST[query]])
def test_an_answer_leads_to_a_place_of_its_page(client, query):
    path, _, anchor = FIRST[query].partition("#")

    assert f'id="{anchor}"' in client.get(path).text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/r/Interrupt%20Comand", "Interrupt+Comand"),
        ("/c/Zen%209", "Zen+9"),
        ("/errata/busy%20bit", "busy+bit"),
        ("/r/flubber.txt", "flubber"),
        ("/nowhere", "nowhere"),
    ],
)
def test_an_address_without_a_page_links_the_search_for_its_words(client, path, words):
    answer = client.get(path)

    assert 404 == answer.status_code
    assert f"/search?q={words}" in answer.text


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/c/zen4", "/c/zen-4"),
        ("/c/Genoa", "/c/zen-4"),
        ("/c/9654", "/c/zen-4"),
        ("/c/19h%2F11h", "/c/zen-4"),
        ("/r/LINT0", "/r/lvt-lint0"),
        ("/r/MSR%200x83f", "/r/self-ipi"),
        ("/r/3F0h", "/r/self-ipi#note-self-ipi-3f0"),
        ("/r/LINT0/x2avic/write", "/r/lvt-lint0/x2avic/write"),
    ],
)
def test_any_name_in_an_address_is_redirected_for_ever(client, path, to):
    answer = client.get(path, follow_redirects=False)

    assert (308, to) == (answer.status_code, answer.headers.get("location"))
