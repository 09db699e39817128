#include "elementwise.h"

#include "simd.h"

KERNEL void assay_rmsnorm(long rows, long width, const float *x, long x_row, const float *weight, float epsilon,
                          float *out, long out_row, float *inverse_rms) {
  REASSOCIATE
  for (long r = 0; r < rows; r++) {
    const float *in = x + r * x_row;
    float *to = out + r * out_row, sum = 0;
    for (long i = 0; i < width; i++) sum += in[i] * in[i];
    float inverse = 1.0f / sqrtf(sum / (float)width + epsilon);
    if (inverse_rms) inverse_rms[r] = inverse;
    for (long i = 0; i < width; i++) to[i] = in[i] * inverse * weight[i];
  }
}

KERNEL void assay_rmsnorm_backward(long rows, long width, const float *x, long x_row, const float *weight,
                                   const float *inverse_rms, const float *dy, long dy_row, float *dx, long dx_row) {
  REASSOCIATE
  for (long r = 0; r < rows; r++) {
    const float *in = x + r * x_row, *d = dy + r * dy_row;
    float *to = dx + r * dx_row, inverse = inverse_rms[r], dot = 0;
    for (long i = 0; i < width; i++) dot += d[i] * weight[i] * in[i];
    float along = dot * inverse * inverse * inverse / (float)width;
    for (long i = 0; i < width; i++) to[i] += d[i] * weight[i] * inverse - in[i] * along;
  }
}

KERNEL void assay_layernorm(long rows, long width, const float *x, long x_row, const float *weight, const float *bias,
                            float epsilon, float *out, long out_row, float *mean, float *inverse) {
  REASSOCIATE
  for (long r = 0; r < rows; r++) {
    const float *in = x + r * x_row;
    float *to = out + r * out_row, sum = 0, squares = 0;
    for (long i = 0; i < width; i++) sum += in[i];
    float center = sum / (float)width;
    // In two passes: Σx² − mean² would cancel.
    for (long i = 0; i < width; i++) squares += (in[i] - center) * (in[i] - center);
    float factor = 1.0f / sqrtf(squares / (float)width + epsilon);
    if (mean) mean[r] = center;
    if (inverse) inverse[r] = factor;
    for (long i = 0; i < width; i++) to[i] = (in[i] - center) * factor * weight[i] + bias[i];
  }
}

KERNEL void assay_layernorm_backward(long rows, long width, const float *x, long x_row, const float *weight,
                                     const float *mean, const float *inverse, const float *dy, long dy_row, float *dx,
                                     long dx_row) {
  REASSOCIATE
  for (long r = 0; r < rows; r++) {
    const float *in = x + r * x_row, *d = dy + r * dy_row;
    float *to = dx + r * dx_row, center = mean[r], factor = inverse[r], sum = 0, dot = 0;
    for (long i = 0; i < width; i++) {
      float g = d[i] * weight[i];
      sum += g;
      dot += g * (in[i] - center);
    }
    sum /= (float)width;
    dot *= factor * factor / (float)width;
    for (long i = 0; i < width; i++) to[i] += factor * (d[i] * weight[i] - sum - (in[i] - center) * dot);
  }
}

INLINE void layernorm_parameters_row(long width, const float *in, const float *d, float center, float factor,
                                     float *restrict dweight, float *restrict dbias) {
  for (long i = 0; i < width; i++) {
    dweight[i] += d[i] * (in[i] - center) * factor;
    dbias[i] += d[i];
  }
}

KERNEL void assay_layernorm_parameters(long rows, long width, const float *x, long x_row, const float *mean,
                                       const float *inverse, const float *dy, long dy_row, float *dweight,
                                       float *dbias) {
  for (long r = 0; r < rows; r++)
    layernorm_parameters_row(width, x + r * x_row, dy + r * dy_row, mean[r], inverse[r], dweight, dbias);
}

/// erf to 4e-7 (a rational minimax approximation on ±4, where erf is 1 to the last bit but one; Eigen's coefficients).
/// A NaN passes through.
INLINE float fast_erf(float x) {
  x = x < -4.0f ? -4.0f : x;
  x = x > 4.0f ? 4.0f : x;
  float t = x * x;
  float p = -2.72614225801306e-10f;
  p = p * t + 2.77068142495902e-08f;
  p = p * t + -2.10102402082508e-06f;
  p = p * t + -5.69250639462346e-05f;
  p = p * t + -7.34990630326855e-04f;
  p = p * t + -2.95459980854025e-03f;
  p = p * t + -1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * t + -2.13374055278905e-04f;
  q = q * t + -1.68282697438203e-03f;
  q = q * t + -7.37332916720468e-03f;
  q = q * t + -1.42647390514189e-02f;
  return x * p / q;
}

/// Φ(x) = (1 + erf(x/√2)) / 2.
INLINE float normal_distribution(float x) { return 0.5f + 0.5f * fast_erf(x * 0.707106781f); }

KERNEL void assay_gelu(long rows, long width, const float *x, long x_row, float *out, long out_row) {
  for (long r = 0; r < rows; r++) {
    const float *in = x + r * x_row;
    float *to = out + r * out_row;
    for (long i = 0; i < width; i++) to[i] = in[i] * normal_distribution(in[i]);
  }
}

KERNEL void assay_gelu_backward(long rows, long width, const float *x, long x_row, float *d, long d_row) {
  for (long r = 0; r < rows; r++) {
    const float *in = x + r * x_row;
    float *to = d + r * d_row;
    for (long i = 0; i < width; i++) {
      float density = fast_exp(-0.5f * in[i] * in[i]) * 0.398942280f;
      to[i] *= normal_distribution(in[i]) + in[i] * density;
    }
  }
}

void assay_tanh(long rows, long width, const float *x, long x_row, float *out, long out_row) {
  for (long r = 0; r < rows; r++)
    for (long i = 0; i < width; i++) out[r * out_row + i] = tanhf(x[r * x_row + i]);
}

KERNEL void assay_tanh_backward(long rows, long width, const float *y, long y_row, float *d, long d_row) {
  for (long r = 0; r < rows; r++) {
    const float *of = y + r * y_row;
    float *to = d + r * d_row;
    for (long i = 0; i < width; i++) to[i] *= 1.0f - of[i] * of[i];
  }
}

KERNEL void assay_rope(long rows, long heads, long size, float *x, long x_row, const int32_t *positions,
                       const float *cosines, const float *sines, float sign) {
  long half = size / 2;
  for (long r = 0; r < rows; r++) {
    const float *c = cosines + positions[r] * half, *s = sines + positions[r] * half;
    for (long h = 0; h < heads; h++) {
      float *a = x + r * x_row + h * size, *b = a + half;
      for (long i = 0; i < half; i++) {
        float u = a[i], v = b[i], t = sign * s[i];
        a[i] = u * c[i] - v * t;
        b[i] = v * c[i] + u * t;
      }
    }
  }
}

KERNEL void assay_swiglu(long rows, long width, const float *gate, long gate_row, const float *up, long up_row,
                         float *out, long out_row) {
  for (long r = 0; r < rows; r++) {
    const float *g = gate + r * gate_row, *u = up + r * up_row;
    float *to = out + r * out_row;
    for (long i = 0; i < width; i++) to[i] = g[i] * sigmoid(g[i]) * u[i];
  }
}

/// One row. Gate and up are windows of one matrix, row beside row: a check that they do not overlap would span all
/// rows, fail, and leave the loop one number at a time; `restrict` on the parameters says it instead.
INLINE void swiglu_backward_row(long width, float *restrict gate, float *restrict up, const float *restrict d) {
  for (long i = 0; i < width; i++) {
    float g = gate[i], s = sigmoid(g), silu = g * s;
    gate[i] = d[i] * up[i] * s * (1.0f + g * (1.0f - s));
    up[i] = d[i] * silu;
  }
}

KERNEL void assay_swiglu_backward(long rows, long width, float *gate, long gate_row, float *up, long up_row,
                                  const float *d, long d_row) {
  for (long r = 0; r < rows; r++)
    swiglu_backward_row(width, gate + r * gate_row, up + r * up_row, d + r * d_row);
}

KERNEL void assay_cross_entropy(long rows, long width, float *logits, long row, const int32_t *targets,
                                float *losses, float scale) {
  REASSOCIATE
  for (long r = 0; r < rows; r++) {
    float *z = logits + r * row, most = z[0], sum = 0, at = z[targets[r]];
    for (long i = 0; i < width; i++) most = z[i] > most ? z[i] : most;
    // A NaN or +∞ among the logits must reach the loss: the clamp inside fast_exp would hide it.
    float spread = 0;
    for (long i = 0; i < width; i++) spread += z[i] - z[i];
    for (long i = 0; i < width; i++) {
      float e = fast_exp(z[i] - most);
      sum += e;
      if (scale != 0) z[i] = e;
    }
    losses[r] = logf(sum) + most - at + spread;
    if (scale != 0) {
      float factor = scale / sum;
      for (long i = 0; i < width; i++) z[i] *= factor;
      z[targets[r]] -= scale;
    }
  }
}

KERNEL void assay_add(long rows, long width, const float *x, long x_row, float *y, long y_row) {
  for (long r = 0; r < rows; r++) {
    const float *from = x + r * x_row;
    float *to = y + r * y_row;
    for (long i = 0; i < width; i++) to[i] += from[i];
  }
}

KERNEL void assay_add_bias(long rows, long width, const float *bias, float *y, long y_row) {
  for (long r = 0; r < rows; r++)
    for (long i = 0; i < width; i++) y[r * y_row + i] += bias[i];
}

INLINE void add_row(long width, const float *restrict x, float *restrict y) {
  for (long i = 0; i < width; i++) y[i] += x[i];
}

KERNEL void assay_add_column_sums(long rows, long width, const float *x, long x_row, float *sums) {
  for (long r = 0; r < rows; r++) add_row(width, x + r * x_row, sums);
}

KERNEL void assay_scale(long count, float factor, float *x) {
  for (long i = 0; i < count; i++) x[i] *= factor;
}

KERNEL double assay_sum_of_squares(long count, const float *x) {
  REASSOCIATE
  double total = 0;
  for (long i = 0; i < count; i++) total += (double)x[i] * x[i];
  return total;
}

KERNEL int assay_all_finite(long count, const float *x) {
  int32_t all = 1;
  for (long i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    all &= (bits & 0x7f800000u) != 0x7f800000u;
  }
  return all;
}

KERNEL void assay_narrow(long rows, long width, const float *x, long x_row, uint16_t *out, long out_row) {
  for (long r = 0; r < rows; r++)
    for (long i = 0; i < width; i++) out[r * out_row + i] = narrow(x[r * x_row + i]);
}

KERNEL void assay_widen(long rows, long width, const uint16_t *x, long x_row, float *out, long out_row) {
  for (long r = 0; r < rows; r++)
    for (long i = 0; i < width; i++) out[r * out_row + i] = widen(x[r * x_row + i]);
}

/// An integer hash with full avalanche (Wellons' "lowbias32").
INLINE uint32_t scramble(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ x >> 16;
}

KERNEL void assay_dropout(long rows, long width, const float *x, long x_row, const uint64_t *keys, float p, float *out,
                          long out_row, int accumulate) {
  float keep = 1.0f / (1.0f - p);
  uint32_t threshold = (uint32_t)((double)p * 16777216.0);
  for (long r = 0; r < rows; r++) {
    const float *in = x + r * x_row;
    float *to = out + r * out_row;
    uint32_t low = (uint32_t)keys[r], high = (uint32_t)(keys[r] >> 32);
    if (accumulate)
      for (long i = 0; i < width; i++) {
        uint32_t dice = scramble(scramble((uint32_t)i ^ low) + high) >> 8;
        to[i] += dice < threshold ? 0 : in[i] * keep;
      }
    else
      for (long i = 0; i < width; i++) {
        uint32_t dice = scramble(scramble((uint32_t)i ^ low) + high) >> 8;
        to[i] = dice < threshold ? 0 : in[i] * keep;
      }
  }
}

KERNEL void assay_adamw(long count, float *w, const float *g, float *m, float *v, float rate, float beta1, float beta2,
                        float epsilon, float decay, float correction1, float correction2, float gradient_scale) {
  float step = rate / correction1, inverse_root = 1.0f / sqrtf(correction2);
  for (long i = 0; i < count; i++) {
    float gradient = g[i] * gradient_scale;
    m[i] = beta1 * m[i] + (1.0f - beta1) * gradient;
    v[i] = beta2 * v[i] + (1.0f - beta2) * gradient * gradient;
    w[i] -= rate * decay * w[i];
    w[i] -= step * m[i] / (sqrtf(v[i]) * inverse_root + epsilon);
  }
}
