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
  }
}

/// One panel of rows <= 16 rows.
static void pack_bf16(uint16_t *panel, const float *w, ptrdiff_t ldw, size_t rows, size_t k) {
  for (size_t c = 0; c < k; c += 2, panel += 2 * ROWS) {
    for (size_t r = 0; r < ROWS; r++) {
      const float *row = w + (ptrdiff_t)r * ldw + c;
      panel[2 * r] = r < rows ? narrow_to_bf16(row[0]) : 0;
      panel[2 * r + 1] = r < rows && c + 1 < k ? narrow_to_bf16(row[1]) : 0;
    }
  }
}

void pg_pack_panels(pg_panel_format format, void *panels, const float *w, ptrdiff_t ldw, size_t n,
                    size_t k) {
  char *panel = panels;
  const size_t bytes = pg_panel_bytes(format, k);
  for (size_t first = 0; first < n; first += ROWS, panel += bytes, w += ROWS * ldw) {
    const size_t rows = n - first < ROWS ? n - first : ROWS;
    switch (format) {
      case PG_PANEL_BF16:
        pack_bf16((uint16_t *)panel, w, ldw, rows, k);
        break;
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
      case PG_PANEL_BF16: {
        const uint16_t *pairs = (const uint16_t *)panel + 2 * row;
        for (size_t c = 0; c < k; c++) {
          out[c] = scale * widen_bf16(pairs[c / 2 * 2 * ROWS + c % 2]);
        }
        break;
      }
    }
  }
}
