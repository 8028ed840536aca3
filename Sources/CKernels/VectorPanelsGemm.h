// The product of a block of activations with panels, tile by tile. The including file defines
//   PANEL_TILE(y, ldy, block, m, panels, stride, vectors, n, k, first, count, accumulates)  for
//                    constant m; `stride` is a panel's bytes,
//   PANEL_TILE_ROWS  the most rows of a tile,
//   PANEL_FORMAT     the format of the panels,
//   PANEL_MULTIPLY   the name of the function.

#define PANEL_TILE_CASE(rows)                                                                     \
  case rows:                                                                                      \
    if (vectors == TILE_VECTORS) {                                                                \
      PANEL_TILE(y, ldy, block, rows, panel, stride, TILE_VECTORS, left, k, first, count,         \
                 accumulates);                                                                    \
    } else {                                                                                      \
      PANEL_TILE(y, ldy, block, rows, panel, stride, PANEL_VECTORS, left, k, first, count,        \
                 accumulates);                                                                    \
    }                                                                                             \
    break;

static void PANEL_MULTIPLY(float *y, ptrdiff_t ldy, const void *block, size_t m,
                           const void *panels, size_t n, size_t k, size_t first, size_t count,
                           bool accumulates) {
  const char *panel = panels;
  const size_t stride = pg_panel_bytes(PANEL_FORMAT, k);
  const size_t outputs = TILE_VECTORS * V_LANES;
  for (size_t done = 0; done < n; done += outputs) {
    const size_t left = n - done < outputs ? n - done : outputs;
    const size_t vectors = left > PG_PANEL_ROWS ? TILE_VECTORS : PANEL_VECTORS;
    switch (m) {
      PANEL_TILE_CASE(1)
      PANEL_TILE_CASE(2)
#if PANEL_TILE_ROWS > 2
      PANEL_TILE_CASE(3)
      PANEL_TILE_CASE(4)
#endif
#if PANEL_TILE_ROWS > 4
      PANEL_TILE_CASE(5)
      PANEL_TILE_CASE(6)
#endif
#if PANEL_TILE_ROWS > 6
      PANEL_TILE_CASE(7)
      PANEL_TILE_CASE(8)
#endif
#if PANEL_TILE_ROWS > 8
      PANEL_TILE_CASE(9)
      PANEL_TILE_CASE(10)
      PANEL_TILE_CASE(11)
      PANEL_TILE_CASE(12)
#endif
#if PANEL_TILE_ROWS > 12
      PANEL_TILE_CASE(13)
      PANEL_TILE_CASE(14)
#endif
    }
    panel += outputs / PG_PANEL_ROWS * stride;
    y += outputs;
  }
}

#undef PANEL_TILE
#undef PANEL_TILE_ROWS
#undef PANEL_TILE_CASE
#undef PANEL_FORMAT
#undef PANEL_MULTIPLY
