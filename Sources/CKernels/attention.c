#include "attention.h"

#include "gemm.h"
#include "scratch.h"
#include "simd.h"

// Queries handled together, a multiple of every kernel's tile: their scores (twice, in the backward) stay in L2 for
// prompts of a few hundred tokens. Below `FEW` queries, as in generation, packing would cost more than it saves.
enum { BLOCK = 48, FEW = 4 };

/// Queries of one block: as few blocks as will do, of even size.
static long block_rows(long count) {
  long blocks = (count + BLOCK - 1) / BLOCK, rows = (count + blocks - 1) / (blocks > 0 ? blocks : 1);
  return (rows + 11) / 12 * 12;
}

/// Columns of a block of scores: one cache line more than they need, since rows a power of two apart would compete
/// for the same places of the cache.
static long score_columns(const assay_attention *x) { return (x->prefix_count + x->count + 15) / 16 * 16 + 16; }

static assay_product product(const assay_attention *x, const float *a, long a_row, long a_column, const float *b,
                             long b_row, long b_column, long k) {
  return (assay_product){.a = a, .a_row = a_row, .a_column = a_column, .b = b, .b_row = b_row, .b_column = b_column,
                         .k = k, .compute = x->compute};
}

/// Keys or values of one run, packed once for all blocks of queries: read in both directions, like a weight.
typedef struct {
  const uint32_t *prefix, *own;
  long panel_units;
} packed_rows;

static size_t packed_bytes(const assay_attention *x, long count) {
  long panel = assay_panel();
  return 4 * (size_t)((count + panel - 1) / panel * assay_panel_units(x->size, x->compute));
}

static size_t packed_bytes_of_run(const assay_attention *x) {
  return packed_bytes(x, x->prefix_count) + packed_bytes(x, x->count);
}

static packed_rows pack_run(const assay_attention *x, const float *prefix, const float *own, char *memory) {
  uint32_t *first = (uint32_t *)memory, *second = (uint32_t *)(memory + packed_bytes(x, x->prefix_count));
  assay_pack_weight(x->prefix_count, x->size, prefix, x->prefix_row, ASSAY_F32, x->compute, first);
  assay_pack_weight(x->count, x->size, own, x->kv_row, ASSAY_F32, x->compute, second);
  return (packed_rows){.prefix = first, .own = second, .panel_units = assay_panel_units(x->size, x->compute)};
}

/// out [rows, prefix + own] = a · rowsᵀ for the prefix and the first `own` rows of the run.
static int times_rows(const assay_attention *x, long rows, long own, const float *a, long a_row, packed_rows b,
                      float *out, long out_row) {
  assay_product p = {.a = a, .a_row = a_row, .a_column = 1, .b = b.prefix, .b_row = b.panel_units,
                     .b_layout = ASSAY_PACKED, .k = x->size, .compute = x->compute};
  if (assay_gemm(rows, x->prefix_count, &p, 1, out, out_row, 0)) return -1;
  p.b = b.own;
  return assay_gemm(rows, own, &p, 1, out + x->prefix_count, out_row, 0);
}

/// out [rows, size] = s · rows, for s [rows, prefix + own].
static int weighted_rows(const assay_attention *x, long rows, long own, const float *s, long s_row, packed_rows b,
                         float *out, long out_row) {
  assay_product p[2] = {{.a = s, .a_row = s_row, .a_column = 1, .b = b.prefix, .b_row = b.panel_units,
                         .b_layout = ASSAY_PACKED_ACROSS, .k = x->prefix_count, .compute = x->compute}};
  p[1] = p[0];
  p[1].a = s + x->prefix_count;
  p[1].b = b.own;
  p[1].k = own;
  return assay_gemm(rows, x->size, p, 2, out, out_row, 0);
}

/// Own keys that the queries before `end` see, at most.
static long own_keys(const assay_attention *x, long end) { return x->causal ? end : x->count; }

/// Rows become softmax(scale · s) over their first `visible + row · step` columns, and 0 after them.
KERNEL static void softmax_rows(long rows, long visible, long step, long columns, float scale, float *s, long s_row,
                                float *log_sum) {
  REASSOCIATE
  for (long r = 0; r < rows; r++) {
    float *z = s + r * s_row, most = z[0], sum = 0, spread = 0;
    long n = visible + r * step;
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
KERNEL static void softmax_again(long rows, long visible, long step, long columns, float scale, float *s, long s_row,
                                 const float *log_sum) {
  for (long r = 0; r < rows; r++) {
    float *z = s + r * s_row, l = log_sum[r];
    long n = visible + r * step;
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

/// One query over all keys that it sees: scores, softmax, weighted values. In f32.
KERNEL static void scores_of_one(long count, long size, const float *q, const float *k, long k_row, float *s) {
  REASSOCIATE
  for (long j = 0; j < count; j++) {
    float dot = 0;
    for (long i = 0; i < size; i++) dot += q[i] * k[j * k_row + i];
    s[j] = dot;
  }
}

INLINE void add_scaled(long size, float factor, const float *restrict v, float *restrict o) {
  for (long i = 0; i < size; i++) o[i] += factor * v[i];
}

KERNEL static void add_values_of_one(long count, long size, const float *s, const float *v, long v_row, float *o) {
  for (long j = 0; j < count; j++) add_scaled(size, s[j], v + j * v_row, o);
}

static void forward_few(const assay_attention *x, float *s, float *o, long o_row, float *log_sum) {
  for (long r = 0; r < x->count; r++) {
    const float *q = x->q + r * x->q_row;
    long prefix = x->prefix_count, own = own_keys(x, r + 1);
    scores_of_one(prefix, x->size, q, x->prefix_k, x->prefix_row, s);
    scores_of_one(own, x->size, q, x->k, x->kv_row, s + prefix);
    softmax_rows(1, prefix + own, 0, prefix + own, x->scale, s, prefix + own, log_sum + r);
    memset(o + r * o_row, 0, sizeof(float) * (size_t)x->size);
    add_values_of_one(prefix, x->size, s, x->prefix_v, x->prefix_row, o + r * o_row);
    add_values_of_one(own, x->size, s + prefix, x->v, x->kv_row, o + r * o_row);
  }
}

int assay_attention_forward(const assay_attention *x, float *o, long o_row, float *log_sum) {
  long s_row = score_columns(x), step = block_rows(x->count);
  size_t packed = packed_bytes_of_run(x);
  char *memory = thread_scratch(SCRATCH_ATTENTION, 2 * packed + sizeof(float) * (size_t)(s_row * step));
  if (!memory) return -1;
  float *s = (float *)(memory + 2 * packed);
  if (x->count < FEW) {
    forward_few(x, s, o, o_row, log_sum);
    return 0;
  }
  packed_rows k = pack_run(x, x->prefix_k, x->k, memory), v = pack_run(x, x->prefix_v, x->v, memory + packed);
  for (long i = 0; i < x->count; i += step) {
    long rows = x->count - i < step ? x->count - i : step, own = own_keys(x, i + rows);
    if (times_rows(x, rows, own, x->q + i * x->q_row, x->q_row, k, s, s_row)) return -1;
    softmax_rows(rows, x->prefix_count + own_keys(x, i + 1), x->causal, x->prefix_count + own, x->scale, s, s_row,
                 log_sum + i);
    if (weighted_rows(x, rows, own, s, s_row, v, o + i * o_row, o_row)) return -1;
  }
  return 0;
}

int assay_attention_backward(const assay_attention *x, const float *o, long o_row, const float *log_sum,
                             const float *d_o, long do_row, float *dq, long dq_row, float *dk, float *dv, long dkv_row,
                             float *prefix_dk, float *prefix_dv, long prefix_d_row) {
  long prefix = x->prefix_count, s_row = score_columns(x), size = x->size, step = block_rows(x->count);
  size_t packed = packed_bytes_of_run(x);
  char *memory = thread_scratch(SCRATCH_ATTENTION, 2 * packed + 2 * sizeof(float) * (size_t)(s_row * step));
  if (!memory) return -1;
  float *s = (float *)(memory + 2 * packed), *ds = s + s_row * step;
  packed_rows k = pack_run(x, x->prefix_k, x->k, memory), v = pack_run(x, x->prefix_v, x->v, memory + packed);
  for (long r = 0; r < x->count; r++) {
    memset(dk + r * dkv_row, 0, sizeof(float) * (size_t)size);
    memset(dv + r * dkv_row, 0, sizeof(float) * (size_t)size);
  }
  for (long i = 0; i < x->count; i += step) {
    long rows = x->count - i < step ? x->count - i : step, own = own_keys(x, i + rows), columns = prefix + own;
    const float *dob = d_o + i * do_row, *qb = x->q + i * x->q_row;
    int failed = times_rows(x, rows, own, qb, x->q_row, k, s, s_row);
    softmax_again(rows, prefix + own_keys(x, i + 1), x->causal, columns, x->scale, s, s_row, log_sum + i);
    failed |= times_rows(x, rows, own, dob, do_row, v, ds, s_row);
    assay_product p = product(x, s + prefix, 1, s_row, dob, do_row, 1, rows);
    failed |= assay_gemm(own, size, &p, 1, dv, dkv_row, 1);
    p = product(x, s, 1, s_row, dob, do_row, 1, rows);
    failed |= assay_gemm(prefix, size, &p, 1, prefix_dv, prefix_d_row, 1);
    score_gradient(rows, columns, size, x->scale, o + i * o_row, o_row, dob, do_row, s, ds, s_row);
    p = product(x, ds + prefix, 1, s_row, qb, x->q_row, 1, rows);
    failed |= assay_gemm(own, size, &p, 1, dk, dkv_row, 1);
    p = product(x, ds, 1, s_row, qb, x->q_row, 1, rows);
    failed |= assay_gemm(prefix, size, &p, 1, prefix_dk, prefix_d_row, 1);
    failed |= weighted_rows(x, rows, own, ds, s_row, k, dq + i * dq_row, dq_row);
    if (failed) return -1;
  }
  return 0;
}
