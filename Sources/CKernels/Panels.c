// Weights in panels: how they are stored and read back, the same for every instruction set. See
// `pg_panel_format` for the order.
#include <math.h>
#include <string.h>

#include "Bf16.h"
#include "Tables.h"

enum { ROWS = PG_PANEL_ROWS };

size_t pg_panel_bytes(pg_panel_format format, size_t k) {
  switch (format) {
    case PG_PANEL_BF16:
      return (k + 1) / 2 * 2 * ROWS * sizeof(uint16_t);
    case PG_PANEL_INT8:
      return ROWS * sizeof(float) + (k + 3) / 4 * 4 * ROWS;
  }
}

/// One panel of rows <= 16 rows; the panel is zeros.
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

void pg_pack_panels(pg_panel_format format, void *panels, const float *w, ptrdiff_t ldw, size_t n,
                    size_t k) {
  char *panel = panels;
  const size_t bytes = pg_panel_bytes(format, k);
  memset(panels, 0, (n + ROWS - 1) / ROWS * bytes);
  for (size_t first = 0; first < n; first += ROWS, panel += bytes, w += ROWS * ldw) {
    const size_t rows = n - first < ROWS ? n - first : ROWS;
    switch (format) {
      case PG_PANEL_BF16:
        pack_bf16((uint16_t *)panel, w, ldw, rows, k);
        break;
      case PG_PANEL_INT8:
        pack_int8(panel, w, ldw, rows, k);
        break;
    }
  }
}

/// Element (row, c) of a panel.
static inline float panel_element(pg_panel_format format, const char *panel, size_t row, size_t c) {
  switch (format) {
    case PG_PANEL_BF16:
      return widen_bf16(((const uint16_t *)panel)[(c / 2 * ROWS + row) * 2 + c % 2]);
    case PG_PANEL_INT8: {
      const uint8_t *bytes = (const uint8_t *)panel + ROWS * sizeof(float);
      return (float)(bytes[(c / 4 * ROWS + row) * 4 + c % 4] - 128) * ((const float *)panel)[row];
    }
  }
}

void pg_gather_panels(pg_panel_format format, float *out, ptrdiff_t ldo, const void *panels,
                      const int64_t *ids, size_t rows, size_t k, float scale) {
  const size_t bytes = pg_panel_bytes(format, k);
  for (size_t r = 0; r < rows; r++, out += ldo) {
    const char *panel = (const char *)panels + (size_t)ids[r] / ROWS * bytes;
    for (size_t c = 0; c < k; c++) {
      out[c] = scale * panel_element(format, panel, (size_t)ids[r] % ROWS, c);
    }
  }
}
