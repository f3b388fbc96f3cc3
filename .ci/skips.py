"""Fails when a test was skipped for a reason nobody wrote down: `skips.py RESULTS.xml EXPECTED.txt`."""

import fnmatch
import pathlib
import sys
from xml.etree import ElementTree as ET


def expected_reasons(listing: str) -> list[str]:
    """The patterns of the file of expected skips, without its comments."""
    return [line for line in listing.splitlines() if line and not line.startswith("#")]


def skipped_tests(results: pathlib.Path) -> list[tuple[str, str]]:
    """Name and reason of every test that did not run."""
    # pytest wrote this file a moment ago; it is no stranger's XML.
    cases = ET.parse(results).iter("testcase")  # noqa: S314
    return [
        (f"{case.get('classname')}::{case.get('name')}", skip.get("message", ""))
        for case in cases
        for skip in case.findall("skipped")
    ]


def main(results: str, expected: str) -> int:
    """Print each unexpected skip; the exit code says whether there was one."""
    patterns = expected_reasons(pathlib.Path(expected).read_text(encoding="utf-8"))
    skipped = skipped_tests(pathlib.Path(results))
    unexpected = [
        (test, reason)
        for test, reason in skipped
        if not any(fnmatch.fnmatchcase(reason, pattern) for pattern in patterns)
    ]
    for test, reason in unexpected:
        print(f"skipped, and no line of {expected} says it may be: {test}: {reason}")
    print(f"{len(skipped)} skipped, {len(unexpected)} of them unexpected")
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
