/* 3x3 convolutions of stride 1 with zeros around, by Winograd's minimal filtering F(4x4, 3x3): float32, channels innermost.

   Lavin & Gray 2016, arXiv 1509.09308, section 4.3. A tile of 4x4 results takes 36 products a pair of channels instead of
   144. Tile d (6x6 of the picture), filter g: result = A' [(G g G') . (B' d B)] A, where the sum over channels of the products
   makes 36 matrix products over tiles. Groups of TILES tiles are worked on at a time, so that a group's transformed numbers
   stay in a core's cache. Rounding is about ten times that of the direct sum (tests/ablations/test_kernels.py). */

#include <stddef.h>
#include <string.h>

#define TILES 16 /* in a group */
#define ROWS 8   /* tiles of one pass of the inner product */
#define LANES 16

typedef float vec __attribute__((vector_size(4 * LANES)));

static inline vec load(const float *from) {
  vec v;
  memcpy(&v, from, sizeof v);
  return v;
}

static inline void store(float *to, vec v) { memcpy(to, &v, sizeof v); }

/* Whether this form beats the direct one here: it needs the 32 registers of AVX-512. */
int winograd_pays(void) {
#ifdef __AVX512F__
  return 1;
#else
  return 0;
#endif
}

/* Floats of scratch from one of the 36 to the next: a few more than needed, lest all 36 fall into one set of the cache. */
static inline size_t stride(size_t channels) { return TILES * channels + 3 * LANES; }

/* Floats of scratch a thread. */
size_t winograd_scratch(size_t inputs, size_t outputs) { return 36 * (stride(inputs) + stride(outputs)); }

/* to[0], to[step], ... (6) = G (x0, x1, x2)' */
static inline void filter_line(vec x0, vec x1, vec x2, vec *to, int step) {
  vec even = (x0 + x2) / 6, odd = x1 / 6, low = x0 / 24 + x2 / 6, high = x1 / 12;
  to[0] = x0 / 4, to[step] = -even - odd, to[2 * step] = odd - even;
  to[3 * step] = low + high, to[4 * step] = low - high, to[5 * step] = x2;
}

/* filters (3, 3, inputs, outputs) -> packed (36, outputs / 32, inputs, 32). inputs, outputs: multiples of 32. */
void winograd_filters(const float *filters, float *packed, size_t inputs, size_t outputs, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t i = 0; i < inputs; i++)
    for (size_t o = 0; o < outputs; o += LANES) {
      vec half[18], whole[36];
      for (int column = 0; column < 3; column++) {
        const float *at = filters + (column * inputs + i) * outputs + o;
        size_t line = 3 * inputs * outputs;
        filter_line(load(at), load(at + line), load(at + 2 * line), half + column, 3);
      }
      for (int line = 0; line < 6; line++)
        filter_line(half[3 * line], half[3 * line + 1], half[3 * line + 2], whole + 6 * line, 1);
      for (int k = 0; k < 36; k++)
        store(packed + ((k * (outputs / 32) + o / 32) * inputs + i) * 32 + o % 32, whole[k]);
    }
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

/* products (ROWS, 32 of `outputs`) = tiles (ROWS, inputs) filters (inputs, 32) */
static inline void multiply(const float *tiles, const float *filters, float *products, size_t inputs, size_t outputs) {
  vec left[ROWS] = {{0}}, right[ROWS] = {{0}};
  for (size_t i = 0; i < inputs; i++) {
    vec first = load(filters + 32 * i), second = load(filters + 32 * i + LANES);
    for (int row = 0; row < ROWS; row++) {
      left[row] += tiles[row * inputs + i] * first;
      right[row] += tiles[row * inputs + i] * second;
    }
  }
  for (int row = 0; row < ROWS; row++) {
    store(products + row * outputs, left[row]);
    store(products + row * outputs + LANES, right[row]);
  }
}

/* x (pictures, height, width, inputs) -> y (pictures, height, width, outputs), y = convolution + bias.

   packed: of winograd_filters. bias: (outputs) or null. scratch: (threads, winograd_scratch). */
void winograd(const float *x, const float *packed, const float *bias, float *y, size_t pictures, size_t height, size_t width,
              size_t inputs, size_t outputs, float *scratch, int threads) {
  size_t down = (height + 3) / 4, across = (width + 3) / 4, tiles = pictures * down * across;
  size_t groups = (tiles + TILES - 1) / TILES, own = winograd_scratch(inputs, outputs);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t part = 0; part < (size_t)threads; part++) {
    float *transformed = scratch + part * own, *products = transformed + 36 * stride(inputs);
    for (size_t group = groups * part / threads; group < groups * (part + 1) / threads; group++) {
      size_t first = group * TILES, many = tiles - first < TILES ? tiles - first : TILES;
      for (size_t t = 0; t < many; t++) {
        size_t tile = first + t, picture = tile / (down * across);
        ptrdiff_t top = 4 * (tile / across % down) - 1, left = 4 * (tile % across) - 1;
        int inside = top >= 0 && left >= 0 && top + 6 <= (ptrdiff_t)height && left + 6 <= (ptrdiff_t)width;
        const float *corner = x + ((ptrdiff_t)(picture * height) + top) * (ptrdiff_t)(width * inputs) + left * (ptrdiff_t)inputs;
        for (size_t i = 0; i < inputs; i += LANES) {
          vec d[36];
          for (ptrdiff_t line = 0; line < 6; line++)
            for (ptrdiff_t column = 0; column < 6; column++)
              if (inside || ((size_t)(top + line) < height && (size_t)(left + column) < width))
                d[6 * line + column] = load(corner + (line * (ptrdiff_t)width + column) * (ptrdiff_t)inputs + i);
              else
                d[6 * line + column] = (vec){0};
          for (int k = 0; k < 6; k++) tile_line(d + k, 6);
          for (int k = 0; k < 6; k++) tile_line(d + 6 * k, 1);
          for (int k = 0; k < 36; k++) store(transformed + k * stride(inputs) + t * inputs + i, d[k]);
        }
      }
      /* Rows beyond `many` hold numbers of the group before: computed with, never read. */
      for (size_t k = 0; k < 36; k++)
        for (size_t o = 0; o < outputs; o += 32)
          for (size_t t = 0; t < many; t += ROWS)
            multiply(transformed + k * stride(inputs) + t * inputs, packed + (k * outputs + o) * inputs,
                     products + k * stride(outputs) + t * outputs + o, inputs, outputs);
      for (size_t t = 0; t < many; t++) {
        size_t tile = first + t, picture = tile / (down * across), top = 4 * (tile / across % down), left = 4 * (tile % across);
        for (size_t o = 0; o < outputs; o += LANES) {
          vec m[36], half[24], result[16], start = bias ? load(bias + o) : (vec){0};
          for (int k = 0; k < 36; k++) m[k] = load(products + k * stride(outputs) + t * outputs + o);
          for (int k = 0; k < 6; k++) result_line(m + k, 6, half + k, 6);
          for (int k = 0; k < 4; k++) result_line(half + 6 * k, 1, result + 4 * k, 1);
          for (size_t line = 0; line < 4 && top + line < height; line++)
            for (size_t column = 0; column < 4 && left + column < width; column++)
              store(y + ((picture * height + top + line) * width + left + column) * outputs + o, result[4 * line + column] + start);
        }
      }
    }
  }
}
