"""The shapes that cells have in the manual; ``test_rulings`` holds them against the seed."""

from app.core.rulings import Conditions
from tests.factories import make_claim, make_condition


def check(condition="", strength="explicit"):
    """Return an x2APIC access check: #GP in the guest."""
    return make_claim("gp", condition, "access-check", strength)


def note(behaviour, condition="", **changes):
    """Return a rule that stands elsewhere in the manual."""
    return make_claim(behaviour, condition, "note", **changes)


def question(behaviour, condition=""):
    """Return an open question: an alternative that never rules."""
    return note(behaviour, condition, question="a-question")


def product(behaviour, family, condition=""):
    """Return what the manual of one family's product says."""
    return make_claim(behaviour, condition, "product", family=family)


ALLOWED = (make_claim("allowed"),)
ACCELERATED = (make_claim("accelerated"),)
TRAP = (make_claim("vmexit-trap"),)
FAULT = (make_claim("vmexit-fault"),)

# Writes of read-only registers: for ID the manual says #GP, for ISR it only implies it.
ID = (*TRAP, check())
ISR = (*FAULT, check(strength="implied"))
EOI_READ = (*ALLOWED, check(strength="implied"))
DFR_READ = (check(),)

# Writes whose reserved bits are checked first.
TPR = (*ACCELERATED, check("reserved-bits"))
LVT = (*TRAP, check("reserved-bits"))

EOI_BRANCHES = (make_claim("accelerated", "edge"), make_claim("vmexit-trap", "level"))
EOI_QUESTION = question("vmexit-fault", "level")
EOI = (*EOI_BRANCHES, check("non-zero"), EOI_QUESTION)

ICR_NOTES = (
    note("vmexit-ipi", "level-ipi"),
    note("vmexit-ipi", "invalid-vector"),
    note("vmexit-ipi", "invalid-target"),
    note("vmexit-ipi", "bad-backing-page"),
    note("vmexit-ipi", "target-not-running"),
)
ICR_AVIC = (
    make_claim("accelerated", "simple-ipi"),
    make_claim("vmexit-trap", "advanced"),
    *ICR_NOTES,
    question("vmexit-ipi", "advanced"),
)
ICR = (*ICR_AVIC, note("accelerated", "simple-ipi"), check("reserved-bits"))

SELF_IPI = (*ALLOWED, check("reserved-bits"), note("accelerated"))
SELF_IPI_AVIC = (note("absent", strength="implied"),)
EXT_LVT_READ = (make_claim("allowed", "extlvt"), make_claim("vmexit-fault", "no-extlvt"))

CONDITIONS = Conditions(
    {
        condition.slug: condition
        for condition in (
            make_condition("edge", "trigger"),
            make_condition("level", "trigger"),
            make_condition("simple-ipi", "message"),
            make_condition("self-ipi", "message", "simple-ipi"),
            make_condition("advanced", "message"),
            make_condition("level-ipi", "message", "advanced"),
            make_condition("invalid-vector", "message", "advanced"),
            make_condition("incomplete", "target"),
            make_condition("invalid-target", "target", "incomplete"),
            make_condition("bad-backing-page", "target", "incomplete"),
            make_condition("target-not-running", "target", "incomplete"),
            make_condition("stale-is-running", "target", "target-not-running"),
            make_condition("zero", "value"),
            make_condition("non-zero", "value"),
            make_condition("reserved-bits", "value", "non-zero"),
            make_condition("busy-set", "value", "reserved-bits"),
            make_condition("bit-18-set", "value", "reserved-bits"),
            make_condition("extlvt", "cpuid"),
            make_condition("no-extlvt", "cpuid"),
        )
    }
)
