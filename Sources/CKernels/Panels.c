// Weights in panels: how they are stored and read back, the same for every instruction set. See
// `pg_panel_format` for the order.
#include <math.h>
#include <string.h>

#include "Bf16.h"
#include "Tables.h"

enum { ROWS = PG_PANEL_ROWS };

size_t pg_panel_bytes(pg_panel_format format, size_t k) {
  switch (format) {
    case PG_PANEL_F32:
      return (k + 1) / 2 * 2 * ROWS * sizeof(float);
    case PG_PANEL_BF16:
      return (k + 1) / 2 * 2 * ROWS * sizeof(uint16_t);
    case PG_PANEL_INT8:
      return INT8_SCALE_BYTES + (k + 3) / 4 * 4 * ROWS;
    case PG_PANEL_INT4:
      return INT4_SCALE_BYTES(k) +
             (k + INT4_GROUP_COLUMNS - 1) / INT4_GROUP_COLUMNS * INT4_GROUP_COLUMNS * ROWS / 2;
  }
}

/// One panel of rows <= 16 rows; the panel is zeros.
static void pack_f32(float *panel, const float *w, ptrdiff_t ldw, size_t rows, size_t k) {
  if (rows == ROWS) {
    // A known number of rows is a loop without branches.
    for (size_t c = 0; c < k; c++, panel += ROWS) {
      for (size_t r = 0; r < ROWS; r++) panel[r] = w[(ptrdiff_t)r * ldw + (ptrdiff_t)c];
    }
    return;
  }
  for (size_t r = 0; r < rows; r++, w += ldw) {
    for (size_t c = 0; c < k; c++) panel[c * ROWS + r] = w[c];
  }
}

/// The same.
static void pack_bf16(uint16_t *panel, const float *w, ptrdiff_t ldw, size_t rows, size_t k) {
  for (size_t r = 0; r < rows; r++, w += ldw) {
    for (size_t c = 0; c < k; c++) {
      panel[(c / 2 * ROWS + r) * 2 + c % 2] = narrow_to_bf16(w[c]);
    }
  }
}

/// The same. A row of zeros, like a row that is missing, has the scale 0.
static void pack_int8(char *panel, const float *w, ptrdiff_t ldw, size_t rows, size_t k) {
  float *scales = (float *)panel;
  uint8_t *bytes = (uint8_t *)(scales + ROWS);
  memset(bytes, 128, (k + 3) / 4 * 4 * ROWS);
  for (size_t r = 0; r < rows; r++, w += ldw) {
    float largest = 0;
    for (size_t c = 0; c < k; c++) {
      if (!(fabsf(w[c]) <= largest)) largest = fabsf(w[c]);
    }
    scales[r] = largest / 127;
    if (!(largest >= PG_LEAST_STEPPED)) continue;
    const float inverse = 127 / largest;
    for (size_t c = 0; c < k; c++) {
      bytes[(c / 4 * ROWS + r) * 4 + c % 4] = (uint8_t)(128 + (int)lrintf(w[c] * inverse));
    }
  }
}

/// Four-bit steps -8...7 of n <= 32 weights.
static void round_to_int4(int8_t *steps, const float *w, size_t n, float scale) {
  for (size_t c = 0; c < n; c++) {
    const float step = rintf(w[c] / scale);
    steps[c] = (int8_t)(step < -8 ? -8 : step > 7 ? 7 : step);
  }
}

/// Steps of n <= 32 weights and the scale for them, a bf16 number: of scales around the one that
/// gives the largest weight the step -8, the one with the least squared error, each improved once to
/// the best scale for its steps.
static uint16_t best_int4(int8_t *best, const float *w, size_t n) {
  float largest = 0;
  for (size_t c = 0; c < n; c++) {
    if (fabsf(w[c]) > fabsf(largest)) largest = w[c];
  }
  memset(best, 0, n);
  // What is no number makes the whole group no number.
  for (size_t c = 0; c < n; c++) {
    if (isnan(w[c])) return narrow_to_bf16(NAN);
  }
  if (!(fabsf(largest) >= PG_LEAST_STEPPED)) return 0;
  uint16_t best_scale = 0;
  float least = INFINITY;
  for (int candidate = -4; candidate <= 4; candidate++) {
    int8_t steps[INT4_GROUP_COLUMNS];
    float scale = -largest / (8 + 0.4f * (float)candidate);
    round_to_int4(steps, w, n, scale);
    float product = 0, square = 0;
    for (size_t c = 0; c < n; c++) {
      product += w[c] * (float)steps[c];
      square += (float)(steps[c] * steps[c]);
    }
    const uint16_t bits = narrow_to_bf16(product / square);
    scale = widen_bf16(bits);
    if (!(fabsf(scale) > 0)) continue;
    round_to_int4(steps, w, n, scale);
    float error = 0;
    for (size_t c = 0; c < n; c++) {
      const float off = w[c] - scale * (float)steps[c];
      error += off * off;
    }
    if (error < least) {
      least = error;
      best_scale = bits;
      memcpy(best, steps, n);
    }
  }
  return best_scale;
}

static void pack_int4(char *panel, const float *w, ptrdiff_t ldw, size_t rows, size_t k) {
  uint16_t *scales = (uint16_t *)panel;
  uint8_t *bytes = (uint8_t *)panel + INT4_SCALE_BYTES(k);
  memset(bytes, 0x88, pg_panel_bytes(PG_PANEL_INT4, k) - INT4_SCALE_BYTES(k));
  for (size_t r = 0; r < rows; r++, w += ldw) {
    for (size_t first = 0; first < k; first += INT4_GROUP_COLUMNS) {
      const size_t columns = k - first < INT4_GROUP_COLUMNS ? k - first : INT4_GROUP_COLUMNS;
      int8_t steps[INT4_GROUP_COLUMNS];
      scales[first / INT4_GROUP_COLUMNS * ROWS + r] = best_int4(steps, w + first, columns);
      for (size_t i = 0; i < columns; i++) {
        const size_t c = first + i;
        uint8_t *byte = bytes + (c / 8 * ROWS + r) * 4 + c % 4;
        const uint8_t half = (uint8_t)(steps[i] + 8);
        *byte = c % 8 < 4 ? (uint8_t)((*byte & 0xf0) | half) : (uint8_t)((*byte & 15) | half << 4);
      }
    }
  }
}

void pg_pack_panels(pg_panel_format format, void *panels, const float *w, ptrdiff_t ldw, size_t n,
                    size_t k) {
  char *panel = panels;
  const size_t bytes = pg_panel_bytes(format, k);
  memset(panels, 0, (n + ROWS - 1) / ROWS * bytes);
  for (size_t first = 0; first < n; first += ROWS, panel += bytes, w += ROWS * ldw) {
    const size_t rows = n - first < ROWS ? n - first : ROWS;
    switch (format) {
      case PG_PANEL_F32:
        pack_f32((float *)panel, w, ldw, rows, k);
        break;
      case PG_PANEL_BF16:
        pack_bf16((uint16_t *)panel, w, ldw, rows, k);
        break;
      case PG_PANEL_INT8:
        pack_int8(panel, w, ldw, rows, k);
        break;
      case PG_PANEL_INT4:
        pack_int4(panel, w, ldw, rows, k);
        break;
    }
  }
}

void pg_pack_columns(float *panels, const float *w, ptrdiff_t ldw, size_t n, size_t k) {
  for (size_t first = 0; first < n; first += ROWS) {
    const size_t rows = n - first < ROWS ? n - first : ROWS;
    const float *from = w + first;
    for (size_t c = 0; c < k; c++, panels += ROWS, from += ldw) {
      if (rows == ROWS) {
        memcpy(panels, from, ROWS * sizeof *panels);
      } else {
        memset(panels, 0, ROWS * sizeof *panels);
        memcpy(panels, from, rows * sizeof *panels);
      }
    }
    if (k % 2 == 1) {
      memset(panels, 0, ROWS * sizeof *panels);
      panels += ROWS;
    }
  }
}

/// Element (row, c) of a panel of k columns.
static inline float panel_element(pg_panel_format format, const char *panel, size_t row, size_t c,
                                  size_t k) {
  switch (format) {
    case PG_PANEL_F32:
      return ((const float *)panel)[c * ROWS + row];
    case PG_PANEL_BF16:
      return widen_bf16(((const uint16_t *)panel)[(c / 2 * ROWS + row) * 2 + c % 2]);
    case PG_PANEL_INT8: {
      const uint8_t *bytes = (const uint8_t *)panel + INT8_SCALE_BYTES;
      return (float)(bytes[(c / 4 * ROWS + row) * 4 + c % 4] - 128) * ((const float *)panel)[row];
    }
    case PG_PANEL_INT4: {
      const int byte = ((const uint8_t *)panel + INT4_SCALE_BYTES(k))[(c / 8 * ROWS + row) * 4 + c % 4];
      const uint16_t scale = ((const uint16_t *)panel)[c / INT4_GROUP_COLUMNS * ROWS + row];
      return (float)((c % 8 < 4 ? byte & 15 : byte >> 4) - 8) * widen_bf16(scale);
    }
  }
}

void pg_gather_panels(pg_panel_format format, float *out, ptrdiff_t ldo, const void *panels,
                      const int64_t *ids, size_t rows, size_t k, float scale) {
  const size_t bytes = pg_panel_bytes(format, k);
  for (size_t r = 0; r < rows; r++, out += ldo) {
    const char *panel = (const char *)panels + (size_t)ids[r] / ROWS * bytes;
    for (size_t c = 0; c < k; c++) {
      out[c] = scale * panel_element(format, panel, (size_t)ids[r] % ROWS, c, k);
    }
  }
}
