#!/usr/bin/env python3
"""Holds the files of `onnx save DIRECTORY` against onnxruntime, whose predictions are those of dlfs, and onnx.checker.

    onnx_files.py DIRECTORY

onnxruntime has some operators for float alone: files of double that have one are compared as float."""
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, numpy_helper


def as_float(model):
    for i, tensor in enumerate(model.graph.initializer):
        if tensor.data_type == TensorProto.DOUBLE:
            values = numpy_helper.to_array(tensor).astype(np.float32)
            model.graph.initializer[i].CopyFrom(numpy_helper.from_array(values, tensor.name))
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.elem_type = TensorProto.FLOAT
    return model


def run(model, inputs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=['CPUExecutionProvider'])
    return session.run(None, inputs)


def predictions(model, inputs):
    """What onnxruntime makes of the inputs, and as which type."""
    try:
        return run(model, inputs), str(next(iter(inputs.values())).dtype)
    except Exception as error:  # pylint: disable=broad-except
        if 'double' not in str(error) and 'NOT_IMPLEMENTED' not in str(error):
            raise
        floats = {name: value.astype(np.float32) for name, value in inputs.items()}
        return run(as_float(model), floats), 'float64 as float32'


def main():
    directory = pathlib.Path(sys.argv[1])
    failed = 0
    counts = {}
    worst = 0.0
    for line in (directory / 'networks.txt').read_text().splitlines():
        file, name = line.split('\t')
        try:
            model = onnx.load(directory / (file + '.onnx'))
            onnx.checker.check_model(model, full_check=True)
            assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == 'N', 'the batch is not open'
            arrays = np.load(directory / (file + '.npz'))
            inputs = {value.name: arrays[f'x{i}'] for i, value in enumerate(model.graph.input)}
            outputs, by = predictions(model, inputs)
            counts[by] = counts.get(by, 0) + 1
            for i, value in enumerate(outputs):
                expected = arrays[f'y{i}']
                assert value.shape == expected.shape, f'shape {value.shape}, expected {expected.shape}'
                scale = max(1, float(np.max(np.abs(expected), initial=0)))
                error = float(np.max(np.abs(value - expected), initial=0)) / scale
                worst = max(worst, error)
                assert error <= 1e-5, f'output {i} is off by {error:.1e}'
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print(f'{file} ({name}): FAILED: {type(error).__name__}: {str(error)[:400]}')
    print(f'{counts}, {failed} failed; off by at most {worst:.1e}')
    return 1 if failed or not counts else 0


if __name__ == '__main__':
    sys.exit(main())
