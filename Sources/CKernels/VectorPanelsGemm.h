// The product of a block of activations with panels, tile by tile. The including file defines
//   PANEL_TILE(y, ldy, block, m, panels, stride, vectors, n, k, first, count, accumulates, next)
//                    for constant m; `stride` is a panel's bytes, `next` a panel_prefetch,
//   PANEL_TILE_ROWS  the most rows of a tile,
//   PANEL_SINGLE_ROWS  up to so many rows, panels are read one after the other, as they stand,
//   PANEL_FORMAT     the format of the panels,
//   PANEL_MULTIPLY   the name of the function.

#define PANEL_TILE_CASE(rows)                                                                     \
  case rows:                                                                                      \
    if (vectors == TILE_VECTORS) {                                                                \
      PANEL_TILE(y, ldy, block, rows, panel, stride, TILE_VECTORS, left, k, first, count,         \
                 accumulates, next);                                                              \
    } else {                                                                                      \
      PANEL_TILE(y, ldy, block, rows, panel, stride, PANEL_VECTORS, left, k, first, count,        \
                 accumulates, next);                                                              \
    }                                                                                             \
    break;

static void PANEL_MULTIPLY(float *y, ptrdiff_t ldy, const void *block, size_t m,
                           const pg_panel_part *part, bool accumulates,
                           const pg_panel_ahead *ahead) {
  const size_t k = part->k, first = part->first, count = part->count;
  const size_t stride = pg_panel_bytes(PANEL_FORMAT, k);
  const size_t outputs = m <= PANEL_SINGLE_ROWS ? PG_PANEL_ROWS : TILE_VECTORS * V_LANES;
  const char *panel = part->panels;
  panel_prefetch next = {NULL, 0, 0};
  if (ahead != NULL) next = prefetch_of(PANEL_FORMAT, ahead);
  for (size_t done = 0; done < part->n; done += outputs) {
    const size_t left = part->n - done < outputs ? part->n - done : outputs;
    const size_t vectors = left > PG_PANEL_ROWS ? TILE_VECTORS : PANEL_VECTORS;
    if (ahead != NULL && done >= ahead->part.n) next.interval = 0;
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
    if (next.from != NULL) next.from += outputs / PG_PANEL_ROWS * stride;
    y += outputs;
  }
}

#undef PANEL_TILE
#undef PANEL_TILE_ROWS
#undef PANEL_TILE_CASE
#undef PANEL_SINGLE_ROWS
#undef PANEL_FORMAT
#undef PANEL_MULTIPLY
