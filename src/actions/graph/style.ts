/** Colours and fonts of the drawing, for light and dark surroundings. */

/** Fill and border of each kind of box, and the colours of everything else. */
interface Colors {
  readonly paper: string;
  readonly text: string;
  readonly muted: string;
  readonly arrow: string;
  readonly layer: readonly [fill: string, border: string];
  readonly boxes: Readonly<Record<string, readonly [fill: string, border: string]>>;
}

const LIGHT: Colors = {
  paper: "#ffffff",
  text: "#1f2328",
  muted: "#59636e",
  arrow: "#7d8590",
  layer: ["#edf2f9", "#b9c8dd"],
  boxes: {
    plain: ["#ffffff", "#8c959f"],
    pill: ["#e4e7eb", "#e4e7eb"],
    parameter: ["#e4e7eb", "#afb8c1"],
    feature: ["#dafbe1", "#1a7f37"],
    label: ["#fff8c5", "#9a6700"],
    output: ["#ddf4ff", "#0969da"],
    criterion: ["#ffebe9", "#cf222e"],
    evaluation: ["#fbefff", "#8250df"],
  },
};

const DARK: Colors = {
  paper: "#0d1117",
  text: "#e6edf3",
  muted: "#9da7b3",
  arrow: "#8b949e",
  layer: ["#161d29", "#34445e"],
  boxes: {
    plain: ["#21262d", "#6e7681"],
    pill: ["#373e47", "#373e47"],
    parameter: ["#373e47", "#545d68"],
    feature: ["#12331c", "#3fb950"],
    label: ["#3b2e04", "#d29922"],
    output: ["#0c2d52", "#58a6ff"],
    criterion: ["#4a1214", "#f85149"],
    evaluation: ["#341c57", "#bc8cff"],
  },
};

function rules({ paper, text, muted, arrow, layer, boxes }: Colors): string {
  return [
    `.paper{fill:${paper}}`,
    `text{fill:${text}}`,
    `.summary,.name,.detail,.arrow-text{fill:${muted}}`,
    `.arrow-label{fill:${paper}}`,
    `.layer-title{stroke:${layer[0]}}`,
    `.arrow{stroke:${arrow}}.head{fill:${arrow}}`,
    `.layer{fill:${layer[0]};stroke:${layer[1]}}`,
    ...Object.entries(boxes).map(
      ([name, [fill, border]]) => `.${name}{fill:${fill};stroke:${border}}`,
    ),
  ].join("");
}

const SHAPES =
  "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}" +
  ".title{font-size:18px;font-weight:600}.summary{font-size:12px}" +
  ".layer-title{font-size:13px;font-weight:600;stroke-width:4px;stroke-linejoin:round;paint-order:stroke}" +
  ".operation,.name,.middle,.parameter-text,.arrow-text{text-anchor:middle}" +
  ".operation{font-size:13px;font-weight:600}.name{font-size:11.5px}.detail{font-size:11px}" +
  ".parameter-text{font-size:10.5px}" +
  ".arrow-text{font-size:11px}" +
  ".box{stroke-width:1.4px}.layer{stroke-width:1px}.arrow{fill:none}.delayed{stroke-dasharray:6 4}";

/** The content of the file's style element. */
export const STYLE = `${SHAPES}${rules(LIGHT)}@media (prefers-color-scheme:dark){${rules(DARK)}}`;
