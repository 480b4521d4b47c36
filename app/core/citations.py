"""How a fact cites its place: claims by document and page, sources in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.core.facts import Claim, Document, Source


def cite_claim(
    claim: Claim, sources: Mapping[str, Source], documents: Mapping[str, Document]
) -> str:
    """Return ``24593 rev 3.44, 15.29.3.1, Table 15-22, p.567``."""
    source = sources.get(claim.source)
    document = documents.get(source.document) if source else None
    revision = f" rev {source.revision}" if source and source.revision else ""
    where = f"{document.number}{revision}" if document else ""
    table = f"Table {claim.table}" if claim.table else ""
    return ", ".join(filter(None, (where, claim.section, table, f"p.{claim.page}")))


def cite_source(source: Source) -> str:
    """Return a source in one line: who, what, when, and how far it was read."""
    commit = f'commit {source.commit[:12]} ("{source.title}")' if source.commit else source.title
    parts = [source.author, commit, source.date, source.read.label]
    return ", ".join(part for part in parts if part)


def commit_form(source: Source) -> str:
    """Return a commit as the kernel cites one: ``commit 0123456789ab ("Its title")``.

    Without the title where the commit's own subject is not known whole.
    """
    short = f"commit {source.commit[:12]}"
    return f'{short} ("{source.title}")' if has_subject(source) else short


def has_subject(source: Source) -> bool:
    """Whether a commit's title is its whole subject: ours stand in brackets or lack the prefix.

    Words that are not the commit's own must not be quoted as if they were.
    """
    return not source.title.startswith("[") and ": " in source.title


def address_of(source: Source) -> str:
    """Return where a source can be fetched, empty when no address is known."""
    if source.url:
        return source.url
    if source.message_id:
        return f"https://lore.kernel.org/all/{source.message_id}/"
    return ""


def sources_of(ids: Iterable[str], sources: Mapping[str, Source]) -> tuple[Source, ...]:
    """Return the named sources, each once, in the order of first mention."""
    return tuple(sources[name] for name in dict.fromkeys(ids) if name in sources)
