/** Action `plot`: the DOT file to the letter, and the command that draws it. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { dotText } from "../../src/actions/dot.js";
import { logisticRegression } from "../network/model-file/model-bytes.js";
import { networkFromScript } from "../network/script-network.js";
import { runAction } from "./run-action.js";

const directory = mkdtempSync(path.join(tmpdir(), "plot-"));
const modelPath = path.join(directory, "lr.dnn");
const inDirectory = (name: string) => path.join(directory, name);

beforeAll(() => writeFileSync(modelPath, logisticRegression(19)));
afterAll(() => rmSync(directory, { recursive: true }));

const PLAIN = `   node [ shape = ellipse, color = blue, fillcolor = white, style = solid ];  
 
// add labels and operation name
`;

describe("the DOT file", () => {
  it("marks the groups, names the nodes and follows the arcs, last input first", async () => {
    await runAction(`action = plot ; modelPath = "${modelPath}"`);
    expect(readFileSync(`${modelPath}.dot`, "utf8")).toBe(` strict digraph {
 rankdir = BT ;  
 // special nodes 
 node [ shape = box     , color = gray , style = "filled, rounded"  ]; "b" "w" ; 
 node [ shape = ellipse , color = red  , fillcolor = white ]; "features" "labels" ; 
 node [ shape = diamond, color = brown, style = bold ] ;  "labels" ; 
 node [ shape = doublecircle , color =  red , fillcolor = white  ]; "lr" ; 
 ${PLAIN}  "b" [ label = "b [1 x 1]\\nLearnableParameter" ] ;
  "err" [ label = "err [1]\\nSquareError" ] ;
  "features" [ label = "features [2 x *]\\nInputValue" ] ;
  "labels" [ label = "labels [1 x *]\\nInputValue" ] ;
  "lr" [ label = "lr [1]\\nLogistic" ] ;
  "p" [ label = "p [1 x 1 x *]\\nSigmoid" ] ;
  "p._" [ label = "p._ [1 x 1 x *]\\nPlus" ] ;
  "p._.PlusArgs[0]" [ label = "p._.PlusArgs[0] [1 x *]\\nTimes" ] ;
  "w" [ label = "w [1 x 2]\\nLearnableParameter" ] ;
 subgraph {
 		 rank=source ;  "features" "labels"  
}
 subgraph {
 		 rank=sink ;  "lr" "p" "err"  
}
 "labels" -> "lr" ; 
 "p" -> "lr" ; 
 "p._" -> "p" ; 
 "p._.PlusArgs[0]" -> "p._" ; 
 "b" -> "p._" ; 
 "w" -> "p._.PlusArgs[0]" ; 
 "features" -> "p._.PlusArgs[0]" ; 
 "labels" -> "err" ; 
 "p" -> "err" ; 
 
}
`);
  });

  it("draws statistics of the data and cuts delays", () => {
    const { network } = networkFromScript(`
      x = Input {2}
      mean = Mean (x)
      h = PastValue (2, y)
      y = x - mean + h
      later = FutureValue (2, z)
      z = y .* later
      featureNodes = (x)
      outputNodes = (z)
    `);
    const lines = dotText(network).split("\n").slice(3);
    const box3d = (color: string) =>
      ` node [ shape = box3d  , color = ${color}, style = "filled" , fillcolor = white ] `;
    expect(lines.slice(0, 4)).toEqual([
      `  node [ shape = ellipse , color = red  , fillcolor = white ]; "x" ; `,
      `   node [ shape = box    , color = black, style = "dashed, filled",  fillcolor= limegreen ] ;"mean" ; `,
      `${box3d("lightgray")}"h" ; `,
      `${box3d("red")}"later" ; `,
    ]);
    const dummy = (name: string, type: string, color: string) =>
      ` "${name}.dummy" [ shape = box3d  , color = ${color}, style = "filled" , label = "${name}\\n(${type})" ] ; `;
    expect(lines.filter((line) => /->|dummy/.test(line))).toEqual([
      ` "y" -> "z" ; `,
      dummy("later", "FutureValue", "red"),
      ` "later.dummy" -> "z" ; `,
      ` "z" -> "later" ; `,
      ` "y.PlusArgs[0]" -> "y" ; `,
      dummy("h", "PastValue", "lightgray"),
      ` "h.dummy" -> "y" ; `,
      ` "y" -> "h" ; `,
      ` "x" -> "y.PlusArgs[0]" ; `,
      ` "mean" -> "y.PlusArgs[0]" ; `,
      ` "x" -> "mean" ; `,
    ]);
  });
});

describe("the drawing", () => {
  it.each([
    {
      what: "is made by a command with both files in it",
      keys: `outputFile = "${inDirectory("a $& b.png")}" ; renderCmd = "cp '<IN>' '<OUT>' && echo drawn"`,
      command: `cp '${modelPath}.dot' '${inDirectory("a $& b.png")}' && echo drawn`,
      output: ["drawn"],
    },
    {
      what: "may be left to the command alone",
      keys: `renderCmd = "echo '<IN>'"`,
      command: "echo '<IN>'",
      output: ["<IN>"],
    },
    {
      what: "may fail",
      keys: `renderCmd = "echo 'cannot draw' >&2 ; exit 3"`,
      command: "echo 'cannot draw' >&2 ; exit 3",
      output: ["cannot draw"],
    },
  ])("$what", async ({ keys, command, output }) => {
    expect(await runAction(`action = plot ; modelPath = "${modelPath}"\n${keys}`)).toEqual([
      `Created network description in dot format: ${modelPath}.dot`,
      "Executing third-party tool for rendering dot:",
      command,
      ...output,
      "Done.",
    ]);
    if (output[0] !== "drawn") return;
    expect(readFileSync(inDirectory("a $& b.png"), "utf8")).toMatch(/^ strict digraph/);
  });

  it("needs a command for its file", async () => {
    const keys = `action = plot ; modelPath = "${modelPath}" ; outputFile = a.png`;
    await expect(runAction(keys)).rejects.toThrow(
      "plot: If you specify an outputFile, you also need a renderCmd.",
    );
  });
});
