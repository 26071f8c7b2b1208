"""The workloads in PyTorch: plain tensors and functions, the fused optimizer, all samples in memory as floats."""
import os

from peer import read_job, read_parameters, read_samples, serve

job = read_job()
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(job["threads"])

import torch
import torch.nn.functional as F

torch.set_num_threads(job["threads"])
torch.set_flush_denormal(True)

SCALE = 1 / 256
model = job["model"]
# the layout in which its convolutions of many channels are fastest
MEMORY_FORMAT = torch.channels_last if model.get("channelsLast", False) else torch.contiguous_format


class MaxUnpool(torch.autograd.Function):
    """Unpooling whose gradient is CNTK's: the largest gradient of every window."""

    @staticmethod
    def forward(ctx, pooled, positions, size):
        ctx.size = size
        return F.max_unpool2d(pooled, positions, size)

    @staticmethod
    def backward(ctx, gradient):
        return F.max_pool2d(gradient, ctx.size), None, None


def load(values):
    tensor = torch.from_numpy(values)
    if tensor.dim() == 4:
        tensor = tensor.contiguous(memory_format=MEMORY_FORMAT)
    return tensor.requires_grad_()


parameters = [load(values) for values in read_parameters(job)]


def autoencoder(x, p):
    size, places = model["poolSize"], []
    target = x
    for _ in range(model["layers"]):
        x = F.relu(F.conv2d(x, next(p), next(p).flatten(), padding=2))
        x, positions = F.max_pool2d(x, size, return_indices=True)
        places.append(positions)
    for positions in reversed(places):
        if model["unpoolingGradient"] == "max":
            x = MaxUnpool.apply(x, positions, size)
        else:
            x = F.max_unpool2d(x, positions, size)
        weight = next(p)
        bias = next(p).flatten() if model["decoderBias"] else None
        x = F.conv_transpose2d(x, weight, bias, padding=2)
    return (x - target).square().flatten(1).mean(1).sqrt().mean()


def dense(x, p, layers):
    """Layers with ReLU in between. A weight is (inputs, outputs), whatever dimensions the inputs have."""
    x = x.flatten(1)
    for layer in range(layers):
        weight, bias = next(p), next(p)
        x = torch.addmm(bias, x, weight.reshape(-1, weight.shape[-1]))
        if layer < layers - 1:
            x = F.relu(x)
    return x


def normalize(x, p):
    scale, bias = next(p), next(p)
    return F.batch_norm(x, None, None, scale.flatten(), bias.flatten(), training=True, eps=1e-5)


def convolution(x, p):
    weight = next(p)
    if model["isNormalized"]:
        x = normalize(F.conv2d(x, weight, padding=2), p)
    else:
        x = F.conv2d(x, weight, next(p).flatten(), padding=2)
    # dense weights count their inputs channel by channel
    x = F.max_pool2d(F.relu(x), 2).contiguous()
    return dense(x, p, 2)


def residual(x, p):
    def layer(x, stride=1, padding=1):
        return normalize(F.conv2d(x, next(p), stride=stride, padding=padding), p)

    x = F.relu(layer(x))
    for stage in range(3):
        for block in range(3):
            stride = 2 if stage > 0 and block == 0 else 1
            y = layer(F.relu(layer(x, stride)))
            x = F.relu(y + (layer(x, stride, 0) if stride == 2 else x))
    return dense(F.avg_pool2d(x, 8), p, 1)


NETWORKS = {
    "dense": lambda x, p: dense(x, p, model["layers"]),
    "convolution": convolution,
    "residual": residual,
}


def loss_of(x, labels):
    p = iter(parameters)
    x = x * SCALE
    if model["kind"] == "autoencoder":
        return autoencoder(x, p)
    return F.cross_entropy(NETWORKS[model["kind"]](x, p), labels)


features, labels = (torch.from_numpy(values) for values in read_samples(job))
if features.dim() == 4:
    features = features.contiguous(memory_format=MEMORY_FORMAT)
size, momentum = job["minibatchSize"], job["momentum"]
# CNTK's rate is for the sum over the minibatch, and its momentum has unit gain
rate = job["learningRatePerSample"] * size * (1 - momentum)
optimizer = torch.optim.SGD(parameters, lr=rate, momentum=momentum, fused=True)


def train_interval(index):
    count = job["intervalMinibatches"]
    total = torch.zeros(())
    for minibatch in range(index * count, (index + 1) * count):
        rows = slice(minibatch * size, (minibatch + 1) * size)
        optimizer.zero_grad()
        loss = loss_of(features[rows], labels[rows])
        loss.backward()
        optimizer.step()
        total += loss.detach()
    return total.item() / count


serve(job, "PyTorch " + torch.__version__.split("+")[0], train_interval)
