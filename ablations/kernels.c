/* Elementwise passes of the residual family on a CPU: float32, `count` elements in a row, channels innermost.

   Per-channel numbers are repeated to a row of `width` elements (a multiple of the channels), so that the inner loops are
   long. Sums are made in parts, one a block of whole rows: whatever the number of threads, the same numbers are added in the
   same order. What the functions are for says kernels.py; its tests compare them with
   torch's operators. No branch depends on a value, so NaN and infinity pass through as in the formulas. */

#include <math.h>
#include <stddef.h>

#define BLOCK 16384 /* elements, about: what a core takes at a time */
#define ROW 256     /* elements, at least */

/* The length of a row. */
size_t row_width(size_t channels) { return channels * ((ROW + channels - 1) / channels); }

static inline size_t block_length(size_t width) { return width * ((BLOCK + width - 1) / width); }

size_t blocks(size_t count, size_t width) { return (count + block_length(width) - 1) / block_length(width); }

static inline void repeat(const float *values, size_t channels, float *row, size_t width) {
  for (size_t i = 0; i < width; i++) row[i] = values[i % channels];
}

/* The first `channels` numbers of the row become the sums of what the row has for each channel. */
static inline void fold(float *row, size_t channels, size_t width) {
  for (size_t i = channels; i < width; i++) row[i % channels] += row[i];
}

/* exp(z) - 1 for z <= 0. z = n ln 2 + r: 2^n (exp(r) - 1) + (2^n - 1), the middle term as its Taylor series to r^7, whose
   rest is below 5e-9 for |r| <= ln(2) / 2. */
static inline float minus_one_exp(float z) {
  z = z < -87.0f ? -87.0f : z;
  float n = rintf(z * 1.44269504f);
  float r = z - n * 0.693359375f + n * 2.12194440e-4f; /* ln 2 in two parts, the first exact in few bits */
  float p = 1 / 5040.0f;
  p = p * r + 1 / 720.0f;
  p = p * r + 1 / 120.0f;
  p = p * r + 1 / 24.0f;
  p = p * r + 1 / 6.0f;
  p = p * r + 0.5f;
  p = p * r * r + r;
  union { int whole; float real; } power = {((int)n + 127) << 23};
  return power.real * p + (power.real - 1);
}

/* atan(u): v + v^3 P(v^2) with v = |u| or its reciprocal. P is the Chebyshev fit of degree 8 to (atan(v)/v - 1)/v^2 on
   [0, 1]; its error is below 1.6e-8. */
static inline float arc_tangent(float u) {
  float size = fabsf(u), v = size > 1 ? 1 / size : size, w = v * v;
  float p = -0.00238699731672f;
  p = p * w + 0.013507771427f;
  p = p * w - 0.035871538982f;
  p = p * w + 0.0625016944475f;
  p = p * w - 0.0865688043015f;
  p = p * w + 0.110337641153f;
  p = p * w - 0.142785687482f;
  p = p * w + 0.199997393298f;
  p = p * w - 0.333333317331f;
  float angle = v + v * w * p;
  angle = size > 1 ? 1.57079637f - angle - 4.37113883e-8f : angle; /* pi / 2 in two parts */
  return copysignf(angle, u);
}

/* mean, variance (channels) of x, the latter divided by the number of values. parts: (blocks, 2, width), scratch.

   Each block's sums of squares are about its own means, and are put together by Chan's formula (1979, STAN-CS-79-773). */
void statistics(const float *x, size_t count, size_t channels, float *parts, double *mean, double *variance, int threads) {
  size_t width = row_width(channels), length = block_length(width), many = blocks(count, width);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t block = 0; block < many; block++) {
    size_t begin = block * length, end = begin + length < count ? begin + length : count;
    float *sum = parts + 2 * block * width, *square = sum + width, own = (float)(end - begin) / channels;
    for (size_t i = 0; i < width; i++) sum[i] = square[i] = 0;
    for (size_t row = begin; row < end; row += width) {
      size_t columns = row + width < end ? width : end - row;
      for (size_t i = 0; i < columns; i++) sum[i] += x[row + i];
    }
    fold(sum, channels, width);
    for (size_t i = 0; i < channels; i++) sum[i] /= own;
    for (size_t i = channels; i < width; i++) sum[i] = sum[i % channels];
    for (size_t row = begin; row < end; row += width) {
      size_t columns = row + width < end ? width : end - row;
      for (size_t i = 0; i < columns; i++) square[i] += (x[row + i] - sum[i]) * (x[row + i] - sum[i]);
    }
    fold(square, channels, width);
  }
  for (size_t i = 0; i < channels; i++) {
    double values = 0, squares = 0;
    mean[i] = 0;
    for (size_t block = 0; block < many; block++) {
      double own = (double)((block + 1) * length < count ? length : count - block * length) / channels;
      double away = parts[2 * block * width + i] - mean[i], before = values;
      values += own;
      mean[i] += away * own / values;
      squares += parts[(2 * block + 1) * width + i] + away * away * own * before / values;
    }
    variance[i] = squares / values;
  }
}

/* y = ELU(x scale + shift); y may be x. */
void affine_elu(const float *x, float *y, size_t count, size_t channels, const float *scales, const float *shifts, int threads) {
  size_t width = row_width(channels);
  float scale[width], shift[width];
  repeat(scales, channels, scale, width), repeat(shifts, channels, shift, width);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t row = 0; row < count; row += width) {
    size_t columns = row + width < count ? width : count - row;
#pragma GCC ivdep
    for (size_t i = 0; i < columns; i++) {
      float z = x[row + i] * scale[i] + shift[i], low = minus_one_exp(z > 0 ? 0 : z);
      y[row + i] = z > 0 ? z : low;
    }
  }
}

/* From g, the gradient of y = ELU(.), and y: g becomes that of ELU's input. sums (blocks, 2, width) gets, column by column,
   the sum of the new g and of g (x - mean). */
void elu_backward(float *g, const float *y, const float *x, size_t count, size_t channels, const float *means, float *sums,
                  int threads) {
  size_t width = row_width(channels), length = block_length(width), many = blocks(count, width);
  float mean[width];
  repeat(means, channels, mean, width);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t block = 0; block < many; block++) {
    size_t end = (block + 1) * length < count ? (block + 1) * length : count;
    float *sum = sums + 2 * block * width, *product = sum + width;
    for (size_t i = 0; i < width; i++) sum[i] = product[i] = 0;
    for (size_t row = block * length; row < end; row += width) {
      size_t columns = row + width < end ? width : end - row;
#pragma GCC ivdep
      for (size_t i = 0; i < columns; i++) {
        float slope = y[row + i] > 0 ? 1 : y[row + i] + 1, own = g[row + i] * slope;
        g[row + i] = own;
        sum[i] += own;
        product[i] += own * (x[row + i] - mean[i]);
      }
    }
  }
}

/* g = g first + x second + third, channel by channel. */
void affine_backward(float *g, const float *x, size_t count, size_t channels, const float *firsts, const float *seconds,
                     const float *thirds, int threads) {
  size_t width = row_width(channels);
  float first[width], second[width], third[width];
  repeat(firsts, channels, first, width), repeat(seconds, channels, second, width), repeat(thirds, channels, third, width);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t row = 0; row < count; row += width) {
    size_t columns = row + width < count ? width : count - row;
#pragma GCC ivdep
    for (size_t i = 0; i < columns; i++) g[row + i] = g[row + i] * first[i] + (x[row + i] * second[i] + third[i]);
  }
}

/* y = atan(inner x) outer. */
void bounded(const float *x, float *y, size_t count, float inner, float outer, int threads) {
#pragma omp parallel for simd num_threads(threads) schedule(static)
  for (size_t i = 0; i < count; i++) y[i] = arc_tangent(x[i] * inner) * outer;
}

/* result = g slope / (1 + u^2), u = inner x; result may be g. sums (blocks, 3) gets the sums of g atan(u), of
   result x, and of g d where d = (atan(u) - u / (1 + u^2)) / a^2: for small u its series, from which a^2 is divided out. */
void bounded_backward(const float *g, const float *x, float *result, size_t count, float inner, float slope,
                      float inverse_a2, double *sums, int threads) {
  size_t many = blocks(count, 1);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t block = 0; block < many; block++) {
    size_t end = (block + 1) * BLOCK < count ? (block + 1) * BLOCK : count;
    float angles = 0, values = 0, odds = 0;
#pragma omp simd reduction(+ : angles, values, odds)
    for (size_t i = block * BLOCK; i < end; i++) {
      float u = x[i] * inner, w = u * u, inverse = 1 / (w + 1), angle = arc_tangent(u), own = g[i] * inverse * slope;
      float series = ((w * (-8 / 9.0f) + 6 / 7.0f) * w - 4 / 5.0f) * w + 2 / 3.0f;
      series = series * u * x[i] * x[i] * slope;
      float direct = (angle - u * inverse) * inverse_a2;
      angles += g[i] * angle;
      values += own * x[i];
      odds += g[i] * (w < 0.04f ? series : direct);
      result[i] = own;
    }
    sums[3 * block] = angles, sums[3 * block + 1] = values, sums[3 * block + 2] = odds;
  }
}
