"""Updates of CNTK 2.7's own learners, step by step: writes test/train/learners.json.

Run with a Python that has numpy and cntk: python test/peers/learners.py > test/train/learners.json
"""
import json
import sys

import cntk as C
import numpy as np

SAMPLES = [4, 4, 4, 1, 4, 7]
RATES = [0.02, 0.02, 0.01, 0.01, 0.05, 0.05]
SHAPE = (3, 2)


def per_sample(value):
    return C.learning_parameter_schedule_per_sample(value)


def momentum(value):
    return C.momentum_schedule_per_sample(value)


def sgd(w, **more):
    return C.sgd([w], per_sample(RATES[0]), **more)


def momentum_sgd(value, make=C.momentum_sgd):
    return lambda w, **more: make([w], per_sample(RATES[0]), momentum(value), unit_gain=True, **more)


def adagrad(average):
    return lambda w, **more: C.adagrad([w], per_sample(RATES[0]), need_ave_multiplier=average, **more)


def rmsprop(average):
    return lambda w, **more: C.rmsprop(
        [w], per_sample(RATES[0]), 0.9, 1.2, 0.75, 10, 0.1, need_ave_multiplier=average, **more)


def fsadagrad(value, time_constant):
    return lambda w, **more: C.fsadagrad(
        [w], per_sample(RATES[0]), momentum(value), unit_gain=True,
        variance_momentum=C.momentum_schedule_per_sample(np.exp(-1.0 / time_constant)), **more)


RMS = {"gamma": 0.9, "increase": 1.2, "decrease": 0.75, "max": 10, "min": 0.1}
CASES = [
    ("momentum 0", {}, 0, sgd, {}),
    ("momentum", {}, 0.95, momentum_sgd(0.95), {}),
    ("Nesterov", {"useNesterovMomentum": True}, 0.95, momentum_sgd(0.95, C.nesterov), {}),
    ("clipped elements", {"clippingThresholdPerSample": 0.1}, 0.95, momentum_sgd(0.95),
     {"gradient_clipping_threshold_per_sample": 0.1}),
    ("clipped norm", {"clippingThresholdPerSample": 0.1, "gradientClippingWithTruncation": False}, 0.95,
     momentum_sgd(0.95), {"gradient_clipping_threshold_per_sample": 0.1, "gradient_clipping_with_truncation": False}),
    ("L1 and L2", {"L1RegWeight": 0.02, "L2RegWeight": 0.1}, 0.95, momentum_sgd(0.95),
     {"l1_regularization_weight": 0.02, "l2_regularization_weight": 0.1}),
    ("L2 with clipping", {"L2RegWeight": 0.1, "clippingThresholdPerSample": 0.1}, 0.95, momentum_sgd(0.95),
     {"l2_regularization_weight": 0.1, "gradient_clipping_threshold_per_sample": 0.1}),
    ("adagrad", {"gradUpdateType": "adagrad"}, 0, adagrad(True), {}),
    ("adagrad, not normalized", {"gradUpdateType": "adagrad", "normWithAveMultiplier": False}, 0,
     adagrad(False), {}),
    ("rmsProp", {"gradUpdateType": "rmsProp", "rms": RMS}, 0, rmsprop(True), {}),
    ("rmsProp, not normalized", {"gradUpdateType": "rmsProp", "rms": RMS, "normWithAveMultiplier": False}, 0,
     rmsprop(False), {}),
    ("fsAdagrad", {"gradUpdateType": "fsAdagrad", "varianceTimeConstant": 720000}, 0.95,
     fsadagrad(0.95, 720000), {}),
    ("fsAdagrad without momentum", {"gradUpdateType": "fsAdagrad", "varianceTimeConstant": 100}, 0,
     fsadagrad(0, 100), {}),
]


def trace(dtype, gradients, start, make, more):
    w = C.parameter(init=start.astype(dtype), dtype=dtype)
    learner = make(w, **more)
    values = []
    for gradient, samples, rate in zip(gradients, SAMPLES, RATES):
        learner.reset_learning_rate(per_sample(rate))
        view = C.NDArrayView.from_dense(np.ascontiguousarray(gradient.astype(dtype)))
        learner.update({w: view}, samples)
        values.append([float(x) for x in w.value.ravel()])
    return values


def main():
    generator = np.random.RandomState(7)
    start = generator.normal(size=SHAPE).astype(np.float32)
    gradients = [generator.normal(size=SHAPE).astype(np.float32) for _ in SAMPLES]
    gradients[2][0, 0] = 0
    for gradient in gradients:
        gradient[2, 1] = 0  # an element that never gets a gradient
    numbers = lambda array: [float(x) for x in array.ravel()]
    json.dump({
        "samples": SAMPLES,
        "rates": RATES,
        "start": numbers(start),
        "gradients": [numbers(gradient) for gradient in gradients],
        "cases": [
            {
                "name": name,
                "settings": settings,
                "momentumPerSample": momentum_per_sample,
                "double": trace(np.float64, gradients, start, make, more),
                "float": trace(np.float32, gradients, start, make, more),
            }
            for name, settings, momentum_per_sample, make, more in CASES
        ],
    }, sys.stdout, indent=1)
    print()


main()
