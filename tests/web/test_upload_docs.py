"""The documentation of format and upload does what it says: examples parse, commands work."""

import hashlib
import json
import re
import shlex
import shutil
import subprocess

import jsonschema_rs
import pytest

from app.core.names import resolve
from app.intake.format1 import json_schema
from app.intake.measurement import parse, to_measurement
from app.web import docs
from app.web.render import make_environment
from tests.running import CURL, HTML, flat, soup_of


def blocks(text, language):
    """Return the fenced blocks of a Markdown text."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


class Reader:
    """Somebody who types the commands of the page, with a shell that knows only those."""

    def __init__(self, client, folder):
        self.client = client
        self.folder = folder
        self.variables = {}
        self.answers = []

    def run(self, block):
        """Run the lines of one block."""
        here = re.match(r"(.*?)cat > (\S+) <<'EOF'\n(.*?)^EOF$", block, re.DOTALL | re.MULTILINE)
        if here:
            (self.folder / here[2]).write_text(here[3], "utf-8")
            block = here[1]
        for line in block.replace("\\\n", " ").splitlines():
            self.type(line)

    def type(self, line):
        """Run one line."""
        if match := re.fullmatch(r"ID=\$\(sha256sum (\S+) \| cut -c1-12\)", line):
            digest = hashlib.sha256((self.folder / match[1]).read_bytes()).hexdigest()
            self.variables["ID"] = digest[:12]
            return
        words = [self.expand(word) for word in shlex.split(line)]
        if words[0] == "curl":
            self.answers.append(self.curl(words[1:]))
        elif words[0] == "ssh-keygen":
            subprocess.run(words, cwd=self.folder, check=True, capture_output=True)
        else:
            name, _, value = words[0].partition("=")
            self.variables[name] = value

    def expand(self, word):
        """Put the values of variables into a word."""
        word = word.replace("~/.ssh", str(self.folder))
        return re.sub(r"\$([A-Z]+)", lambda m: self.variables[m[1]], word)

    def curl(self, words):
        """Send what curl would send."""
        headers, form, files, content, address = dict(CURL), {}, {}, None, ""
        options = iter(words)
        for word in options:
            if word == "-H":
                name, _, value = next(options).partition(": ")
                headers[name.lower()] = value
            elif word == "--data-binary":
                content = (self.folder / next(options).removeprefix("@")).read_bytes()
            elif word == "--data-urlencode":
                name, _, form[name] = next(options).partition("=")
            elif word == "-F":
                name, _, value = next(options).partition("=")
                if value.startswith("@"):
                    files[name] = (value[1:], (self.folder / value[1:]).read_bytes())
                else:
                    form[name] = value
            else:
                address = word
        if content is None and not form:
            return self.client.get(address, headers=headers)
        body = {"content": content} if content is not None else {"data": form}
        if files:
            body["files"] = files
        return self.client.post(address, headers=headers, follow_redirects=False, **body)


@pytest.fixture
def reader(site, tmp_path):
    return Reader(site, tmp_path)


@pytest.mark.parametrize("path", ["/docs/format", "/docs/upload"])
def test_the_page_renders_its_blocks(site, path):
    shown = [code.text for code in soup_of(site, path).main.select("pre code")]
    text = site.get(f"{path}.txt").text

    assert [b for language in ("sh", "json") for b in blocks(text, language)] == sorted(
        shown, key=lambda b: b.startswith("{")
    )


@pytest.mark.parametrize(("number", "mode"), [(0, "avic"), (1, "x2avic")])
def test_there_is_a_complete_valid_example_per_mode(site, knowledge, number, mode):
    raw = blocks(site.get("/docs/format.txt").text, "json")[number].encode()
    found = to_measurement(parse(raw), knowledge, "")

    assert {mode} == {seen.mode for seen in found.observations}
    assert found.family in {"zen-4", "zen-5"}
    assert jsonschema_rs.validator_for(json_schema()).is_valid(json.loads(raw))


def test_every_key_of_the_schema_is_explained_with_its_limits(site):
    text = flat(site, "/docs/format.txt")
    schema = json_schema()
    paths = [path for path, _, _ in docs.schema_keys(schema, schema["$defs"])]

    template = make_environment().get_template("docs/_format_keys.md")

    assert list(template.make_module({"format_keys": ()}).meanings) == paths
    assert all(f"- `{path}`: " in text for path in paths)
    for line in (
        "`format`: 1; required.",
        "`cpu.stepping`: a whole number, 0 to 15; required.",
        "`observations`: a list of 1 to 4096 items; required.",
        "`observations.mode`: one of avic, x2avic; required.",
        "`observations.exit.code`: hexadecimal such as 0x402, at most 16 digits; required.",
        "`features.x2avic`: true or false; optional.",
        "`notes`: text, at most 20000 characters; optional.",
    ):
        assert line in text


def test_the_names_that_the_page_gives_mean_what_it_says(knowledge):
    names = {resolve(n, knowledge.registers).path for n in ("ISR3", "0x130", "0x813")}

    assert {"/r/isr#3"} == names
    assert {"/r/ldr"} == {
        resolve(n, knowledge.registers).path
        for n in ("ldr", "APIC_LDR", "0xD0", "0D0h", "0x80d", "80Dh")
    }


def test_every_condition_of_an_example_is_a_word_of_the_glossary(site, knowledge):
    text = site.get("/docs/format.txt").text
    used = re.findall(r'"condition": "([^"]+)"', text)

    assert used
    assert set(used) <= set(knowledge.conditions)


def test_the_document_of_the_upload_page_is_valid(site, reader, knowledge):
    reader.run(blocks(site.get("/docs/upload.txt").text, "sh")[0])
    parsed = parse((reader.folder / "measured.json").read_bytes())

    assert to_measurement(parsed, knowledge, "").observations


def test_the_shown_refusal_is_what_the_broken_document_gets(site):
    shown = json.loads(blocks(site.get("/docs/upload.txt").text, "json")[0])
    answer = site.post("/api/v1/measurements?dry_run=true", content=docs.BROKEN)

    assert (422, shown) == (answer.status_code, answer.json())


def test_somebody_who_types_the_commands_checks_submits_reads_and_withdraws(site, reader):
    write, check, submit, read, withdraw, _ = blocks(site.get("/docs/upload.txt").text, "sh")
    for block in (write, check, submit, submit, read):
        reader.run(block)
    checked, submitted, again, page, data, raw = reader.answers
    receipt = submitted.json()

    assert (200, True) == (checked.status_code, checked.json()["valid"])
    assert ("zen-5", []) == (checked.json()["family"], checked.json()["oddities"])
    assert {"cell", "before", "after", "masked"} <= set(checked.json()["effects"][0])
    assert [201, 200] == [submitted.status_code, again.status_code]
    assert receipt["id"] == again.json()["id"] == reader.variables["ID"]
    assert ("pending", "pending") == (receipt["state"], data.json()["state"])
    assert "withdrawal_secret" not in again.json()
    assert "text/plain" in page.headers["content-type"]
    assert (reader.folder / "measured.json").read_bytes() == raw.content

    reader.variables["SECRET"] = "wrong"
    reader.run(withdraw)
    reader.variables["SECRET"] = receipt["withdrawal_secret"]
    reader.run(withdraw)
    reader.run(read)

    assert [403, 303] == [answer.status_code for answer in reader.answers[6:8]]
    assert ("withdrawn", "The wrong microcode.") == (
        reader.answers[9].json()["state"],
        reader.answers[9].json()["reason"],
    )
    assert raw.content == reader.answers[10].content


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="there is no ssh-keygen")
def test_a_signature_made_as_the_page_says_is_shown_with_its_key(site, reader):
    write, *_, sign = blocks(site.get("/docs/upload.txt").text, "sh")
    reader.run(write)
    file = reader.folder / "measured.json"
    # Other bytes than those of the other test, so that this is a first submission.
    file.write_bytes(file.read_bytes() + b"\n")
    key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "id_ed25519"]
    subprocess.run(key, cwd=reader.folder, check=True)
    reader.run(sign)
    listed = ["ssh-keygen", "-l", "-f", "id_ed25519.pub"]
    said = subprocess.run(listed, cwd=reader.folder, check=True, capture_output=True, text=True)
    slug = hashlib.sha256(file.read_bytes()).hexdigest()[:12]

    assert 201 == reader.answers[-1].status_code
    assert said.stdout.split()[1] in site.get(f"/m/{slug}", headers=HTML).text


def test_the_reasons_why_avic_is_off_lead_to_their_errata(site):
    reasons = {a["href"] for a in soup_of(site, "/docs/active").select("li a[href^='/inhibit/']")}
    errata = (soup_of(site, reason).select("a[href^='/errata/']") for reason in reasons)
    places = {a["href"] for found in errata for a in found}

    assert len(reasons) > 12
    assert len(places) == 5
    assert {200} == {site.get(place).status_code for place in places}
    text = site.get("/docs/active.txt").text
    assert [] == [line for line in text.splitlines() if len(line) > 75]
