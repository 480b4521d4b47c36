"""Templates as they were compiled: kept where that may be written, and never for another."""

import jinja2
import pytest

from app.web.compiled import Compiled


class Counting(jinja2.Environment):
    """Counts what it compiles."""

    def compile(self, *args, **more):
        self.counted.append(args)
        return super().compile(*args, **more)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder of one template, and the file of its filters."""
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    (tmp_path / "page").write_text("{{ 'a' | named }}")
    (tmp_path / "filters.py").write_text("1")
    return tmp_path


def compiled(files, name="a", **settings):
    """What an environment of its own makes of the template, and how often it compiled anything."""
    kept = Compiled(files / "kept", (files / "filters.py",))
    loader = jinja2.FileSystemLoader(files)
    environment = Counting(loader=loader, autoescape=True, bytecode_cache=kept)
    environment.filters["named"] = lambda _: f"<{name}>"
    environment.counted = []
    made = environment.overlay(**settings).get_template("page").render()
    return made, len(environment.counted)


def test_a_template_is_compiled_once_and_anew_where_it_or_its_filters_changed(files):
    assert [("&lt;a&gt;", 1), ("&lt;a&gt;", 0)] == [compiled(files), compiled(files)]
    (files / "filters.py").write_text("2")
    assert [("&lt;b&gt;", 1), ("&lt;b&gt;", 0)] == [compiled(files, "b"), compiled(files, "b")]
    (files / "page").write_text("{{ 'a' | named }}!")
    assert ("&lt;b&gt;!", 1) == compiled(files, "b")
    assert 1 == len([*(files / "kept").iterdir()])


def test_what_cannot_be_kept_or_read_is_compiled_again(files, monkeypatch):
    (files / "kept").write_text("no folder")
    assert [("&lt;a&gt;", 1)] * 2 == [compiled(files), compiled(files)]
    (files / "kept").unlink()
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    compiled(files)
    assert not (files / "kept").exists()
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    compiled(files)
    for file in (files / "kept").iterdir():
        file.write_bytes(b"damaged")
    assert ("&lt;a&gt;", 1) == compiled(files)


def test_what_escapes_nothing_takes_nothing_that_was_kept(files):
    compiled(files)
    assert "<a>" == compiled(files, autoescape=False, bytecode_cache=None)[0]
