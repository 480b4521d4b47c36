"""The table under a filter, and the table as it should read."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

from app.core.cells import access_method
from app.pages import corrected_text, cpu_table, explore, print_text, table_text
from app.pages.api import cell_list
from app.pages.corrected_markdown import corrected_markdown
from app.pages.explore import TableView
from app.pages.kinds.kind import Address, PageKind
from app.pages.picture import picture_of
from app.pages.subjects import Subject
from app.pages.table_columns import html_columns
from app.pages.wanted_text import nothing_yet
from app.pens.page import Page
from app.pens.plain import sheet_text
from app.store.snapshots import Snapshot


class TablePage(PageKind):
    """The table; its query is a filter of cells."""

    pattern = "/"
    promise = "the table; the filter is the query"
    twins = "txt json csv md atom (as /index.txt ...)"

    def find(self, asked: Address) -> Page:
        """Return the table under the filter. Raises InvalidFilter."""
        snapshot, knowledge = asked.snapshot, asked.knowledge
        view = explore.filter_table(snapshot, snapshot.vocabulary.read(asked.pairs))
        words = view.wanted.query()
        page = Page(
            path=view.path,
            title=table_text.TITLE,
            template="table/index.html",
            subject=Subject(
                "/",
                f"Table 15-22 under {words}: changes" if words else "Table 15-22: changes",
                words,
                view.wanted,
            ),
            view={
                "view": view,
                "cpus": None,
                "map": picture_of(snapshot),
                "heading": table_text.TITLE,
                "headline": tuple(table_text.headline(view, knowledge)),
                "chips": snapshot.vocabulary.chips(view.wanted),
                "kept": parse_qsl(words),
                "vocabulary": snapshot.vocabulary.values,
                "policy_columns": table_text.POLICY_COLUMNS,
                "columns": html_columns(knowledge, view.wanted["policy"], view.sides),
            },
            text=lambda place: sheet_text(table_text.table_sheet(view, knowledge), place),
            table=lambda place: table_text.cells_table(
                view.cells, knowledge, place.site, view.wanted["policy"]
            ),
            data=lambda place: cell_list(
                view.cells.values(), knowledge, place.site, snapshot.name, view.wanted["policy"]
            ),
        )
        return _with_cpus(page, view, snapshot) if view.wanted["view"] else page


def _with_cpus(page: Page, view: TableView, snapshot: Snapshot) -> Page:
    """Return the page of a view with CPUs as its columns."""
    shown, knowledge = cpu_table.cpu_table(view, snapshot), snapshot.knowledge
    return replace(
        page,
        title=cpu_table.TITLE,
        view={
            **page.view,
            "cpus": shown,
            "heading": cpu_table.TITLE,
            "nothing_yet": nothing_yet(shown.silent, knowledge),
            "way": access_method,
        },
        text=lambda place: sheet_text(cpu_table.cpu_sheet(shown, knowledge), place),
        table=lambda place: cpu_table.cpu_rows(shown, place.site),
        data=lambda place: {
            "data_version": snapshot.name,
            "columns": [c.slug for c in shown.columns],
            "cells": cpu_table.cpu_rows(shown, place.site).records(),
        },
    )


class CorrectedPage(PageKind):
    """Table 15-22 as it should read."""

    pattern = "/corrected"
    promise = "Table 15-22 as it should read"
    twins = "txt json csv md diff"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the corrected table."""
        table, knowledge = asked.snapshot.corrected, asked.knowledge
        rows = corrected_text.corrected_table
        return Page(
            path="/corrected",
            title=corrected_text.TITLE,
            template="corrected.html",
            view={
                "table": table,
                "map": picture_of(asked.snapshot),
                "counts": corrected_text.headline_counts(table),
                "footnote_lines": corrected_text.footnote_lines,
                "runs": corrected_text.group_behaviours,
                "against": corrected_text.held_against(knowledge),
                "key": corrected_text.KEY,
            },
            text=lambda place: corrected_text.corrected_text(table, knowledge, place),
            compared=lambda place: corrected_text.corrected_text(
                table, knowledge, place, numbered=False
            ),
            table=lambda _: replace(rows(table), read=corrected_markdown(table, knowledge)),
            diff=lambda place: print_text.corrected_diff(table, knowledge, place),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "cells": {str(c.printed): c.number for c in corrected_text.headline_counts(table)},
                "rows": rows(table).records(),
                "footnotes": {
                    str(note.number): list(corrected_text.footnote_lines(note, knowledge))
                    for note in table.footnotes
                },
            },
        )


KINDS: tuple[PageKind, ...] = (TablePage(), CorrectedPage())
