#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Usage: tally.py FILE..   Adds up the JUnit files of several runners and prints the line
`N passed, N failed, N skipped`. Above it, prints a line for each failed or skipped test, with the
reason of a skip if the runner gives one. A missing or unreadable file counts as one failed test,
since its runner has died. Exit status 1 when a test failed or nothing ran."""
import sys
import xml.etree.ElementTree as ET


def outcome(case):
    kinds = {child.tag for child in case}
    if kinds & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in kinds else "passed"


def add_file(path, count, failed):
    try:
        root = ET.parse(path).getroot()
    except (OSError, ET.ParseError) as error:
        count["failed"] += 1
        failed.append(f"{path}: {error}")
        return
    for suite in root.iter("testsuite"):
        bad = 0
        for case in suite.iter("testcase"):
            kind = outcome(case)
            count[kind] += 1
            if kind == "skipped":
                reason = case.find("skipped").get("message")
                print(f"SKIPPED {suite.get('name')}: {case.get('name')}"
                      + (f": {reason}" if reason else ""))
            if kind == "failed":
                bad += 1
                failed.append(f"{suite.get('name')}: {case.get('name')}")
        # When a program crashes or times out, the suite has an error without a case for it.
        reported = int(suite.get("failures") or 0) + int(suite.get("errors") or 0)
        if reported > bad:
            count["failed"] += reported - bad
            failed.append(f"{suite.get('name')}: did not run to its end")


def main(paths):
    count = {"passed": 0, "failed": 0, "skipped": 0}
    failed = []
    for path in paths:
        add_file(path, count, failed)
    for line in failed:
        print(f"FAILED {line}")
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
