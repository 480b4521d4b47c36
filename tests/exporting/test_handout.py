"""Tests handed out: their table says what the API says, and their C compiles and runs."""

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema_rs
import pytest

from app.core.numbers import bits_of
from app.export.handout import files
from tests.handing import (
    KERNEL,
    PLACE,
    STANDIN,
    STRICT,
    ReadBack,
    agree,
    changed,
    handout,
    run_standin,
    write,
)
from tests.probe.booting import find_qemu, kvm_works

LDR = "0x80d, VAPIC_WRITE, 0x0ULL"


@pytest.fixture(scope="module")
def manual():
    return handout()


def is_refused(check, cell):
    """Whether the API's own words let the access fault: what rules, with its bits."""
    value = int(check["value"] or "0", 16)
    masks = {c["condition"]: c["bits"] for c in cell["claims"] if c["bits"] and not c["family"]}
    return any(
        not branch["condition"]
        or (branch["condition"] == "non-zero" and value)
        or bits_of(masks.get(branch["condition"], "")) & value
        for branch in cell["effective"]
        if branch["behaviour"] == "gp"
    )


def test_each_row_of_the_table_says_what_the_api_says_of_its_cell(site, manual):
    told = files.expectations(manual)
    cells = {
        (cell["register"], cell["access"]): cell
        for cell in site.get("/api/v1/cells?mode=x2avic").json()["cells"]
    }
    # Bits of the first of the eight alone: no claim has a word for that.
    ruled = [
        c for c in told["checks"] if c["expected"] and not (c["register"] == "ier" and c["member"])
    ]
    wrong = [
        check["name"]
        for check in ruled
        if (check["expected"] == "gp")
        is not bool(is_refused(check, cells[check["register"], check["access"]]))
    ]

    assert not wrong
    assert len(ruled) > 1000
    assert 256 == sum(check["access"] == "read" for check in told["checks"])
    for check in told["checks"]:
        page = urlsplit(cells[check["register"], check["access"]]["url"]).path
        assert PLACE.pin(page) == check["link"]
    assert 200 == site.get(told["checks"][-1]["link"].removeprefix(PLACE.site)).status_code


def test_expectations_are_as_their_schema_says_and_name_what_differs_from_the_manual(site, manual):
    schema = site.get("/schema/expectations-1.json").json()
    told, seen = files.expectations(manual), files.expectations(handout("zen-4"))
    jsonschema_rs.validate(schema, told)
    jsonschema_rs.validate(schema, seen)

    assert 0 == told["counts"]["differs_from_manual"]
    assert told["counts"]["checks"] == told["counts"]["gp"] + sum(
        told["counts"][word] for word in ("completed", "not_stated")
    )
    assert {"gp"} == {
        c["expected"] for c in seen["checks"] if c["register"] == "ldr" and c["value"]
    }
    assert all("on zen-4" in c["because"] for c in seen["checks"] if c["expected"])


def test_the_command_writes_the_files_and_says_what_is_expected(seeded, tmp_path):
    made = {}
    for name in ("kvm-unit-tests", "selftest"):
        ran = seeded("export", name, tmp_path / name)
        made |= {path.name: path.read_text("ascii") for path in (tmp_path / name).iterdir()}
        assert 0 == ran.code
        assert "Expected is the manual's own order of checks" in ran.out
    ran = seeded("export", "expectations", tmp_path / "e.json", "--expect", "zen-4")
    unknown = seeded("export", "expectations", "--expect", "zen4")

    assert {"vapic.c", "vapic_test.c", "vapic_checks.h"} == set(made)
    for text in made.values():
        assert re.search(r"Made by vAPIC Explorer \S+ from its data version 2026-11-22\.1:", text)
        assert re.search(r"http\S+/\?at=2026-11-22\.1", text)
    assert "Expected is what was seen on Zen 4, and nothing else" in ran.out
    assert "zen-4" == json.loads((tmp_path / "e.json").read_text())["expect"]["name"]
    assert 1 == unknown.code
    assert "Did you mean: zen-4" in unknown.err


def headers_of_kernel(selftests: Path) -> list[Path]:
    """Where the headers of a kernel tree are, by the folder of its KVM selftests."""
    testing, tools, kernel = selftests.parents[0], selftests.parents[2], selftests.parents[3]
    arch = next(p for p in (selftests / "include/x86", selftests / "include/x86_64") if p.exists())
    own = [selftests / "include", arch, tools / "include", tools / "arch/x86/include"]
    return [*own, kernel / "usr/include", testing]


def test_the_selftest_compiles_without_a_warning(manual, tmp_path):
    write(tmp_path, files.selftest_files(manual))
    subprocess.run(
        [*STRICT, *KERNEL, f"-I{STANDIN / 'selftests'}", "-c", "vapic_test.c"],
        cwd=tmp_path,
        check=True,
    )
    # And with the real headers, where the folder of a kernel's KVM selftests is named.
    if tree := os.environ.get("KVM_SELFTESTS"):
        include = [f"-I{path}" for path in headers_of_kernel(Path(tree).resolve())]
        plain = [word for word in STRICT if word != "-Wextra"]
        more = ["-D_GNU_SOURCE", "-DCONFIG_64BIT", *include, "-c", "vapic_test.c"]
        subprocess.run([*plain, *more], cwd=tmp_path, check=True)


@pytest.mark.parametrize("mutated", [False, True], ids=["as exported", "one row changed"])
def test_what_the_log_says_is_what_the_document_says_check_by_check(manual, tmp_path, mutated):
    made = files.kvm_unit_tests(manual)
    table = changed(made[files.TABLE], LDR, "VAPIC_GP", "VAPIC_COMPLETED") if mutated else ""
    log = run_standin(tmp_path, made, table).read_bytes()
    checks = files.expectations(manual)["checks"]
    wrong = {c["number"] for c in checks if mutated and (c["msr"], c["why"]) == ("0x80d", "zero")}
    for check in checks:
        if check["number"] in wrong:
            check["expected"] = "completed"
    back = ReadBack.of(log)
    agree(back, log, checks)

    assert wrong == back.numbers("failed")
    assert len(checks) == sum(each["count"] for each in back.body["observations"])
    assert back.body["exits_watched"] is False


@pytest.fixture(scope="module")
def tree():
    """A tree of kvm-unit-tests that its owner has built, named by KVM_UNIT_TESTS."""
    named = os.environ.get("KVM_UNIT_TESTS")
    if not named or not (Path(named) / "lib/libcflat.a").exists():
        pytest.skip("KVM_UNIT_TESTS names no built tree of kvm-unit-tests")
    if not kvm_works():
        pytest.skip("no KVM here")
    return Path(named).resolve()


def run_in_tree(tree: Path, folder: Path, made, table: str = "") -> bytes:
    """Compile the exported file alone, against a tree that is there, and boot it under KVM."""
    write(folder, made, table)
    plain = [word for word in STRICT if word != "-Wextra"]
    flags = ["-ffreestanding", "-m64", "-mno-red-zone", "-mno-sse", "-mno-sse2", "-fno-pic",
             "-fno-stack-protector", "-fno-omit-frame-pointer", *KERNEL]  # fmt: skip
    include = [f"-I{tree / part}" for part in ("lib", "lib/x86")]
    subprocess.run([*plain, *flags, *include, "-c", "vapic.c"], cwd=folder, check=True)
    parts = ["vapic.o", tree / "x86/cstart64.o", tree / "lib/libcflat.a"]
    link = ["ld", "-nostdlib", "-no-pie", "-z", "noexecstack", "-m", "elf_x86_64"]
    subprocess.run(
        [*link, "-T", tree / "x86/flat.lds", "-o", "elf", *parts], cwd=folder, check=True
    )
    subprocess.run(["objcopy", "-O", "elf32-i386", "elf", "flat"], cwd=folder, check=True)
    command = [find_qemu(), "--no-reboot", "-nodefaults", "-display", "none", "-serial", "stdio",
               "-device", "pc-testdev", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4",
               "-machine", "accel=kvm", "-cpu", "host,migratable=no,-arch-capabilities",
               "-smp", "1", "-kernel", "flat"]  # fmt: skip
    ran = subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=False)
    return ran.stdout


def test_in_a_tree_and_under_kvm_one_mutated_row_makes_exactly_its_check_fail(
    manual, tree, tmp_path, record_property
):
    made, checks = files.kvm_unit_tests(manual), files.expectations(manual)["checks"]
    log = run_in_tree(tree, tmp_path / "whole", made)
    back = ReadBack.of(log)
    agree(back, log, checks)
    table = changed(made[files.TABLE], LDR, "VAPIC_GP", "VAPIC_COMPLETED")
    mutated = ReadBack.of(run_in_tree(tree, tmp_path / "mutated", made, table))
    counts = {word: len(back.numbers(word)) for word in ("passed", "failed", "skipped")}
    record_property("kvm-unit-tests", f"{counts} of {len(checks)} checks under this KVM")

    assert len(checks) == sum(counts.values())
    ldr = {c["number"] for c in checks if (c["msr"], c["why"]) == ("0x80d", "zero")}
    assert ldr == back.numbers("failed") ^ mutated.numbers("failed")
