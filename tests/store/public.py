"""What is public at a data version, fact by fact."""

import json

from sqlalchemy import or_, select

from app.store.models import FactRow


def public_facts(session, version):
    """Return the bodies of all facts by kind and key, in that order."""
    f = FactRow
    held = f.valid_from <= version, or_(f.valid_to.is_(None), f.valid_to > version)
    rows = session.scalars(select(f).where(*held).order_by(f.kind, f.key))
    return {(row.kind, row.key): json.loads(row.body) for row in rows}
