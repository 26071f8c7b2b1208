/**
 * Small networks made of the layers of the library (library.md 5 to 7, 12, 15, 19), one row each. The input is `x`, and
 * `z` is what the layer computes.
 */

export interface LayerCase {
  readonly what: string;
  /** members of the network; `x` is declared before them */
  readonly block: string;
  /** sample shape of `x` */
  readonly x: readonly number[];
  /** true: every sample has one 1 */
  readonly isOneHot?: boolean;
  /** false: evaluation, without gradients */
  readonly isTraining?: boolean;
  /** values of nodes in place of the made-up ones; what is not learned keeps what the network gives it */
  readonly values?: Readonly<Record<string, readonly number[]>>;
  /** why CNTK's gradients are not the derivative */
  readonly unlikeDerivative?: string;
}

const image = [5, 4, 2];

const dense: readonly LayerCase[] = [
  { what: "LinearLayer", block: "z = LinearLayer {2} (x)", x: [3] },
  { what: "LinearLayer without bias", block: "z = LinearLayer {2, bias = false} (x)", x: [3] },
  { what: "LinearLayer over an image", block: "z = LinearLayer {3} (x)", x: image },
  { what: "LinearLayer with a tensor as result", block: "z = LinearLayer {(2:3)} (x)", x: [4] },
  { what: "LinearLayer with mapRank", block: "z = LinearLayer {3, mapRank = 1} (x)", x: image },
  {
    what: "LinearLayer with inputRank",
    block: "z = LinearLayer {3, inputRank = 1} (x)",
    x: [4, 2],
  },
  { what: "DenseLayer", block: "z = DenseLayer {4, activation = Sigmoid} (x)", x: [3] },
  {
    what: "DenseLayer, stacked",
    block: "z = LayerStack {3, k => DenseLayer {3, activation = Tanh}} (x)",
    x: [3],
  },
  {
    what: "DenseLayer, in sequence and in parallel",
    block: `z = Sequential (
      DenseLayer {4, activation = ReLU} :
      Parallel ((DenseLayer {2} : DenseLayer {3, activation = Tanh}), Splice) :
      LinearLayer {2}) (x)`,
    x: [3],
  },
  { what: "EmbeddingLayer", block: "z = EmbeddingLayer {2} (x)", x: [5], isOneHot: true },
  {
    what: "EmbeddingLayer, transposed",
    block: "z = EmbeddingLayer {2, transpose = true} (x)",
    x: [5],
    isOneHot: true,
  },
  { what: "BFF", block: "z = BFF (x, 2, 3).z", x: [3] },
  { what: "SBFF", block: "z = SBFF (x, 2, 3).Eh", x: [3] },
];

const images: readonly LayerCase[] = [
  {
    what: "ConvolutionalLayer",
    block: "z = ConvolutionalLayer {3, (3:3), activation = Tanh} (x)",
    x: image,
  },
  {
    what: "ConvolutionalLayer with stride and padding",
    block: "z = ConvolutionalLayer {3, (3:3), stride = 2, pad = true, bias = false} (x)",
    x: [7, 6, 2],
  },
  {
    what: "ConvolutionalLayer of one axis",
    block: "z = ConvolutionalLayer {3, [|3|], pad = true} (x)",
    x: [6, 2],
  },
  {
    what: "ConvolutionalLayer of volumes",
    block: "z = ConvolutionalLayer {2, (3:2:2), stride = (1:2:1), pad = true} (x)",
    x: [4, 4, 3, 2],
  },
  {
    what: "ConvolutionalLayer with explicit padding",
    block: "z = ConvolutionalLayer {2, (3:3), lowerPad = (1:1), upperPad = (1:1)} (x)",
    x: image,
  },
  {
    what: "DeconvLayer",
    block: `z = DeconvLayer {2, (3:3), 2, stride = (2:2:1), lowerPad = (1:1:0), upperPad = (0:0:0)} (x)`,
    x: [3, 3, 2],
  },
  {
    what: "ConvolutionTransposeLayer",
    block: "z = ConvolutionTransposeLayer {3, (3:3), 2, pad = true, activation = Sigmoid} (x)",
    x: [4, 3, 2],
  },
  {
    what: "MaxPoolingLayer",
    block: "z = MaxPoolingLayer {(2:2), stride = 2} (ConvolutionalLayer {2, (1:1)} (x))",
    x: [5, 4, 2],
  },
  {
    what: "MaxPoolingLayer with padding",
    block:
      "z = MaxPoolingLayer {(3:3), stride = 2, pad = true} (ConvolutionalLayer {2, (1:1)} (x))",
    x: [5, 6, 1],
  },
  {
    what: "AveragePoolingLayer",
    block:
      "z = AveragePoolingLayer {(3:2), stride = (2:1), pad = true} (ConvolutionalLayer {2, (1:1)} (x))",
    x: [5, 4, 1],
  },
  {
    what: "MaxUnpoolingLayer",
    block: `c = ConvolutionalLayer {2, (3:3), pad = true} (x)
      p = MaxPoolingLayer {(2:2), stride = 2} (c)
      z = MaxUnpoolingLayer {(2:2), stride = 2} (p, c)`,
    x: [4, 4, 1],
    unlikeDerivative: "the gradient of an unpooling is a max pooling",
  },
  {
    what: "local response normalisation as AlexNet has it",
    block: `LRN {k, n, alpha, beta} = {
        apply (x) = {
          x2 = x .* x
          x2s = SplitDimension (x2, 3, 1)
          W = ParameterTensor {(1:1:2*n+1:1), learningRateMultiplier = 0, initValue = alpha / (2*n+1)}
          y = Convolution (W, x2s, (1:1:2*n+1), mapDims = 1, stride = 1, sharing = true, autoPadding = true,
                           lowerPad = 0, upperPad = 0, transpose = false, maxTempMemSizeInSamples = 0)
          b = FlattenDimensions (y, 3, 2)
          den = Exp (beta .* Log (k + b))
          r = x .* Reciprocal (den)
        }.r
      }.apply
      z = LRN {1.0, 2, 0.5, 0.75} (ConvolutionalLayer {6, (2:2)} (x))`,
    x: [3, 3, 2],
  },
];

const normalization: readonly LayerCase[] = [
  {
    what: "BatchNormalizationLayer",
    block: "n = BatchNormalizationLayer {} ; z = n (LinearLayer {3} (x))",
    x: [4],
  },
  {
    what: "BatchNormalizationLayer, spatial",
    block: `n = BatchNormalizationLayer {spatialRank = 2, initialScale = 2, normalizationTimeConstant = 20}
      z = n (ConvolutionalLayer {3, (2:2)} (x))`,
    x: image,
  },
  {
    what: "BatchNormalizationLayer that accumulates everything",
    block: `n = BatchNormalizationLayer {normalizationTimeConstant = -1} ; z = n (LinearLayer {2} (x))`,
    x: [3],
    values: { "n.runMean": [0.25, -0.5], "n.runVariance": [2, 0.75], "n.runCount": [7] },
  },
  {
    what: "BatchNormalizationLayer, spatial, in evaluation",
    block: `n = BatchNormalizationLayer {spatialRank = 2} ; z = n (ConvolutionalLayer {2, (2:2)} (x))`,
    x: image,
    isTraining: false,
    values: { "n.runMean": [0.25, -0.5], "n.runVariance": [2, 0.75], "n.runCount": [7] },
  },
  {
    what: "a block of ResNet",
    block: `convolution {c, n} = Sequential (
        ConvolutionalLayer {c, (3:3), pad = true, bias = false} :
        BatchNormalizationLayer {spatialRank = 2, normalizationTimeConstant = 4096} : n)
      block = x => ReLU (Sequential (convolution {2, ReLU} : convolution {2, x => x}) (x) + x)
      z = AveragePoolingLayer {(4:4)} (block (x))`,
    x: [4, 4, 2],
  },
  {
    what: "LayerNormalizationLayer",
    block: "z = LayerNormalizationLayer {initScale = 1.5, initBias = 0.5} (LinearLayer {4} (x))",
    x: [3],
  },
  { what: "StabilizerLayer", block: "z = LinearLayer {2} (StabilizerLayer {} (x))", x: [3] },
  {
    what: "StabilizerLayer of another steepness",
    block: "z = StabilizerLayer {steepness = 2} (LinearLayer {2} (x))",
    x: [3],
  },
  {
    what: "BS.Parameters.StabilizeElements",
    block: "z = LinearLayer {2} (BS.Parameters.StabilizeElements (x))",
    x: [3],
  },
  {
    what: "FeatureMVNLayer",
    block: "n = FeatureMVNLayer {} (x) ; z = LinearLayer {2} (n)",
    x: [3],
    values: { "n.mean": [0.25, -0.5, 1], "n.invStdDev": [2, 0.75, 1.25] },
  },
  {
    what: "LogPriorLayer",
    block: "p = LogPriorLayer {} (x) ; z = LinearLayer {3} (x) - p",
    x: [3],
    isOneHot: true,
    values: { "p._": [0.25, 0.5, 0.25] },
  },
];

const criteria: readonly LayerCase[] = [
  {
    what: "CrossEntropyWithSoftmax",
    block: `t = Input {3} ; z = CrossEntropyWithSoftmax (t, LinearLayer {3} (x))`,
    x: [4],
    unlikeDerivative: "it takes the labels to sum to 1, which these do not",
  },
  {
    what: "CrossEntropyWithSoftmax along an axis",
    block: `t = Input {(3:2)} ; z = CrossEntropyWithSoftmax (t, LinearLayer {(3:2)} (x), axis = 1)`,
    x: [4],
  },
  {
    what: "CNTK2.CrossEntropyWithSoftmax_new",
    block: `t = Input {3} ; z = CNTK2.CrossEntropyWithSoftmax_new (t, LinearLayer {3} (x))`,
    x: [4],
  },
  {
    what: "ClassificationError along an axis",
    block: `t = Hardmax (Slice (0, 3, x)) ; y = LinearLayer {3} (x)
      z = ClassificationError (t, Hardmax (y), axis = 1)`,
    x: [4],
    isTraining: false,
  },
  {
    what: "Softmax along an axis",
    block: "z = Softmax (LinearLayer {(3:2)} (x), axis = 1)",
    x: [4],
  },
  {
    what: "WeightedLogistic",
    block: `t = Input {1} ; w = Input {1} ; z = WeightedLogistic (t, Sigmoid (LinearLayer {1} (x)), w)`,
    x: [4],
    unlikeDerivative: "it is not divided by the sum of the weights",
  },
  {
    what: "the cosine of two layers, with negative samples",
    block: `z = CosDistanceWithNegativeSamples (LinearLayer {2} (x), LinearLayer {2} (x), Constant (1), Constant (2))`,
    x: [3],
  },
  {
    what: "reductions, rounding and splicing",
    block: `y = LinearLayer {(3:2)} (x)
      z = Splice (ReduceSum (y, axis = 1) : ReduceMax (y, axis = 1) : ReduceLogSum (y, axis = 1) :
                  Ceil (ReduceMin (y, axis = 1)) : Round (ReduceMean (y, axis = 1)))`,
    x: [4],
    unlikeDerivative: "differences meet the steps of rounding",
  },
];

export const layerCases: readonly LayerCase[] = [
  ...dense,
  ...images,
  ...normalization,
  ...criteria,
];
