"""What hypervisors do: every policy, one, two side by side."""

from __future__ import annotations

from app.core.policy_rows import marks_of
from app.curation.seed import body_of
from app.pages import policies, policy_phrases, policy_tables, policy_text
from app.pages.kinds.kind import Address, PageKind
from app.pens.page import Page


class PoliciesPage(PageKind):
    """Every policy."""

    pattern = "/policy"
    promise = "what hypervisors do"
    twins = "txt json csv md"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the list of policies."""
        tables, knowledge = policies.every_policy(asked.snapshot), asked.knowledge
        shown = [table.policies[0] for table in tables]
        return Page(
            path="/policy",
            title=policy_text.LIST_TITLE,
            template="policies/index.html",
            view={"tables": tables, "pairs": policies.pairs(asked.snapshot)},
            text=lambda place: policy_text.policies_text(tables, knowledge, place),
            table=lambda place: policy_tables.policies_table(tables, place.site),
            data=lambda place: {
                "data_version": asked.snapshot.name,
                "policies": [
                    {**row, "ranges": body_of("policy", policy).get("ranges", [])}
                    for row, policy in zip(
                        policy_tables.policies_table(tables, place.site).records(),
                        shown,
                        strict=True,
                    )
                ],
                "not_known": list(policy_phrases.not_known(shown, knowledge)),
            },
        )


class PolicyPage(PageKind):
    """One policy in full, or two with ``..`` between them."""

    pattern = "/policy/{slug}"
    promise = "one version; A..B puts two side by side"
    twins = "txt json csv md"

    def find(self, asked: Address) -> Page:
        """Return one policy, or two in the order asked for. Raises NotFound."""
        table = policies.policy_view(asked.snapshot, asked.parts["slug"])
        knowledge = asked.knowledge
        alone = len(table.policies) == 1
        return Page(
            path=table.path,
            title=" against ".join(policy.name for policy in table.policies),
            template="policies/show.html" if alone else "policies/diff.html",
            view={
                "table": table,
                "pairs": policies.pairs(asked.snapshot, *table.policies),
                "marks_of": marks_of,
                "only": policy_text.only,
            },
            text=lambda place: policy_text.policy_text(table, knowledge, place),
            table=lambda _: policy_tables.msrs_table(table),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                **policy_tables.policy_body(table, knowledge),
            },
        )


KINDS: tuple[PageKind, ...] = (PoliciesPage(), PolicyPage())
