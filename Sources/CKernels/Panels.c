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
      return (k + INT4_PAIR_COLUMNS - 1) / INT4_PAIR_COLUMNS * INT4_PAIR_BYTES;
  }
}

/// A number for each row of a panel. Loops over them are what the compiler makes vectors of.
typedef float row_values[ROWS];

/// The vector instructions of the CPU at hand, with the same roundings on all: no sum of a product is
/// fused, so that the same weights give the same plan everywhere. The thread sanitizer is not there yet when the
/// loader chooses among them.
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define ON_EVERY_CPU __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ON_EVERY_CPU
#endif
#pragma clang fp contract(off)

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

/// A bf16 number of each row of a panel beside the next column's.
ON_EVERY_CPU static void narrow_pairs(uint32_t *words, const float *first, const float *second) {
  for (size_t r = 0; r < ROWS; r++) {
    words[r] = (uint32_t)narrow_to_bf16(first[r]) | (uint32_t)narrow_to_bf16(second[r]) << 16;
  }
}

/// The same.
static void pack_bf16(uint16_t *panel, const float *w, ptrdiff_t ldw, size_t rows, size_t k) {
  if (rows == ROWS) {
    for (size_t c = 0; c < k; c += 2, panel += 2 * ROWS) {
      row_values first, second = {0};
      for (size_t r = 0; r < ROWS; r++) {
        first[r] = w[(ptrdiff_t)r * ldw + (ptrdiff_t)c];
        if (c + 1 < k) second[r] = w[(ptrdiff_t)r * ldw + (ptrdiff_t)c + 1];
      }
      narrow_pairs((uint32_t *)panel, first, second);
    }
    return;
  }
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

static inline float clamped_step(float x) {
  const float step = rintf(x);
  return step < -8 ? -8 : step > 7 ? 7 : step;
}

/// Chooses a bf16 scale for each row of n columns of 16 rows: of scales around the one that gives the
/// row's largest weight the step -8, the one with the least squared error, each improved once to the
/// best scale for its steps. A row of zeros gets 0.
ON_EVERY_CPU static void choose_int4_scales(row_values best, const row_values *w, size_t n) {
  row_values largest = {0}, least;
  for (size_t c = 0; c < n; c++) {
    for (size_t r = 0; r < ROWS; r++) {
      largest[r] = fabsf(w[c][r]) > fabsf(largest[r]) ? w[c][r] : largest[r];
    }
  }
  for (size_t r = 0; r < ROWS; r++) {
    best[r] = 0;
    least[r] = INFINITY;
  }
  for (int candidate = -4; candidate <= 4; candidate++) {
    row_values inverse, scale, product = {0}, square = {0}, error = {0};
    for (size_t r = 0; r < ROWS; r++) {
      const float steps = -8 - 0.4f * (float)candidate;
      inverse[r] = fabsf(largest[r]) >= PG_LEAST_STEPPED ? steps / largest[r] : 0;
    }
    for (size_t c = 0; c < n; c++) {
      for (size_t r = 0; r < ROWS; r++) {
        const float step = clamped_step(w[c][r] * inverse[r]);
        product[r] += w[c][r] * step;
        square[r] += step * step;
      }
    }
    for (size_t r = 0; r < ROWS; r++) {
      scale[r] = square[r] > 0 ? widen_bf16(narrow_to_bf16(product[r] / square[r])) : 0;
      inverse[r] = fabsf(scale[r]) > 0 ? 1 / scale[r] : 0;
    }
    for (size_t c = 0; c < n; c++) {
      for (size_t r = 0; r < ROWS; r++) {
        const float off = w[c][r] - scale[r] * clamped_step(w[c][r] * inverse[r]);
        error[r] += off * off;
      }
    }
    for (size_t r = 0; r < ROWS; r++) {
      const bool is_better = error[r] < least[r];
      least[r] = is_better ? error[r] : least[r];
      best[r] = is_better ? scale[r] : best[r];
    }
  }
}

/// The steps of n columns for chosen scales, 8 for a step of 0. Scales that are no numbers stay so.
ON_EVERY_CPU static void round_to_int4(uint8_t (*halves)[ROWS], row_values scale,
                                       const row_values *w, size_t n) {
  for (size_t c = 0; c < n; c++) {
    for (size_t r = 0; r < ROWS; r++) {
      const float inverse = fabsf(scale[r]) > 0 ? 1 / scale[r] : 0;
      halves[c][r] = (uint8_t)(8 + (int)clamped_step(w[c][r] * inverse));
    }
  }
}

static void pack_int4(char *panel, const float *w, ptrdiff_t ldw, size_t rows, size_t k) {
  uint8_t *bytes = (uint8_t *)panel;
  for (size_t first = 0; first < k; first += INT4_GROUP_COLUMNS) {
    uint16_t *scales = (uint16_t *)(panel + int4_scale_at(0, first));
    memset(bytes + int4_byte_at(0, first), 0x88, INT4_GROUP_COLUMNS * ROWS / 2);
    const size_t columns = k - first < INT4_GROUP_COLUMNS ? k - first : INT4_GROUP_COLUMNS;
    row_values group[INT4_GROUP_COLUMNS] = {0}, scale;
    bool has_nan[ROWS] = {0};
    for (size_t r = 0; r < rows; r++) {
      for (size_t c = 0; c < columns; c++) {
        const float value = w[(ptrdiff_t)r * ldw + (ptrdiff_t)(first + c)];
        has_nan[r] |= isnan(value);
        group[c][r] = isnan(value) ? 0 : value;
      }
    }
    choose_int4_scales(scale, (const row_values *)group, columns);
    uint8_t halves[INT4_GROUP_COLUMNS][ROWS];
    round_to_int4(halves, scale, (const row_values *)group, columns);
    for (size_t r = 0; r < rows; r++) scales[r] = narrow_to_bf16(has_nan[r] ? NAN : scale[r]);
    for (size_t c = 0; c < columns; c++) {
      for (size_t r = 0; r < rows; r++) {
        uint8_t *byte = bytes + int4_byte_at(r, first + c);
        const uint8_t half = halves[c][r];
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

void pg_pack_columns(pg_panel_format format, void *panels, const float *w, ptrdiff_t ldw, size_t n,
                     size_t k) {
  const size_t bytes = pg_panel_bytes(format, 2);
  char *pair = panels;
  for (size_t first = 0; first < n; first += ROWS) {
    const size_t rows = n - first < ROWS ? n - first : ROWS;
    const float *from = w + first;
    for (size_t c = 0; c < k; c += 2, pair += bytes, from += 2 * ldw) {
      float columns[2][ROWS] = {0};
      memcpy(columns[0], from, rows * sizeof *from);
      if (c + 1 < k) memcpy(columns[1], from + ldw, rows * sizeof *from);
      if (format == PG_PANEL_BF16) {
        narrow_pairs((uint32_t *)pair, columns[0], columns[1]);
      } else {
        memcpy(pair, columns, sizeof columns);
      }
    }
  }
}

/// out[c] = scale times element (row, c) of a panel of k columns.
static void read_f32(float *out, const float *panel, size_t row, size_t k, float scale) {
  for (size_t c = 0; c < k; c++) out[c] = scale * panel[c * ROWS + row];
}

static void read_bf16(float *out, const uint16_t *panel, size_t row, size_t k, float scale) {
  for (size_t c = 0; c < k; c++) {
    out[c] = scale * widen_bf16(panel[(c / 2 * ROWS + row) * 2 + c % 2]);
  }
}

static void read_int8(float *out, const char *panel, size_t row, size_t k, float scale) {
  const uint8_t *bytes = (const uint8_t *)panel + INT8_SCALE_BYTES + 4 * row;
  const float step = ((const float *)panel)[row];
  for (size_t c = 0; c < k; c++) {
    out[c] = scale * ((float)(bytes[c / 4 * 4 * ROWS + c % 4] - 128) * step);
  }
}

static void read_int4(float *out, const char *panel, size_t row, size_t k, float scale) {
  for (size_t first = 0; first < k; first += INT4_GROUP_COLUMNS) {
    const size_t end = k - first < INT4_GROUP_COLUMNS ? k : first + INT4_GROUP_COLUMNS;
    const float step = widen_bf16(*(const uint16_t *)(panel + int4_scale_at(row, first)));
    for (size_t c = first; c < end; c++) {
      const int byte = ((const uint8_t *)panel)[int4_byte_at(row, c)];
      out[c] = scale * ((float)((c % 8 < 4 ? byte & 15 : byte >> 4) - 8) * step);
    }
  }
}

void pg_gather_panels(pg_panel_format format, float *out, ptrdiff_t ldo, const void *panels,
                      const int64_t *ids, size_t rows, size_t k, float scale) {
  const size_t bytes = pg_panel_bytes(format, k);
  for (size_t r = 0; r < rows; r++, out += ldo) {
    const char *panel = (const char *)panels + (size_t)ids[r] / ROWS * bytes;
    const size_t row = (size_t)ids[r] % ROWS;
    switch (format) {
      case PG_PANEL_F32: read_f32(out, (const float *)panel, row, k, scale); break;
      case PG_PANEL_BF16: read_bf16(out, (const uint16_t *)panel, row, k, scale); break;
      case PG_PANEL_INT8: read_int8(out, panel, row, k, scale); break;
      case PG_PANEL_INT4: read_int4(out, panel, row, k, scale); break;
    }
  }
}
