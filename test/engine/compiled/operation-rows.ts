/** Networks that show one operation each: `x` has samples, `w`, `v` are trained, `y` is the criterion unless there is one. */

import type { RunOptions } from "../../../src/engine/engine.js";

export interface OperationRow {
  readonly operation: string;
  readonly note: string;
  readonly source: string;
  readonly options?: RunOptions;
  /** true where the portable engine must run it */
  readonly isPortable?: boolean;
}

const row = (
  operation: string,
  note: string,
  source: string,
  more: Partial<OperationRow> = {},
): OperationRow => ({
  operation,
  note,
  source: source.includes("criterionNodes") ? source : `${source} ; criterionNodes = (y)`,
  ...more,
});

/** An operation that no library function makes. */
const node = (operation: string, inputs: string, settings = "") =>
  `new ComputationNode [ operation = '${operation}' ; inputs = (${inputs}) ${settings} ]`;

const weighted = (shape: string) =>
  `x = Input {(${shape})} ; w = ParameterTensor {(${shape}), init = "uniform", initValueScale = 10} ; z = x + w`;

/** Functions of one element, with 1, 7 and 13 elements: less than a vector, and vectors with a rest. */
const functions = [
  ...["Abs", "Cosine", "Exp", "Floor", "Log", "Negate", "Pass", "Reciprocal", "RectifiedLinear"],
  ...["Sigmoid", "Sin", "Sqrt", "Tanh"],
].flatMap((name) =>
  ["1", "7", "13"].map((size) => {
    const call = name === "RectifiedLinear" ? "ReLU" : name;
    const argument = name === "Cosine" || name === "Sin" ? "40 * z" : "z";
    return row(name, `of [${size}]`, `${weighted(size)} ; y = ${call} (${argument}) + z`);
  }),
);

const comparisons = ["Less", "Equal", "Greater", "GreaterEqual", "NotEqual", "LessEqual"].map(
  (name) =>
    row(name, "of rounded numbers", `${weighted("13")} ; y = ${name} (Floor (z), Floor (x)) .* z`),
);

const elementwise: readonly OperationRow[] = [
  row(
    "Plus",
    "with a bias of channels",
    `${weighted("3:2:4")} ; b = ParameterTensor {(1:1:4)} ; y = z + b`,
  ),
  row(
    "Minus",
    "with a smaller operand first",
    `${weighted("7:3")} ; b = ParameterTensor {(7)} ; y = b - z`,
  ),
  row(
    "ElementTimes",
    "of a row and a column",
    `${weighted("7:1")} ; b = ParameterTensor {(1:5), init = "uniform"} ; y = z .* b`,
  ),
  row(
    "ElementTimes",
    "of operands that alternate on four axes",
    `${weighted("2:1:3:1")} ; b = ParameterTensor {(1:3:1:2), init = "uniform"} ; y = z .* b`,
  ),
  row(
    "LogPlus",
    "broadcast",
    `${weighted("7:3")} ; b = ParameterTensor {(7), init = "uniform"} ; y = LogPlus (z, 3 * b)`,
  ),
  row("Clip", "with limits of one number", `${weighted("13")} ; y = Clip (-0.3, 0.4, z)`),
  row(
    "Clip",
    "with limits of channels",
    `${weighted("5:2")} ; b = ParameterTensor {(1:2), init = "fixedValue", value = 0.2} ; y = Clip (-0.1, b, z)`,
  ),
  row(
    "If",
    "with operands of all sizes",
    `${weighted("7:2")} ; a = ParameterTensor {(7), init = "uniform"} ; y = BS.Boolean.If (Greater (x, 0), z, a)`,
  ),
  row(
    "Reshape",
    "to an image",
    `${weighted("6")} ; b = ParameterTensor {(2:3), init = "uniform"} ; y = NewReshape (z, (2:3)) .* b`,
  ),
  row("Dropout", "with a rate", `${weighted("13")} ; y = Dropout (z) .* z`, {
    options: { isTraining: true, dropoutRate: 0.3 },
  }),
  row("Dropout", "without a rate", `${weighted("7")} ; y = Dropout (z)`),
  row("Dropout", "twice", `${weighted("7")} ; y = Dropout (Dropout (z) .* z)`, {
    options: { isTraining: true, dropoutRate: 0.5 },
  }),
  row(
    "PerDimMeanVarNormalization",
    "of features",
    `x = Input {7} ; m = Mean (x) ; s = InvStdDev (x) ; w = ParameterTensor {7, init = "uniform"} ; y = PerDimMeanVarNormalization (x, m, s) .* w`,
  ),
  row(
    "PerDimMeanVarDeNormalization",
    "of features",
    `x = Input {7} ; m = Mean (x) ; s = InvStdDev (x) ; w = ParameterTensor {7, init = "uniform"} ; y = PerDimMeanVarDeNormalization (x, m, s) .* w`,
  ),
];

const reductions: readonly OperationRow[] = [
  ...["Sum", "Mean", "Max", "Min", "LogSum"].flatMap((name) => [
    row("ReduceElements", `${name} over samples`, `${weighted("7:3")} ; y = Reduce${name} (z)`),
    row(
      "ReduceElements",
      `${name} along the first axis`,
      `${weighted("5:3:2")} ; y = Reduce${name} (z, axis = 1)`,
    ),
    row(
      "ReduceElements",
      `${name} along the middle axis`,
      `${weighted("9:3:2")} ; y = Reduce${name} (z, axis = 2)`,
    ),
  ]),
  row(
    "ReduceElements",
    "Prod along the middle axis",
    `${weighted("7:3:2")} ; y = ${node("ReduceElements", "z", "; reductionOp = 'Prod' ; axis = 2")}`,
  ),
  row(
    "ReduceElements",
    "Argmax along the first and Argmin along the second axis",
    `${weighted("9:3")} ; a = ${node("ReduceElements", "z", "; reductionOp = 'Argmax' ; axis = 1")}
     b = ${node("ReduceElements", "z", "; reductionOp = 'Argmin' ; axis = 2")} ; y = (a + b) .* z`,
  ),
  row("SumElements", "of everything", `${weighted("7:3")} ; y = SumElements (z .* z)`),
  row("SumColumnElements", "of each sample", `${weighted("7:3")} ; y = SumColumnElements (z .* z)`),
  row("MatrixL1Reg", "of parameters", `${weighted("7")} ; y = MatrixL1Reg (w) + ReduceSum (z)`),
  row("MatrixL2Reg", "of samples", `${weighted("7")} ; y = MatrixL2Reg (z)`),
];

const losses: readonly OperationRow[] = [
  row("Softmax", "of a sample", `${weighted("7:2")} ; y = Softmax (3 * z) .* z`),
  row("LogSoftmax", "of a sample", `${weighted("13")} ; y = LogSoftmax (3 * z) .* z`),
  row("Hardmax", "of a sample", `${weighted("7")} ; y = Hardmax (z) .* z`),
  row(
    "CrossEntropyWithSoftmax",
    "with gradients of both inputs",
    `${weighted("7")} ; p = Softmax (w .* x) ; y = CrossEntropyWithSoftmax (p, z)`,
  ),
  row(
    "CrossEntropyWithSoftmax",
    "of one class",
    `${weighted("1")} ; labels = Input {1} ; y = CrossEntropyWithSoftmax (labels, z)`,
  ),
  row(
    "CrossEntropy",
    "of probabilities",
    `${weighted("7")} ; q = Softmax (w .* x) ; y = CrossEntropy (q, Softmax (z))`,
  ),
  row(
    "SquareError",
    "of two sequences",
    `${weighted("7:3")} ; t = Input {(7:3)} ; y = SquareError (t, z)`,
  ),
  row(
    "SquareError",
    "to a vector without samples",
    `${weighted("7")} ; b = ParameterTensor {7, init = "uniform"} ; y = SquareError (z, b)`,
  ),
  row(
    "Logistic",
    "of a probability",
    `${weighted("1")} ; binary = Input {1} ; y = Logistic (binary, Sigmoid (z))`,
  ),
  row(
    "Logistic",
    "with weights",
    `${weighted("3")} ; binary = Input {3} ; probabilities = Input {3} ; y = WeightedLogistic (binary, Sigmoid (z), probabilities)`,
  ),
  row(
    "ClassificationError",
    "of the first and of the first three",
    `${weighted("7")} ; labels = Input {7} ; y = CrossEntropyWithSoftmax (labels, z) ; e = ClassificationError (labels, z) ; f = ClassificationError (labels, z, topN = 3) ; criterionNodes = (y) ; evaluationNodes = (e : f)`,
  ),
  row(
    "DummyCriterion",
    "with a given gradient",
    `${weighted("7")} ; o = ReduceSum (x) ; y = ${node("DummyCriterion", "o : x : z")}`,
  ),
];

const products: readonly OperationRow[] = [
  row(
    "Times",
    "of a matrix",
    `${weighted("13")} ; a = ParameterTensor {(7:13), init = "uniform"} ; y = a * z`,
  ),
  row(
    "Times",
    "of matrices without samples",
    `${weighted("3")} ; a = ParameterTensor {(7:2), init = "uniform"} ; b = ParameterTensor {(2:3), init = "uniform"} ; y = (a * b) * z`,
  ),
  row(
    "TransposeTimes",
    "of a matrix",
    `${weighted("13")} ; a = ParameterTensor {(13:7), init = "uniform"} ; y = TransposeTimes (a, z)`,
  ),
  row(
    "TransposeTimes",
    "of a vector",
    `${weighted("13")} ; a = ParameterTensor {13, init = "uniform"} ; y = TransposeTimes (a, z)`,
  ),
  row(
    "TransposeTimes",
    "of two vectors of each sample",
    `${weighted("13")} ; t = Input {13} ; y = TransposeTimes (z, t .* w)`,
  ),
  row(
    "LookupTable",
    "of three words",
    `${weighted("12")} ; a = ParameterTensor {(5:4), init = "uniform"} ; y = ${node("LookupTable", "a : z")}`,
  ),
  row(
    "DiagTimes",
    "of a vector",
    `${weighted("7")} ; a = ParameterTensor {7, init = "uniform"} ; y = DiagTimes (a, z)`,
  ),
  row(
    "KhatriRaoProduct",
    "of two samples",
    `${weighted("7")} ; t = Input {3} ; b = ParameterTensor {3, init = "uniform"} ; y = KhatriRaoProduct (z, t + b)`,
  ),
  row(
    "CosDistance",
    "of two samples",
    `${weighted("7")} ; t = Input {7} ; y = CosDistance (z, t .* w)`,
  ),
  row(
    "Diagonal",
    "of a parameter",
    `x = Input {5} ; w = ParameterTensor {(5:5), init = "uniform"} ; d = ${node("Diagonal", "w")} ; y = Transpose (d) .* x`,
  ),
];

const copies: readonly OperationRow[] = [
  row(
    "Slice",
    "from the middle of an axis",
    `${weighted("5:4:2")} ; y = Slice (1, 3, z, axis = 2) .* Slice (0, 2, x, axis = 2)`,
  ),
  row(
    "Slice",
    "to the end, counted from there",
    `${weighted("13")} ; y = Slice (-4, 0, z) + Slice (0, 4, z)`,
  ),
  row(
    "RowStack",
    "of sequences and a parameter",
    `${weighted("5")} ; b = ParameterTensor {3, init = "uniform"} ; y = RowStack (z : b : x) .* RowStack (x : z : b)`,
  ),
  row(
    "RowStack",
    "along the second axis",
    `${weighted("3:2")} ; y = Splice ((z : x .* w), axis = 2)`,
  ),
  row("RowRepeat", "three times", `${weighted("3:2")} ; y = RowRepeat (z, 3) .* RowRepeat (x, 3)`),
  row(
    "TransposeDimensions",
    "of the first two axes",
    `${weighted("3:2:4")} ; y = TransposeDimensions (z, 1, 2) .* TransposeDimensions (x, 1, 2)`,
  ),
  row(
    "TransposeDimensions",
    "of the outer axes",
    `${weighted("3:2:4")} ; y = TransposeDimensions (z, 1, 3) .* TransposeDimensions (x, 1, 3)`,
  ),
  row(
    "TransposeDimensions",
    "with an axis that is not there",
    `${weighted("3:2")} ; y = TransposeDimensions (z, 1, 3)`,
  ),
  row(
    "Crop",
    "with offsets",
    `${weighted("7:6:2")} ; r = Input {(3:2:1)} ; y = ${node("Crop", "z : r", "; xOffset = 2 ; yOffset = 1")}`,
  ),
];

const normalised = (layer: string, shape = "5:3:7") =>
  `${weighted(shape)} ; n = ${layer} (Tanh (2 * z)) ; y = n .* n .* x`;

const normalizations: readonly OperationRow[] = [
  row("BatchNormalization", "of channels", normalised("BatchNormalizationLayer {spatialRank = 2}")),
  row("BatchNormalization", "of single elements", normalised("BatchNormalizationLayer {}", "13")),
  row(
    "BatchNormalization",
    "of planes of one cell",
    normalised("BatchNormalizationLayer {spatialRank = 2}", "1:1:7"),
  ),
  row(
    "BatchNormalization",
    "with a time constant",
    normalised("BatchNormalizationLayer {spatialRank = 2, normalizationTimeConstant = 20}"),
  ),
  row(
    "BatchNormalization",
    "with an average of all",
    normalised("BatchNormalizationLayer {spatialRank = 2, normalizationTimeConstant = -1}"),
  ),
  row(
    "BatchNormalization",
    "that blends",
    normalised(
      "BatchNormalizationLayer {spatialRank = 2, normalizationTimeConstant = 20, blendTimeConstant = 8}",
    ),
  ),
  row(
    "BatchNormalization",
    "with running statistics from the second minibatch on",
    normalised(
      "BatchNormalizationLayer {spatialRank = 2, normalizationTimeConstant = 1/0, blendTimeConstant = 1/0}",
    ),
  ),
  row(
    "BatchNormalization",
    "of numbers far from 0",
    `far = Input {(7:5:3)} ; x = Input {(7:5:3)} ; w = ParameterTensor {(7:5:3)} ; n = BatchNormalizationLayer {spatialRank = 2} (far + w) ; y = n .* n .* x`,
  ),
  row(
    "BatchNormalization",
    "without training",
    normalised("BatchNormalizationLayer {spatialRank = 2}"),
    {
      options: { isTraining: false, dropoutRate: 0 },
    },
  ),
];

const windows: readonly OperationRow[] = [
  row(
    "Convolution",
    "with stride",
    `${weighted("9:7:2")} ; y = ConvolutionalLayer {3, (3:2), stride = (2:1), pad = true} (z)`,
  ),
  row(
    "Pooling",
    "of both kinds",
    `${weighted("8:6:3")} ; y = AveragePoolingLayer {(2:2)} (MaxPoolingLayer {(2:2), stride = (2:2)} (z))`,
  ),
  row(
    "MaxUnpooling",
    "of pooled values",
    `${weighted("8:6:2")} ; c = ReLU (z) ; p = MaxPoolingLayer {(2:2), stride = (2:2)} (c) ; y = MaxUnpoolingLayer {(2:2), stride = (2:2)} (p, c)`,
  ),
];

export const OPERATION_ROWS: readonly OperationRow[] = [
  ...functions,
  ...comparisons,
  ...elementwise,
  ...reductions,
  ...losses,
  ...products,
  ...copies,
  ...normalizations,
  ...windows,
  row(
    "StopGradient",
    "of one of two factors",
    `${weighted("7")} ; s = ${node("StopGradient", "z")} ; y = z .* s`,
  ),
  row("LabelsToGraph", "of samples", `${weighted("7")} ; y = z .* LabelsToGraph (x)`),
  row(
    "EnvironmentInput",
    "in training and outside",
    `${weighted("7")} ; y = z .* EnvironmentInput ("isTraining")`,
  ),
];
