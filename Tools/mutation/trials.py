"""Runs built tests with one change made at a time."""

import concurrent.futures
import os
import resource
import signal
import subprocess
import tempfile
import time

ADDRESS_SPACE = 12 << 30


class Trials:
    def __init__(self, tree, jobs):
        self.tree, self.jobs = tree, jobs
        self.tests = os.path.realpath(tree.path(".build/debug/paligraphPackageTests.xctest"))
        self.suites = {}

    def _run(self, suite, variables, limit):
        """Whether a suite passes, and its output; no output if it had to be ended."""
        environment = {**os.environ, "SWIFT_BACKTRACE": "enable=no", **variables}
        process = subprocess.Popen(
            [self.tests, "--testing-library", "swift-testing", "--filter", f"^{suite}"],
            cwd=self.tree.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE)))
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            output = b""
        finally:
            # What the tests started ends with them.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        return process.returncode == 0, output.decode(errors="replace")

    def measure(self, suites):
        """Runs suites without a change: which changes each comes by and how long it takes."""
        def measured(suite):
            with tempfile.NamedTemporaryFile("r") as reached:
                began = time.monotonic()
                passes, output = self._run(suite, {"MUTANTS_REACHED": reached.name}, 900)
                if not passes or " 0 tests" in output:
                    failures = [line for line in output.splitlines() if "✘" in line]
                    raise RuntimeError("\n".join([f"{suite} fails as it is", *failures[:20]]))
                return suite, set(map(int, reached.read().split())), time.monotonic() - began

        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for suite, numbers, seconds in pool.map(measured, suites):
                self.suites[suite] = (numbers, seconds)

    def catches(self, number, suites):
        """The suite that fails when a change is made, be it by a signal or by not ending; nil for none. Suites
        that do not come by the change are left out."""
        reaching = [suite for suite in suites if number in self.suites[suite][0]]
        for suite in sorted(reaching, key=lambda suite: self.suites[suite][1]):
            passes, _ = self._run(suite, {"MUTANT": str(number)}, 30 + 8 * self.suites[suite][1])
            if not passes:
                return suite
        return None

    def is_reached(self, number, suites):
        """Whether one of the suites comes by a change at all."""
        return any(number in self.suites[suite][0] for suite in suites)

    def run(self, mutants, done):
        """Tries (number, suites) pairs, some at a time, and hands (number, suite that fails) to `done`."""
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            waiting = {pool.submit(self.catches, number, suites): number for number, suites in mutants}
            for future in concurrent.futures.as_completed(waiting):
                done(waiting[future], future.result())
