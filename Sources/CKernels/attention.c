#include "attention.h"

#include "gemm.h"
#include "scratch.h"
#include "simd.h"

// Queries handled together: their scores stay in L2 for prompts of a few hundred tokens.
enum { BLOCK = 64 };

static assay_product product(const float *a, long a_row, long a_column, const float *b, long b_row, long b_column,
                             long k) {
  return (assay_product){.a = a, .a_row = a_row, .a_column = a_column, .b = b, .b_row = b_row, .b_column = b_column,
                         .k = k};
}

/// Scores of queries first … first+rows-1 with the prefix and with own keys 0 … first+rows-1.
static int scores(const assay_attention *x, long first, long rows, float *s, long s_row) {
  assay_product p = product(x->q + first * x->q_row, x->q_row, 1, x->prefix_k, 1, x->prefix_row, x->size);
  if (assay_gemm(rows, x->prefix_count, &p, 1, s, s_row, 0)) return -1;
  p = product(x->q + first * x->q_row, x->q_row, 1, x->k, 1, x->kv_row, x->size);
  return assay_gemm(rows, first + rows, &p, 1, s + x->prefix_count, s_row, 0);
}

/// Rows become softmax(scale · s) over their first `visible + row` columns, and 0 after them.
KERNEL static void softmax_rows(long rows, long visible, long columns, float scale, float *s, long s_row,
                                float *log_sum) {
  REASSOCIATE
  for (long r = 0; r < rows; r++) {
    float *z = s + r * s_row, most = z[0], sum = 0, spread = 0;
    long n = visible + r;
    for (long i = 0; i < n; i++) most = z[i] > most ? z[i] : most;
    for (long i = 0; i < n; i++) spread += z[i] - z[i];
    for (long i = 0; i < n; i++) {
      float e = fast_exp((z[i] - most) * scale);
      sum += e;
      z[i] = e;
    }
    sum += spread;  // NaN and ∞ must not be hidden by the clamp of fast_exp
    float inverse = 1.0f / sum;
    for (long i = 0; i < n; i++) z[i] *= inverse;
    for (long i = n; i < columns; i++) z[i] = 0;
    log_sum[r] = logf(sum) + most * scale;
  }
}

/// Rows become exp(scale · s − log_sum): the softmax again.
KERNEL static void softmax_again(long rows, long visible, long columns, float scale, float *s, long s_row,
                                 const float *log_sum) {
  for (long r = 0; r < rows; r++) {
    float *z = s + r * s_row, l = log_sum[r];
    long n = visible + r;
    for (long i = 0; i < n; i++) z[i] = fast_exp(z[i] * scale - l);
    for (long i = n; i < columns; i++) z[i] = 0;
  }
}

/// ds = p ∘ (dp − Σ dO∘O) · scale.
KERNEL static void score_gradient(long rows, long columns, long size, float scale, const float *o, long o_row,
                                  const float *d_o, long do_row, const float *p, float *dp, long s_row) {
  REASSOCIATE
  for (long r = 0; r < rows; r++) {
    float dot = 0;
    for (long i = 0; i < size; i++) dot += o[r * o_row + i] * d_o[r * do_row + i];
    for (long i = 0; i < columns; i++) {
      float *d = dp + r * s_row + i;
      *d = p[r * s_row + i] * (*d - dot) * scale;
    }
  }
}

int assay_attention_forward(const assay_attention *x, float *o, long o_row, float *log_sum) {
  long s_row = x->prefix_count + x->count;
  float *s = thread_scratch(SCRATCH_ATTENTION, sizeof(float) * (size_t)s_row * BLOCK);
  if (!s) return -1;
  for (long i = 0; i < x->count; i += BLOCK) {
    long rows = x->count - i < BLOCK ? x->count - i : BLOCK, own = i + rows;
    if (scores(x, i, rows, s, s_row)) return -1;
    softmax_rows(rows, x->prefix_count + i + 1, x->prefix_count + own, x->scale, s, s_row, log_sum + i);
    assay_product p[2] = {
        product(s, s_row, 1, x->prefix_v, x->prefix_row, 1, x->prefix_count),
        product(s + x->prefix_count, s_row, 1, x->v, x->kv_row, 1, own),
    };
    if (assay_gemm(rows, x->size, p, 2, o + i * o_row, o_row, 0)) return -1;
  }
  return 0;
}

int assay_attention_backward(const assay_attention *x, const float *o, long o_row, const float *log_sum,
                             const float *d_o, long do_row, float *dq, long dq_row, float *dk, float *dv, long dkv_row,
                             float *prefix_dk, float *prefix_dv, long prefix_d_row) {
  long prefix = x->prefix_count, s_row = prefix + x->count, size = x->size;
  float *s = thread_scratch(SCRATCH_ATTENTION, 2 * sizeof(float) * (size_t)s_row * BLOCK);
  if (!s) return -1;
  float *ds = s + s_row * BLOCK;
  for (long r = 0; r < x->count; r++) {
    memset(dk + r * dkv_row, 0, sizeof(float) * (size_t)size);
    memset(dv + r * dkv_row, 0, sizeof(float) * (size_t)size);
  }
  for (long i = 0; i < x->count; i += BLOCK) {
    long rows = x->count - i < BLOCK ? x->count - i : BLOCK, own = i + rows, columns = prefix + own;
    const float *dob = d_o + i * do_row, *qb = x->q + i * x->q_row;
    if (scores(x, i, rows, s, s_row)) return -1;
    softmax_again(rows, prefix + i + 1, columns, x->scale, s, s_row, log_sum + i);
    assay_product p = product(dob, do_row, 1, x->prefix_v, 1, x->prefix_row, size);
    int failed = assay_gemm(rows, prefix, &p, 1, ds, s_row, 0);
    p = product(dob, do_row, 1, x->v, 1, x->kv_row, size);
    failed |= assay_gemm(rows, own, &p, 1, ds + prefix, s_row, 0);
    p = product(s + prefix, 1, s_row, dob, do_row, 1, rows);
    failed |= assay_gemm(own, size, &p, 1, dv, dkv_row, 1);
    p = product(s, 1, s_row, dob, do_row, 1, rows);
    failed |= assay_gemm(prefix, size, &p, 1, prefix_dv, prefix_d_row, 1);
    score_gradient(rows, columns, size, x->scale, o + i * o_row, o_row, dob, do_row, s, ds, s_row);
    p = product(ds + prefix, 1, s_row, qb, x->q_row, 1, rows);
    failed |= assay_gemm(own, size, &p, 1, dk, dkv_row, 1);
    p = product(ds, 1, s_row, qb, x->q_row, 1, rows);
    failed |= assay_gemm(prefix, size, &p, 1, prefix_dk, prefix_d_row, 1);
    assay_product q[2] = {
        product(ds, s_row, 1, x->prefix_k, x->prefix_row, 1, prefix),
        product(ds + prefix, s_row, 1, x->k, x->kv_row, 1, own),
    };
    failed |= assay_gemm(rows, size, q, 2, dq + i * dq_row, dq_row, 0);
    if (failed) return -1;
  }
  return 0;
}
