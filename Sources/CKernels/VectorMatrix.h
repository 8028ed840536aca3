// Matrix kernels on the vector type of the including file.

#define GEMV_NAME(suffix) gemv_f32_##suffix
#define WEIGHT float
#define LOAD_WEIGHT(p) v_load(p)
#define LOAD_WEIGHT_FIRST(p, n) v_load_first(p, n, v_set(0.0f))
#include "VectorGemv.h"
#undef GEMV_NAME
#undef WEIGHT
#undef LOAD_WEIGHT
#undef LOAD_WEIGHT_FIRST

#define GEMV_NAME(suffix) gemv_bf16_##suffix
#define WEIGHT uint16_t
#define LOAD_WEIGHT(p) v_load_bf16(p)
#define LOAD_WEIGHT_FIRST(p, n) v_load_bf16_first(p, n)
#include "VectorGemv.h"
#undef GEMV_NAME
#undef WEIGHT
#undef LOAD_WEIGHT
#undef LOAD_WEIGHT_FIRST

/// A column panel of `accumulate_rows`, one vector or its first `width` lanes wide, for a
/// constant number of rows.
__attribute__((always_inline)) static inline void accumulate_panel(
    float *out, ptrdiff_t ldo, const float *p, ptrdiff_t ldp, const size_t m, const float *v,
    ptrdiff_t ldv, size_t n, size_t width) {
  vf sum[8];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
    sum[i] = width == V_LANES ? v_load(out + (ptrdiff_t)i * ldo)
                              : v_load_first(out + (ptrdiff_t)i * ldo, width, v_set(0.0f));
  }
  for (size_t j = 0; j < n; j++) {
    const float *row = v + (ptrdiff_t)j * ldv;
    const vf value = width == V_LANES ? v_load(row) : v_load_first(row, width, v_set(0.0f));
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
      sum[i] = v_fma(v_set(p[(ptrdiff_t)i * ldp + (ptrdiff_t)j]), value, sum[i]);
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
    if (width == V_LANES) {
      v_store(out + (ptrdiff_t)i * ldo, sum[i]);
    } else {
      v_store_first(out + (ptrdiff_t)i * ldo, sum[i], width);
    }
  }
}

__attribute__((always_inline)) static inline void accumulate_panels(
    float *out, ptrdiff_t ldo, const float *p, ptrdiff_t ldp, const size_t m, const float *v,
    ptrdiff_t ldv, size_t n, size_t d) {
  size_t at = 0;
  for (; at + V_LANES <= d; at += V_LANES) {
    accumulate_panel(out + at, ldo, p, ldp, m, v + at, ldv, n, V_LANES);
  }
  if (at < d) accumulate_panel(out + at, ldo, p, ldp, m, v + at, ldv, n, d - at);
}

static void accumulate_rows(float *out, ptrdiff_t ldo, const float *p, ptrdiff_t ldp, size_t m,
                            const float *v, ptrdiff_t ldv, size_t n, size_t d) {
  size_t row = 0;
  for (; row + 8 <= m; row += 8) {
    accumulate_panels(out + (ptrdiff_t)row * ldo, ldo, p + (ptrdiff_t)row * ldp, ldp, 8, v, ldv, n,
                      d);
  }
  for (; row < m; row++) {
    accumulate_panels(out + (ptrdiff_t)row * ldo, ldo, p + (ptrdiff_t)row * ldp, ldp, 1, v, ldv, n,
                      d);
  }
}

static void bf16_to_f32(float *out, ptrdiff_t ldo, const uint16_t *in, ptrdiff_t ldi, size_t rows,
                        size_t cols) {
  for (size_t r = 0; r < rows; r++, out += ldo, in += ldi) {
    size_t c = 0;
    for (; c + V_LANES <= cols; c += V_LANES) v_store(out + c, v_load_bf16(in + c));
    if (c < cols) v_store_first(out + c, v_load_bf16_first(in + c, cols - c), cols - c);
  }
}

static void f32_to_bf16(uint16_t *out, ptrdiff_t ldo, const float *in, ptrdiff_t ldi, size_t rows,
                        size_t cols) {
  for (size_t r = 0; r < rows; r++, out += ldo, in += ldi) {
    size_t c = 0;
    for (; c + V_LANES <= cols; c += V_LANES) v_store_bf16(out + c, v_load(in + c));
    if (c < cols) {
      v_store_bf16_first(out + c, v_load_first(in + c, cols - c, v_set(0.0f)), cols - c);
    }
  }
}

static void gather_f32(float *out, ptrdiff_t ldo, const float *table, ptrdiff_t ldt,
                       const int64_t *ids, size_t rows, size_t cols, float scale) {
  const vf factor = v_set(scale);
  for (size_t r = 0; r < rows; r++, out += ldo) {
    const float *row = table + ids[r] * ldt;
    size_t c = 0;
    for (; c + V_LANES <= cols; c += V_LANES) v_store(out + c, v_mul(v_load(row + c), factor));
    if (c < cols) {
      const vf last = v_load_first(row + c, cols - c, factor);
      v_store_first(out + c, v_mul(last, factor), cols - c);
    }
  }
}

static void gather_bf16(float *out, ptrdiff_t ldo, const uint16_t *table, ptrdiff_t ldt,
                        const int64_t *ids, size_t rows, size_t cols, float scale) {
  const vf factor = v_set(scale);
  for (size_t r = 0; r < rows; r++, out += ldo) {
    const uint16_t *row = table + ids[r] * ldt;
    size_t c = 0;
    for (; c + V_LANES <= cols; c += V_LANES) {
      v_store(out + c, v_mul(v_load_bf16(row + c), factor));
    }
    if (c < cols) {
      v_store_first(out + c, v_mul(v_load_bf16_first(row + c, cols - c), factor), cols - c);
    }
  }
}
