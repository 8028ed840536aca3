// The k best of some lines, for one type of elements and one order: includers define ELEMENT, IS_BEFORE(a, b), which
// says whether a is better than b, and NAME(function). Each line has a heap of k places with the last of them on top,
// through which the places behind the first k pass.

static inline bool NAME(is_behind)(const ELEMENT *x, ptrdiff_t step, int64_t a, int64_t b) {
  const ELEMENT first = x[a * step], second = x[b * step];
  if (IS_BEFORE(second, first)) return true;
  return !IS_BEFORE(first, second) && a > b;
}

/// Lets a place sink from `root` until none behind it is below: the last one is on top.
static void NAME(sink)(const ELEMENT *x, ptrdiff_t step, int64_t *heap, ptrdiff_t next,
                       size_t root, size_t count, int64_t place) {
  for (size_t child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && NAME(is_behind)(x, step, heap[(ptrdiff_t)(child + 1) * next],
                                             heap[(ptrdiff_t)child * next])) {
      child++;
    }
    if (!NAME(is_behind)(x, step, heap[(ptrdiff_t)child * next], place)) break;
    heap[(ptrdiff_t)root * next] = heap[(ptrdiff_t)child * next];
  }
  heap[(ptrdiff_t)root * next] = place;
}

static void NAME(sort)(const ELEMENT *x, ptrdiff_t step, int64_t *heap, ptrdiff_t next,
                       size_t count) {
  for (size_t end = count - 1; end > 0; end--) {
    const int64_t last = heap[(ptrdiff_t)end * next];
    heap[(ptrdiff_t)end * next] = heap[0];
    NAME(sink)(x, step, heap, next, 0, end, last);
  }
}

static void NAME(scan)(const ELEMENT *x, ptrdiff_t step, int64_t *heap, ptrdiff_t next,
                       size_t count, size_t k) {
  ELEMENT last = x[heap[0] * step];
  for (size_t s = k; s < count; s++) {
    while (step == 1 && s + LINES <= count) {
      int any = 0;
      for (size_t i = 0; i < LINES; i++) any |= IS_BEFORE(x[s + i], last);
      if (any) break;
      s += LINES;
    }
    if (s >= count || !IS_BEFORE(x[(ptrdiff_t)s * step], last)) continue;
    NAME(sink)(x, step, heap, next, 0, k, (int64_t)s);
    last = x[heap[0] * step];
  }
}

static void NAME(scan_columns)(const ELEMENT *x, ptrdiff_t step, int64_t *heaps, ptrdiff_t next,
                               ptrdiff_t next_heap, size_t count, size_t k, size_t lines) {
  ELEMENT last[LINES];
  for (size_t l = 0; l < lines; l++) last[l] = x[heaps[(ptrdiff_t)l * next_heap] * step + (ptrdiff_t)l];
  for (size_t s = k; s < count; s++) {
    const ELEMENT *row = x + (ptrdiff_t)s * step;
    int any = 0;
    for (size_t l = 0; l < lines; l++) any |= IS_BEFORE(row[l], last[l]);
    for (size_t l = 0; any && l < lines; l++) {
      if (!IS_BEFORE(row[l], last[l])) continue;
      int64_t *heap = heaps + (ptrdiff_t)l * next_heap;
      NAME(sink)(x + l, step, heap, next, 0, k, (int64_t)s);
      last[l] = x[heap[0] * step + (ptrdiff_t)l];
    }
  }
}

static void NAME(top_k)(int64_t *out, ptrdiff_t out_step, ptrdiff_t out_line, const ELEMENT *x,
                        ptrdiff_t step, ptrdiff_t line, size_t count, size_t k, size_t lines) {
  int64_t kept[LINES * KEPT];
  const bool is_kept = k <= KEPT;
  int64_t *heaps = is_kept ? kept : out;
  const ptrdiff_t next = is_kept ? 1 : out_step, next_heap = is_kept ? KEPT : out_line;
  for (size_t l = 0; l < lines; l++) {
    int64_t *heap = heaps + (ptrdiff_t)l * next_heap;
    for (size_t s = 0; s < k; s++) heap[(ptrdiff_t)s * next] = (int64_t)s;
    for (size_t root = k / 2; root-- > 0;) {
      NAME(sink)(x + (ptrdiff_t)l * line, step, heap, next, root, k, (int64_t)root);
    }
  }
  if (line == 1 && step != 1) {
    NAME(scan_columns)(x, step, heaps, next, next_heap, count, k, lines);
  }
  for (size_t l = 0; l < lines; l++) {
    const ELEMENT *from = x + (ptrdiff_t)l * line;
    int64_t *heap = heaps + (ptrdiff_t)l * next_heap;
    if (line != 1 || step == 1) NAME(scan)(from, step, heap, next, count, k);
    NAME(sort)(from, step, heap, next, k);
    for (size_t s = 0; is_kept && s < k; s++) {
      out[(ptrdiff_t)s * out_step + (ptrdiff_t)l * out_line] = heap[s];
    }
  }
}

#undef ELEMENT
#undef IS_BEFORE
#undef NAME
