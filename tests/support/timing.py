"""How long each file of tests took, at the end of the run: the slowest first."""

from collections import defaultdict

import pytest

SHOWN = 25


class FileTimes:
    """Adds up set-up, call and tear-down of the tests of a file, also of those that other processes ran."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Each phase of each test."""
        self._seconds[report.nodeid.partition("::")[0]] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table."""
        if len(self._seconds) < 2:
            return
        terminalreporter.section(f"time per file of tests, the slowest {SHOWN} of {len(self._seconds)}")
        for name, seconds in sorted(self._seconds.items(), key=lambda item: -item[1])[:SHOWN]:
            terminalreporter.write_line(f"{seconds:7.1f} s  {name}")
