/*
 * Transposed convolution of planes that are zero but for one cell in every tile, as unpooling over windows side by side
 * leaves them: `values` and `position` [samples, maps, down x across], tile (i, j) being the cells (i * tile_height + dy,
 * j * tile_width + dx) of the small planes. The rest is as in sparse-convolution.c.
 *
 * Wherever its cell lies, a tile reaches the same patch of the large plane, a vector wide at most, with kernels laid out
 * for every dx. Tiles below each other are added up in registers, from which rows are stored when no further tile reaches
 * them. Patches beside each other overlap: they take turns in writing to layers, in each of which none does, and the plane
 * is the sum of the layers. Nothing is read shortly after a part of it was written, for which processors have to wait.
 */
#include "planes.h"

#define HIGHEST_PATCH 8

typedef struct {
  int down, across;   /* tiles */
  int height, width;  /* of a patch */
  int step_y, step_x; /* from one patch to the next */
  int layers;         /* patches beside each other that overlap */
  int pitch, layer;   /* floats of a layer's row, and of a layer */
  int left;           /* column of a layer where the plane begins: whole vectors, so that few of its sums cross a cache line */
  int above;          /* rows of zeros above and below the rows of a kernel */
  int kernel;         /* floats of a kernel laid out for all dx */
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
  t.layers = (LANES + t.step_x - 1) / t.step_x;
  t.left = whole_vectors(g->lower_x);
  t.pitch = t.left + whole_vectors(larger((t.across - 1) * t.step_x + LANES, g->width));
  t.layer = larger((t.down - 1) * t.step_y + t.height, g->lower_y + g->height) * t.pitch;
  t.kernel = tile_width * (t.height + t.above) * LANES;
  return t;
}

/* True if this is faster than a dense convolution, in cycles: two sums or loads at once, one store. */
INLINE int is_worth_it(const geometry *g, const tiling *t) {
  int vectors = g->height * ((g->width + LANES - 1) / LANES);
  int patches = t->down * t->across * (t->height * g->maps + t->step_y), sums = vectors * (1 + t->layers / 2);
  return patches + sums < g->maps * vectors * g->kernel_height * g->kernel_width / 2;
}

/* Heights and steps of patches that there is a block for. */
#define BLOCKS CASE(8, 4) CASE(7, 4) CASE(6, 4) CASE(6, 2) CASE(5, 2) CASE(4, 2)
#define BLOCK(height, step) ((height) * 16 + (step))

INLINE int has_block(const tiling *t) {
  switch (BLOCK(t->height, t->step_y)) {
#define CASE(height, step) case BLOCK(height, step):
    BLOCKS return 1;
#undef CASE
    default: return 0;
  }
}

/* Bytes of scratch memory; 0 where tiles are too wide or too high for this, or a dense convolution is faster. */
int tile_convolution_scratch(int tile_height, int tile_width, GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  tiling t = tiles_of(&g, tile_height, tile_width);
  int fits = t.width <= LANES && lower_y >= 0 && lower_x >= 0 && width >= LANES && rows % tile_height == 0 &&
             columns % tile_width == 0 && has_block(&t) && is_worth_it(&g, &t);
  int floats = t.layers * t.layer + maps * channels * t.kernel + (tile_height - 1) * columns + tile_width;
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

/* All tiles of one sample. */
typedef struct {
  const float *values;
  const int *position;
  int maps, tiles;     /* tiles of a map */
  const int *starts;   /* by the place of a cell in its tile: where the kernel begins for it */
  const float *kernels;
  int kernel_step;     /* from one map's kernel to the next */
} cells;

/* The tiles of one column, the uppermost of which begins at cell `corner`, into its layer. */
INLINE void lay_column(const int height, const int step, const cells *s, const tiling *t, int tile, int corner,
                       int corner_step, float *to) {
  vector sum[HIGHEST_PATCH];
  UNROLL for (int r = 0; r < height; r++) sum[r] = splat(0);
  for (int i = 0; i < t->down; i++, tile += t->across, corner += corner_step) {
    const float *kernel = s->kernels;
    for (int k = 0, n = tile; k < s->maps; k++, n += s->tiles, kernel += s->kernel_step) {
      int cell = s->position[n] - corner;
      if (cell < 0) continue;
      const float *from = kernel + s->starts[cell];
      vector value = splat(s->values[n]);
      UNROLL for (int r = 0; r < height; r++) sum[r] += value * load(from + r * LANES);
    }
    UNROLL for (int r = 0; r < step; r++, to += t->pitch) store(to, sum[r]);
    UNROLL for (int r = 0; r < height; r++) sum[r] = r + step < height ? sum[r + step] : splat(0);
  }
  UNROLL for (int r = 0; r < height - step; r++) store(to + r * t->pitch, sum[r]);
}

INLINE void lay_columns(const int height, const int step, const cells *s, const tiling *t, int tile_width,
                        int corner_step, float *layers) {
  for (int j = 0, layer = 0; j < t->across; j++, layer = layer + 1 < t->layers ? layer + 1 : 0)
    lay_column(height, step, s, t, j, j * tile_width, corner_step, layers + layer * t->layer + j * t->step_x);
}

/* y [height, width] = the sum of the layers. */
INLINE void add_layers(const int count, const tiling *t, const geometry *g, const float *layers, float *y) {
  layers += g->lower_y * t->pitch + t->left;
  for (int r = 0; r < g->height; r++, layers += t->pitch, y += g->width)
    for (int c = 0; c < g->width; c += LANES) {
      int at = smaller(c, g->width - LANES);
      vector sum = load(layers + at);
      UNROLL for (int l = 1; l < count; l++) sum += load(layers + l * t->layer + at);
      store(y + at, sum);
    }
}

/* y = the sum over tiles of value * w, laid over the cell's window. Only where tile_convolution_scratch is not 0. */
void tile_convolution_spread(const float *values, const int *position, const float *w, float *y, char *scratch,
                             int tile_height, int tile_width, GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  tiling t = tiles_of(&g, tile_height, tile_width);
  float *layers = (float *)scratch, *kernels = layers + t.layers * t.layer;
  int *starts = (int *)(kernels + maps * channels * t.kernel);
  for (int dy = 0; dy < tile_height; dy++)
    for (int dx = 0; dx < tile_width; dx++)
      starts[dy * columns + dx] = (dx * (t.height + t.above) + t.above - dy * stride_y) * LANES;
  lay_kernels(&g, &t, w, tile_width, kernels);
  /* what no patch covers stays 0 */
  fill(layers, t.layers * t.layer, 0);
  cells s = {values, position, maps, t.down * t.across, starts, kernels, channels * t.kernel};
  for (int sample = 0; sample < samples; sample++, s.values += maps * s.tiles, s.position += maps * s.tiles)
    for (int c = 0; c < channels; c++, y += height * width) {
      s.kernels = kernels + c * t.kernel;
      float *first = layers + t.left - lower_x;
      switch (BLOCK(t.height, t.step_y)) {
#define CASE(height, step)                                                              \
  case BLOCK(height, step):                                                             \
    lay_columns(height, step, &s, &t, tile_width, tile_height * columns, first); break;
        BLOCKS
#undef CASE
      }
      switch (t.layers) {
        case 2: add_layers(2, &t, &g, layers, y); break;
        case 4: add_layers(4, &t, &g, layers, y); break;
        default: add_layers(t.layers, &t, &g, layers, y);
      }
    }
}
