/*
 * Transposed convolution of planes that are zero but for one cell in every tile, as unpooling over windows side by side
 * leaves them: `values` and `position` [samples, maps, down x across], tile (i, j) being the cells (i * tile_height + dy,
 * j * tile_width + dx) of the small planes. The rest is as in sparse-convolution.c.
 *
 * Wherever its cell lies, a tile reaches the same patch of the large plane. A patch as wide as a vector at most is made in
 * registers, from kernels laid out for every dx, and stored. Patches overlap, so neighbours in a row and in a column take
 * turns in writing to layers, in each of which none does; the plane is the sum of the layers. Nothing is read shortly after
 * a part of it was written, for which processors have to wait.
 */
#include "planes.h"

/* More layers take longer to add up than the dense convolution takes. */
#define MOST_LAYERS 8
#define HIGHEST_PATCH 8

typedef struct {
  int down, across;     /* tiles */
  int height, width;    /* of a patch */
  int step_y, step_x;   /* from one patch to the next */
  int turns_y, turns_x; /* patches that overlap */
  int pitch, layer;     /* floats of a layer's row, and of a layer */
  int above;            /* rows of zeros above and below the rows of a kernel */
  int kernel;           /* floats of a kernel laid out for all dx */
} tiling;

INLINE tiling tiles_of(const geometry *g, int tile_height, int tile_width) {
  tiling t;
  t.down = g->rows / tile_height;
  t.across = g->columns / tile_width;
  t.step_y = tile_height * g->stride_y;
  t.step_x = tile_width * g->stride_x;
  t.above = (tile_height - 1) * g->stride_y;
  t.height = t.above + g->kernel_height;
  t.width = (tile_width - 1) * g->stride_x + g->kernel_width;
  t.turns_y = (t.height + t.step_y - 1) / t.step_y;
  t.turns_x = (LANES + t.step_x - 1) / t.step_x;
  t.pitch = larger((t.across - 1) * t.step_x + LANES, g->lower_x + whole_vectors(g->width));
  t.layer = larger((t.down - 1) * t.step_y + t.height, g->lower_y + g->height) * t.pitch;
  t.kernel = tile_width * (t.height + t.above) * LANES;
  return t;
}

/* True if this is faster than a dense convolution, in cycles: two sums or loads at once, one store. */
INLINE int is_worth_it(const geometry *g, const tiling *t) {
  int vectors = g->height * ((g->width + LANES - 1) / LANES);
  int patches = t->down * t->across * t->height * (1 + g->maps), layers = t->turns_y * t->turns_x * vectors / 2;
  return patches + layers < g->maps * vectors * g->kernel_height * g->kernel_width / 2;
}

/* Bytes of scratch memory; 0 where tiles are too wide, high or close to each other, or a dense convolution is faster. */
int tile_convolution_scratch(int tile_height, int tile_width, GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  tiling t = tiles_of(&g, tile_height, tile_width);
  int fits = t.width <= LANES && t.height <= HIGHEST_PATCH && t.turns_y * t.turns_x <= MOST_LAYERS && lower_y >= 0 &&
             lower_x >= 0 && rows % tile_height == 0 && columns % tile_width == 0 && is_worth_it(&g, &t);
  int floats = t.turns_y * t.turns_x * t.layer + maps * channels * t.kernel + ((tile_height - 1) * columns + tile_width);
  return fits ? floats * (int)sizeof(float) : 0;
}

/* kernels [maps, channels, dx, above + kernel_height + above, LANES] = w, dx * stride_x further to the right. */
INLINE void lay_kernels(const geometry *g, const tiling *t, const float *w, int tile_width, float *kernels) {
  int row = t->height + t->above;
  fill(kernels, g->maps * g->channels * t->kernel, 0);
  for (int k = 0; k < g->maps * g->channels; k++)
    for (int dx = 0; dx < tile_width; dx++)
      for (int i = 0; i < g->kernel_height; i++)
        for (int j = 0; j < g->kernel_width; j++)
          kernels[k * t->kernel + (dx * row + t->above + i) * LANES + dx * g->stride_x + j] =
              w[(k * g->kernel_height + i) * g->kernel_width + j];
}

/* The patch of one tile, whose first cell is `corner`, into its layer. */
INLINE void lay_patch(const int height, const tiling *t, const float *values, const int *position, int maps, int corner,
                      const int *starts, const float *kernels, int kernel_step, float *to) {
  vector sum[HIGHEST_PATCH];
  int tiles = t->down * t->across;
  UNROLL for (int r = 0; r < height; r++) sum[r] = splat(0);
  for (int k = 0; k < maps; k++, values += tiles, position += tiles, kernels += kernel_step) {
    int cell = *position - corner;
    if (cell < 0) continue;
    const float *from = kernels + starts[cell];
    vector value = splat(*values);
    UNROLL for (int r = 0; r < height; r++) sum[r] += value * load(from + r * LANES);
  }
  UNROLL for (int r = 0; r < height; r++) store(to + r * t->pitch, sum[r]);
}

/* Patches of all tiles of one sample and channel, into the layers. */
INLINE void lay_patches(const int height, const tiling *t, const float *values, const int *position, int maps,
                        int columns, int tile_height, int tile_width, const int *starts, const float *kernels,
                        int kernel_step, float *layers) {
  for (int i = 0, turn_y = 0; i < t->down; i++, turn_y = turn_y + 1 < t->turns_y ? turn_y + 1 : 0) {
    int corner = i * tile_height * columns;
    float *row = layers + turn_y * t->turns_x * t->layer + i * t->step_y * t->pitch;
    for (int j = 0, turn_x = 0; j < t->across; j++, turn_x = turn_x + 1 < t->turns_x ? turn_x + 1 : 0) {
      lay_patch(height, t, values++, position++, maps, corner, starts, kernels, kernel_step, row + turn_x * t->layer);
      corner += tile_width;
      row += t->step_x;
    }
  }
}

/* y [height, width] = the sum of the layers. */
INLINE void add_layers(const int count, const tiling *t, const geometry *g, const float *layers, float *y) {
  layers += g->lower_y * t->pitch + g->lower_x;
  for (int r = 0; r < g->height; r++, layers += t->pitch, y += g->width)
    for (int c = 0; c < g->width; c += LANES) {
      int at = larger(0, smaller(c, g->width - LANES));
      vector sum = load(layers + at);
      UNROLL for (int l = 1; l < count; l++) sum += load(layers + l * t->layer + at);
      store_some(y + at, sum, g->width - at);
    }
}

/* y = the sum over tiles of value * w, laid over the cell's window. Only where tile_convolution_scratch is not 0. */
void tile_convolution_spread(const float *values, const int *position, const float *w, float *y, char *scratch,
                             int tile_height, int tile_width, GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  tiling t = tiles_of(&g, tile_height, tile_width);
  int count = t.turns_y * t.turns_x, tiles = t.down * t.across;
  float *layers = (float *)scratch, *kernels = layers + count * t.layer;
  int *starts = (int *)(kernels + maps * channels * t.kernel);
  for (int dy = 0; dy < tile_height; dy++)
    for (int dx = 0; dx < tile_width; dx++)
      starts[dy * columns + dx] = (dx * (t.height + t.above) + t.above - dy * stride_y) * LANES;
  lay_kernels(&g, &t, w, tile_width, kernels);
  /* what no patch covers stays 0 */
  fill(layers, count * t.layer, 0);
  for (int s = 0; s < samples; s++, values += maps * tiles, position += maps * tiles)
    for (int c = 0; c < channels; c++, y += height * width) {
#define CASE(size)                                                                                                  \
  case size:                                                                                                        \
    lay_patches(size, &t, values, position, maps, columns, tile_height, tile_width, starts, kernels + c * t.kernel, \
                channels * t.kernel, layers);                                                                       \
    break;
      switch (t.height) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) }
#undef CASE
      switch (count) {
        case 2: add_layers(2, &t, &g, layers, y); break;
        case 4: add_layers(4, &t, &g, layers, y); break;
        default: add_layers(count, &t, &g, layers, y);
      }
    }
}
