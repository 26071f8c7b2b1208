/** Experiments on small data: configs of CNTK's own end-to-end tests, with the values in its logs. */

import type { Expectation, Experiment } from "./experiments.js";

/** Line, criterion and evaluation as CNTK logged them; undefined where they are not known. */
type Row = readonly [line: string, criterion: string | undefined, evaluation: string | undefined];

interface Nodes {
  readonly criterion: string;
  readonly evaluation: string;
  /** largest relative difference, where it is not that of `laterTolerance` */
  readonly tolerance: number;
  /** from epoch 2 on */
  readonly laterTolerance: number;
}

function expectations(rows: readonly Row[], nodes: Nodes): Expectation[] {
  return rows.flatMap(([line, criterion, evaluation]) => {
    const tolerance = /^epoch 1\b/.test(line) ? nodes.tolerance : nodes.laterTolerance;
    const expect = (node: string, documented: string | undefined): Expectation[] =>
      documented === undefined
        ? []
        : [{ line, node, documented, calculated: parseFloat(documented), tolerance }];
    return [...expect(nodes.criterion, criterion), ...expect(nodes.evaluation, evaluation)];
  });
}

const SIMPLE = "../shared/data/simple2d";
const IMAGES = "../shared/data/image-small";
const MNIST = "data/MNIST";

const CLASSIFIER = { criterion: "CrossEntropyWithSoftmax", evaluation: "EvalClassificationError" };

const configOf = (name: string, data: string) => [
  `configFile=bench/configs/${name}.cntk`,
  `dataDir=${data}`,
];

/** The log of two hidden layers on 10000 points, shuffled. */
export const SIMPLE_2D: Experiment = {
  name: "Simple2d",
  about: "SimpleNetworkBuilder, shuffled points",
  parameters: configOf("Simple2d_OneHidden", SIMPLE),
  commands: "train:test",
  data: `${SIMPLE}/SimpleDataTrain_cntk_text.txt`,
  expectations: expectations(
    [
      ["epoch 1, minibatches 1-10", "0.70050006", "0.53200000"],
      ["epoch 1, minibatches 11-20", "0.76286151", "0.46400000"],
      ["epoch 1, minibatches 21-30", "0.72604736", "0.54400000"],
      ["epoch 1, minibatches 31-40", "0.73747754", "0.56800000"],
      ["epoch 1, minibatches 41-50", "0.70588965", "0.50000000"],
      ["epoch 1, minibatches 71-80", "0.78165967", "0.48400000"],
      ["epoch 1, minibatches 91-100", "0.69587695", "0.49600000"],
      ["epoch 1, minibatches 391-400", "0.67681055", "0.35200000"],
      ["epoch 1", "0.71053042", "0.48880000"],
      ["epoch 2, minibatches 1-10", "0.67873956", "0.41600000"],
      ["epoch 2, minibatches 11-20", "0.67421136", "0.50800000"],
      ["epoch 2, minibatches 21-30", "0.64994019", "0.33200000"],
      ["epoch 2, minibatches 91-100", "0.56158789", "0.08800000"],
      ["epoch 2, minibatches 391-400", "0.15702246", "0.06800000"],
      ["epoch 2", "0.33839492", "0.13820000"],
      ["epoch 3, minibatches 1-10", "0.18198294", "0.08800000"],
      ["epoch 3, minibatches 101-110", "0.14362524", "0.06800000"],
      ["epoch 3, minibatches 391-400", "0.13066846", "0.06400000"],
      ["epoch 3", "0.15792301", "0.07270000"],
      ["test", "0.10953035", "0.05140962"],
    ],
    { ...CLASSIFIER, tolerance: 1e-5, laterTolerance: 1e-5 },
  ),
};

const IN_ORDER_FLOAT: readonly Row[] = [
  ["epoch 1, minibatches 1-10", "0.69973267", "0.50400000"],
  ["epoch 1, minibatches 11-20", "0.71436906", "0.52000000"],
  ["epoch 1, minibatches 21-30", "0.72871054", "0.47600000"],
  ["epoch 1, minibatches 31-40", "0.70038993", "0.52400000"],
  ["epoch 1, minibatches 71-80", "0.79884413", "0.47600000"],
  ["epoch 1, minibatches 101-110", "0.71485825", "0.55200000"],
  ["epoch 1", "0.70804124", "0.49380000"],
  ["epoch 2, minibatches 1-10", "0.69566501", "0.49600000"],
  ["epoch 2, minibatches 11-20", "0.64058132", "0.22400000"],
  ["epoch 2, minibatches 391-400", "0.14594790", "0.06800000"],
  ["epoch 2", "0.29447327", "0.11490000"],
  ["epoch 3, minibatches 1-10", "0.12813297", "0.05600000"],
  ["epoch 3, minibatches 391-400", "0.14562268", "0.06400000"],
  ["epoch 3", "0.15965044", "0.07650000"],
  ["epoch 4, minibatches 1-10", "0.12392293", "0.06000000"],
  ["epoch 4, minibatches 391-400", "0.14571729", "0.06400000"],
  ["epoch 4", "0.15917665", "0.07660000"],
];

const IN_ORDER_DOUBLE: readonly Row[] = [
  ["epoch 1, minibatches 1-10", "0.69973268", "0.50400000"],
  ["epoch 1, minibatches 11-20", "0.71436905", "0.52000000"],
  ["epoch 1, minibatches 21-30", "0.72871054", "0.47600000"],
  ["epoch 1, minibatches 31-40", "0.70038993", "0.52400000"],
  ["epoch 1, minibatches 71-80", "0.79884413", "0.47600000"],
  ["epoch 1, minibatches 101-110", "0.71485824", "0.55200000"],
  ["epoch 1, minibatches 391-400", "0.67150933", "0.42800000"],
  ["epoch 1", "0.70804123", "0.49380000"],
  ["epoch 2, minibatches 1-10", "0.69566486", "0.49600000"],
  ["epoch 2, minibatches 11-20", "0.64058114", "0.22400000"],
  ["epoch 2, minibatches 391-400", "0.14594790", "0.06800000"],
  ["epoch 2", "0.29447301", "0.11490000"],
  ["epoch 3, minibatches 1-10", "0.12813296", "0.05600000"],
  ["epoch 3, minibatches 391-400", "0.14562268", "0.06400000"],
  ["epoch 3", "0.15965044", "0.07650000"],
  ["epoch 4, minibatches 1-10", "0.12392293", "0.06000000"],
  ["epoch 4, minibatches 391-400", "0.14571730", "0.06400000"],
  ["epoch 4", "0.15917666", "0.07660000"],
];

/**
 * Points in the order of the file. CNTK logged four processes, which add up their criteria in double; ours is one, whose
 * running sum is a float, so single intervals differ in the last digits.
 */
export const IN_ORDER: Experiment = {
  name: "ParallelTraining",
  about: "the same network, points in the order of the file, float",
  parameters: configOf("ParallelTraining", SIMPLE),
  commands: "train",
  data: `${SIMPLE}/SimpleDataTrain_cntk_text.txt`,
  expectations: expectations(IN_ORDER_FLOAT, {
    ...CLASSIFIER,
    tolerance: 1e-5,
    laterTolerance: 1e-5,
  }),
};

/** Every printed digit: what is left of the tolerance is half a unit of the last one. */
export const IN_ORDER_IN_DOUBLE: Experiment = {
  ...IN_ORDER,
  name: "ParallelTraining-double",
  about: "the same in double: every digit",
  parameters: [...IN_ORDER.parameters, "precision=double"],
  expectations: expectations(IN_ORDER_DOUBLE, { ...CLASSIFIER, tolerance: 0, laterTolerance: 0 }),
};

/** Convolutions with legacy weight matrices, both kinds of pooling. */
export const QUICK_IMAGES: Experiment = {
  name: "QuickE2E",
  about: "two convolutions, max and average pooling",
  parameters: configOf("Image_QuickE2E", IMAGES),
  commands: "train:test",
  data: `${IMAGES}/Train_cntk_text.txt`,
  expectations: expectations(
    [
      ["epoch 1, minibatches 1-10", "2.33338428", "0.90000000"],
      ["epoch 1", "2.33338428", "0.90000000"],
      ["epoch 2", "2.33235547", "0.90000000"],
      ["epoch 3", "2.33108008", "0.90000000"],
      ["epoch 4", "2.32960474", "0.90000000"],
      ["epoch 5", "2.32814063", "0.90000000"],
      ["test", "2.32728577", "0.90000000"],
    ],
    { criterion: "ce", evaluation: "err", tolerance: 1e-5, laterTolerance: 1e-5 },
  ),
};

/** A short last minibatch in each of 50 epochs. CNTK's logs of Linux and Windows differ by as much as we do. */
const SHORT_MINIBATCHES: Experiment = {
  name: "Speech",
  about: "50 epochs with a short last minibatch",
  parameters: configOf("Speech_Simple", SIMPLE),
  commands: "train",
  data: `${SIMPLE}/SimpleDataTrain_cntk_text.txt`,
  expectations: expectations(
    [
      ["epoch 1, minibatches 1-10", "0.82292490", "0.51875000"],
      ["epoch 1, minibatches 11-20", "0.77976751", "0.50781250"],
      ["epoch 1, minibatches 21-30", "0.72312794", "0.48828125"],
      ["epoch 1", "0.73301484", "0.50560000"],
      ["epoch 2, minibatches 1-10", "0.70886803", "0.49296875"],
      ["epoch 2, minibatches 11-20", "0.74700871", "0.46406250"],
      ["epoch 2", "0.58242437", "0.36300000"],
      ["epoch 3", "0.20096110", "0.07710000"],
      ["epoch 4", "0.17554691", "0.07780000"],
      ["epoch 5", "0.16997942", "0.07620000"],
      ["epoch 10", "0.16562500", "0.07510000"],
      ["epoch 20", "0.15685662", "0.07370000"],
      ["epoch 30", "0.16581127", "0.07720000"],
      ["epoch 40", "0.15353712", "0.07380000"],
      ["epoch 50", "0.14560994", "0.07280000"],
    ],
    { ...CLASSIFIER, tolerance: 1e-5, laterTolerance: 1e-4 },
  ),
};

/** Batch normalisation of a hidden layer of MNIST. */
const NORMALIZED: Experiment = {
  name: "BatchNormalization",
  about: "784-200-10 with batch normalisation, without activation",
  parameters: configOf("BatchNormalization_NonSpatial", MNIST),
  commands: "train:test",
  expectations: [
    ...expectations(
      [
        ["epoch 1, minibatches 1-500", "0.46954208", "13.719%"],
        ["epoch 1, minibatches 501-1000", "0.40629935", "11.800%"],
        ["epoch 1, minibatches 1001-1500", "0.36484326", "10.700%"],
        ["epoch 1", "0.40319505", "11.752%"],
        ["epoch 2, minibatches 1-500", "0.34741147", "10.075%"],
        ["epoch 2, minibatches 501-1000", "0.33650119", "9.863%"],
        ["epoch 2, minibatches 1001-1500", "0.34222223", "10.125%"],
        ["epoch 2", "0.34630986", "10.132%"],
        ["epoch 3, minibatches 1-500", "0.34093686", "9.994%"],
        ["epoch 3, minibatches 501-1000", "0.33047696", "9.319%"],
        ["epoch 3, minibatches 1001-1500", "0.33348969", "9.575%"],
        ["epoch 3", "0.33080459", "9.542%"],
        ["test", "0.29395443", "8.440%"],
      ],
      { criterion: "ce", evaluation: "errs", tolerance: 1e-4, laterTolerance: 1e-4 },
    ),
    ...expectations(
      [
        ["epoch 1", undefined, "0.928%"],
        ["epoch 2", undefined, "0.638%"],
        ["epoch 3", undefined, "0.563%"],
        ["test", undefined, "0.560%"],
      ],
      { criterion: "ce", evaluation: "top5Errs", tolerance: 1e-4, laterTolerance: 1e-4 },
    ),
  ],
};

export const GOLDEN: readonly Experiment[] = [
  SIMPLE_2D,
  SHORT_MINIBATCHES,
  IN_ORDER,
  IN_ORDER_IN_DOUBLE,
  QUICK_IMAGES,
  NORMALIZED,
];
