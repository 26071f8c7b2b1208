"""Values and gradients of networks from CNTK 2.7 itself: writes what test/operations/expected-layers.json holds.

usage: layers.py DIR
           DIR has pairs NAME.dnn, NAME.json: a model file with the nodes `z` and `loss`, and a JSON object with `inputs`
           (values by name, sample after sample), `samples` and `isTraining`. Prints a JSON object with, for each NAME,
           the values of `z`, and in training the gradients of the learned parameters and the new values of the others.
The files come from test/operations/layers.test.ts with CNTK_PEER and WRITE_EXPECTED set.
"""
import json
import os
import sys

import cntk as C
import numpy as np


def numbers(array):
    if isinstance(array, list):
        array = np.concatenate([np.asarray(part).ravel() for part in array])
    return [float("%.9g" % value) for value in np.asarray(array).ravel()]


def run(path, request):
    function = C.Function.load(path)
    z = function.find_by_name("z")
    loss = function.find_by_name("loss")
    both = C.combine([z, loss])
    feed = {
        variable: np.array(request["inputs"][variable.name], np.float32).reshape(
            (request["samples"],) + ((1,) if len(variable.dynamic_axes) > 1 else ()) + variable.shape)
        for variable in both.arguments
    }
    if not request["isTraining"]:
        alone = C.combine([z])
        return {"value": numbers(alone.eval({v: feed[v] for v in alone.arguments}, as_numpy=True))}
    learned = [parameter for parameter in both.parameters if not parameter.name.startswith("fixed")]
    outputs = both.outputs
    root = [output for output in outputs if output.owner.name == "loss"][0]
    state, values = both.forward(feed, outputs, {root})
    of_z = [output for output in outputs if output.owner.name == "z"][0]
    ones = np.ones_like(values[root]) if not isinstance(values[root], list) else [np.ones_like(v) for v in values[root]]
    gradients = both.backward(state, {root: ones}, set(learned))
    return {
        "value": numbers(values[of_z]),
        "gradients": {p.name: numbers(gradients[p]) for p in learned},
        "constants": {c.name: numbers(c.value) for c in both.constants},
    }


def main():
    folder = sys.argv[1]
    results = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".dnn"):
            continue
        with open(os.path.join(folder, name[:-4] + ".json")) as file:
            request = json.load(file)
        try:
            results[name[:-4]] = run(os.path.join(folder, name), request)
        except Exception as error:
            results[name[:-4]] = {"problem": [line for line in str(error).splitlines() if line.strip()][0][:200]}
    print(json.dumps(results))


main()
