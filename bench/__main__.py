"""`python -m bench [WHAT] [--scale small|full]`: measure, print one table, and write everything as JSON."""

import argparse
import signal
import sys
import time
from pathlib import Path

from bench import report
from bench.accounting import machine
from bench.ground import Ground
from bench.measures import MEASURES, Bench
from bench.scale import SCALES
from ops.processes import ROOT, StartFailed


def main() -> int:
    """Measure what was asked for; 0, or 1 with one line where something could not be started."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the house beside a raw reference, on private servers.")
    parser.add_argument("what", nargs="?", default="all", choices=[*MEASURES, "all"])
    parser.add_argument(
        "--scale", default="small", choices=list(SCALES), help="small: under ten minutes; full: the figures it is meant for"
    )
    parser.add_argument("--repeats", type=int, default=0, help="of the comparison with the raw reference, instead of the scale's")
    parser.add_argument("--out", type=Path, default=ROOT / ".local" / "bench.json", help="where the JSON goes")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began, facts = time.monotonic(), machine()
    print(", ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
    rows: list[report.Row] = []
    try:
        with Ground() as ground:
            bench = Bench(ground, SCALES[arguments.scale], arguments.repeats)
            for name, measure in MEASURES.items():
                if arguments.what in (name, "all"):
                    rows += measure(bench)
    except (StartFailed, OSError) as trouble:
        print(f"bench: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\n{report.table(rows)}\n")
    for line in bench.lines:
        print(line)
    seconds = time.monotonic() - began
    others = f"machine used by others: {bench.others_percent:.0f} % on average"
    print(f"{others}; only the ratios of one run mean something. It took {seconds:.0f} s.")
    found = {
        "machine": facts,
        "scale": arguments.scale,
        "seconds": round(seconds),
        "others_percent": bench.others_percent,
        "results": bench.result,
    }
    report.write(arguments.out, found)
    print(f"Everything: {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
