// Attention of one head over a run of queries and up to two runs of keys.
#pragma once
#include "gemm.h"

/// Queries of one sequence see all of a prefix (shared by several sequences) and their own keys: those up to their own
/// place when `causal`, else all.
///
///   S = scale · Q·[Kp | Ko]ᵀ,  P = softmax(S) by rows, if causal with Ko masked above the diagonal,  O = P·[Vp ; Vo]
///
/// All matrices are f32 by rows of `size` elements with the given stride; prefix_count may be 0. `compute` is what the
/// factors of the products are rounded to; sums and the softmax are f32 in any case.
typedef struct {
  long count, size;
  const float *q;
  long q_row;
  const float *k, *v;
  long kv_row;
  long prefix_count;
  const float *prefix_k, *prefix_v;
  long prefix_row;
  float scale;
  int causal;
  assay_element compute;
} assay_attention;

/// o: [count, size]; log_sum: [count], log Σ exp of each row, kept for the backward. Returns 0, or -1 without memory.
int assay_attention_forward(const assay_attention *x, float *o, long o_row, float *log_sum);

/// dq is overwritten; dk and dv (own keys) are overwritten; prefix_dk and prefix_dv are added to.
/// From dP = dO·Vᵀ and D = Σ dO∘O:  dS = P ∘ (dP − D) · scale,  dQ = dS·K,  dK = dSᵀ·Q,  dV = Pᵀ·dO.
int assay_attention_backward(const assay_attention *x, const float *o, long o_row, const float *log_sum,
                             const float *d_o, long do_row, float *dq, long dq_row, float *dk, float *dv, long dkv_row,
                             float *prefix_dk, float *prefix_dv, long prefix_d_row);
