"""Writes one node with its inputs as a version-1 model file, so that CNTK 2.7 runs it: nodes its Python API lacks too."""
import struct

import numpy as np


def u64(value):
    return struct.pack("<Q", value)


def i64(value):
    return struct.pack("<q", value)


def i32(value):
    return struct.pack("<i", value)


def u32(value):
    return struct.pack("<I", value)


def f32(value):
    return struct.pack("<f", value)


def f64(value):
    return struct.pack("<d", value)


def flag(value):
    return struct.pack("<B", 1 if value else 0)


def text(value):
    return value.encode("utf-16-le") + b"\0\0"


def shape(sizes):
    return u32(len(sizes)) + b"".join(u32(size) for size in sizes)


def matrix(rows, columns, values):
    head = b"d" + text("BMAT") + u64(4) + text("unnamed") + i32(0) + u64(rows) + u64(columns)
    return head + np.asarray(values, np.float32).tobytes() + text("EMAT")


def parameter(sizes, values, multiplier=1):
    columns = int(np.prod(sizes[1:])) if len(sizes) > 1 else 1
    return f32(multiplier) + shape(sizes) + matrix(sizes[0], columns, values)


def data(sizes):
    return u64(0) + u64(0) + shape(sizes) + u32(1) + text("") + f32(0)


def model(nodes, root):
    """`nodes`: (operation, name, body, names of inputs), the root last."""
    parts = [text("BCN"), text("BVersion"), u64(19), text("EVersion"), u64(len(nodes)), text("BNodeList")]
    for operation, name, body, _ in nodes:
        parts += [text("float"), text(operation), text(name), body]
    parts += [text("ENodeList"), text("BRelation")]
    for _, name, _, inputs in nodes:
        parts += [text(name), u64(len(inputs))] + [text(input_name) for input_name in inputs]
    parts += [text("ERelation"), text("BRootNodes")]
    for group in ["Feature", "Label", "Criterion", "Eval", "Output"]:
        members = [root] if group == "Output" else []
        parts += [text("B%sNodes" % group), u64(len(members))]
        parts += [text(member) for member in members] + [text("E%sNodes" % group)]
    return b"".join(parts + [text("ERootNodes"), text("ECN")])
