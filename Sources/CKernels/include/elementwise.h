// The parts of a transformer that are not matrix products. Rows are contiguous f32 with a stride of elements.
#pragma once
#include <stdint.h>

/// out = x / rms(x) · weight by rows; rms(x)² = mean(x²) + epsilon. inverse_rms keeps 1/rms for the backward.
void assay_rmsnorm(long rows, long width, const float *x, long x_row, const float *weight, float epsilon, float *out,
                   long out_row, float *inverse_rms);
/// dx += the gradient of rmsnorm: inverse·(dy·w) − x·inverse³/width·Σ(dy·w·x).
void assay_rmsnorm_backward(long rows, long width, const float *x, long x_row, const float *weight,
                            const float *inverse_rms, const float *dy, long dy_row, float *dx, long dx_row);

/// out = (x − mean) / √(variance + epsilon) · weight + bias by rows. mean and inverse (1 / the root), one number a row,
/// are kept for the backward; both may be NULL.
void assay_layernorm(long rows, long width, const float *x, long x_row, const float *weight, const float *bias,
                     float epsilon, float *out, long out_row, float *mean, float *inverse);
/// dx += the gradient of layernorm: for n = (x − mean)·inverse and g = dy·w, inverse·(g − mean(g) − n·mean(g·n)).
void assay_layernorm_backward(long rows, long width, const float *x, long x_row, const float *weight, const float *mean,
                              const float *inverse, const float *dy, long dy_row, float *dx, long dx_row);
/// dweight += Σ dy·n and dbias += Σ dy over the rows.
void assay_layernorm_parameters(long rows, long width, const float *x, long x_row, const float *mean,
                                const float *inverse, const float *dy, long dy_row, float *dweight, float *dbias);

/// out = x·Φ(x), Φ the normal distribution function: GELU in its exact form. out may be x.
void assay_gelu(long rows, long width, const float *x, long x_row, float *out, long out_row);
/// d, the gradient of gelu(x), becomes that of x: d·(Φ(x) + x·φ(x)).
void assay_gelu_backward(long rows, long width, const float *x, long x_row, float *d, long d_row);

void assay_tanh(long rows, long width, const float *x, long x_row, float *out, long out_row);
/// d, the gradient of y = tanh(x), becomes that of x: d·(1 − y²).
void assay_tanh_backward(long rows, long width, const float *y, long y_row, float *d, long d_row);

/// Rotary position embedding, in place, Hugging Face halves: (a, b) = (x[i], x[i + size/2]) turned by the angle of
/// (position, i). `sign` −1 turns back: the transpose, hence the backward. tables: [position][size/2].
void assay_rope(long rows, long heads, long size, float *x, long x_row, const int32_t *positions, const float *cosines,
                const float *sines, float sign);

/// out = silu(gate) · up.
void assay_swiglu(long rows, long width, const float *gate, long gate_row, const float *up, long up_row, float *out,
                  long out_row);
/// gate and up become their gradients, d is the gradient of the product.
void assay_swiglu_backward(long rows, long width, float *gate, long gate_row, float *up, long up_row, const float *d,
                           long d_row);

/// Cross-entropy of each row with its target. losses[row] = −log softmax(logits)[target]; the row becomes
/// (softmax − onehot) · scale when scale is not 0.
void assay_cross_entropy(long rows, long width, float *logits, long row, const int32_t *targets, float *losses,
                         float scale);

void assay_add(long rows, long width, const float *x, long x_row, float *y, long y_row);
void assay_add_bias(long rows, long width, const float *bias, float *y, long y_row);
/// sums += Σ x over the rows.
void assay_add_column_sums(long rows, long width, const float *x, long x_row, float *sums);
void assay_scale(long count, float factor, float *x);
double assay_sum_of_squares(long count, const float *x);
/// 1 when every element is finite.
int assay_all_finite(long count, const float *x);
void assay_narrow(long rows, long width, const float *x, long x_row, uint16_t *out, long out_row);
void assay_widen(long rows, long width, const uint16_t *x, long x_row, float *out, long out_row);

/// out = mask · x / (1 − p), or out += … when `accumulate`. The mask of a row is a function of its key and the
/// column alone, so that it does not depend on how rows are shared among threads, and can be made again.
void assay_dropout(long rows, long width, const float *x, long x_row, const uint64_t *keys, float p, float *out,
                   long out_row, int accumulate);

/// One AdamW step (Loshchilov & Hutter 2019, as PyTorch orders it). correction1/2 are 1 − βᵗ.
void assay_adamw(long count, float *w, const float *g, float *m, float *v, float rate, float beta1, float beta2,
                 float epsilon, float decay, float correction1, float correction2, float gradient_scale);
