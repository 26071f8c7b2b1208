/** Networks from BrainScript whose model files are looked at; `z` is the output, `features` the only input. */

export interface Script {
  readonly what: string;
  readonly block: string;
  /** version of the model file, 19 if it is not given */
  readonly version?: number;
}

const outputs = "outputNodes = (z)";

export const scripts: readonly Script[] = [
  {
    what: "dense",
    block: `features = Input {3}
      z = DenseLayer {2} (DenseLayer {4, activation = Sigmoid} (Constant (0.5) .* features)) ; ${outputs}`,
  },
  {
    what: "autoencoder",
    block: `features = Input {(8:8:1)}
      c = ConvolutionalLayer {2, (3:3), pad = true, activation = ReLU} (features)
      p = MaxPoolingLayer {(2:2), stride = (2:2)} (c)
      u = MaxUnpoolingLayer {(2:2), stride = (2:2)} (p, c)
      z = DeconvLayer {1, (3:3), 2, lowerPad = (1:1:0), upperPad = (1:1:0), initValueScale = 1} (u)
      ${outputs}`,
  },
  {
    what: "image classifier",
    block: `features = Input {(9:9:2)}
      c = ConvolutionalLayer {4, (3:3), stride = 2, pad = true, init = 'heNormal'} (features)
      n = BatchNormalizationLayer {spatialRank = 2} (c)
      a = AveragePoolingLayer {(3:3), stride = 2} (ReLU (n))
      z = LinearLayer {3} (Dropout (a)) ; ${outputs}`,
  },
  {
    what: "shapes",
    block: `features = Input {(4:3)}
      s = Slice (1, -1, features, axis = 1)
      r = RowStack (s : features)
      t = TransposeDimensions (r, 1, 2)
      z = ReshapeDimension (t, 1, (3:1)) + ReduceMax (features, axis = 1) ; ${outputs}`,
  },
  {
    what: "options of a later version",
    version: 23,
    block: `features = Input {(7:7:1)}
      p = MaxPoolingLayer {(2:2), stride = 2, ceilOutDim = true} (features)
      q = AveragePoolingLayer {(3:3), stride = 2, pad = true, includePad = true} (features)
      n = BatchNormalizationLayer {spatialRank = 2} (p + q)
      z = Slice (1, 3, n, axis = 1) ; ${outputs}`,
  },
];
