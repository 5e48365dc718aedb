"""Counts the instructions of a reset's checks, and holds the counts against those in bench/guard/counts.json.

    make guard               compares
    WRITE=1 make guard       writes the counts anew

A time on a busy machine says little; the number of instructions is the same in each run. It depends on the compiler and
on the processor that the cryptography is for, so both are kept with the counts: with others, this says so and fails
nothing. The build is that of the tests, so the counts serve to be compared, and say little about a release. Needs valgrind (on Debian: apt-get install valgrind).
"""

import json
import os
import pathlib
import platform
import re
import subprocess
import sys

COUNTS = pathlib.Path("bench/guard/counts.json")
# How often each is done. The start of the program falls out of the difference of the two.
PARTS = {
    "signature": (10, 30),
    "approval": (10, 30),
    "evidence": (10, 30),
    "judgement": (100, 300),
}
TOLERANCE = 0.03


def instructions(program, part, times):
    """In all, of a program that does this so many times."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, part, str(times)]
    run = subprocess.run(command, capture_output=True, text=True)
    collected = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode or not collected:
        sys.exit(f"{' '.join(command)}:\n{run.stderr}")
    return int(collected[1])


def processor():
    """Name, family, model and stepping: the name alone is one for several generations."""
    about = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    named = [re.search(rf"^{name}\s*: (.*)$", about, re.MULTILINE) for name in ("model name", "cpu family", "model", "stepping")]
    return " ".join(one[1] for one in named if one) or platform.machine()


def of_one(program, part):
    few, many = PARTS[part]
    return (instructions(program, part, many) - instructions(program, part, few)) // (many - few)


def main(program):
    compiler = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    measured = {
        "compiler": compiler,
        "processor": processor(),
        "instructions": {part: of_one(program, part) for part in PARTS},
    }
    if os.environ.get("WRITE"):
        COUNTS.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
        print(f"written into {COUNTS}")
        return
    kept = json.loads(COUNTS.read_text(encoding="utf-8"))
    is_same = all(kept[name] == measured[name] for name in ("compiler", "processor"))
    more = []
    for part, now in measured["instructions"].items():
        before = kept["instructions"].get(part, now)
        change = now / before - 1
        print(f"{part:<12}{now:>12,} instructions, {before:>12,} before, {change:+.1%}")
        if change > TOLERANCE:
            more.append(part)
    if not is_same:
        print(f"not comparable: the counts are of {kept['compiler']} on {kept['processor']}")
    elif more:
        sys.exit(f"more instructions than before: {', '.join(more)}. If that is meant: WRITE=1 make guard")


main(sys.argv[1])
