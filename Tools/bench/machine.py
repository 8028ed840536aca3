"""What the tables say about the machine."""

import os
import platform
from pathlib import Path

FEATURES = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_bf16")


def machine():
    return {
        "cpu": cpu_field("model name"),
        "processors": os.cpu_count(),
        "features": cpu_features(),
        "kernel": platform.release(),
    }


def cpu_features():
    flags = cpu_field("flags").split()
    return [feature for feature in FEATURES if feature in flags]


def cpu_field(name):
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")
