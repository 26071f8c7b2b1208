"""The workloads in JAX: an interval of minibatches is one compiled scan, all samples in memory as floats.

Where channels are few, arrays are (channels, height, width, samples), samples innermost, and a convolution is a sum of
shifted images: XLA fuses it into one loop over whole vectors, without tails. Its own convolutions are ten times slower
there. Networks of many channels use them, channels innermost.
"""
import os

from peer import read_job, read_parameters, read_samples, serve

job = read_job()
os.environ["JAX_PLATFORMS"] = "cpu"
if job["threads"] == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
from jax import lax

SCALE = 1 / 256
model = job["model"]


def shifts(x, kernel):
    """The (channels, height, width, samples) images that one place of a centred kernel after the other sees."""
    height, width = x.shape[1:3]
    rows, columns = kernel
    padded = jnp.pad(x, ((0, 0), (rows // 2,) * 2, (columns // 2,) * 2, (0, 0)))
    for row in range(rows):
        for column in range(columns):
            yield row, column, padded[:, row:row + height, column:column + width]


@jax.custom_vjp
def convolve(x, weight):
    """x (c, h, w, n), weight (o, c, kh, kw) -> (o, h, w, n)"""
    result = 0
    for row, column, shifted in shifts(x, weight.shape[2:]):
        for channel in range(x.shape[0]):
            result += weight[:, channel, row, column, None, None, None] * shifted[channel]
    return result


def convolve_forward(x, weight):
    return convolve(x, weight), (x, weight)


def convolve_backward(saved, gradient):
    x, weight = saved
    flipped = weight[:, :, ::-1, ::-1].swapaxes(0, 1)
    return convolve(gradient, flipped), filter_gradient(x, gradient, weight.shape)


def filter_gradient(x, gradient, shape):
    outputs, channels, rows, columns = shape
    places = [
        jnp.einsum("ohwn,chwn->oc", gradient, shifted) for _, _, shifted in shifts(x, (rows, columns))
    ]
    return jnp.stack(places, -1).reshape(outputs, channels, rows, columns)


convolve.defvjp(convolve_forward, convolve_backward)


def window_parts(x, size):
    """One (c, h/size, w/size, n) array for each place in the windows, in CNTK's order."""
    c, h, w, n = x.shape
    x = x.reshape(c, h // size, size, w // size, size, n)
    return [x[:, :, row, :, column] for row in range(size) for column in range(size)]


def join_parts(parts, size):
    c, h, w, n = parts[0].shape
    rows = [jnp.stack(parts[row * size:(row + 1) * size], 3) for row in range(size)]
    return jnp.stack(rows, 2).reshape(c, h * size, w * size, n)


def first_maximum(x, size):
    parts = window_parts(x, size)
    value, place = parts[0], jnp.zeros(parts[0].shape, jnp.int32)
    for index, part in enumerate(parts[1:], 1):
        place = jnp.where(part > value, index, place)
        value = jnp.maximum(value, part)
    return value, place


def put_back(value, place, size):
    return join_parts([jnp.where(place == index, value, 0) for index in range(size * size)], size)


@jax.custom_vjp
def place_values(value, place):
    return put_back(value, place, model["poolSize"])


def place_values_backward(place, gradient):
    parts = window_parts(gradient, model["poolSize"])
    if model["unpoolingGradient"] == "max":
        result = parts[0]
        for part in parts[1:]:
            result = jnp.maximum(result, part)
    else:
        result = sum(jnp.where(place == index, part, 0) for index, part in enumerate(parts))
    return result, None


place_values.defvjp(lambda value, place: (place_values(value, place), place), place_values_backward)


@jax.custom_vjp
def max_pool(x):
    return first_maximum(x, model["poolSize"])


max_pool.defvjp(
    lambda x: (max_pool(x),) + (max_pool(x)[1],),
    lambda place, gradients: (put_back(gradients[0], place, model["poolSize"]),),
)


def autoencoder(x, p):
    target, places = x, []
    for _ in range(model["layers"]):
        weight, bias = next(p), next(p)
        x = jax.nn.relu(convolve(x, weight) + bias.reshape(-1, 1, 1, 1))
        x, place = max_pool(x)
        places.append(place)
    for place in reversed(places):
        weight = next(p)
        x = convolve(place_values(x, place), weight[:, :, ::-1, ::-1].swapaxes(0, 1))
        if model["decoderBias"]:
            x = x + next(p).reshape(-1, 1, 1, 1)
    return jnp.sqrt(jnp.mean((x - target) ** 2, (0, 1, 2))).mean()


def cross_entropy(z, labels):
    """z (n, classes)"""
    chosen = jnp.take_along_axis(z, labels[:, None], 1)[:, 0]
    return (jax.nn.logsumexp(z, 1) - chosen).mean()


def dense(x, p, layers):
    """x (n, inputs)"""
    for layer in range(layers):
        weight, bias = next(p), next(p)
        x = x @ weight.reshape(-1, weight.shape[-1]) + bias
        if layer < layers - 1:
            x = jax.nn.relu(x)
    return x


def normalize(x, p, axes, shape):
    scale, bias = next(p).reshape(shape), next(p).reshape(shape)
    mean = x.mean(axes, keepdims=True)
    variance = ((x - mean) ** 2).mean(axes, keepdims=True)
    return (x - mean) * (scale * lax.rsqrt(variance + 1e-5)) + bias


def convolution(x, p):
    """x (1, 28, 28, n)"""
    weight = next(p)
    x = convolve(x, weight)
    if model["isNormalized"]:
        x = normalize(x, p, (1, 2, 3), (-1, 1, 1, 1))
    else:
        x = x + next(p).reshape(-1, 1, 1, 1)
    x, _ = max_pool(jax.nn.relu(x))
    return dense(x.reshape(-1, x.shape[-1]).T, p, 2)


def residual(x, p):
    """x (n, h, w, c)"""
    def layer(x, stride=1, pad=1):
        x = lax.conv_general_dilated(
            x, next(p), (stride, stride), [(pad, pad)] * 2, dimension_numbers=("NHWC", "OIHW", "NHWC"))
        return normalize(x, p, (0, 1, 2), (1, 1, 1, -1))

    x = jax.nn.relu(layer(x))
    for stage in range(3):
        for block in range(3):
            stride = 2 if stage > 0 and block == 0 else 1
            y = layer(jax.nn.relu(layer(x, stride)))
            x = jax.nn.relu(y + (layer(x, stride, 0) if stride == 2 else x))
    return dense(x.mean((1, 2)), p, 1)


NETWORKS = {
    "dense": lambda x, p: dense(x, p, model["layers"]),
    "convolution": convolution,
    "residual": residual,
}
# where the samples of a minibatch stand among its axes: (n, c, h, w) as they come
ORDER = {"autoencoder": (1, 2, 3, 0), "convolution": (1, 2, 3, 0), "residual": (0, 2, 3, 1), "dense": None}


def loss_of(parameters, x, labels):
    p = iter(parameters)
    x = x * SCALE
    if model["kind"] == "autoencoder":
        return autoencoder(x, p)
    return cross_entropy(NETWORKS[model["kind"]](x, p), labels)


size, count = job["minibatchSize"], job["intervalMinibatches"]
momentum = job["momentum"]
# CNTK's rate is for the sum over the minibatch, and its momentum has unit gain
rate = job["learningRatePerSample"] * size * (1 - momentum)


def step(state, minibatch):
    parameters, velocities = state
    loss, gradients = jax.value_and_grad(loss_of)(parameters, *minibatch)
    if momentum > 0:
        gradients = [momentum * velocity + gradient for velocity, gradient in zip(velocities, gradients)]
        velocities = gradients
    parameters = [value - rate * gradient for value, gradient in zip(parameters, gradients)]
    return (parameters, velocities), loss


@jax.jit
def train(state, features, labels):
    state, losses = lax.scan(step, state, (features, labels))
    return state, losses.mean()


def intervals():
    """All samples as (interval, minibatch, ...) in the order of axes that the network wants."""
    features, labels = read_samples(job)
    whole = len(features) // (size * count) * size * count
    features = features[:whole].reshape(-1, count, size, *features.shape[1:])
    order = ORDER[model["kind"]]
    if order is None:
        features = features.reshape(-1, count, size, features[0, 0, 0].size)
    else:
        features = features.transpose(0, 1, *(axis + 2 for axis in order))
    return [jnp.asarray(part) for part in features], jnp.asarray(labels[:whole].reshape(-1, count, size))


all_features, all_labels = intervals()
parameters = [jnp.asarray(values) for values in read_parameters(job)]
state = parameters, [jnp.zeros_like(values) for values in parameters] if momentum > 0 else []


def train_interval(index):
    global state
    state, loss = train(state, all_features[index], all_labels[index])
    return float(loss)


serve(job, "JAX " + jax.__version__, train_interval)
