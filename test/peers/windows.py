"""Values and gradients of CNTK 2.7's convolution, pooling and unpooling: writes test/operations/expected-windows.json.

Run with a Python that has numpy and cntk: python test/peers/windows.py > test/operations/expected-windows.json
Shapes are written in CNTK's order, first axis fastest; here they are the reverse of numpy's.
"""
import json

import cntk as C
import numpy as np

RANDOM = np.random.RandomState(7)


def random(*shape):
    return RANDOM.randint(-64, 65, shape).astype(np.float32) / 32


def numbers(array):
    return [float(x) if np.isfinite(x) else str(x).replace("inf", "Infinity").replace("nan", "NaN")
            for x in np.float32(array).ravel()]


def entry(array, constant=False):
    shape = array.shape if constant else array.shape[1:]
    return dict(shape=list(shape[::-1]), values=numbers(array), **({"isConstant": True} if constant else {}))


def run(function, values, inputs):
    """Value, a random gradient of it and the gradients of the given variables, in the form of the case table."""
    given = {variable: value for variable, value in values.items() if not variable.is_parameter}
    state, outputs = function.forward(given, [function.output], {function.output})
    value = outputs[function.output]
    root = random(*value.shape)
    wanted = {variable for variable, _ in inputs if variable.needs_gradient}
    gradients = function.backward(state, {function.output: root}, wanted)
    return dict(
        inputs=[entry(values[variable], variable.is_parameter) for variable, _ in inputs],
        value=numbers(value), gradient=numbers(root),
        gradients=[numbers(gradients[variable]) if used else None for variable, used in inputs])


def variables(x, weights):
    return C.input_variable(x.shape[1:], needs_gradient=True), C.parameter(init=weights)


def convolution(x, weights, transposed=False, **settings):
    make = C.convolution_transpose if transposed else C.convolution
    image, kernel = variables(x, weights)
    function = make(kernel, image, **settings)
    return run(function, {image: x, kernel: weights}, [(kernel, True), (image, True)])


def pooling(x, kind, window, **settings):
    image = C.input_variable(x.shape[1:], needs_gradient=True)
    kind = C.MAX_POOLING if kind == "max" else C.AVG_POOLING
    function = C.pooling(image, kind, window, **settings)
    return run(function, {image: x}, [(image, True)])


def unpooling(u, x, window, strides, pad):
    values, image = (C.input_variable(a.shape[1:], needs_gradient=True) for a in (u, x))
    function = C.layers.MaxUnpooling(window, strides, pad)(values, image)
    return run(function, {values: u, image: x}, [(values, True), (image, False)])


def distinct(*shape):
    """Numbers far enough apart for central differences."""
    return RANDOM.permutation(int(np.prod(shape))).reshape(shape).astype(np.float32) / 16 - 2


def regions(x, rois, shape, scale):
    image = C.input_variable(x.shape[1:], needs_gradient=True)
    corners = C.input_variable(rois.shape[1:])
    function = C.roipooling(image, corners, C.MAX_POOLING, shape, spatial_scale=scale)
    return run(function, {image: x, corners: rois}, [(image, True), (corners, False)])


def ties(*shape):
    return RANDOM.randint(-1, 2, shape).astype(np.float32)


def with_nan(*shape):
    x = ties(*shape)
    x[RANDOM.rand(*shape) < 0.5] = np.nan
    return x


CASES = {
    "convolution 5x5 padded": lambda: convolution(
        random(1, 1, 5, 6), random(2, 1, 5, 5), strides=(1, 1, 1), auto_padding=[False, True, True]),
    "convolution 3x3 stride 2 padded": lambda: convolution(
        random(1, 3, 4, 5), random(2, 3, 3, 3), strides=(3, 2, 2), auto_padding=[False, True, True]),
    "convolution stride over kernel": lambda: convolution(
        random(1, 2, 8, 5), random(3, 2, 2, 2), strides=(2, 3, 3), auto_padding=[False]),
    "convolution even kernel padded": lambda: convolution(
        random(1, 1, 5, 5), random(1, 1, 4, 4), strides=(1, 1, 1), auto_padding=[False, True, True]),
    "convolution 1x1 stride 2": lambda: convolution(
        random(1, 7, 3, 4), random(3, 7, 1, 1), strides=(7, 2, 2), auto_padding=[False, True, True]),
    "convolution 1x1 stride 3": lambda: convolution(
        random(1, 1, 6, 6), random(2, 1, 1, 1), strides=(1, 3, 3), auto_padding=[False, True, True]),
    "convolution one axis": lambda: convolution(
        random(2, 2, 7), random(2, 2, 3), strides=(2, 2), auto_padding=[False, True]),
    "convolution three axes": lambda: convolution(
        random(1, 2, 5, 3, 2), random(1, 2, 3, 2, 2), strides=(2, 2, 1, 1),
        auto_padding=[False, True, False, True]),
    "transposed stride 2": lambda: convolution(
        random(1, 2, 2, 4), random(2, 3, 3, 3), True, strides=(1, 2, 2), auto_padding=[False]),
    "transposed stride 2 padded": lambda: convolution(
        random(2, 2, 3, 2), random(2, 1, 3, 3), True, strides=(1, 2, 2), auto_padding=[False, True, True]),
    "transposed to a given size": lambda: convolution(
        random(1, 1, 3, 4), random(1, 1, 5, 5), True, strides=(1, 2, 2), auto_padding=[False, True, True],
        output_shape=(1, 6, 8)),
    "transposed stride over kernel": lambda: convolution(
        random(1, 3, 3, 2), random(3, 2, 2, 2), True, strides=(1, 3, 3), auto_padding=[False]),
    "max pooling overlapping": lambda: pooling(distinct(1, 2, 7, 6), "max", (3, 3), strides=(2, 2)),
    "max pooling padded": lambda: pooling(
        distinct(2, 1, 5, 6), "max", (3, 3), strides=(2, 2), auto_padding=[True, True]),
    "max pooling ties": lambda: pooling(ties(3, 2, 6, 6), "max", (3, 2), strides=(1, 2)),
    "max pooling NaN": lambda: pooling(with_nan(3, 1, 6, 6), "max", (2, 3), strides=(2, 2)),
    "max pooling rounded up": lambda: pooling(
        distinct(1, 2, 7, 8), "max", (3, 3), strides=(3, 3), ceil_out_dim=True),
    "max pooling three axes": lambda: pooling(distinct(1, 1, 5, 4, 3), "max", (2, 2, 2), strides=(2, 1, 1)),
    "max pooling one axis": lambda: pooling(distinct(2, 3, 11), "max", (3,), strides=(4,)),
    "average pooling overlapping": lambda: pooling(random(1, 2, 7, 6), "average", (3, 3), strides=(2, 2)),
    "average pooling padded": lambda: pooling(
        random(2, 1, 5, 6), "average", (3, 4), strides=(1, 2), auto_padding=[True, True]),
    "average pooling padding counted": lambda: pooling(
        random(2, 1, 5, 6), "average", (3, 3), strides=(2, 2), auto_padding=[True, True], include_pad=True),
    "average pooling three axes": lambda: pooling(
        random(1, 1, 5, 4, 3), "average", (2, 3, 2), strides=(2, 1, 1)),
    "unpooling 2x2": lambda: unpooling(random(2, 2, 2, 3), random(2, 2, 4, 6), (2, 2), (2, 2), False),
    "unpooling ties": lambda: unpooling(random(2, 1, 3, 3), ties(2, 1, 6, 6), (2, 2), (2, 2), False),
    "unpooling overlapping": lambda: unpooling(random(2, 1, 3, 3), random(2, 1, 7, 7), (3, 3), (2, 2), False),
    "unpooling padded": lambda: unpooling(random(1, 2, 3, 3), random(1, 2, 5, 6), (3, 3), (2, 2), True),
    "unpooling NaN": lambda: unpooling(random(2, 1, 3, 3), with_nan(2, 1, 6, 6), (2, 2), (2, 2), False),
    "unpooling rest left over": lambda: unpooling(random(1, 1, 2, 2), random(1, 1, 7, 7), (3, 3), (3, 3), False),
    "regions": lambda: regions(
        distinct(2, 1, 5, 6), np.array([[[0, 0, 5, 4], [1, 2, 3, 3]], [[4, 1, 5, 1], [2, 0, 5, 4]]], np.float32),
        (3, 2), 1.0),
}

rows = ["%s: %s" % (json.dumps(name), json.dumps(case())) for name, case in CASES.items()]
print("{\n%s\n}" % ",\n".join(rows))
