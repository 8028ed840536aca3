// The kernels as plain loops: the definition that every vector version is tested against, and
// what runs on a CPU without vector kernels. See CKernels.h for each one's formula.
#include <math.h>
#include <string.h>

#include "Bf16.h"
#include "Tables.h"

static float gelu_tanh(float x) {
  // x/2 (1 + tanh(t)) = x / (1 + e^-2t), which keeps its relative accuracy for negative x.
  const float t = 0.7978845608028654f * (x + 0.044715f * x * x * x);
  return x / (1 + expf(-2 * t));
}

static float unary_value(pg_unary op, float x) {
  switch (op) {
    case PG_UNARY_IDENTITY: return x;
    case PG_UNARY_NEGATE: return -x;
    case PG_UNARY_ABS: return fabsf(x);
    case PG_UNARY_SQRT: return sqrtf(x);
    case PG_UNARY_RSQRT: return 1 / sqrtf(x);
    case PG_UNARY_RECIPROCAL: return 1 / x;
    case PG_UNARY_EXP: return expf(x);
    case PG_UNARY_LOG: return logf(x);
    case PG_UNARY_SIN: return sinf(x);
    case PG_UNARY_COS: return cosf(x);
    case PG_UNARY_TANH: return tanhf(x);
    case PG_UNARY_ERF: return erff(x);
    case PG_UNARY_RELU: return x < 0 ? 0 : x;
    case PG_UNARY_SIGMOID: return 1 / (1 + expf(-x));
    case PG_UNARY_SILU: return x / (1 + expf(-x));
    case PG_UNARY_GELU_TANH: return gelu_tanh(x);
    case PG_UNARY_GELU_ERF: return 0.5f * x * (1 + erff(x * 0.7071067811865476f));
    case PG_UNARY_FLOOR: return floorf(x);
    case PG_UNARY_CEIL: return ceilf(x);
    case PG_UNARY_ROUND: return rintf(x);
    case PG_UNARY_ATAN: return atanf(x);
  }
}

static float binary_value(pg_binary op, float a, float b) {
  switch (op) {
    case PG_BINARY_ADD: return a + b;
    case PG_BINARY_SUB: return a - b;
    case PG_BINARY_MUL: return a * b;
    case PG_BINARY_DIV: return a / b;
    case PG_BINARY_MAX: return isnan(a) || a > b ? a : b;
    case PG_BINARY_MIN: return isnan(a) || a < b ? a : b;
    case PG_BINARY_POW: return powf(a, b);
  }
}

static void gemv_f32(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, size_t m,
                     const float *w, ptrdiff_t ldw, size_t n, size_t k) {
  for (size_t row = 0; row < m; row++) {
    for (size_t col = 0; col < n; col++) {
      double sum = 0;
      for (size_t i = 0; i < k; i++) {
        sum += (double)x[(ptrdiff_t)row * ldx + (ptrdiff_t)i] *
               (double)w[(ptrdiff_t)col * ldw + (ptrdiff_t)i];
      }
      y[(ptrdiff_t)row * ldy + (ptrdiff_t)col] = (float)sum;
    }
  }
}

static void gemv_bf16(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, size_t m,
                      const uint16_t *w, ptrdiff_t ldw, size_t n, size_t k) {
  for (size_t row = 0; row < m; row++) {
    for (size_t col = 0; col < n; col++) {
      double sum = 0;
      for (size_t i = 0; i < k; i++) {
        sum += (double)x[(ptrdiff_t)row * ldx + (ptrdiff_t)i] *
               (double)widen_bf16(w[(ptrdiff_t)col * ldw + (ptrdiff_t)i]);
      }
      y[(ptrdiff_t)row * ldy + (ptrdiff_t)col] = (float)sum;
    }
  }
}

static void accumulate_rows(float *out, ptrdiff_t ldo, const float *p, ptrdiff_t ldp, size_t m,
                            const float *v, ptrdiff_t ldv, size_t n, size_t d) {
  for (size_t row = 0; row < m; row++) {
    for (size_t col = 0; col < d; col++) {
      double sum = out[(ptrdiff_t)row * ldo + (ptrdiff_t)col];
      for (size_t i = 0; i < n; i++) {
        sum += (double)p[(ptrdiff_t)row * ldp + (ptrdiff_t)i] *
               (double)v[(ptrdiff_t)i * ldv + (ptrdiff_t)col];
      }
      out[(ptrdiff_t)row * ldo + (ptrdiff_t)col] = (float)sum;
    }
  }
}

static void depthwise(float *out, ptrdiff_t ldo, const float *const *x, ptrdiff_t ldx,
                      const float *const *w, size_t taps, size_t m, size_t n, const float *bias) {
  for (size_t i = 0; i < m; i++, out += ldo) {
    for (size_t c = 0; c < n; c++) {
      double sum = bias == NULL ? 0 : bias[c];
      for (size_t t = 0; t < taps; t++) {
        sum += (double)x[t][(ptrdiff_t)i * ldx + (ptrdiff_t)c] * (double)w[t][c];
      }
      out[c] = (float)sum;
    }
  }
}

static void bf16_to_f32(float *out, ptrdiff_t ldo, const uint16_t *in, ptrdiff_t ldi, size_t rows,
                        size_t cols) {
  for (size_t r = 0; r < rows; r++, out += ldo, in += ldi) {
    for (size_t c = 0; c < cols; c++) out[c] = widen_bf16(in[c]);
  }
}

static void f32_to_bf16(uint16_t *out, ptrdiff_t ldo, const float *in, ptrdiff_t ldi, size_t rows,
                        size_t cols) {
  for (size_t r = 0; r < rows; r++, out += ldo, in += ldi) {
    for (size_t c = 0; c < cols; c++) out[c] = narrow_to_bf16(in[c]);
  }
}

static void epilogue(float *out, ptrdiff_t ldo, const float *in, ptrdiff_t ldi, size_t rows,
                     size_t cols, const pg_epilogue *e) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < cols; c++) {
      const ptrdiff_t row = (ptrdiff_t)r, col = (ptrdiff_t)c;
      float value = in[row * ldi + col];
      if (e->bias) value += e->bias[c];
      value = unary_value(e->activation, value);
      if (e->multiplier) value *= e->multiplier[row * e->ld_multiplier + col];
      if (e->residual) value += e->residual[row * e->ld_residual + col];
      out[row * ldo + col] = value;
    }
  }
}

static void layer_norm(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, size_t rows,
                       size_t cols, const float *weight, const float *bias, float eps) {
  for (size_t r = 0; r < rows; r++, out += ldo, x += ldx) {
    double sum = 0, squares = 0;
    for (size_t c = 0; c < cols; c++) sum += (double)x[c];
    const double mean = sum / (double)cols;
    for (size_t c = 0; c < cols; c++) squares += ((double)x[c] - mean) * ((double)x[c] - mean);
    const double scale = 1 / sqrt(squares / (double)cols + (double)eps);
    for (size_t c = 0; c < cols; c++) {
      const double factor = weight ? (double)weight[c] : 1, shift = bias ? (double)bias[c] : 0;
      out[c] = (float)(((double)x[c] - mean) * scale * factor + shift);
    }
  }
}

static void rms_norm(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, size_t rows,
                     size_t cols, const float *weight, float weight_offset, float eps) {
  for (size_t r = 0; r < rows; r++, out += ldo, x += ldx) {
    double squares = 0;
    for (size_t c = 0; c < cols; c++) squares += (double)x[c] * (double)x[c];
    const double scale = 1 / sqrt(squares / (double)cols + (double)eps);
    for (size_t c = 0; c < cols; c++) {
      const double factor = weight ? (double)weight_offset + (double)weight[c] : 1;
      out[c] = (float)((double)x[c] * scale * factor);
    }
  }
}

static float largest(const float *x, size_t n) {
  float max = -INFINITY;
  for (size_t i = 0; i < n; i++) max = binary_value(PG_BINARY_MAX, max, x[i]);
  return max;
}

static void softmax(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, size_t rows,
                    size_t cols) {
  for (size_t r = 0; r < rows; r++, out += ldo, x += ldx) {
    const float max = largest(x, cols);
    double sum = 0;
    for (size_t c = 0; c < cols; c++) {
      out[c] = expf(x[c] - max);
      sum += (double)out[c];
    }
    for (size_t c = 0; c < cols; c++) out[c] = (float)((double)out[c] / sum);
  }
}

static void softcap(float *out, const float *x, size_t n, float cap) {
  for (size_t i = 0; i < n; i++) out[i] = cap * tanhf(x[i] / cap);
}

static void rope(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, const float *cos,
                 ptrdiff_t ldcos, const float *sin, ptrdiff_t ldsin, size_t rows, size_t d) {
  const size_t half = d / 2;
  for (size_t r = 0; r < rows; r++, out += ldo, x += ldx, cos += ldcos, sin += ldsin) {
    for (size_t i = 0; i < half; i++) {
      const float a = x[i], b = x[i + half];
      out[i] = a * cos[i] - b * sin[i];
      out[i + half] = b * cos[i + half] + a * sin[i + half];
    }
  }
}

static float online_softmax(float *s, size_t n, float scale, float cap, const float *additive,
                            float *max, float *sum) {
  for (size_t i = 0; i < n; i++) {
    float t = scale * s[i];
    if (cap > 0) t = cap * tanhf(t / cap);
    s[i] = additive ? t + additive[i] : t;
  }
  const float old = *max, new = binary_value(PG_BINARY_MAX, old, largest(s, n));
  if (new == -INFINITY) {
    for (size_t i = 0; i < n; i++) s[i] = 0;
    return 1;
  }
  const float correction = expf(old - new);
  double total = (double)*sum * (double)correction;
  for (size_t i = 0; i < n; i++) {
    s[i] = expf(s[i] - new);
    total += (double)s[i];
  }
  *max = new;
  *sum = (float)total;
  return correction;
}

static void unary(pg_unary op, float *out, const float *x, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = unary_value(op, x[i]);
}

static void binary(pg_binary op, float *out, const float *a, ptrdiff_t stride_a, const float *b,
                   ptrdiff_t stride_b, size_t n) {
  for (ptrdiff_t i = 0; i < (ptrdiff_t)n; i++) {
    out[i] = binary_value(op, a[i * stride_a], b[i * stride_b]);
  }
}

#include "MapLoops.h"
#include "ConvertLoops.h"
#include "FoldLoops.h"

static void reduce(pg_reduction op, float *out, const float *x, ptrdiff_t ldx, size_t rows,
                   size_t cols) {
  for (size_t r = 0; r < rows; r++, x += ldx) {
    double sum = 0;
    switch (op) {
      case PG_REDUCTION_MAX:
        out[r] = largest(x, cols);
        break;
      case PG_REDUCTION_SUM:
      case PG_REDUCTION_MEAN:
        for (size_t c = 0; c < cols; c++) sum += (double)x[c];
        out[r] = (float)(op == PG_REDUCTION_MEAN ? sum / (double)cols : sum);
        break;
    }
  }
}

static size_t argmax(const float *x, size_t n) {
  size_t best = 0;
  for (size_t i = 0; i < n; i++) {
    if (isnan(x[i])) return i;
    if (x[i] > x[best]) best = i;
  }
  return best;
}

static void gather_f32(float *out, ptrdiff_t ldo, const float *table, ptrdiff_t ldt,
                       const int64_t *ids, size_t rows, size_t cols, float scale) {
  for (size_t r = 0; r < rows; r++, out += ldo) {
    const float *row = table + ids[r] * ldt;
    for (size_t c = 0; c < cols; c++) out[c] = row[c] * scale;
  }
}

static void gather_bf16(float *out, ptrdiff_t ldo, const uint16_t *table, ptrdiff_t ldt,
                        const int64_t *ids, size_t rows, size_t cols, float scale) {
  for (size_t r = 0; r < rows; r++, out += ldo) {
    const uint16_t *row = table + ids[r] * ldt;
    for (size_t c = 0; c < cols; c++) out[c] = widen_bf16(row[c]) * scale;
  }
}

/// The number of a panel's row and column.
static double panel_value(pg_panel_format format, const char *panel, size_t row, size_t col) {
  if (format == PG_PANEL_F32) return (double)((const float *)panel)[col * PG_PANEL_ROWS + row];
  const uint16_t *halves = (const uint16_t *)panel;
  return (double)widen_bf16(halves[(col / 2 * PG_PANEL_ROWS + row) * 2 + col % 2]);
}

static void panel_gemv(pg_panel_format format, float *y, ptrdiff_t ldy, const float *x,
                       ptrdiff_t ldx, size_t m, const void *panels, size_t n, size_t k) {
  for (size_t row = 0; row < m; row++) {
    for (size_t col = 0; col < n; col++) {
      const char *panel = (const char *)panels + col / PG_PANEL_ROWS * pg_panel_bytes(format, k);
      double sum = 0;
      for (size_t i = 0; i < k; i++) {
        sum += (double)x[(ptrdiff_t)row * ldx + (ptrdiff_t)i] *
               panel_value(format, panel, col % PG_PANEL_ROWS, i);
      }
      y[(ptrdiff_t)row * ldy + (ptrdiff_t)col] = (float)sum;
    }
  }
}

static void panel_gemv_f32(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, size_t m,
                           const void *panels, size_t n, size_t k) {
  panel_gemv(PG_PANEL_F32, y, ldy, x, ldx, m, panels, n, k);
}

static void panel_gemv_bf16(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, size_t m,
                            const void *panels, size_t n, size_t k) {
  panel_gemv(PG_PANEL_BF16, y, ldy, x, ldx, m, panels, n, k);
}

enum { BLOCK_ROWS = 4 };

/// A block is the numbers of each column, one row after the other.
static size_t block_bytes(size_t k) { return k * BLOCK_ROWS * sizeof(float); }

static void pack_block(void *block, const float *x, ptrdiff_t ldx, size_t m, size_t k) {
  float *out = block;
  for (size_t col = 0; col < k; col++) {
    for (size_t row = 0; row < BLOCK_ROWS; row++) {
      *out++ = row < m ? x[(ptrdiff_t)row * ldx + (ptrdiff_t)col] : 0;
    }
  }
}

static void multiply_block(pg_panel_format format, float *y, ptrdiff_t ldy, const void *block,
                           size_t m, const pg_panel_part *part, bool accumulates) {
  const float *x = block;
  const size_t stride = pg_panel_bytes(format, part->k);
  for (size_t row = 0; row < m; row++) {
    for (size_t col = 0; col < part->n; col++) {
      const char *panel = (const char *)part->panels + col / PG_PANEL_ROWS * stride;
      float *out = y + (ptrdiff_t)row * ldy + (ptrdiff_t)col;
      double sum = accumulates ? *out : 0;
      for (size_t i = part->first; i < part->first + part->count; i++) {
        sum += (double)x[i * BLOCK_ROWS + row] * panel_value(format, panel, col % PG_PANEL_ROWS, i);
      }
      *out = (float)sum;
    }
  }
}

static void multiply_f32(float *y, ptrdiff_t ldy, const void *block, size_t m,
                         const pg_panel_part *part, bool accumulates, const pg_panel_ahead *ahead) {
  (void)ahead;
  multiply_block(PG_PANEL_F32, y, ldy, block, m, part, accumulates);
}

static void multiply_bf16(float *y, ptrdiff_t ldy, const void *block, size_t m,
                          const pg_panel_part *part, bool accumulates,
                          const pg_panel_ahead *ahead) {
  (void)ahead;
  multiply_block(PG_PANEL_BF16, y, ldy, block, m, part, accumulates);
}

/// One group of columns of a block of int8 activations.
typedef struct {
  float scale[BLOCK_ROWS];
  int8_t steps[BLOCK_ROWS][PG_GROUP_COLUMNS];
} int8_group;

static size_t int8_block_bytes(size_t k) {
  return (k + PG_GROUP_COLUMNS - 1) / PG_GROUP_COLUMNS * sizeof(int8_group);
}

static void pack_int8_block(void *block, const float *x, ptrdiff_t ldx, size_t m, size_t k) {
  int8_group *group = block;
  memset(block, 0, int8_block_bytes(k));
  for (size_t first = 0; first < k; first += PG_GROUP_COLUMNS, group++) {
    const size_t columns = k - first < PG_GROUP_COLUMNS ? k - first : PG_GROUP_COLUMNS;
    for (size_t row = 0; row < m; row++) {
      const float *from = x + (ptrdiff_t)row * ldx + (ptrdiff_t)first;
      float largest = 0;
      for (size_t i = 0; i < columns; i++) {
        largest = binary_value(PG_BINARY_MAX, largest, fabsf(from[i]));
      }
      if (isnan(largest)) group->scale[row] = NAN;
      if (!(largest >= PG_LEAST_STEPPED)) continue;
      group->scale[row] = largest / 127;
      const float inverse = 127 / largest;
      for (size_t i = 0; i < columns; i++) {
        group->steps[row][i] = (int8_t)lrintf(from[i] * inverse);
      }
    }
  }
}

static void multiply_int8_block(float *y, ptrdiff_t ldy, const void *block, size_t m,
                                const pg_panel_part *part, bool accumulates,
                                const pg_panel_ahead *ahead) {
  (void)ahead;
  const size_t end = part->first + part->count;
  const size_t stride = pg_panel_bytes(PG_PANEL_INT8, part->k);
  for (size_t row = 0; row < m; row++) {
    for (size_t col = 0; col < part->n; col++) {
      const char *panel = (const char *)part->panels + col / PG_PANEL_ROWS * stride;
      const size_t place = col % PG_PANEL_ROWS;
      const float weight_scale = ((const float *)panel)[place];
      const uint8_t *bytes = (const uint8_t *)panel + INT8_SCALE_BYTES;
      float *out = y + (ptrdiff_t)row * ldy + (ptrdiff_t)col;
      float sum = accumulates ? *out : 0;
      for (size_t at = part->first; at < end; at += PG_GROUP_COLUMNS) {
        const int8_group *group = (const int8_group *)block + at / PG_GROUP_COLUMNS;
        int32_t steps = 0;
        for (size_t c = at; c < end && c < at + PG_GROUP_COLUMNS; c++) {
          steps += (bytes[(c / 4 * PG_PANEL_ROWS + place) * 4 + c % 4] - 128) *
                   group->steps[row][c - at];
        }
        sum = fmaf((float)steps * weight_scale, group->scale[row], sum);
      }
      *out = sum;
    }
  }
}

static void multiply_int4_block(float *y, ptrdiff_t ldy, const void *block, size_t m,
                                const pg_panel_part *part, bool accumulates,
                                const pg_panel_ahead *ahead) {
  (void)ahead;
  const size_t end = part->first + part->count;
  const size_t stride = pg_panel_bytes(PG_PANEL_INT4, part->k);
  for (size_t row = 0; row < m; row++) {
    for (size_t col = 0; col < part->n; col++) {
      const char *panel = (const char *)part->panels + col / PG_PANEL_ROWS * stride;
      const size_t place = col % PG_PANEL_ROWS;
      float *out = y + (ptrdiff_t)row * ldy + (ptrdiff_t)col;
      float sum = accumulates ? *out : 0;
      for (size_t at = part->first; at < end; at += PG_GROUP_COLUMNS) {
        const int8_group *group = (const int8_group *)block + at / PG_GROUP_COLUMNS;
        const size_t group_end = at + PG_GROUP_COLUMNS < end ? at + PG_GROUP_COLUMNS : end;
        float value = 0;
        for (size_t first = at; first < group_end; first += INT4_GROUP_COLUMNS) {
          int32_t steps = 0;
          for (size_t c = first; c < group_end && c < first + INT4_GROUP_COLUMNS; c++) {
            const int byte = ((const uint8_t *)panel)[int4_byte_at(place, c)];
            steps += ((c % 8 < 4 ? byte & 15 : byte >> 4) - 8) * group->steps[row][c - at];
          }
          const uint16_t *scale = (const uint16_t *)(panel + int4_scale_at(place, first));
          value = fmaf((float)steps, widen_bf16(*scale), value);
        }
        sum = fmaf(value, group->scale[row], sum);
      }
      *out = sum;
    }
  }
}

const pg_kernels pg_kernels_scalar = {
    .isa = PG_ISA_SCALAR,
    .name = "scalar",
    .gemv_f32 = gemv_f32,
    .gemv_bf16 = gemv_bf16,
    .accumulate_rows = accumulate_rows,
    .depthwise = depthwise,
    .bf16_to_f32 = bf16_to_f32,
    .f32_to_bf16 = f32_to_bf16,
    .epilogue = epilogue,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .softmax = softmax,
    .softcap = softcap,
    .rope = rope,
    .online_softmax = online_softmax,
    .unary = unary,
    .binary = binary,
    .map = map,
    .convert = convert,
    .fold = fold,
    .reduce = reduce,
    .argmax = argmax,
    .gather_f32 = gather_f32,
    .gather_bf16 = gather_bf16,
    .panel_gemv_f32 = panel_gemv_f32,
    .panel_gemv_bf16 = panel_gemv_bf16,
    .f32_by_f32 = {BLOCK_ROWS, block_bytes, pack_block, multiply_f32},
    .bf16_by_f32 = {BLOCK_ROWS, block_bytes, pack_block, multiply_bf16},
    .int8_by_int8 = {BLOCK_ROWS, int8_block_bytes, pack_int8_block, multiply_int8_block},
    .int4_by_int8 = {BLOCK_ROWS, int8_block_bytes, pack_int8_block, multiply_int4_block},
};
