"""Model files with CNTK 2.7: makes some in both of its formats, and evaluates those tscntk wrote.

usage: model_files.py make DIR
           writes DIR/NAME.model (version 1), DIR/NAME.dictionary (version 2) and DIR/NAME.json for every network
           below; the JSON has inputs, the name of the output, and the output's values
       model_files.py check FILE JSON [FILE JSON ...]
           loads each FILE and compares its output with the values of the JSON; prints one line for each, and
           exits with 1 if one does not load or differs
"""
import json
import os
import sys

import cntk as C
import numpy as np

TOLERANCE = 1e-5


def numbers(*shape):
    """Different numbers of both signs, the same in every run."""
    count = int(np.prod(shape))
    return (np.sin(np.arange(1, count + 1) * 1.7) * 0.8).astype(np.float32).reshape(shape)


def parameter(*shape):
    return C.parameter(shape, init=numbers(*shape))


def features(*shape):
    return C.input_variable(shape, name='features')


def dense():
    x = features(3)
    h = C.sigmoid(C.times(x, parameter(3, 4)) + parameter(4))
    return C.plus(C.times(C.relu(h - 0.5), parameter(4, 2)), parameter(2), name='z')


def images():
    x = features(1, 6, 6)
    c = C.relu(C.convolution(parameter(2, 1, 3, 3), x, auto_padding=[False, True, True]) + parameter(2, 1, 1))
    p = C.pooling(c, C.MAX_POOLING, (2, 2), strides=(2, 2))
    a = C.pooling(c, C.AVG_POOLING, (3, 3), strides=(2, 2), auto_padding=[False, True, True])
    u = C.unpooling(p + a, c, C.MAX_UNPOOLING, (2, 2), strides=(2, 2))
    return C.convolution_transpose(parameter(2, 3, 3, 3), u, strides=(2, 2, 2), auto_padding=[False, False, False],
                                   name='z')


def batch_normalization():
    x = features(2, 4, 4)
    statistics = [C.constant(value=np.array(v, np.float32)) for v in ([0.25, -0.5], [2, 0.75])]
    n = C.batch_normalization(x, parameter(2), parameter(2), statistics[0], statistics[1], spatial=True,
                              running_count=C.constant(7.0), normalization_time_constant=4096,
                              epsilon=0.00001)
    return C.plus(n, 1, name='z')


def shapes():
    x = features(4, 3)
    s = C.slice(x, 0, 1, 3)
    t = C.swapaxes(C.reshape(C.splice(s, x, axis=0), (3, 6)))
    return C.plus(C.dropout(t, 0.5), C.slice(C.reshape(x, (6, 2)), -1, -1, 0), name='z')


def reductions():
    x = features(4, 3)
    parts = [C.reduce_sum(x, 0), C.reduce_max(x, 0), C.reduce_mean(x, 0), C.reduce_log_sum_exp(x, 0),
             C.reduce_min(x, 0)]
    return C.plus(C.splice(*parts, axis=0), C.reduce_sum(x, C.Axis.all_static_axes()), name='z')


def elements():
    x = features(4)
    y = C.element_select(C.greater(x, 0.25), C.exp(x), C.tanh(C.negate(x)))
    y = C.element_times(C.abs(y), C.clip(x, -0.5, 0.5)) + C.sin(x) * C.cos(x) + C.sqrt(C.abs(x))
    return C.plus(y, C.softmax(x) - C.hardmax(x) + C.log_add_exp(x, 1) + C.floor(x), name='z')


def criteria():
    x = features(3)
    labels = C.input_variable(3, name='labels')
    z = C.times(x, parameter(3, 3))
    return C.plus(C.cross_entropy_with_softmax(z, labels), C.squared_error(z, labels), name='z')


def recurrence():
    x = C.sequence.input_variable(2, name='features')
    state = C.placeholder(3)
    h = C.tanh(C.times(x, parameter(2, 3)) + C.times(C.sequence.past_value(state, 0.25), parameter(3, 3)))
    h.replace_placeholders({state: h.output})
    return C.splice(h, C.sequence.future_value(h, 0.5, 2), name='z')


def axes():
    x = features(4, 3, 2)
    parts = [C.slice(x, [0, 2], [1, 0], [3, 1]), C.transpose(x, (2, 0, 1)), C.reduce_sum(x, axis=[0, 1]),
             C.reduce_mean(x, axis=(0, 2)), C.reduce_max(x, axis=-1), C.slice(x, 1, -2, 0), C.argmax(x, axis=1),
             C.swapaxes(x, 0, 2), C.flatten(x)]
    return C.splice(*[C.reshape(part, (-1,)) for part in parts], axis=0, name='z')


def layers():
    x = features(6)
    model = C.layers.Sequential([C.layers.Dense(4, activation=C.relu), C.layers.Dropout(0.3),
                                 C.layers.BatchNormalization(), C.layers.Dense(2, activation=None, name='z')])
    return model(x)


def lstm():
    x = C.sequence.input_variable(5, name='features')
    return C.plus(C.layers.Recurrence(C.layers.LSTM(3))(C.layers.Embedding(4)(x)), 0, name='z')


def last_of_sequence():
    x = C.sequence.input_variable(2, name='features')
    return C.sequence.last(C.layers.Recurrence(C.layers.RNNStep(3))(x), name='z')


# what version 1 cannot hold is only saved as a dictionary
NETWORKS = [dense, images, batch_normalization, shapes, reductions, elements, criteria, recurrence]
DICTIONARIES = NETWORKS + [axes, layers, lstm, last_of_sequence]


def evaluate(output, inputs):
    """Values of a node, sample after sample."""
    feed = {}
    for variable in output.arguments:
        data = np.array(inputs[variable.name], np.float32).reshape((-1,) + variable.shape)
        feed[variable] = [data] if len(variable.dynamic_axes) > 1 else data
    return np.array(output.eval(feed), np.float64).ravel()


def make(directory):
    for network in DICTIONARIES:
        function = network()
        path = os.path.join(directory, network.__name__)
        function.save(path + '.dictionary')
        if network in NETWORKS:
            C.cntk_py.save_as_legacy_model(function, path + '.model')
        inputs = {v.name: numbers(*((4,) + v.shape)).ravel().tolist() for v in function.arguments}
        values = evaluate(function, inputs).tolist()
        with open(path + '.json', 'w') as file:
            json.dump({'inputs': inputs, 'output': 'z', 'values': values}, file)


def check(path, expectation):
    with open(expectation) as file:
        expected = json.load(file)
    function = C.Function.load(path)
    output = function.find_by_name(expected['output'])
    if output is None:
        return 'no node %s' % expected['output']
    values = evaluate(C.combine([output]), expected['inputs'])
    wanted = np.array(expected['values'])
    if values.shape != wanted.shape:
        return '%d values instead of %d' % (values.size, wanted.size)
    difference = np.abs(values - wanted).max() / max(1, np.abs(wanted).max())
    return None if difference <= TOLERANCE else 'differs by %g' % difference


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == 'make':
        make(arguments[0])
        return
    failed = False
    for path, expectation in zip(arguments[::2], arguments[1::2]):
        try:
            problem = check(path, expectation)
        except Exception as error:
            problem = 'does not load: %s' % str(error).split('\n')[0]
        failed = failed or problem is not None
        print('%s: %s' % (os.path.basename(path), problem or 'equal'))
    sys.exit(1 if failed else 0)


main()
