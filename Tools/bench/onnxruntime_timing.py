"""Times ONNX Runtime on the vision tower with its projector and prints one JSON object (see timing.py).

    python3 Tools/bench/onnxruntime_timing.py vision/model.onnx [--threads 2] [--repeat 1]

`export_vision.py` writes the file. All graph optimisations are on, and one thread of the pool is this process's own.
"""

import numpy as np
import onnxruntime
import timing


def main():
    arguments = timing.parser(__doc__).parse_args()
    session, load_s = timing.timed(lambda: load(arguments))
    entry = session.get_inputs()[0]
    pixels = np.random.default_rng(0).uniform(-1, 1, entry.shape).astype(np.float32)
    vision_s = timing.best(lambda: session.run(None, {entry.name: pixels}), arguments.repeat)
    figures = {"load_s": load_s, "vision_s": vision_s, "peak_rss_bytes": timing.peak_rss_bytes()}
    timing.show(figures, versions={"onnxruntime": onnxruntime.__version__})


def load(arguments):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = arguments.threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(arguments.model, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
