/** Pooling and unpooling against their formulas and against CNTK 2.7, in the portable form. */

import {
  AveragePooling,
  MaxPooling,
  MaxUnpooling,
  Pooling,
  ROIPooling,
} from "../../src/operations/pooling.js";
import { checkCases, findBackends } from "./harness.js";
import {
  legacyPoolingCases,
  poolingCases,
  poolingPeerCases,
  regionCases,
  regionPeerCases,
} from "./window-cases.js";

const backends = await findBackends();

const operations = { Pooling, MaxPooling, AveragePooling, MaxUnpooling, ROIPooling };

// Central differences take their time; where each backend could differ shows in CNTK's rows.
checkCases(operations, [...poolingCases, ...regionCases], ["wasm"]);
checkCases(operations, [...legacyPoolingCases, ...poolingPeerCases, ...regionPeerCases], backends);
