/** The drawing as SVG: well-formed, without overlaps, always the same. */

import { describe, expect, it } from "@jest/globals";
import { drawingOf, type Drawing } from "../../../src/actions/graph/drawing.js";
import { layOut, type Rectangle } from "../../../src/actions/graph/layout.js";
import { svgText } from "../../../src/actions/graph/svg.js";
import { networkFromScript } from "../../network/script-network.js";

/** Two blocks with a shortcut each, and a loop. */
const SCRIPT = `
  Block {maps} = {
    conv1 = ConvolutionalLayer {maps, (3:3), pad = true, activation = ReLU}
    conv2 = ConvolutionalLayer {maps, (3:3), pad = true}
    apply (x) = { first = conv1 (x) ; second = conv2 (first) ; result = ReLU (second + x) }.result
  }.apply
  model (f) = { one = Block {2} (f) ; two = Block {2} (one) ; z = LinearLayer {3} (two) }.z
  features = Input {(8:8:2)}
  labels = Input {3}
  z = model (features)
  ce = CrossEntropyWithSoftmax (labels, z)
  errs = ClassificationError (labels, z)
  state = PastValue (3, next)
  next = Tanh (z + state)
  featureNodes = (features) ; labelNodes = (labels) ; criterionNodes = (ce)
  evaluationNodes = (errs) ; outputNodes = (z : next)`;

const draw = () => drawingOf(networkFromScript(SCRIPT).network);
const caption = { title: "title", summary: "summary" };

const overlap = (one: Rectangle, other: Rectangle) =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;

const contains = (outer: Rectangle, inner: Rectangle) =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

describe("the layout", () => {
  const layout = layOut(draw());

  it("has boxes inside their layers and nothing on top of each other", () => {
    expect(layout.layers.length).toBeGreaterThan(2);
    for (const [index, { box, place }] of layout.boxes.entries()) {
      const others = layout.boxes.slice(index + 1).filter((other) => overlap(place, other.place));
      expect([box.name, others.map((other) => other.box.name)]).toEqual([box.name, []]);
      const around = layout.layers.filter((layer) => overlap(layer.place, place));
      expect(around.map(({ title }) => title)).toEqual(box.layer === undefined ? [] : [box.layer]);
      expect(around.every((layer) => contains(layer.place, place))).toBe(true);
    }
    const whole = { x: 0, y: 0, width: layout.width, height: layout.height };
    for (const { place } of layout.layers) expect(contains(whole, place)).toBe(true);
  });

  it("runs from top to bottom along the arrows, loops aside", () => {
    const top = new Map(layout.boxes.map(({ box, place }) => [box.name, place.y]));
    for (const { arrow, points } of layout.arrows) {
      expect(points.length).toBeGreaterThan(1);
      const [from = 0, to = 0] = [top.get(arrow.from), top.get(arrow.to)];
      if (!arrow.isDelayed)
        expect([arrow.from, arrow.to, from < to]).toEqual([arrow.from, arrow.to, true]);
    }
  });
});

/** Names of the elements, in order of their ends; throws where they do not nest. */
function elements(text: string): string[] {
  const open: string[] = [];
  const closed: string[] = [];
  const rest = text.replace(
    /<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g,
    (_, end, name: string, __, isEmpty) => {
      if (end === "") open.push(name);
      if (end === "/" || isEmpty === "/") {
        if (open.pop() !== name) throw new Error(`</${name}> closes another element`);
        closed.push(name);
      }
      return "";
    },
  );
  if (open.length > 0) throw new Error(`${open.join(", ")} not closed`);
  if (/[<>]|&(?!(?:amp|lt|gt|quot);)/.test(rest)) throw new Error(`not escaped: ${rest}`);
  return closed;
}

describe("the file", () => {
  const text = svgText(layOut(draw()), caption);

  it("is always the same", () => {
    expect(svgText(layOut(draw()), caption)).toBe(text);
  });

  it("is well-formed and ends with its root", () => {
    expect(elements(text).at(-1)).toBe("svg");
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("has a legend of what occurs, and colours for dark surroundings", () => {
    for (const word of [
      "layer",
      "input",
      "label",
      "operation",
      "parameter",
      "output",
      "criterion",
    ]) {
      expect(text).toContain(`>${word}</text>`);
    }
    expect(text).toContain(">value of another step</text>");
    expect(text).toContain("@media (prefers-color-scheme:dark)");
  });

  it("shows any name", () => {
    const odd = `a<b>&"c"\u0000\ud800 \u{1f600} --> ]]>`;
    const drawing: Drawing = {
      boxes: [
        {
          name: odd,
          look: "plain",
          operation: odd,
          shortName: odd,
          details: [odd],
          parameters: [{ name: odd, text: odd }],
          layer: odd,
        },
        {
          name: "__proto__",
          look: "feature",
          operation: "",
          shortName: "",
          details: [],
          parameters: [],
          layer: undefined,
        },
      ],
      layers: [odd],
      arrows: [{ from: odd, to: "__proto__", text: odd, share: 0, isDelayed: false }],
      summary: "",
    };
    const shown = svgText(layOut(drawing), { title: odd, summary: odd });
    expect(elements(shown).at(-1)).toBe("svg");
    const escaped = "a&lt;b&gt;&amp;&quot;c&quot;\ufffd\ufffd \u{1f600} --&gt; ]]&gt;";
    expect(shown.split(escaped).length - 1).toBe(11);
  });

  it("shows a network without any node", () => {
    const nothing = { boxes: [], layers: [], arrows: [], summary: "" };
    const shown = svgText(layOut(nothing), caption);
    expect(elements(shown).at(-1)).toBe("svg");
    expect(shown).not.toMatch(/NaN|Infinity|undefined/);
  });
});
