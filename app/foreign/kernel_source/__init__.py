"""What a kernel's C says of local-APIC accesses, read and evaluated without compiling it."""
