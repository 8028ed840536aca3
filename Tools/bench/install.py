"""Installs the peers below WORK: a venv with those from PyPI, and llama.cpp built for this machine's CPU."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGES = [
    "torch==2.13.0", "transformers==5.23.0", "tokenizers", "safetensors", "pillow", "numpy",
    "onnx==1.23.2", "onnxscript==0.7.2", "onnxruntime==1.32.0", "openvino==2026.4.1",
    "gguf==0.19.0", "cmake", "ninja",
]
LLAMA_CPP = "llama-cpp-python==0.3.36"  # its source distribution holds llama.cpp's sources
LLAMA_CPP_OPTIONS = [
    "-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON", "-DBUILD_SHARED_LIBS=OFF", "-DGGML_CCACHE=OFF",
    "-DLLAMA_OPENSSL=OFF", "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_SERVER=OFF",
    "-DLLAMA_BUILD_APP=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF",
]
LLAMA_CPP_TOOLS = ["llama-bench", "llama-quantize"]


def python(work):
    """The interpreter that runs the peers: the venv's, or where there is none, this one."""
    installed = work / "venv/bin/python"
    return installed if installed.exists() else Path(sys.executable)


def llama_cpp_tool(work, name):
    return work / "peers/llama.cpp/build/bin" / name


def install(work):
    if not (work / "venv/bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", work / "venv"], check=True)
    subprocess.run([python(work), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    if not all(llama_cpp_tool(work, name).exists() for name in LLAMA_CPP_TOOLS):
        build_llama_cpp(work)


def build_llama_cpp(work):
    if not shutil.which("c++"):
        sys.exit("llama.cpp needs a C++ compiler; on Debian or Ubuntu: apt-get install g++")
    folder = work / "peers/llama.cpp"
    if not (folder / "source").exists():
        fetch_llama_cpp(work, folder)
    environment = os.environ | {"PATH": f"{work / 'venv/bin'}:{os.environ['PATH']}"}
    configure = ["cmake", "-G", "Ninja", "-S", folder / "source", "-B", folder / "build", *LLAMA_CPP_OPTIONS]
    build = ["cmake", "--build", folder / "build", "--target", *LLAMA_CPP_TOOLS]
    with open(folder / "build.log", "w") as log:
        for command in (configure, build):
            print(" ".join(map(str, command)), flush=True)
            subprocess.run(command, check=True, env=environment, stdout=log, stderr=subprocess.STDOUT)


def fetch_llama_cpp(work, folder):
    folder.mkdir(parents=True, exist_ok=True)
    name = LLAMA_CPP.split("==")[0]
    with tempfile.TemporaryDirectory(dir=folder) as place:
        command = [python(work), "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name, LLAMA_CPP]
        subprocess.run(command, cwd=place, check=True)
        with tarfile.open(next(Path(place).glob("*.tar.gz"))) as archive:
            archive.extractall(place, filter="data")
        shutil.move(next(Path(place).glob("*/vendor/llama.cpp")), folder / "source")
