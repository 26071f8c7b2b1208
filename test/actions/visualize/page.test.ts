import { describe, expect, it } from "@jest/globals";
import { PNG } from "pngjs";
import { renderPage, type PageHeader } from "../../../src/actions/visualize/page.js";
import type { Picture } from "../../../src/actions/visualize/pictures.js";

const dot = (level: number): Picture => ({ width: 1, height: 1, pixels: Uint8Array.of(level) });

const header: PageHeader = {
  model: "models/a<b>&'c'.dnn",
  data: 'data/"quoted".txt',
  input: { name: "f2", shape: [28, 28, 1] },
  encoding: { name: "z.pool<1>", shape: [7, 7, 1] },
  output: { name: "z", shape: [28, 28, 1] },
  rmse: 0.25,
};

const page = renderPage(header, [
  { index: 0, input: dot(1), encoding: dot(2), output: dot(3), rmse: 0.2 },
  { index: 1, input: dot(4), encoding: undefined, output: dot(5), rmse: 0.3 },
]);

describe("renderPage", () => {
  it("has a row for every image with its error", () => {
    const rows = page.split("<li>").slice(1);
    expect(rows.map((row) => /image (\d+)/.exec(row)?.[1])).toEqual(["0", "1"]);
    expect(rows.map((row) => /rmse ([\d.]+)/.exec(row)?.[1])).toEqual(["0.2000", "0.3000"]);
    expect(rows.map((row) => [...row.matchAll(/alt="(\w+)"/g)].map((match) => match[1]))).toEqual([
      ["input", "encoding", "output"],
      ["input", "output"],
    ]);
  });

  it("holds its pictures", () => {
    const levels = [...page.matchAll(/src="data:image\/png;base64,([^"]+)"/g)].map(
      (match) => PNG.sync.read(Buffer.from(match[1] ?? "", "base64")).data[0],
    );
    expect(levels).toEqual([1, 2, 3, 4, 5]);
    expect(page).not.toMatch(/(?:src|href)="(?!data:)/);
  });

  it("escapes names", () => {
    expect(page).toContain("models/a&lt;b&gt;&amp;&#39;c&#39;.dnn");
    expect(page).toContain("data/&quot;quoted&quot;.txt");
    expect(page).toContain("<code>z.pool&lt;1&gt;</code> [7 &times; 7 &times; 1]");
    expect(page).not.toContain("<b>&amp;");
  });

  it("tells both colour schemes what to do", () => {
    expect(page).toContain("color-scheme: light dark");
    expect(page).toContain("@media (prefers-color-scheme: dark)");
  });
});
