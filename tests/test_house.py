"""The house: no name twice, nothing too long, each package says its job."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "app").rglob("*.py"))
LONGEST_FUNCTION = 40
LONGEST_FILE = 300
LONGEST_TEMPLATE = 120
# The whole of app/, so that what is added has to make room.
MOST_LINES = 45_070


def types(path):
    """Return the public classes of a module, and the names that it gives to types."""
    for node in ast.parse(path.read_text("utf-8")).body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        named = [node.name] if isinstance(node, ast.ClassDef) else []
        named += [target.id for target in targets if isinstance(target, ast.Name)]
        yield from (name for name in named if name[0].isupper() and not name.isupper())


def too_long(path):
    """Return the functions of a module that are longer than a reader wants."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            lines = node.end_lineno - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield f"{path.relative_to(ROOT)}: {node.name}, {lines} lines"


def test_no_public_name_of_a_type_stands_twice():
    homes = defaultdict(list)
    for path in MODULES:
        for name in types(path):
            homes[name].append(str(path.relative_to(ROOT)))
    assert not {name: where for name, where in homes.items() if len(where) > 1}


def test_no_function_is_too_long():
    assert not [found for path in MODULES for found in too_long(path)]


@pytest.mark.parametrize(
    ("files", "most"),
    [(MODULES, LONGEST_FILE), (sorted((ROOT / "templates").rglob("*.html")), LONGEST_TEMPLATE)],
    ids=["modules", "templates"],
)
def test_no_file_is_too_long(files, most):
    lengths = {str(p.relative_to(ROOT)): len(p.read_text("utf-8").splitlines()) for p in files}
    assert not {name: length for name, length in lengths.items() if length > most}


def test_the_app_stays_within_its_lines():
    assert MOST_LINES >= sum(len(p.read_text("utf-8").splitlines()) for p in MODULES)


def test_each_package_says_its_job_in_one_sentence():
    packages = [p for p in (ROOT / "app").iterdir() if (p / "__init__.py").exists()]
    assert packages
    for package in packages:
        doc = ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8"))) or ""
        first = doc.split("\n\n")[0]
        assert first.endswith("."), package
        assert ". " not in first, package


def test_the_layout_of_the_contributing_page_names_every_package():
    layout = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    packages = [p.name for p in (ROOT / "app").iterdir() if (p / "__init__.py").exists()]
    assert not [name for name in packages if f"`app/{name}`" not in layout]


def test_the_contributing_page_names_only_files_that_exist():
    named = re.findall(r"`(\w[\w.-]*/[\w/.-]+)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert named
    assert not [n for n in named if not ((ROOT / n).exists() or (ROOT / "app" / n).exists())]
