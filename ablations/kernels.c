/* Elementwise passes of the residual family on a CPU: float32, `count` elements in a row, channels innermost.

   Per-channel numbers are repeated to a row of `width` elements (a multiple of the channels), so that the inner loops are
   long. Sums are made in parts, one a block of whole rows: whatever the number of threads, the same numbers are added in the
   same order. What the functions are for says kernels.py; its tests compare them with torch's operators. No branch depends on a
   value, so NaN and infinity pass through as in the formulas. */

#include <math.h>
#include <stddef.h>
#include <string.h>

#define BLOCK 16384 /* elements, about: what a core takes at a time */
#define ROW 256     /* elements, at least */

static inline size_t least(size_t one, size_t other) { return one < other ? one : other; }
/* The length of a row; that of a block; the number of blocks. */
size_t row_width(size_t channels) { return channels * ((ROW + channels - 1) / channels); }
static inline size_t block_length(size_t width) { return width * ((BLOCK + width - 1) / width); }
size_t blocks(size_t count, size_t width) { return (count + block_length(width) - 1) / block_length(width); }

/* The first `channels` numbers of the row, again and again. */
static inline void repeat(float *row, size_t channels, size_t width) {
  for (size_t i = channels; i < width; i++) row[i] = row[i - channels];
}

/* The first `channels` numbers of the row become the sums of what the row has for each channel. */
static inline void fold(float *row, size_t channels, size_t width) {
  for (size_t next = channels; next < width; next += channels)
    for (size_t i = 0; i < channels; i++) row[i] += row[next + i];
}

/* exp(z) - 1 for z <= 0. z = n ln 2 + r: 2^n (exp(r) - 1) + (2^n - 1), the middle term as its Taylor series to r^7, whose
   rest is below 5e-9 for |r| <= ln(2) / 2. */
static inline float minus_one_exp(float z) {
  z = z < -87.0f ? -87.0f : z;
  float n = rintf(z * 1.44269504f);
  float r = z - n * 0.693359375f + n * 2.12194440e-4f; /* ln 2 in two parts, the first exact in few bits */
  float p = ((1 / 5040.0f * r + 1 / 720.0f) * r + 1 / 120.0f) * r + 1 / 24.0f;
  p = ((p * r + 1 / 6.0f) * r + 0.5f) * r * r + r;
  union { int whole; float real; } power = {((int)n + 127) << 23};
  return power.real * p + (power.real - 1);
}

/* atan(u): v + v^3 P(v^2) with v = |u| or its reciprocal. P is the Chebyshev fit of degree 8 to (atan(v)/v - 1)/v^2 on
   [0, 1]; its error is below 1.6e-8. */
static inline float arc_tangent(float u) {
  float size = fabsf(u), v = size > 1 ? 1 / size : size, w = v * v;
  float p = ((-0.00238699731672f * w + 0.013507771427f) * w - 0.035871538982f) * w + 0.0625016944475f;
  p = ((p * w - 0.0865688043015f) * w + 0.110337641153f) * w - 0.142785687482f;
  p = (p * w + 0.199997393298f) * w - 0.333333317331f;
  float angle = v + v * w * p;
  angle = size > 1 ? 1.57079637f - angle - 4.37113883e-8f : angle; /* pi / 2 in two parts */
  return copysignf(angle, u);
}

/* found (2, channels) = the mean of x and its variance, divided by the number of values. The running ones move
   towards the mean and the unbiased variance by the share `momentum`. parts: (blocks, 2, width), scratch.

   Each block's sums of squares are about its own means, and are put together by Chan's formula (1979, STAN-CS-79-773). */
void statistics(const float *x, size_t count, size_t channels, float *parts, float *found, float *running_mean,
                float *running_variance, double momentum, int threads) {
  size_t width = row_width(channels), length = block_length(width), many = blocks(count, width);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t block = 0; block < many; block++) {
    size_t begin = block * length, end = least(begin + length, count);
    float *sum = parts + 2 * block * width, *square = sum + width, own = (float)(end - begin) / channels;
    for (size_t i = 0; i < width; i++) sum[i] = square[i] = 0;
    for (size_t row = begin; row < end; row += width)
      for (size_t i = 0; i < least(width, end - row); i++) sum[i] += x[row + i];
    fold(sum, channels, width);
    for (size_t i = 0; i < channels; i++) sum[i] /= own;
    repeat(sum, channels, width);
    for (size_t row = begin; row < end; row += width)
      for (size_t i = 0; i < least(width, end - row); i++) square[i] += (x[row + i] - sum[i]) * (x[row + i] - sum[i]);
    fold(square, channels, width);
  }
  for (size_t i = 0; i < channels; i++) {
    double values = 0, squares = 0, mean = 0;
    for (size_t block = 0; block < many; block++) {
      double own = (double)least(length, count - block * length) / channels, before = values;
      double away = parts[2 * block * width + i] - mean;
      values += own;
      mean += away * own / values;
      squares += parts[(2 * block + 1) * width + i] + away * away * own * before / values;
    }
    found[i] = mean, found[channels + i] = squares / values;
    running_mean[i] += momentum * (mean - running_mean[i]);
    running_variance[i] += momentum * (squares / (values - 1) - running_variance[i]);
  }
}

/* y = ELU(BatchNorm(x)); y may be x. statistics (2, channels): means and variances by which to normalise. */
void activated(const float *x, float *y, size_t count, size_t channels, const float *gamma, const float *beta,
               const float *statistics, double eps, int threads) {
  size_t width = row_width(channels);
  float scale[width], shift[width];
  for (size_t i = 0; i < channels; i++) {
    double factor = gamma[i] / sqrt(statistics[channels + i] + eps);
    scale[i] = factor, shift[i] = beta[i] - statistics[i] * factor;
  }
  repeat(scale, channels, width), repeat(shift, channels, width);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t row = 0; row < count; row += width) {
#pragma GCC ivdep
    for (size_t i = 0; i < least(width, count - row); i++) {
      float z = x[row + i] * scale[i] + shift[i], low = minus_one_exp(z > 0 ? 0 : z);
      y[row + i] = z > 0 ? z : low;
    }
  }
}

/* From g, the gradient of y = ELU(BatchNorm(x)), and y: g becomes the gradient of x, plus `more` unless that is null.
   sums (channels), products (channels) become the gradients of beta and gamma. parts: (blocks, 2, width), scratch.

   Let z = (x - mean) r gamma + beta with r = 1 / sqrt(variance + eps), n the number of values per channel, and g' the
   gradient of z. With running statistics (`batch` 0), which are constants, the gradient of x is gamma r g'; with those of
   the batch it is gamma r (g' - sum(g') / n - (x - mean) r^2 sum(g' (x - mean)) / n). */
void activated_backward(float *g, const float *y, const float *x, const float *more, size_t count, size_t channels,
                        const float *gamma, const float *statistics, double eps, int batch, float *parts, float *products,
                        float *sums, int threads) {
  size_t width = row_width(channels), length = block_length(width), many = blocks(count, width);
  float mean[width], first[width], second[width], third[width];
  memcpy(mean, statistics, channels * sizeof *mean);
  repeat(mean, channels, width);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t block = 0; block < many; block++) {
    size_t end = least((block + 1) * length, count);
    float *sum = parts + 2 * block * width, *product = sum + width;
    for (size_t i = 0; i < width; i++) sum[i] = product[i] = 0;
    for (size_t row = block * length; row < end; row += width) {
#pragma GCC ivdep
      for (size_t i = 0; i < least(width, end - row); i++) {
        float slope = y[row + i] > 0 ? 1 : y[row + i] + 1, own = g[row + i] * slope;
        g[row + i] = own;
        sum[i] += own;
        product[i] += own * (x[row + i] - mean[i]);
      }
    }
    fold(sum, channels, width), fold(product, channels, width);
  }
  for (size_t i = 0; i < channels; i++) {
    double sum = 0, product = 0, inverse = 1 / sqrt(statistics[channels + i] + eps), scale = gamma[i] * inverse;
    for (size_t block = 0; block < many; block++)
      sum += parts[2 * block * width + i], product += parts[(2 * block + 1) * width + i];
    double slope = batch ? -scale * inverse * inverse * product * channels / count : 0;
    sums[i] = sum, products[i] = product * inverse, first[i] = scale, second[i] = slope;
    third[i] = batch ? -scale * sum * channels / count - mean[i] * slope : 0;
  }
  repeat(first, channels, width), repeat(second, channels, width), repeat(third, channels, width);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t row = 0; row < count; row += width) {
#pragma GCC ivdep
    for (size_t i = 0; i < least(width, count - row); i++)
      g[row + i] = g[row + i] * first[i] + (x[row + i] * second[i] + third[i]) + (more ? more[row + i] : 0);
  }
}

/* y = atan(inner x) outer. */
void bounded(const float *x, float *y, size_t count, float inner, float outer, int threads) {
#pragma omp parallel for simd num_threads(threads) schedule(static)
  for (size_t i = 0; i < count; i++) y[i] = arc_tangent(x[i] * inner) * outer;
}

/* result = own = g slope / (1 + u^2), u = inner x, or with `add` result += own. result may be g. sums (blocks, 3) gets the
   sums of g atan(u), of own x, and of g d where d = (atan(u) - u / (1 + u^2)) / a^2: for small u its series, from which a^2
   is divided out. */
void bounded_backward(const float *g, const float *x, float *result, size_t count, float inner, float slope,
                      float inverse_a2, int add, double *sums, int threads) {
  size_t many = blocks(count, 1);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t block = 0; block < many; block++) {
    size_t end = least((block + 1) * BLOCK, count);
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
      result[i] = add ? result[i] + own : own;
    }
    sums[3 * block] = angles, sums[3 * block + 1] = values, sums[3 * block + 2] = odds;
  }
}
