"""Times OpenVINO on the vision tower with its projector and prints one JSON object (see timing.py).

    python3 Tools/bench/openvino_timing.py vision/model.onnx [--dtype bf16|f32] [--threads 2] [--repeat 1]

`export_vision.py` writes the file, which holds f32; with bf16, OpenVINO stores and computes in bf16 where it pays.
"""

import sys

import numpy as np
import openvino
import timing


def main():
    arguments = timing.parser(__doc__).parse_args()
    model, load_s = timing.timed(lambda: load(arguments))
    precision = model.get_property("INFERENCE_PRECISION_HINT").to_string()
    if precision != arguments.dtype:
        sys.exit(f"OpenVINO computes in {precision} on this CPU")
    request = model.create_infer_request()
    pixels = np.random.default_rng(0).uniform(-1, 1, model.input(0).shape).astype(np.float32)
    vision_s = timing.best(lambda: request.infer([pixels], share_inputs=True, share_outputs=True), arguments.repeat)
    figures = {"load_s": load_s, "vision_s": vision_s, "peak_rss_bytes": timing.peak_rss_bytes()}
    timing.show(figures, versions={"openvino": openvino.__version__.split("-")[0]})


def load(arguments):
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": arguments.threads,
        "INFERENCE_PRECISION_HINT": arguments.dtype,
    }
    core = openvino.Core()
    return core.compile_model(core.read_model(arguments.model), "CPU", settings)


if __name__ == "__main__":
    main()
