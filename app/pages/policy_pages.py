"""The parts of the pages of policies."""

from __future__ import annotations

from app.core.policy_rows import PolicyTable, marks_of
from app.curation.seed import body_of
from app.pages import policies, policy_phrases, policy_tables, policy_text
from app.pens.page import Page
from app.pens.place import Place
from app.store.snapshots import Snapshot


def policies_page(snapshot: Snapshot, place: Place) -> Page:
    """Return the list of policies."""
    tables, knowledge = policies.every_policy(snapshot), snapshot.knowledge
    shown = [table.policies[0] for table in tables]
    return Page(
        template="policies/index.html",
        view={"tables": tables, "pairs": policies.pairs(snapshot)},
        text=lambda: policy_text.policies_text(tables, knowledge, place),
        table=lambda: policy_tables.policies_table(tables, place.site),
        data=lambda: {
            "data_version": snapshot.name,
            "policies": [
                {**row, "ranges": body_of("policy", policy).get("ranges", [])}
                for row, policy in zip(
                    policy_tables.policies_table(tables, place.site).records(), shown, strict=True
                )
            ],
            "not_known": list(policy_phrases.not_known(shown, knowledge)),
        },
    )


def policy_page(snapshot: Snapshot, table: PolicyTable, place: Place) -> Page:
    """Return one policy, or two side by side."""
    knowledge = snapshot.knowledge
    alone = len(table.policies) == 1
    view = {"table": table, "pairs": policies.pairs(snapshot, *table.policies)}
    return Page(
        template="policies/show.html" if alone else "policies/diff.html",
        view={**view, "marks_of": marks_of, "only": policy_text.only},
        text=lambda: policy_text.policy_text(table, knowledge, place),
        table=lambda: policy_tables.msrs_table(table),
        data=lambda: {
            "data_version": snapshot.name,
            **policy_tables.policy_body(table, knowledge),
        },
    )
