"""Lists the places of Swift files where a small wrong change can be planted, with the toolchain's own parser."""

import json
import os
import subprocess

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sites")
LIBRARIES = ("SwiftParser", "SwiftSyntax", "SwiftOperators")


def swift_sites(paths, work):
    """The sites of each file; the finder is built in the folder `work` when its sources are newer."""
    program = os.path.join(work, "find-sites")
    sources = sorted(os.path.join(FOLDER, name) for name in os.listdir(FOLDER))
    newest = max(os.path.getmtime(source) for source in sources)
    if not os.path.exists(program) or os.path.getmtime(program) < newest:
        compiler = subprocess.run(["swiftc", "-print-target-info"], check=True, capture_output=True, text=True)
        resources = json.loads(compiler.stdout)["paths"]["runtimeResourcePath"]
        host = os.path.join(resources, "host")
        subprocess.run(
            ["swiftc", "-O", *sources, "-o", program, "-I", host, "-L", host, "-Xlinker", "-rpath", "-Xlinker", host,
             *(f"-l{library}" for library in LIBRARIES)], check=True)
    found = subprocess.run([program, *paths], check=True, capture_output=True)
    return json.loads(found.stdout)
