/**
 * The keys that CNTK has a meaning for (config.md appendix A, training.md 3, actions.md 17, readers.md 1.5), those it never
 * reads and those of readers and actions that this version does not have included: nobody who finds them in a config has
 * misspelt something. In each group by where it is usual; keys are inherited, so they may stand further out, too.
 */

const KEYS = {
  root: `command precision traceLevel deviceId stderr timestamping numCPUThreads parallelTrain doneFile
    forceDeterministicAlgorithms forceConstantRandomSeed shareNodeValueMatrices optimizeGradientAccumulation
    traceGPUMemoryAllocations profilerEnabled profilerBufferSize profilerSyncGpu progressTracing lockGPU
    excludedDevices`,
  command: `action modelPath makeMode truncated frameMode minibatchSize epochSize numMBsToShowResult
    firstMBsToShowResult evalNodeNames outputNodeNames BrainScriptNetworkBuilder ExperimentalNetworkBuilder
    SimpleNetworkBuilder NDLNetworkBuilder SGD optimizer reader cvReader writer format outputPath outputModelPath
    editPath ndlMacros crossValidationInterval sleepTimeBetweenRuns itersPerNode enableDistributedMBReading
    newModelPath outputFile nodeName nodeNameRegex printValues printMetadata outputDotFile renderCmd dbnModelPath
    keepRatio alignedSize SVDConfig inputFile outputVocabFile outputMappingFile outputWord2Cls outputCls2Index
    vocabSize nbrClass cutoff beginSequence endSequence unk origModelFileName refNodeName writeSequenceKey
    nodeUnitTest section modelFile run defaultHiddenActivity rnnType recurrentLayer prefetch`,
  SGD: `maxEpochs learningRatesPerSample learningRatesPerMB minLearningRatePerSample momentumAsTimeConstant
    momentumPerMB momentumPerSample gradUpdateType useAdagrad useNAG gradientClippingWithTruncation
    clippingThresholdPerSample L1RegWeight L2RegWeight dropoutRate disableRegInBatchNormalization
    batchNormalizationTimeConstant batchNormalizationBlendTimeConstant normWithAveMultiplier varianceTimeConstant
    fsAdagradTargetAvDenom rms_gamma rms_wgt_inc rms_wgt_dec rms_wgt_max rms_wgt_min gaussianNoiseInjectStd
    keepCheckPointFiles trainCriterionNodeName evalCriterionNodeName maxSamplesInRAM numSubminibatches
    traceNodeNamesReal traceNodeNamesCategory traceNodeNamesSparse gradientcheck sigFigs unitTest
    UseAllDataForPreComputedNode executionEngine numMBsToCUDAProfile maxTempMemSizeInSamplesForCNN hSmoothingWeight
    frameDropThresh doReferenceAlign seqGammarUsesMBR seqGammarAMF seqGammarLMF seqGammarBMMIFactor
    seqGammarWordPen adaptationRegType adaptationRegWeight disableWkInBatchNormal unroll perfTraceLevel
    unpoolingGradient`,
  AutoAdjust: `AutoAdjust autoAdjustLR reduceLearnRateIfImproveLessThan increaseLearnRateIfImproveMoreThan
    learnRateDecreaseFactor learnRateIncreaseFactor learnRateAdjustInterval continueReduce loadBestModel
    useCVSetControlLRIfCVExists useEvalCriterionControlLR numMiniBatch4LRSearch numSamples4Search
    numPrevLearnRates numBestSearchEpoch autoAdjustMinibatch minibatchSizeTuningFrequency minibatchSizeTuningMax
    minibatchSearchCriterionErrorMargin`,
  ParallelTrain: `ParallelTrain parallelizationMethod parallelizationStartEpoch distributedMBReading syncPerfStats
    DataParallelSGD gradientBits useZeroThresholdFor1BitQuantization useBufferedAsyncGradientAggregation
    ModelAveragingSGD BlockMomentumSGD blockSizePerWorker syncFrequencyInFrames syncPeriod resetSGDMomentum
    useNesterovMomentum blockLearningRate blockMomentumPerSync blockMomentumAsTimeConstant DataParallelASGD
    usePipeline`,
  reader: `readerType file input dim format alias labelDim randomize randomizationWindow
    sampleBasedRandomizationWindow verbosity maxErrors nbruttsineachrecurrentiter nbrUttsInEachRecurrentIter
    truncationLength skipSequenceIds chunkSizeInBytes keepDataInMemory deserializers readers type module grayscale
    transforms cropType cropRatio sideRatio areaRatio aspectRatio jitterType hflip width height channels
    interpolations scaleMode padValue meanFile brightnessRadius contrastRadius saturationRadius intensityStdDev
    intensityFile labelType labelMappingFile scpFile mlfFile contextWindow expandToUtterance readMethod
    minibatchMode useMersenneTwisterRand minimizeReaderMemoryFootprint lattices denlatTocFile hmms phoneFile
    transpFile rx featureTransform alignments denlats kaldiModel silPhoneList oneSilenceClass acousticScale
    oldAcousticScale lmScale objectives derivatives seqTrainCriterion wordclass cacheBlockSize sequence labelIn
    labels mapping category token usewordmap wordmap wordContext sectionType elementSize wfile wsize wrecords
    windowSize mode classSize noise_number minibatch start customDelimiter customDecimalPoint
    allowMapCreation oneLinePerFile`,
  writer: `writerType Kaldicmd type transpose sequenceSeparator sequencePrologue sequenceEpilogue elementSeparator
    sampleSeparator precisionFormat prologue epilogue`,
  builder: `layerSizes layerTypes trainingCriterion evalCriterion initValueScale uniformInit applyMeanVarNorm
    needPrior addDropoutNodes lookupTableOrder addPrior layerType nodeType networkDescription load initOnCPUOnly
    imageLayout randomSeedOffset`,
  /** given on the command line by CNTK's test driver and by scripts, whether a config uses them or not */
  commandLine: `configFile currentDirectory RunDir DataDir ConfigDir OutputDir WorkDir rootDir`,
};

/** The keys, each in its usual spelling. */
export const KNOWN_KEYS: readonly string[] = Object.values(KEYS).flatMap((group) =>
  group.split(/\s+/),
);

const known = new Set(KNOWN_KEYS.map((key) => key.toLowerCase()));

export const isKnownKey = (key: string): boolean => known.has(key.toLowerCase());
