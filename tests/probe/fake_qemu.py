"""A stand-in for QEMU under KVM: it speaks QMP, and plays a run that was constructed.

Beside it lie, for each mode, the serial log of the guest (``xapic.log``) and the kernel's
trace (``xapic.trace``), which it puts where QEMU would, and where the test looks (``trace``).
"""

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ANSWERS = {
    "--version": "QEMU emulator version 10.0.2 (constructed)",
    "-accel help": "Accelerators supported in QEMU binary:\nkvm\ntcg",
    "-device kvm-pit,help": "kvm-pit options:\n  lost_tick_policy=<LostTickPolicy>",
}


def say(message):
    """Say something to whoever monitors."""
    sys.stdout.write(f"{json.dumps(message)}\n")
    sys.stdout.flush()


def play(arguments):
    """Run the guest, as far as anybody can see."""
    apic = arguments[arguments.index("-append") + 1].split()[0].partition("=")[2]
    serial = arguments[arguments.index("-serial") + 1].partition(":")[2]
    say({"QMP": {}})
    for line in sys.stdin:
        asked = json.loads(line)["execute"]
        if asked == "cont":
            break
        say({"event": "SOMETHING"})
        threads = [{"thread-id": os.getpid()}] if asked == "query-cpus-fast" else {}
        say({"return": threads})
    Path(serial).write_bytes((HERE / f"{apic}.log").read_bytes())
    (HERE / "trace").write_bytes((HERE / f"{apic}.trace").read_bytes())
    # What a test may want: how it ends.
    sys.exit(int((HERE / "status").read_text()))


if __name__ == "__main__":
    question = " ".join(sys.argv[1:])
    if question in ANSWERS:
        sys.stdout.write(f"{ANSWERS[question]}\n")
    else:
        play(sys.argv[1:])
