"""Values and gradients of operations from CNTK 2.7 itself: writes test/operations/expected.json.

Run with a Python that has numpy and cntk: python test/peers/operations.py > test/operations/expected.json
and format what it wrote with prettier.
Each operation is written as the only node of a version-1 model file, so that nodes without Python function are reached.
2.7 has no KhatriRaoProduct, Diagonal, LookupTable, RowRepeat, CrossEntropy, MatrixL1Reg, MatrixL2Reg,
PerDimMeanVarDeNormalization, EpochAccumulator, Trace, ClassBasedCrossEntropyWithSoftmax or
NCEBasedCrossEntropyWithSoftmax any more, no offsets of Crop in such files, and refuses to reduce everything or to
multiply with the transpose of a parameter of rank 1.
"""
import json
import os
import sys
import tempfile
import zlib

import cntk as C
import numpy as np

from cntk_model import data, f64, flag, i32, i64, model, parameter, shape, text, u64

PATTERN = [1, -0.5, 2, 0.75, -1.25]


class Input:
    """Sizes as CNTK prints them; values in memory order, sample after sample; without `samples` a parameter."""

    def __init__(self, sizes, samples=None, values=None, positive=False, multiplier=1):
        self.sizes, self.samples, self.values, self.positive = sizes, samples, values, positive
        self.multiplier = multiplier

    def fill(self, random):
        if self.values is None:
            numbers = random.randn(int(np.prod(self.sizes)) * (self.samples or 1))
            if self.positive:
                numbers = np.abs(numbers) + 0.1
            self.values = [round(float(number), 3) for number in numbers]

    def node(self, name):
        if self.samples is None:
            return ("LearnableParameter", name, parameter(self.sizes, self.values, self.multiplier), [])
        return ("InputValue", name, data(self.sizes), [])

    def feed(self):
        return [np.array(self.values, np.float32).reshape((self.samples,) + tuple(reversed(self.sizes)))]


def D(sizes, samples=2, values=None, positive=False):
    return Input(sizes, samples if values is None else len(values) // int(np.prod(sizes)), values, positive)


def P(sizes, values=None, positive=False):
    return Input(sizes, None, values, positive)


def K(sizes, values=None, positive=False):
    """a constant"""
    return Input(sizes, None, values, positive, 0)


def load(operation, body, inputs, needs):
    names = ["input%d" % index for index in range(len(inputs))]
    nodes = [item.node(name) for item, name in zip(inputs, names)] + [(operation, "root", body, names)]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.dnn")
        with open(path, "wb") as file:
            file.write(model(nodes, "root"))
        function = C.Function.load(path)
    learned = {
        old: C.sequence.input_variable(old.shape, needs_gradient=int(old.name[5:]) in needs, name=old.name)
        for old in function.arguments
    }
    return function.clone(C.CloneMethod.share, learned)


def number(value):
    value = float("%.9g" % value)
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def numbers(array):
    if isinstance(array, list):
        array = np.concatenate([np.asarray(part).ravel() for part in array])
    return [number(value) for value in np.asarray(array).ravel()]


def run(name, operation, inputs, body=b"", gradient=None, needs=None):
    random = np.random.RandomState(zlib.crc32(name.encode()) & 0xFFFFFFF)
    for item in inputs:
        item.fill(random)
    needs = range(len(inputs)) if needs is None else needs
    function = load(operation, body, inputs, needs)
    output = function.outputs[0]
    feed = {old: inputs[int(old.name[5:])].feed() for old in function.arguments}
    result = {
        "inputs": [
            {"shape": item.sizes, "values": item.values, **({} if item.samples else {"isConstant": True})}
            for item in inputs
        ]
    }
    variables = {
        int(variable.name[5:]): variable
        for variable in list(function.arguments) + list(function.parameters)
    }
    wanted = {index: variables[index] for index in needs}
    if not wanted:
        values = function.eval(feed, as_numpy=True)
        result["value"] = numbers(values)
        return result
    state, found = function.forward(feed, [output], {output})
    values = found[output]
    result["value"] = numbers(values)
    count = len(result["value"])
    root = gradient or [PATTERN[index % 5] for index in range(count)]
    result["gradient"] = root
    shaped = np.array(root, np.float32)
    if isinstance(values, list):
        shaped = [shaped.reshape(values[0].shape)]
    else:
        shaped = shaped.reshape(np.shape(values))
    gradients = function.backward(state, {output: shaped}, set(wanted.values()))
    result["gradients"] = [
        numbers(gradients[wanted[index]]) if index in wanted else None for index in range(len(inputs))
    ]
    if operation == "BatchNormalization":
        result["assigned"] = {index: numbers(variables[index].value) for index in (3, 4, 5)}
    return result


def times(rank=1, mapped=-1):
    return u64(rank) + i32(mapped)


def reduce(axis, operation):
    return i32(axis) + text(operation)


def normalize(spatial=False, tau=0.0, blend=0.0, epsilon=1e-5):
    return flag(spatial) + f64(tau) + f64(blend) + i32(1) + flag(False) + f64(epsilon) + flag(False)


EDGES = [-1.5, -0.25, 0, 0.5, 1.25, 3]
POSITIVE = [0.25, 0.5, 1, 2, 3.5, 8]
SPARSE = [0, 0, 1.5, 0, -2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3]
ONE_HOT = [0, 1, 0, 1, 0, 0, 0, 0, 1]

CASES = {
    "Abs": ("Abs", [D([3], values=EDGES)]),
    "Cosine": ("Cosine", [D([3], values=EDGES)]),
    "Exp": ("Exp", [D([3], values=EDGES)]),
    "Floor": ("Floor", [D([3], values=EDGES)]),
    "Log": ("Log", [D([3], values=POSITIVE)]),
    "Log clipped": ("Log", [D([2], values=[0, -3, 1e-38, 1e-30])]),
    "Negate": ("Negate", [D([2, 3])]),
    "Pass": ("Pass", [D([2])]),
    "Reciprocal": ("Reciprocal", [D([3], values=[-2, 0.5, 4, 1, -0.75, 3])]),
    "Reciprocal of 0": ("Reciprocal", [D([1], values=[0])]),
    "RectifiedLinear": ("RectifiedLinear", [D([3], values=EDGES)]),
    "Sigmoid": ("Sigmoid", [D([3], values=EDGES)]),
    "Sin": ("Sin", [D([3], values=EDGES)]),
    "Sqrt": ("Sqrt", [D([3], values=POSITIVE)]),
    "Sqrt of 0 and less": ("Sqrt", [D([2], values=[0, -4, 0, 4])], b"", [1, 1, 0, 1]),
    "Tanh": ("Tanh", [D([3], values=EDGES)]),
    "Plus": ("Plus", [D([2, 3]), P([2])]),
    "Plus, both broadcast": ("Plus", [D([1, 3]), P([2, 1])]),
    "Minus": ("Minus", [P([1, 3]), D([2, 3])]),
    "ElementTimes": ("ElementTimes", [D([2, 3]), P([2, 1])]),
    "ElementTimes of two sequences": ("ElementTimes", [D([2]), D([2])]),
    "LogPlus": ("LogPlus", [D([2, 2]), P([2])]),
    "Less": ("Less", [D([3], values=EDGES), P([3], [0, 0, 0])], b"", None, []),
    "Equal": ("Equal", [D([3], values=EDGES), P([3], [0, 0, 0])], b"", None, []),
    "Greater": ("Greater", [D([3], values=EDGES), P([3], [0, 0, 0])], b"", None, []),
    "GreaterEqual": ("GreaterEqual", [D([3], values=EDGES), P([3], [0, 0, 0])], b"", None, []),
    "NotEqual": ("NotEqual", [D([3], values=EDGES), P([3], [0, 0, 0])], b"", None, []),
    "LessEqual": ("LessEqual", [D([3], values=EDGES), P([3], [0, 0, 0])], b"", None, []),
    "Clip": ("Clip", [P([3], [-1, 0, 0]), P([1], [1]), D([3], values=EDGES)], b"", None, [2]),
    "If": ("If", [D([1], values=[0, 2]), P([3]), D([3])], b"", None, [1, 2]),
    "Times": ("Times", [P([2, 3]), D([3])], times()),
    "Times of tensors": ("Times", [P([2, 2, 3]), D([3, 2])], times(2)),
    "Times over an image": ("Times", [P([2, 3, 2]), D([3, 2])], times()),
    "Times with legacy matrix": ("Times", [P([2, 6]), D([3, 2])], times()),
    "TransposeTimes": ("TransposeTimes", [P([3, 2]), D([3])], times()),
    "TransposeTimes of two sequences": ("TransposeTimes", [D([3]), D([3])], times()),
    "TransposeTimes over an image": ("TransposeTimes", [P([3, 2]), D([3, 4])], times()),
    "Times, the right factor a parameter": ("Times", [D([2, 3], 2), P([3, 2])], times()),
    "Times, an outer product": ("Times", [P([2]), D([3])], times()),
    "Times, maps left over": ("Times", [P([2, 3]), D([3, 2, 2])], times()),
    "Times of one-hot vectors": ("Times", [P([2, 3]), D([3], values=ONE_HOT)], times()),
    "Times of vectors with many zeros": ("Times", [P([2, 6]), D([6], values=SPARSE)], times()),
    "Times of one-hot vectors in an image": ("Times", [P([2, 3]), D([3, 2], values=ONE_HOT + ONE_HOT[:3])], times()),
    "TransposeTimes of one-hot vectors": ("TransposeTimes", [P([3, 2]), D([3], values=ONE_HOT)], times()),
    "DiagTimes": ("DiagTimes", [P([3]), D([3])]),
    "DiagTimes of a column": ("DiagTimes", [P([3, 1]), D([3])]),
    "CosDistance": ("CosDistance", [D([3]), D([3])]),
    "CosDistance of images": ("CosDistance", [D([3, 2]), D([3, 2])]),
    "CosDistanceWithNegativeSamples": (
        "CosDistanceWithNegativeSamples", [D([3], 4), D([3], 4), K([1], [1]), K([1], [2])], b"", None, [0, 1]),
    "ReduceElements, axis 3": ("ReduceElements", [D([2, 3, 2])], reduce(3, "Mean")),
    "ReduceElements, LogSum of all": ("ReduceElements", [D([2, 2, 2])], reduce(0, "LogSum")),
    "ReduceElements, of a parameter": ("ReduceElements", [P([2, 3])], reduce(1, "Sum")),
    "ReduceElements, all": ("ReduceElements", [D([2, 3])], reduce(0, "Sum")),
    "ReduceElements, axis 1": ("ReduceElements", [D([2, 3])], reduce(1, "Sum")),
    "ReduceElements, axis 2": ("ReduceElements", [D([2, 3, 2])], reduce(2, "Sum")),
    "ReduceElements, Mean": ("ReduceElements", [D([2, 3])], reduce(0, "Mean")),
    "ReduceElements, LogSum": ("ReduceElements", [D([2, 3])], reduce(2, "LogSum")),
    "ReduceElements, Max with ties": ("ReduceElements", [D([3], values=[2, 2, 1, 0, 3, 3])], reduce(1, "Max")),
    "ReduceElements, Max": ("ReduceElements", [D([2, 3])], reduce(2, "Max")),
    "ReduceElements, Min": ("ReduceElements", [D([2, 3])], reduce(0, "Min")),
    "ReduceElements, Prod": ("ReduceElements", [D([2, 3])], reduce(2, "Prod")),
    "ReduceElements, Argmax": ("ReduceElements", [D([2, 3])], reduce(2, "Argmax"), None, []),
    "ReduceElements, Argmin": ("ReduceElements", [D([2, 3])], reduce(0, "Argmin"), None, []),
    "SumElements": ("SumElements", [D([2, 2])]),
    "SumColumnElements": ("SumColumnElements", [D([4])]),
    "Reshape": ("Reshape", [D([2, 3])], i32(0) + i32(0) + shape([3, 0])),
    "Slice of axis 2 from the end": ("Slice", [D([2, 4, 2])], i64(-3) + i64(3) + i32(2)),
    "RowStack of three": ("RowStack", [D([2, 1, 2]), D([2, 3, 2]), P([2, 1, 2])], i32(2)),
    "Reshape of some axes": ("Reshape", [D([2, 6, 2])], i32(2) + i32(3) + shape([3, 2])),
    "Slice": ("Slice", [D([4, 2])], i64(1) + i64(2) + i32(1)),
    "RowStack": ("RowStack", [D([2, 2]), D([1, 2])], i32(1)),
    "RowStack along a new axis": ("RowStack", [D([2]), D([2])], i32(2)),
    "TransposeDimensions": ("TransposeDimensions", [D([2, 3, 2])], i32(1) + i32(3)),
    "Softmax": ("Softmax", [D([2, 2])]),
    "Softmax of an image": ("Softmax", [D([2, 2, 2])]),
    "LogSoftmax of an image": ("LogSoftmax", [D([2, 2, 2])]),
    "Hardmax of an image": ("Hardmax", [D([2, 2])], b"", None, []),
    "CrossEntropyWithSoftmax of images": (
        "CrossEntropyWithSoftmax", [D([2, 2], values=[0, 1, 0, 0, 0.25, 0, 0.5, 0.25]), D([2, 2])]),
    "SquareError of images": ("SquareError", [D([2, 2, 2]), D([2, 2, 2])]),
    "ClassificationError of images": ("ClassificationError", [D([2, 2], 3), D([2, 2], 3)], b"", None, []),
    "LogSoftmax": ("LogSoftmax", [D([2, 2])]),
    "Hardmax": ("Hardmax", [D([3], values=[1, 2, 2, 3, 0, 3])], b"", None, []),
    "CrossEntropyWithSoftmax": ("CrossEntropyWithSoftmax", [D([3], values=ONE_HOT), D([3], 3)]),
    "CrossEntropyWithSoftmax, labels of sum 2": (
        "CrossEntropyWithSoftmax", [D([3], values=[1, 0, 1, 0, 2, 0]), D([3])]),
    "SquareError": ("SquareError", [D([3]), D([3])]),
    "Logistic": ("Logistic", [D([1], values=[0, 1, 1]), D([1], values=[0.25, 0.5, 0.875])], b"", None, [1]),
    "Logistic with weights": (
        "Logistic",
        [D([1], values=[0, 1, 1]), D([1], values=[0.25, 0.5, 0.875]), D([1], values=[1, 2, 0.5])],
        b"", None, [1]),
    "ClassificationError": (
        "ClassificationError", [D([3], values=ONE_HOT), D([3], values=[1, 3, 2, 0, 2, 1, 5, 5, 5])],
        b"", None, []),
    "ClassificationError, top 2": (
        "ClassificationError",
        [D([3], values=ONE_HOT), D([3], values=[1, 3, 2, 0, 2, 1, 5, 5, 5]), K([1], [2])],
        b"", None, []),
    "LambdaRank": (
        "LambdaRank",
        [D([1], values=[3, 1, 0, 2, 1]), D([1], values=[0.2, 0.7, -0.1, -0.3, 0.6]),
         D([1], values=[1, 1, 1, 2, 2])], b"", [1], [1]),
    "NDCG1Eval": (
        "NDCG1Eval",
        [D([1], values=[3, 1, 0, 2, 1]), D([1], values=[0.2, 0.7, -0.1, -0.3, 0.6]),
         D([1], values=[1, 1, 1, 2, 2])], b"", None, []),
    "BatchNormalization": (
        "BatchNormalization",
        [D([3], 4), P([3, 1]), P([3, 1]), P([3, 1], [0, 0, 0]), P([3, 1], [0, 0, 0]), P([1], [0])],
        normalize(), None, [0, 1, 2]),
    "BatchNormalization, spatial": (
        "BatchNormalization",
        [D([2, 2, 3], 2), P([3, 1]), P([3, 1]), P([3, 1], [0.5, 1, -1]), P([3, 1], [1, 2, 0.5]), P([1], [8])],
        normalize(True, 5.0), None, [0, 1, 2]),
    "BatchNormalization, plain accumulation": (
        "BatchNormalization",
        [D([2], 3), P([2, 1]), P([2, 1]), P([2, 1], [0.5, 1]), P([2, 1], [1, 2]), P([1], [6])],
        normalize(False, -1.0), None, [0, 1, 2]),
    "BatchNormalization, evaluation": (
        "BatchNormalization",
        [D([2], 3), P([2, 1]), P([2, 1]), P([2, 1], [0.5, 1]), P([2, 1], [1, 2]), P([1], [6])],
        normalize(), None, []),
    "BatchNormalization, spatial, of volumes": (
        "BatchNormalization",
        [D([2, 2, 2, 3], 2), P([3, 1]), P([3, 1]), P([3, 1], [0.5, 1, -1]), P([3, 1], [1, 2, 0.5]), P([1], [8])],
        normalize(True, 100.0), None, [0, 1, 2]),
    "BatchNormalization, spatial, evaluation": (
        "BatchNormalization",
        [D([2, 2, 3], 2), P([3, 1]), P([3, 1]), P([3, 1], [0.5, 1, -1]), P([3, 1], [1, 2, 0.5]), P([1], [8])],
        normalize(True, 5.0, 0.0, 0.001), None, []),
    "BatchNormalization of images, not spatial": (
        "BatchNormalization",
        [D([2, 2], 3), P([4, 1]), P([4, 1]), P([4, 1], [0, 0, 0, 0]), P([4, 1], [0, 0, 0, 0]), P([1], [0])],
        normalize(False, 5000.0), None, [0, 1, 2]),
    "BatchNormalization, running statistics frozen": (
        "BatchNormalization",
        [D([3], 4), P([3, 1]), P([3, 1]), P([3, 1], [0.5, 1, -1]), P([3, 1], [1, 2, 0.5]), P([1], [8])],
        normalize(False, float("inf")), None, [0, 1, 2]),
    "PerDimMeanVarNormalization": (
        "PerDimMeanVarNormalization", [D([2]), K([2]), K([2], positive=True)], b"", None, []),
}


def main():
    results = {}
    for name, case in CASES.items():
        try:
            results[name] = run(name, *case)
        except Exception as error:  # a case that 2.7 cannot run is left out, and said
            lines = [line for line in str(error).splitlines() if line.strip()]
            sys.stderr.write("%s: %s\n" % (name, lines[0][:200] if lines else repr(error)))
    print("{")
    items = ["%s: %s" % (json.dumps(name), json.dumps(result)) for name, result in results.items()]
    print(",\n".join(items))
    print("}")


main()
