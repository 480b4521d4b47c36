"""Questions, and the names that traces print: the page that answers comes first."""

import pytest

from app.curation import aliases
from app.pens.place import Place
from app.search import searching
from app.search.search_text import NOTHING, found_text, without_marks

FIRST = {
    # What is asked most.
    "is AVIC active?": "/docs/active",
    "is x2AVIC on": "/docs/active",
    "how do I know whether AVIC is used": "/docs/active",
    "why is x2AVIC inhibited": "/inhibit",
    "why is AVIC inhibited in my VM": "/inhibit",
    "AVIC not working": "/docs/active",
    "why is AVIC off in my VM": "/inhibit",
    "why is x2AVIC off": "/docs/active",
    "how do I withdraw a measurement": "/docs/upload",
    "how do I quote a cell in a mail": "/docs/cite",
    "print the corrected table": "/corrected",
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
    # About what stands around AVIC.
    "AVIC with hpet": "/docs/sources#note-hpet",
    "does AVIC work with hpet?": "/docs/sources#note-hpet",
    "does AVIC work with VFIO passthrough": "/docs/sources#note-device-interrupts",
    "posted interrupts": "/docs/sources#note-device-interrupts",
    "IOMMU AVIC": "/docs/sources#note-device-interrupts",
    "amd_iommu_guest_ir=vapic": "/docs/sources#note-device-interrupts",
    "Secure AVIC": "/docs/sources#note-secure-avic",
    "is Secure AVIC the same as AVIC?": "/docs/sources#note-secure-avic",
    "SEV-SNP AVIC": "/inhibit/sev",
    "SEV-ES": "/inhibit/sev",
    "nested SVM": "/inhibit/nested",
    "AVIC and nested virtualization": "/inhibit/nested",
    "avic=auto": "/inhibit/disabled",
    "kvm_amd.avic=1 vs avic=auto": "/inhibit/disabled",
    "Proxmox AVIC": "/docs/active",
    "is AVIC enabled by default on RHEL 9": "/docs/active",
    "why is avic off on my machine": "/docs/active",
    "how do I see it in /sys": "/docs/active",
    "/sys/module/kvm_amd/parameters/avic": "/docs/active",
    "enable_ipiv": "/errata/1235",
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
    "APIC_ISR+0x10": "/r/isr#1",
    "APIC_ISR + 0x10 * 3": "/r/isr#3",
    "LVT0+0x10": "/r/lvt-lint1",
    "VECTOR_SELF_IPI": "/r/self-ipi",
    "XAPIC_ICR_LOW_OFFSET": "/r/icr",
    "X2APIC_MSR_ICR_ADDRESS": "/r/icr",
    "LAPIC_LVTPC": "/r/lvt-perf",
    "lapic_write(LAPIC_TASKPRI)": "/r/tpr",
    "IA32_APIC_BASE": "/docs/sources#note-apic-base",
    "Hygon C86 7185": "/c/hygon-18h",
    "Turin Dense": "/c/zen-5",
    "Ryzen 7 7840U": "/c/zen-4",
    "Ryzen 7 7735HS": "/c/zen-3",
    "-cpu EPYC-Milan-v2": "/c/zen-3",
    "AMD Family 1Ah": "/c/zen-5",
    "Zen 6": "/c",
    "CPUID Fn8000_000A_EDX[18]": "/c",
    # KVM's own functions and events.
    "kvm_apicv_accept_irq": "/docs/active",
    "trap_unaccelerated_access": "/docs/words#on-behaviours",
    "is_avic_unaccelerated_access_trap": "/policy",
    "svm_set_x2apic_msr_interception": "/policy",
    "avic_kick_target_vcpus_fast": "/r/icr#note-exit-incomplete-ipi",
    "kvm_set_apicv_inhibit": "/inhibit",
    "X2AVIC_MAX_PHYSICAL_ID": "/inhibit/physical-id-too-big",
    "kvm_x2apic_msr_write": "/guest",
    "kvm:kvm_avic_ga_log": "/r/icr#note-avic-doorbell",
    # What is pasted: lines of traces and logs, flags, XML.
    "kvm_exit: reason EXIT_AVIC_NOACCEL rip 0xfff info 80 0": "/docs/words#on-behaviours",
    "vcpu-7 [001] d... 1.5: kvm_exit: vcpu 0 reason npf rip 0xf": "/docs/words#on-behaviours",
    "kvm_avic_incomplete_ipi: vcpu=0, icrh:icrl=0x1:0xfd, id=1": "/r/icr#note-exit-incomplete-ipi",
    "kvm_apicv_inhibit_changed: set reason=6, inhibits=0x40": "/inhibit/0x40",
    "kvm_apic: apic_write APIC_EOI = 0x0": "/guest",
    "unchecked MSR access error: WRMSR to 0x83f (tried to write 0xfd)": "/r/self-ipi",
    "kvm [12]: vcpu0, guest rIP: 0xf unhandled wrmsr: 0x80d data 0x1": "/r/ldr",
    "[    3.14] kvm_amd: x2AVIC enabled": "/docs/active",
    "wrmsr -p 0 0x80b 0": "/r/eoi",
    "-machine q35,kernel-irqchip=split": "/inhibit/pit-reinj",
    "-global kvm-pit.lost_tick_policy=discard": "/inhibit/pit-reinj",
    "-cpu host,hv-synic,hv-stimer": "/inhibit/hyperv",
    "<timer name='pit' tickpolicy='delay'/>": "/inhibit/pit-reinj",
    "<ioapic driver='qemu'/>": "/inhibit/pit-reinj",
    "Cannot enable x2AVIC, AVIC is unsupported": "/errata/x2avic-set-avic-clear",
    # Comparisons, and questions about a setting.
    "avic vs x2avic difference": "/corrected",
    "what is the difference between xAVIC and x2AVIC": "/corrected",
    "zen 4 vs zen 5": "/c/zen-4",
    "kvm 6.12 vs kvm 7.2": "/policy/kvm-6.12",
    "does AVIC work with kernel_irqchip=off": "/inhibit/absent",
    "does AVIC work with nested virtualization": "/inhibit/nested",
    "can I use AVIC with 512 vCPUs": "/inhibit/physical-id-too-big",
    "AVIC with hv_stimer": "/inhibit/hyperv",
    "is AVIC on by default": "/docs/active",
    # Releases, and what cites the manual.
    "kvm 6.12": "/policy/kvm-6.12",
    "kernel 6.12.117": "/policy/kvm-6.12.117",
    "Table 15-22": "/",
    "APM vol 2 section 15.29.10": "/r/id#note-checks-before-the-table",
    "24593": "/docs/apm",
    "Zen 4 errata": "/c/zen-4",
    "AVIC errata": "/errata",
    "how do I enable AVIC": "/docs/active",
    "X2APIC_MODE_MASK": "/docs/sources#note-apic-base",
    "thermal interrupt": "/r/lvt-thermal",
    "RSS": "/docs/feeds",
}


def hits(snapshot, query):
    found = searching.search(snapshot, query)
    listed = (hit for group in found.groups for hit in group.hits)
    return [*found.exact, *listed, *found.closest]


@pytest.mark.parametrize("query", FIRST)
def test_the_page_that_answers_comes_first(snapshot, query):
    assert FIRST[query] == hits(snapshot, query)[0].path


def test_each_entry_of_the_table_of_names_is_found_by_its_first_name(snapshot):
    called = {one.names[0]: one.to for one in aliases.alias_entries()}
    found = {name: [hit.path for hit in searching.search(snapshot, name).exact] for name in called}

    assert [] == [name for name, to in called.items() if to not in found[name]]


def test_what_answers_most_of_it_is_said_to_be_no_more_than_that(snapshot):
    found = searching.search(snapshot, "avic_set_pi_irte_mode with zebracorn on")
    alone = searching.search(snapshot, "zebracorn")

    assert 0 == found.total == alone.total
    assert not alone.closest
    assert "What answers most of it" in found_text(found, Place("http://a.test", "1"))
    assert NOTHING in found_text(found, Place("http://a.test", "1"))
    assert not searching.search(snapshot, "AVIC nosuchword nosuchword2").closest


def test_an_excerpt_keeps_the_signs_of_a_command(snapshot):
    shown = {hit.path: without_marks(hit.snippet) for q in ("dmesg grep", "feed register cells")
             for hit in hits(snapshot, f"kind:page {q}")}  # fmt: skip

    assert "sudo dmesg | grep -i avic" in shown["/docs/active"]
    assert "|" not in shown["/docs/feeds"]


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
