"""What the peers' scripts share: the job they are given, the data, and how they report.

A script is started with the file of one job, loads it, and then obeys its standard input: every line is a number of
seconds, for which it trains interval after interval, each reported as one line of JSON on standard output. An interval
is a fixed number of minibatches; intervals follow one another through the samples, in the order of the file. Runs on
Python 3.6, which is what CNTK 2.7 has.
"""
import json
import os
import sys
import time


def read_job():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    if job["threads"] == 1:
        # the only limit that every library obeys, whatever pools of threads it keeps
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return job


def read_parameters(job):
    """The values that tscntk starts from, in the order of their use; CNTK's shape [a x b] is (b, a) here."""
    import numpy as np
    values = np.fromfile(job["parameters"]["file"], np.float32)
    at = 0
    for shape in job["parameters"]["shapes"]:
        size = int(np.prod(shape))
        yield values[at:at + size].reshape(shape[::-1]).copy()
        at += size
    assert at == len(values)


def read_samples(job):
    """Features (n, channels, height, width) or (n, length), 0..255 as in the file, and the class of each sample."""
    import numpy as np
    shape, count = job["samples"]["shape"][::-1], job["samples"]["count"]
    values = np.fromfile(job["samples"]["features"], np.uint8, count * int(np.prod(shape)))
    features = values.reshape([-1] + shape).astype(np.float32)
    labels = np.fromfile(job["samples"]["labels"], np.uint8, count).astype(np.int64)
    return features, labels


def report(**values):
    print(json.dumps(values), flush=True)


def serve(job, version, train_interval):
    """
    Obeys standard input until it ends.

    train_interval(index): trains the minibatches of one interval, waits for them, gives the mean loss of a sample
    """
    report(version=version)
    samples = job["intervalMinibatches"] * job["minibatchSize"]
    intervals = job["samples"]["count"] // samples
    index = 0
    for line in sys.stdin:
        end = time.perf_counter() + float(line)
        while True:
            start = time.perf_counter()
            loss = train_interval(index % intervals)
            now = time.perf_counter()
            report(interval=index, seconds=now - start, samples=samples, loss=loss)
            index += 1
            if now >= end:
                break
        report(done=True)
