#!/usr/bin/env python3
"""Does CNTK 2.7 compute with a trained 07 model what tscntk's write action wrote?

usage: autoencoder.py MODEL DATA WRITTEN
MODEL    output/models/07_Deconvolution_BS
DATA     data/MNIST/Test-28x28_cntk_text.txt
WRITTEN  output/decoder_output_bs.txt.z, 784 numbers a line
Compares the first 100 images; the text has 6 decimals, so 1e-5 is what can be asked for.
"""
import itertools
import sys

import numpy as np
import cntk as C

model, data, written = sys.argv[1:]
COUNT = 100


def lines(path):
    with open(path) as file:
        return list(itertools.islice(file, COUNT))


images = np.array([line.split("|features ")[1].split() for line in lines(data)], np.float32)
expected = np.array([line.split() for line in lines(written)], np.float64)
# the loaded function must stay alive as long as its nodes are used
network = C.Function.load(model)
z = C.combine([node for node in network.outputs if node.name == "z"] or [network.find_by_name("z")])
found = np.array(z.eval({z.arguments[0]: images.reshape(COUNT, 1, 28, 28)})).reshape(COUNT, 784)
difference = np.abs(found - expected).max()
print("largest difference %.3g, largest value %.3g" % (difference, np.abs(expected).max()))
sys.exit(0 if difference < 1e-5 else 1)
