/** The workloads of `npm run bench`: what is trained, on what, and what the peers need to know of it. */

/** A network as the scripts in bench/peers build it; its parameters are handed to them in the order of their use. */
export type PeerModel =
  | {
      readonly kind: "autoencoder";
      readonly layers: number;
      readonly poolSize: number;
      readonly unpoolingGradient: "max" | "gather";
      readonly decoderBias: boolean;
    }
  | { readonly kind: "dense"; readonly layers: number }
  | {
      readonly kind: "convolution";
      readonly poolSize: number;
      readonly isNormalized: boolean;
      readonly channelsLast: boolean;
    }
  | { readonly kind: "residual"; readonly channelsLast: boolean };

/** Data that the bench makes itself: seeded images of ten classes. */
export interface SyntheticData {
  readonly valuesPerSample: number;
  readonly samples: number;
}

/** The libraries that a workload is compared with. */
export type Library = "CNTK" | "PyTorch" | "JAX";

export interface Workload {
  readonly name: string;
  readonly about: string;
  readonly config: string;
  /** values of the config's outermost section that make it this workload */
  readonly settings: readonly string[];
  readonly minibatchSize: number;
  /** of our runs */
  readonly epochSize: number;
  /** minibatches that a peer trains between two reports; our log reports as many when losses are compared */
  readonly intervalMinibatches: number;
  /** what a network that has learned nothing cannot get below: a constant output */
  readonly constantLoss: number;
  /** undefined for MNIST */
  readonly synthetic?: SyntheticData;
  readonly model: PeerModel;
  readonly peers: readonly Library[];
}

/** The root mean square of MNIST's images around the best grey. */
const EVEN_GREY = 0.303;
const TEN_CLASSES = Math.log(10);

const ALL: readonly Library[] = ["CNTK", "PyTorch", "JAX"];
// the others have only the textbook gradient of unpooling, or only by a formulation of our own
const WITH_CNTK_GRADIENT: readonly Library[] = ["CNTK", "JAX"];

const AUTOENCODER = {
  config: "configs/07_Deconvolution_BS.cntk",
  minibatchSize: 64,
  epochSize: 60000,
  intervalMinibatches: 50,
  constantLoss: EVEN_GREY,
};

const ONE_LAYER = {
  kind: "autoencoder",
  layers: 1,
  poolSize: 4,
  unpoolingGradient: "max",
  decoderBias: false,
} as const;

const AUTOENCODERS: readonly Workload[] = [
  {
    ...AUTOENCODER,
    name: "07",
    about: "auto-encoder 07, CNTK's gradient of unpooling",
    settings: [],
    model: ONE_LAYER,
    peers: WITH_CNTK_GRADIENT,
  },
  {
    ...AUTOENCODER,
    name: "07-textbook",
    about: "auto-encoder 07, textbook gradient of unpooling",
    settings: ["unpoolingGradient=gather"],
    model: { ...ONE_LAYER, unpoolingGradient: "gather" },
    peers: ["PyTorch", "JAX"],
  },
  {
    ...AUTOENCODER,
    name: "07-cmap3",
    about: "07 with three maps, CNTK's gradient",
    settings: ["cMap=3"],
    model: ONE_LAYER,
    peers: WITH_CNTK_GRADIENT,
  },
  {
    ...AUTOENCODER,
    name: "07-2x2",
    about: "07 with 2 x 2 pooling, CNTK's gradient",
    settings: ["poolSize=2"],
    model: { ...ONE_LAYER, poolSize: 2 },
    peers: WITH_CNTK_GRADIENT,
  },
  {
    ...AUTOENCODER,
    name: "two-layer",
    about: "07 with two layers, CNTK's gradient",
    config: "configs/07_Deconvolution_TwoLayer.cntk",
    settings: ["unpoolingGradient=max"],
    epochSize: 12800,
    model: { ...ONE_LAYER, layers: 2, poolSize: 2, decoderBias: true },
    peers: WITH_CNTK_GRADIENT,
  },
];

const CLASSIFIERS: readonly Workload[] = [
  {
    name: "01",
    about: "MNIST 01, one hidden layer",
    config: "configs/01_OneHidden.cntk",
    settings: [],
    minibatchSize: 64,
    epochSize: 30000,
    intervalMinibatches: 100,
    constantLoss: TEN_CLASSES,
    model: { kind: "dense", layers: 2 },
    peers: ALL,
  },
  {
    name: "02",
    about: "MNIST 02, one convolution",
    config: "configs/02_OneConv.cntk",
    settings: [],
    minibatchSize: 64,
    epochSize: 9600,
    intervalMinibatches: 50,
    constantLoss: TEN_CLASSES,
    model: { kind: "convolution", poolSize: 2, isNormalized: false, channelsLast: false },
    peers: ALL,
  },
  {
    name: "04",
    about: "MNIST 04, batch normalisation",
    config: "bench/workloads/04_OneConvNormalized.cntk",
    settings: [],
    minibatchSize: 64,
    epochSize: 9600,
    intervalMinibatches: 50,
    constantLoss: TEN_CLASSES,
    model: { kind: "convolution", poolSize: 2, isNormalized: true, channelsLast: false },
    peers: ALL,
  },
  {
    name: "resnet20",
    about: "ResNet20, 32 x 32 x 3, minibatch 128",
    config: "bench/workloads/ResNet20.cntk",
    settings: [],
    minibatchSize: 128,
    epochSize: 384,
    intervalMinibatches: 1,
    constantLoss: TEN_CLASSES,
    synthetic: { valuesPerSample: 3072, samples: 1024 },
    model: { kind: "residual", channelsLast: true },
    // JAX takes half a minute for a minibatch of this one on a processor
    peers: ["CNTK", "PyTorch"],
  },
  {
    name: "dense",
    about: "dense 512-2048-2048-10, minibatch 128",
    config: "bench/workloads/Dense.cntk",
    settings: [],
    minibatchSize: 128,
    epochSize: 2048,
    intervalMinibatches: 8,
    constantLoss: TEN_CLASSES,
    synthetic: { valuesPerSample: 512, samples: 8192 },
    model: { kind: "dense", layers: 3 },
    peers: ALL,
  },
];

/** What a workload trains, epoch after epoch; the whole program is measured apart (whole-program.ts). */
export const WORKLOADS: readonly Workload[] = [...AUTOENCODERS, ...CLASSIFIERS];

/** Where the bench puts what it makes. */
export const OUTPUT = "output/bench";
export const MNIST = "data/MNIST";

/** The folder of the workload's data file. */
export const dataDirectory = ({ synthetic }: Workload) =>
  synthetic === undefined ? MNIST : OUTPUT;

/** The text that the config reads. */
export function textFile({ synthetic }: Workload): string {
  if (synthetic === undefined) return `${MNIST}/Train-28x28_cntk_text.txt`;
  return `${OUTPUT}/images-${synthetic.valuesPerSample}.txt`;
}

/** Changes to the settings of a run of a workload. */
export interface RunChanges {
  readonly epochSize: number;
  readonly maxEpochs: number;
  readonly numMBsToShowResult: number;
  /** samples in the order of the file, so that others can train on the same minibatches */
  readonly inOrder: boolean;
  readonly outputDir: string;
}

/** The program's arguments for a run of a workload. */
export function argumentsOf(workload: Workload, changes: RunChanges): string[] {
  const { epochSize, maxEpochs, numMBsToShowResult, inOrder, outputDir } = changes;
  const sgd = { epochSize, maxEpochs, firstMBsToShowResult: 0, numMBsToShowResult };
  const keys = Object.entries(sgd).map(([key, value]) => `${key}=${value}`);
  const reader = inOrder ? ";reader=[randomize=false]" : "";
  return [
    `configFile=${workload.config}`,
    ...workload.settings,
    "command=trainNetwork",
    `dataDir=${dataDirectory(workload)}`,
    `outputDir=${outputDir}`,
    `trainNetwork=[SGD=[${keys.join(";")}]${reader}]`,
  ];
}
