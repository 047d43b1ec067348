"""Carry the Dockerfile out in clean roots and try the result; see ``docs/operations.md``."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from benchmarks.container import roots
from benchmarks.container.building import build
from benchmarks.container.proving import digests, prove, sizes

TREE = "opt/icp"
_MB = 1_000_000


def main() -> int:
    """Build, measure, try; 0 when every promise is kept."""
    given = argparse.ArgumentParser(prog="python -m benchmarks.container", description=__doc__)
    given.add_argument("folder", type=Path, help="for the roots: about 1 GB; the base is kept")
    given.add_argument("--suite", default="bookworm", help="of Debian")
    given.add_argument("--python", type=Path, help="prefix of an interpreter to take along")
    given.add_argument("--twice", action="store_true", help="build again and compare the bytes")
    options = given.parse_args()
    broken: list[str] = []

    def tell(promise: str, kept: bool) -> None:  # noqa: FBT001 - one word each
        sys.stdout.write(f"{'ok ' if kept else 'NO '} {promise}\n")
        sys.stdout.flush()
        if not kept:
            broken.append(promise)

    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    base = roots.base(folder, options.suite, options.python)
    root = build(base, folder / "build", _step)
    _measure(root)
    shutil.rmtree(folder / "run", ignore_errors=True)
    prove(root, folder / "run", tell)
    if options.twice:
        first = digests(root / TREE)
        again = digests(build(base, folder / "again", _step) / TREE)
        other = sorted(it for it in first.keys() | again.keys() if first.get(it) != again.get(it))
        tell(f"a second build has the same bytes ({len(first):,} files)", not other)
        sys.stdout.writelines(f"     {it}\n" for it in other[:20])
    return 1 if broken else 0


def _step(text: str) -> None:
    sys.stdout.write(f"    {text}\n")
    sys.stdout.flush()


def _measure(root: Path) -> None:
    found = sizes(root / TREE)
    whole = sum(it.lstat().st_size for it in (root / TREE).rglob("*") if it.is_file())
    sys.stdout.write(f"    /{TREE}: {whole / _MB:.1f} MB; the largest:\n")
    sys.stdout.writelines(f"    {size / _MB:8.1f}  {name}\n" for name, size in found[:12])


if __name__ == "__main__":
    sys.exit(main())
