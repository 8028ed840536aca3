"""A copy of the repository in which files are exchanged, and what mutants need to be built there."""

import os
import re
import shutil
import subprocess

HEADER = """#pragma once
#include <stdbool.h>

extern int mutant_active;
extern unsigned char mutant_reached[];

/// Whether a change is made: its number is in the environment variable MUTANT.
static inline bool mutant(int number) {
  mutant_reached[number] = 1;
  return mutant_active == number;
}
"""

SOURCE = """#include "CMutant.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 1 << 14 };
int mutant_active;
unsigned char mutant_reached[MOST];

// Writes the numbers of all changes that the process came by to the file that MUTANTS_REACHED names.
static void write_reached(void) {
  FILE *file = fopen(getenv("MUTANTS_REACHED"), "a");
  for (int i = 0; file && i < MOST; i++) {
    if (mutant_reached[i]) fprintf(file, "%d\\n", i);
  }
  if (file) fclose(file);
}

__attribute__((constructor)) static void read_environment(void) {
  const char *number = getenv("MUTANT");
  if (number) mutant_active = atoi(number);
  if (getenv("MUTANTS_REACHED")) atexit(write_reached);
}
"""


# Leaves the targets that some tests need.
SELECTION = """
var needed: Set<String> = []
@MainActor func need(_ name: String) {
  guard needed.insert(name).inserted,
    let target = package.targets.first(where: { $0.name == name })
  else { return }
  for dependency in target.dependencies {
    switch dependency {
    case .targetItem(let name, _), .byNameItem(let name, _): need(name)
    default: break
    }
  }
}
for name in [%s] { need(name) }
if needed.contains("CommandLineTests") { need("CFaultInjection") }
package.targets.removeAll { !needed.contains($0.name) }
package.products.removeAll { product in
  let targets = (product as? Product.Library)?.targets ?? (product as? Product.Executable)?.targets
  return !(targets ?? []).allSatisfy(needed.contains)
}
"""


def _package(text, tests):
    """The package description with the target that mutants call, and only what some tests need."""
    text = text.replace("dependencies: dependencies, exclude", 'dependencies: dependencies + ["CMutant"], exclude')
    text = re.sub(r'name: "(CKernels|CImageCodecs)",', r'name: "\1", dependencies: ["CMutant"],', text)
    text = text.replace("  targets: [\n", '  targets: [\n    .target(name: "CMutant", path: "CMutant"),\n', 1)
    return text + SELECTION % ", ".join(f'"{name}"' for name in sorted(tests))


class SourceTree:
    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def update(self, exchanged, tests):
        """Makes the copy equal to the repository but for the files in `exchanged`, by path, and targets that
        the test targets in `tests` do not need. Files that are as they should be keep their times, so that
        only what changed is built."""
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                check=True, capture_output=True, text=True).stdout
        names = {name for name in listed.split("\0") if name and os.path.isfile(name)}
        with open("Package.swift", encoding="utf-8") as file:
            texts = {"Package.swift": _package(file.read(), tests).encode(), "CMutant/include/CMutant.h": HEADER.encode(),
                     "CMutant/CMutant.c": SOURCE.encode(), **exchanged}
        for name in names - set(texts):
            with open(name, "rb") as file:
                self._write(name, file.read(), os.stat(name).st_mode)
        for name, text in texts.items():
            self._write(name, text, 0o644)
        for folder, folders, files in os.walk(self.folder):
            if folder == self.folder:
                folders[:] = [name for name in folders if name != ".build"]
            for name in files:
                path = os.path.join(folder, name)
                if os.path.relpath(path, self.folder) not in names | set(texts) | {"Package.resolved"}:
                    os.remove(path)

    def _write(self, name, text, mode):
        path = self.path(name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                if file.read() == text:
                    return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text)
        os.chmod(path, mode & 0o777)

    def build(self):
        """Builds the tests; the places of errors, as (path, line, column), and what the compiler said."""
        result = subprocess.run(
            ["swift", "build", "--build-tests", "--disable-xctest",
             "-debug-info-format", "none",
             "-Xswiftc", "-suppress-warnings", "-Xswiftc", "-continue-building-after-errors", "-Xcc", "-w"],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if result.returncode == 0:
            return [], result.stdout
        root = os.path.realpath(self.folder)
        places = re.findall(r"^(/[^:\n]+):(\d+):(\d+): error: ", result.stdout, re.MULTILINE)
        errors = {(os.path.relpath(path, root), int(line), int(column)) for path, line, column in places}
        return sorted(errors), result.stdout
