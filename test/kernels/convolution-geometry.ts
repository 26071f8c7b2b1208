/** Convolutions as plain loops: every product of one, with the places of its factors. */

/** Samples, channels, maps, height, width, kernel height and width, strides, and padding before the first cell. */
export type Sizes = readonly [
  ...[samples: number, channels: number, maps: number, height: number, width: number],
  ...[kernelHeight: number, kernelWidth: number, strideY: number, strideX: number],
  ...[lowerY: number, lowerX: number],
];

export interface Geometry {
  readonly sizes: readonly number[];
  readonly large: number;
  readonly small: number;
  readonly weights: number;
  /** calls back with the places in input, result and weights of each product of the convolution */
  readonly forEach: (use: (cell: number, window: number, weight: number) => void) => void;
}

export function layOut([N, C, K, height, width, kh, kw, sy, sx, ly, lx]: Sizes): Geometry {
  const rows = Math.ceil((height + 2 * ly - kh + 1) / sy);
  const columns = Math.ceil((width + 2 * lx - kw + 1) / sx);
  return {
    sizes: [N, C, K, height, width, rows, columns, kh, kw, sy, sx, ly, lx],
    large: N * C * height * width,
    small: N * K * rows * columns,
    weights: K * C * kh * kw,
    forEach(use) {
      const axes = [N, K, C, rows, columns, kh, kw];
      const total = axes.reduce((product, size) => product * size, 1);
      for (let i = 0; i < total; i++) {
        let rest = i;
        const places = axes.toReversed().map((size) => {
          const place = rest % size;
          rest = Math.floor(rest / size);
          return place;
        });
        const [j = 0, e = 0, c = 0, r = 0, channel = 0, map = 0, n = 0] = places;
        const [y, x] = [r * sy - ly + e, c * sx - lx + j];
        if (y < 0 || y >= height || x < 0 || x >= width) continue;
        const cell = ((n * C + channel) * height + y) * width + x;
        const window = ((n * K + map) * rows + r) * columns + c;
        use(cell, window, ((map * C + channel) * kh + e) * kw + j);
      }
    },
  };
}
