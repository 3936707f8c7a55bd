/* 3x3 convolutions of stride 1 with zeros around, by Winograd's minimal filtering F(4x4, 3x3): float32, channels innermost.

   Lavin & Gray 2016, arXiv 1509.09308, section 4.3. A tile of 4x4 results takes 36 products a pair of channels instead of
   144. Tile d (6x6 of the picture), filter g: result = A' [(G g G') . (B' d B)] A, where the sum over channels of the products
   makes 36 matrix products over tiles. The gradient of g is the adjoint of this: with e, the gradient of a tile's results, it
   is G' [(B' d B) . (A e A')] G, where the sum over tiles makes 36 matrix products. Tiles are worked on in groups, so that a
   group's transformed numbers stay in a core's cache. Rounding: four to seven times that of the direct sum.

   Written in the vector types of GCC and Clang, as wide as the processor's registers: AVX-512, AVX, NEON or SSE. */

#include <stddef.h>
#include <string.h>

#define UNIT 16 /* numbers of channels are multiples of this */

/* ROWS of sums of a matrix product fit into the registers; what is left of a multiple of UNIT is done by LAST rows. */
#if defined(__AVX512F__)
enum { LANES = 16, ROWS = 8, LAST = 8 };
#elif defined(__AVX__)
enum { LANES = 8, ROWS = 6, LAST = 4 };
#else
enum { LANES = 4, ROWS = 4, LAST = 4 };
#endif
enum { TILES = 24 }; /* in a group of the convolution */

typedef float vec __attribute__((vector_size(4 * LANES)));

/* The pictures' size, and how many tiles they have. */
typedef struct { size_t pictures, height, width, down, across, tiles; } shape;

static shape shape_of(size_t pictures, size_t height, size_t width) {
  size_t down = (height + 3) / 4, across = (width + 3) / 4;
  return (shape){pictures, height, width, down, across, pictures * down * across};
}

static inline vec load(const float *from) {
  vec v;
  memcpy(&v, from, sizeof v);
  return v;
}

static inline void store(float *to, vec v) { memcpy(to, &v, sizeof v); }

/* The same, numbers `step` apart. */
static inline vec gather(const float *from, ptrdiff_t step) {
  vec v = {0};
  for (int lane = 0; lane < LANES; lane++) v[lane] = from[lane * step];
  return step == 1 ? load(from) : v;
}

/* Floats of scratch from one of the 36 to the next: a few more than needed, lest all 36 fall into one set of the cache. */
static inline size_t stride(size_t tiles, size_t channels) { return tiles * channels + 3 * UNIT; }

/* Channels of the filters that are side by side in memory. */
static inline size_t together(size_t outputs) { return LANES == UNIT && outputs % (2 * UNIT) == 0 ? 2 * UNIT : UNIT; }

/* Tiles in a group of the filters' gradient. */
static inline size_t gradient_group(size_t inputs, size_t outputs) {
  size_t tiles = 4096 / (inputs + outputs);
  return tiles < 16 ? 16 : tiles;
}

/* Floats of scratch a thread. */
size_t winograd_scratch(size_t inputs, size_t outputs) { return 36 * (stride(TILES, inputs) + stride(TILES, outputs)); }

/* Floats of scratch for all `threads`. */
size_t winograd_gradient_scratch(size_t inputs, size_t outputs, size_t threads) {
  size_t tiles = gradient_group(inputs, outputs);
  return 8 * (36 * inputs + 1) * outputs + threads * 36 * (stride(tiles, inputs) + stride(tiles, outputs));
}

/* to[0], to[step], ... (6) = G (x0, x1, x2)' */
static inline void filter_line(vec x0, vec x1, vec x2, vec *to, int step) {
  vec even = (x0 + x2) / 6, odd = x1 / 6, low = x0 / 24 + x2 / 6, high = x1 / 12;
  to[0] = x0 / 4, to[step] = -even - odd, to[2 * step] = odd - even;
  to[3 * step] = low + high, to[4 * step] = low - high, to[5 * step] = x2;
}

/* to[0], to[to_step], ... (3) = G' (m[0], m[step], ...) */
static inline void filter_gradient_line(const vec *m, int step, vec *to, int to_step) {
  vec sum = (m[step] + m[2 * step]) / 6, difference = (m[2 * step] - m[step]) / 6;
  vec far_sum = (m[3 * step] + m[4 * step]) / 6, far_difference = (m[3 * step] - m[4 * step]) / 12;
  to[0] = m[0] / 4 - sum + far_sum / 4, to[to_step] = difference + far_difference, to[2 * to_step] = far_sum - sum + m[5 * step];
}

/* In place: x[0], x[step], ... (6) = B' x */
static inline void tile_line(vec *x, int step) {
  vec x0 = x[0], x1 = x[step], x2 = x[2 * step], x3 = x[3 * step], x4 = x[4 * step], x5 = x[5 * step];
  vec outer = x4 - 4 * x2, inner = x3 - 4 * x1, near = x4 - x2, far = 2 * (x3 - x1);
  x[0] = 4 * x0 - 5 * x2 + x4, x[step] = outer + inner, x[2 * step] = outer - inner;
  x[3 * step] = near + far, x[4 * step] = near - far, x[5 * step] = 4 * x1 - 5 * x3 + x5;
}

/* to[0], to[to_step], ... (4) = A' (m[0], m[step], ...) */
static inline void result_line(const vec *m, int step, vec *to, int to_step) {
  vec sum = m[step] + m[2 * step], difference = m[step] - m[2 * step];
  vec far_sum = m[3 * step] + m[4 * step], far_difference = m[3 * step] - m[4 * step];
  to[0] = m[0] + sum + far_sum, to[to_step] = difference + 2 * far_difference;
  to[2 * to_step] = sum + 4 * far_sum, to[3 * to_step] = difference + 8 * far_difference + m[5 * step];
}

/* to[0], to[to_step], ... (6) = A (e[0], e[step], ...) */
static inline void result_gradient_line(const vec *e, int step, vec *to, int to_step) {
  vec even = e[0] + e[2 * step], odd = e[step] + e[3 * step];
  vec far_even = e[0] + 4 * e[2 * step], far_odd = 2 * e[step] + 8 * e[3 * step];
  to[0] = e[0], to[to_step] = even + odd, to[2 * to_step] = even - odd;
  to[3 * to_step] = far_even + far_odd, to[4 * to_step] = far_even - far_odd, to[5 * to_step] = e[3 * step];
}

/* to (size, size) = LANES channels of x (pictures, height, width, channels) from `top` and `left` on; zeros outside. */
static inline __attribute__((always_inline)) void square(const float *x, const shape *of, size_t picture, ptrdiff_t top,
                                                         ptrdiff_t left, size_t channels, int size, vec *to) {
  ptrdiff_t height = (ptrdiff_t)of->height, width = (ptrdiff_t)of->width, step = (ptrdiff_t)channels;
  const float *corner = x + (((ptrdiff_t)picture * height + top) * width + left) * step;
  if (top >= 0 && left >= 0 && top + size <= height && left + size <= width)
    for (int line = 0; line < size; line++)
      for (int column = 0; column < size; column++) to[size * line + column] = load(corner + (line * width + column) * step);
  else
    for (int line = 0; line < size; line++)
      for (int column = 0; column < size; column++)
        to[size * line + column] = top + line >= 0 && top + line < height && left + column >= 0 && left + column < width
                                       ? load(corner + (line * width + column) * step)
                                       : (vec){0};
}

/* Read once, one number a cache line, the lines of x in which the tiles first, first + 1, ... begin. Memory is several times as
   fast in its own order as in that of tiles. A line in whose middle `first` lies was read with the group before. */
static inline void read_ahead(const float *x, const shape *of, size_t first, size_t many, size_t channels) {
  for (size_t line = (first + of->across - 1) / of->across; line * of->across < first + many; line++) {
    size_t top = 4 * (line % of->down), lines = of->height - top < 5 ? of->height - top : 5;
    const volatile float *from = x + (line / of->down * of->height + top) * of->width * channels;
    for (size_t i = 0; i < lines * of->width * channels; i += UNIT) (void)from[i];
  }
}

/* to[0], to[stride], ... (36, channels) = B' d B, where d is the tile's square of x. */
static inline void transform_tile(const float *x, const shape *of, size_t tile, size_t channels, float *to, size_t stride) {
  size_t picture = tile / (of->down * of->across);
  ptrdiff_t top = 4 * (ptrdiff_t)(tile / of->across % of->down) - 1, left = 4 * (ptrdiff_t)(tile % of->across) - 1;
  for (size_t c = 0; c < channels; c += LANES) {
    vec d[36];
    square(x + c, of, picture, top, left, channels, 6, d);
    for (int k = 0; k < 6; k++) tile_line(d + k, 6);
    for (int k = 0; k < 6; k++) tile_line(d + 6 * k, 1);
    for (int k = 0; k < 36; k++) store(to + k * stride + c, d[k]);
  }
}

/* to[0], to[stride], ... (36, channels) = A e A', where e is the tile's 4x4 of g. */
static inline void transform_gradient(const float *g, const shape *of, size_t tile, size_t channels, float *to, size_t stride) {
  size_t picture = tile / (of->down * of->across);
  ptrdiff_t top = 4 * (ptrdiff_t)(tile / of->across % of->down), left = 4 * (ptrdiff_t)(tile % of->across);
  for (size_t c = 0; c < channels; c += LANES) {
    vec e[16], half[24], whole[36];
    square(g + c, of, picture, top, left, channels, 4, e);
    for (int k = 0; k < 4; k++) result_gradient_line(e + k, 4, half + k, 4);
    for (int k = 0; k < 6; k++) result_gradient_line(half + 4 * k, 1, whole + 6 * k, 1);
    for (int k = 0; k < 36; k++) store(to + k * stride + c, whole[k]);
  }
}

/* y's 4x4 of the tile = A' m A + bias + base, where m is at from[0], from[stride], ... (36, channels). */
static inline void transform_result(const float *from, size_t stride, const float *bias, const float *base, float *y,
                                    const shape *of, size_t tile, size_t channels) {
  size_t picture = tile / (of->down * of->across), top = 4 * (tile / of->across % of->down), left = 4 * (tile % of->across);
  for (size_t c = 0; c < channels; c += LANES) {
    vec m[36], half[24], result[16], start = bias ? load(bias + c) : (vec){0};
    for (int k = 0; k < 36; k++) m[k] = load(from + k * stride + c);
    for (int k = 0; k < 6; k++) result_line(m + k, 6, half + k, 6);
    for (int k = 0; k < 4; k++) result_line(half + 6 * k, 1, result + 4 * k, 1);
    for (size_t line = 0; line < 4 && top + line < of->height; line++)
      for (size_t column = 0; column < 4 && left + column < of->width; column++) {
        size_t at = ((picture * of->height + top + line) * of->width + left + column) * channels + c;
        store(y + at, result[4 * line + column] + (base ? start + load(base + at) : start));
      }
  }
}

/* A matrix product: to (rows, columns) = `begin` times itself + left (rows, many) right (many, columns). */
typedef struct {
  const float *left, *right;          /* element (r, k) of left is left[r row + k step]; rows of right are right_step apart */
  size_t row, step, right_step, many; /* many: terms of the sums */
  float *to;                          /* its rows are to_step apart */
  size_t to_step;
  int begin;
} product;

/* `rows` rows from the row `first` on, `vectors` vectors of columns: constants, so that all sums are in registers. */
static inline __attribute__((always_inline)) void multiply_block(const product *p, size_t first, size_t rows, size_t vectors) {
  const float *left = p->left + first * p->row;
  float *to = p->to + first * p->to_step;
  vec sums[32];
  for (size_t r = 0; r < rows; r++)
    for (size_t v = 0; v < vectors; v++) sums[r * vectors + v] = p->begin ? load(to + r * p->to_step + v * LANES) : (vec){0};
  for (size_t k = 0; k < p->many; k++) {
    vec factors[4];
    for (size_t v = 0; v < vectors; v++) factors[v] = load(p->right + k * p->right_step + v * LANES);
    for (size_t r = 0; r < rows; r++)
      for (size_t v = 0; v < vectors; v++) sums[r * vectors + v] += left[r * p->row + k * p->step] * factors[v];
  }
  for (size_t r = 0; r < rows; r++)
    for (size_t v = 0; v < vectors; v++) store(to + r * p->to_step + v * LANES, sums[r * vectors + v]);
}

static inline __attribute__((always_inline)) void multiply_rows(const product *p, size_t rows, size_t vectors) {
  size_t r = 0;
  for (; r + 2 * ROWS <= rows; r += 2 * ROWS) {
    multiply_block(p, r, ROWS, vectors);
    multiply_block(p, r + ROWS, ROWS, vectors);
  }
  for (; r < rows; r += LAST) multiply_block(p, r, LAST, vectors);
}

/* All `rows` rows and `columns` columns: UNIT or, with AVX-512, also 2 UNIT. */
static void multiply(product p, size_t rows, size_t columns) {
  columns == UNIT ? multiply_rows(&p, rows, UNIT / LANES) : multiply_rows(&p, rows, 2 * UNIT / LANES);
}

/* Filters, whose number (k, i, o), k of 9, is at k * step + i * in + o * out -> packed (36, outputs / together, inputs,
   together). */
void winograd_filters(const float *filters, ptrdiff_t step, ptrdiff_t in, ptrdiff_t out, float *packed, size_t inputs,
                      size_t outputs, int threads) {
  size_t block = together(outputs);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t o = 0; o < outputs; o += LANES)
    for (size_t i = 0; i < inputs; i++) {
      vec g[9], half[18], whole[36];
      for (int k = 0; k < 9; k++) g[k] = gather(filters + k * step + (ptrdiff_t)i * in + (ptrdiff_t)o * out, out);
      for (int column = 0; column < 3; column++) filter_line(g[column], g[3 + column], g[6 + column], half + column, 3);
      for (int k = 0; k < 6; k++) filter_line(half[3 * k], half[3 * k + 1], half[3 * k + 2], whole + 6 * k, 1);
      for (int k = 0; k < 36; k++)
        store(packed + ((k * (outputs / block) + o / block) * inputs + i) * block + o % block, whole[k]);
    }
}

/* x (pictures, height, width, inputs) -> y (pictures, height, width, outputs), y = convolution + bias + base.

   inputs, outputs: multiples of UNIT. packed: of winograd_filters. bias: (outputs) or null. base: of y's shape, y itself, or
   null. scratch: (threads, winograd_scratch). */
void winograd(const float *x, const float *packed, const float *bias, const float *base, float *y, size_t pictures,
              size_t height, size_t width, size_t inputs, size_t outputs, float *scratch, int threads) {
  shape of = shape_of(pictures, height, width);
  size_t groups = (of.tiles + TILES - 1) / TILES, in = stride(TILES, inputs), out = stride(TILES, outputs);
  size_t block = together(outputs);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t part = 0; part < (size_t)threads; part++) {
    float *transformed = scratch + part * 36 * (in + out), *products = transformed + 36 * in;
    for (size_t group = groups * part / threads; group < groups * (part + 1) / threads; group++) {
      size_t first = group * TILES, many = of.tiles - first < TILES ? of.tiles - first : TILES;
      read_ahead(x, &of, first, many, inputs);
      for (size_t t = 0; t < many; t++) transform_tile(x, &of, first + t, inputs, transformed + t * inputs, in);
      /* Rows beyond `many` hold whatever was there: computed with, never read. */
      for (size_t k = 0; k < 36; k++)
        for (size_t o = 0; o < outputs; o += block)
          multiply((product){.left = transformed + k * in, .row = inputs, .step = 1, .right = packed + (k * outputs + o) * inputs,
                             .right_step = block, .many = inputs, .to = products + k * out + o, .to_step = outputs},
                   (many + LAST - 1) / LAST * LAST, block);
      read_ahead(y, &of, first, many, outputs);
      if (base && base != y) read_ahead(base, &of, first, many, outputs);
      for (size_t t = 0; t < many; t++) transform_result(products + t * outputs, out, bias, base, y, &of, first + t, outputs);
    }
  }
}

/* filters, laid out as those of winograd_filters, and bias (outputs) = the gradients of both, from x and from g, the gradient
   of y. The sum over tiles is made in the same parts for any number of threads. scratch: (winograd_gradient_scratch). */
void winograd_gradient(const float *x, const float *g, float *filters, ptrdiff_t step, ptrdiff_t in_step, ptrdiff_t out_step,
                       float *bias, size_t pictures, size_t height, size_t width, size_t inputs, size_t outputs,
                       float *scratch, int threads) {
  shape of = shape_of(pictures, height, width);
  size_t group = gradient_group(inputs, outputs), in = stride(group, inputs), out = stride(group, outputs);
  size_t groups = (of.tiles + group - 1) / group, own = (36 * inputs + 1) * outputs, block = together(outputs);
  size_t parts = of.tiles < 256 ? 1 : of.tiles < 1024 ? of.tiles / 128 : 8; /* few, so that adding them up costs little */
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t thread = 0; thread < (size_t)threads; thread++) {
    float *tiles = scratch + parts * own + thread * 36 * (in + out), *results = tiles + 36 * in;
    for (size_t part = parts * thread / threads; part < parts * (thread + 1) / threads; part++) {
      float *sums = scratch + part * own, *sum = sums + 36 * inputs * outputs;
      size_t begin = groups * part / parts;
      memset(sum, 0, outputs * sizeof *sum);
      for (size_t at = begin; at < groups * (part + 1) / parts; at++) {
        size_t first = at * group, many = of.tiles - first < group ? of.tiles - first : group;
        read_ahead(x, &of, first, many, inputs);
        read_ahead(g, &of, first, many, outputs);
        for (size_t t = 0; t < many; t++) transform_tile(x, &of, first + t, inputs, tiles + t * inputs, in);
        for (size_t t = 0; t < many; t++) transform_gradient(g, &of, first + t, outputs, results + t * outputs, out);
        for (size_t k = 0; k < 36; k++)
          for (size_t o = 0; o < outputs; o += block)
            multiply((product){.left = tiles + k * in, .row = 1, .step = inputs, .right = results + k * out + o,
                               .right_step = outputs, .many = many, .to = sums + k * inputs * outputs + o, .to_step = outputs,
                               .begin = at > begin},
                     inputs, block);
        for (size_t t = 0; t < many; t++) /* of A, all of line 1 is 1, so number 7 of the 36 is the sum of the tile's results */
          for (size_t o = 0; o < outputs; o++) sum[o] += results[7 * out + t * outputs + o];
      }
    }
  }
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t i = 0; i <= inputs; i++)
    for (size_t o = 0; o < outputs; o += LANES) {
      vec m[36] = {{0}}, half[18], whole[9];
      for (size_t part = 0; part < parts; part++)
        for (int k = 0; k < (i < inputs ? 36 : 1); k++)
          m[k] += load(scratch + part * own + (i < inputs ? k * inputs + i : 36 * inputs) * outputs + o);
      if (i == inputs) store(bias + o, m[0]); /* and no filter */
      for (int k = 0; k < 6; k++) filter_gradient_line(m + k, 6, half + k, 6);
      for (int k = 0; k < 3; k++) filter_gradient_line(half + 6 * k, 1, whole + 3 * k, 1);
      for (int k = 0; k < (i < inputs ? 9 : 0); k++)
        for (int lane = 0; lane < LANES; lane++)
          filters[k * step + (ptrdiff_t)i * in_step + (ptrdiff_t)(o + lane) * out_step] = whole[k][lane];
    }
}
