// The product of a block of activations with panels, tile by tile. The including file defines
//   PANEL_TILE(y, ldy, block, m, panels, stride, vectors, n, pairs, accumulates)  for constant m,
//   PANEL_TILE_ROWS  the most rows of a tile,   PANEL_BLOCK  the type of a block's numbers,
//   PANEL_GEMM       the name of the function.

#define PANEL_TILE_CASE(rows)                                                                    \
  case rows:                                                                                     \
    if (vectors == TILE_VECTORS) {                                                               \
      PANEL_TILE(y, ldy, numbers, rows, panels, stride, TILE_VECTORS, left, pairs, accumulates); \
    } else {                                                                                     \
      PANEL_TILE(y, ldy, numbers, rows, panels, stride, PANEL_VECTORS, left, pairs, accumulates);\
    }                                                                                            \
    break;

static void PANEL_GEMM(float *y, ptrdiff_t ldy, const void *block, size_t m,
                       const uint16_t *panels, ptrdiff_t stride, size_t n, size_t pairs,
                       bool accumulates) {
  const PANEL_BLOCK *numbers = block;
  const size_t outputs = TILE_VECTORS * V_LANES;
  for (size_t done = 0; done < n; done += outputs) {
    const size_t left = n - done < outputs ? n - done : outputs;
    const size_t vectors = left > PG_PANEL_ROWS ? TILE_VECTORS : PANEL_VECTORS;
    switch (m) {
      PANEL_TILE_CASE(1)
      PANEL_TILE_CASE(2)
      PANEL_TILE_CASE(3)
      PANEL_TILE_CASE(4)
      PANEL_TILE_CASE(5)
      PANEL_TILE_CASE(6)
#if PANEL_TILE_ROWS > 6
      PANEL_TILE_CASE(7)
      PANEL_TILE_CASE(8)
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
    panels += (ptrdiff_t)(outputs / PG_PANEL_ROWS) * stride;
    y += outputs;
  }
}

#undef PANEL_TILE
#undef PANEL_TILE_ROWS
#undef PANEL_TILE_CASE
#undef PANEL_GEMM
#undef PANEL_BLOCK
