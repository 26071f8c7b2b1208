"""The workloads in CNTK 2.7 through its Python API, samples read by its own reader from the text that tscntk reads."""
import os
import sys
import time

from peer import read_job, read_parameters, report, serve

job = read_job()
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(job["threads"])

import numpy as np
import cntk as C

C.cntk_py.set_max_num_cputhreads(job["threads"])
C.device.try_set_default_device(C.device.cpu())

SCALE = 1 / 256
model = job["model"]
parameters = [C.parameter(init=values, shape=values.shape) for values in read_parameters(job)]


def convolution(x, p, stride=1, pad=True):
    return C.convolution(next(p), x, strides=(stride, stride), auto_padding=[False, pad, pad])


def autoencoder(x, p):
    size = (model["poolSize"],) * 2
    target, inputs = x, []
    for _ in range(model["layers"]):
        x = C.relu(convolution(x, p) + next(p))
        inputs.append(x)
        x = C.pooling(x, C.MAX_POOLING, size, strides=size)
    for original in reversed(inputs):
        x = C.unpooling(x, original, C.MAX_UNPOOLING, size, strides=size)
        x = C.convolution_transpose(next(p), x, auto_padding=[False, True, True])
        if model["decoderBias"]:
            x = x + next(p)
    error = x - target
    return C.sqrt(C.reduce_mean(C.element_times(error, error)))


def dense(x, p, layers):
    for layer in range(layers):
        weight, bias = next(p), next(p)
        x = C.times(x, weight) + bias
        if layer < layers - 1:
            x = C.relu(x)
    return x


def normalize(x, p):
    scale, bias = next(p), next(p)
    mean, variance, count = C.constant(0, scale.shape), C.constant(0, scale.shape), C.constant(0, ())
    return C.batch_normalization(
        x, scale, bias, mean, variance, True, normalization_time_constant=5000, epsilon=1e-5,
        use_cudnn_engine=False, running_count=count)


def one_convolution(x, p):
    x = convolution(x, p)
    x = C.relu(normalize(x, p) if model["isNormalized"] else x + next(p))
    return dense(C.pooling(x, C.MAX_POOLING, (2, 2), strides=(2, 2)), p, 2)


def residual(x, p):
    def layer(x, stride=1, pad=True):
        return normalize(convolution(x, p, stride, pad), p)

    x = C.relu(layer(x))
    for stage in range(3):
        for block in range(3):
            stride = 2 if stage > 0 and block == 0 else 1
            y = layer(C.relu(layer(x, stride)))
            x = C.relu(y + (layer(x, stride, False) if stride == 2 else x))
    return dense(C.pooling(x, C.AVG_POOLING, (8, 8)), p, 1)


NETWORKS = {
    "dense": lambda x, p: dense(x, p, model["layers"]),
    "convolution": one_convolution,
    "residual": residual,
}

features = C.input_variable(tuple(job["samples"]["shape"][::-1]))
labels = C.input_variable(10)
p = iter(parameters)
scaled = SCALE * features
if model["kind"] == "autoencoder":
    output, criterion = None, autoencoder(scaled, p)
else:
    output = NETWORKS[model["kind"]](scaled, p)
    criterion = C.cross_entropy_with_softmax(output, labels)

rate = C.learning_parameter_schedule_per_sample(job["learningRatePerSample"])
if job["momentum"] > 0:
    momentum = C.momentum_schedule(job["momentum"], minibatch_size=job["minibatchSize"])
    learner = C.momentum_sgd(criterion.parameters, rate, momentum, unit_gain=True)
else:
    learner = C.sgd(criterion.parameters, rate)
trainer = C.Trainer(output, (criterion, None), [learner])


def read_text(file, sweeps):
    streams = {"features": C.io.StreamDef("features", shape=int(np.prod(job["samples"]["shape"])), is_sparse=False)}
    if output is not None:
        streams["labels"] = C.io.StreamDef("labels", shape=10, is_sparse=False)
    deserializer = C.io.CTFDeserializer(file, C.io.StreamDefs(**streams))
    return C.io.MinibatchSource(deserializer, randomize=job["isWhole"], max_sweeps=sweeps)


def input_map(source):
    streams = {features: source.streams.features}
    if output is not None:
        streams[labels] = source.streams.labels
    return streams


def run_whole():
    """Three epochs, saved after each, and the test; what the config does, as one process."""
    source = read_text(job["samples"]["text"], C.io.INFINITELY_REPEAT)
    streams = input_map(source)
    for epoch in range(3):
        total, seen = 0.0, 0
        start = time.perf_counter()
        while seen < 60000:
            minibatch = source.next_minibatch(min(job["minibatchSize"], 60000 - seen), streams)
            trainer.train_minibatch(minibatch)
            count = minibatch[features].num_samples
            total += trainer.previous_minibatch_loss_average * count
            seen += count
        trainer.save_checkpoint(os.path.join(job["outputDir"], "cntk-whole.%d" % epoch))
        report(interval=epoch, seconds=time.perf_counter() - start, samples=seen, loss=total / seen)
    test = read_text(job["samples"]["testText"], 1)
    streams, total, seen = input_map(test), 0.0, 0
    evaluator = C.eval.Evaluator(criterion)
    while True:
        minibatch = test.next_minibatch(1024, streams)
        if not minibatch:
            break
        count = minibatch[features].num_samples
        total += evaluator.test_minibatch(minibatch) * count
        seen += count
    report(test=total / seen, samples=seen)


def serve_intervals():
    source = read_text(job["samples"]["text"], C.io.INFINITELY_REPEAT)
    streams = input_map(source)

    def train_interval(_):
        total = 0.0
        for _ in range(job["intervalMinibatches"]):
            trainer.train_minibatch(source.next_minibatch(job["minibatchSize"], streams))
            total += trainer.previous_minibatch_loss_average
        return total / job["intervalMinibatches"]

    serve(job, "CNTK " + C.__version__, train_interval)


run_whole() if job["isWhole"] else serve_intervals()
sys.stdout.flush()
