// Kernels over rows on the vector type of the including file. Sums run in four accumulators that
// are combined as (0 + 1) + (2 + 3); elements past the last full vector go to the first one.

/// Calls `TERM(value)` on each vector of x[0..<n] and sums the results. Lanes past the end hold
/// `FILL`, whose TERM must be 0.
#define SUM_OF(result, x, n, FILL, TERM)                                      \
  do {                                                                        \
    vf part[4] = {v_set(0.0f), v_set(0.0f), v_set(0.0f), v_set(0.0f)};        \
    size_t at = 0;                                                            \
    for (; at + 4 * V_LANES <= (n); at += 4 * V_LANES) {                      \
      for (size_t j = 0; j < 4; j++) {                                        \
        part[j] = v_add(part[j], TERM(v_load((x) + at + j * V_LANES)));       \
      }                                                                       \
    }                                                                         \
    for (; at + V_LANES <= (n); at += V_LANES) {                              \
      part[0] = v_add(part[0], TERM(v_load((x) + at)));                       \
    }                                                                         \
    if (at < (n)) {                                                           \
      part[0] = v_add(part[0], TERM(v_load_first((x) + at, (n) - at, FILL))); \
    }                                                                         \
    (result) = v_sum(v_add(v_add(part[0], part[1]), v_add(part[2], part[3]))); \
  } while (0)

static float row_sum(const float *x, size_t n) {
  float sum;
#define PLAIN(value) (value)
  SUM_OF(sum, x, n, v_set(0.0f), PLAIN);
#undef PLAIN
  return sum;
}

/// sum (x - centre)^2.
static float row_squares(const float *x, size_t n, float centre) {
  const vf middle = v_set(centre);
  float sum;
#define SQUARE(value) v_mul(v_sub(value, middle), v_sub(value, middle))
  SUM_OF(sum, x, n, middle, SQUARE);
#undef SQUARE
  return sum;
}

/// The largest of x[0..<n]; NaN if any is NaN; -inf for n = 0.
static float row_largest(const float *x, size_t n) {
  const vf lowest = v_set(-INFINITY);
  vf most = lowest, unordered = v_set(0.0f);
  size_t at = 0;
  for (; at < n; at += V_LANES) {
    const size_t left = n - at < V_LANES ? n - at : V_LANES;
    const vf value = left == V_LANES ? v_load(x + at) : v_load_first(x + at, left, lowest);
    unordered = v_select_nan(value, value, unordered);
    most = v_max(value, most);
  }
  return v_any_nan(unordered) ? NAN : v_largest(most);
}

static void layer_norm(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, size_t rows,
                       size_t cols, const float *weight, const float *bias, float eps) {
  const vf one = v_set(1.0f), zero = v_set(0.0f);
  for (size_t r = 0; r < rows; r++, out += ldo, x += ldx) {
    const float mean = row_sum(x, cols) / (float)cols;
    const float variance = row_squares(x, cols, mean) / (float)cols;
    const vf middle = v_set(mean), scale = v_set(1 / sqrtf(variance + eps));
    for (size_t c = 0; c < cols; c += V_LANES) {
      const size_t left = cols - c < V_LANES ? cols - c : V_LANES;
      const bool full = left == V_LANES;
      const vf value = full ? v_load(x + c) : v_load_first(x + c, left, zero);
      vf y = v_mul(v_sub(value, middle), scale);
      if (weight) y = v_mul(y, full ? v_load(weight + c) : v_load_first(weight + c, left, one));
      if (bias) y = v_add(y, full ? v_load(bias + c) : v_load_first(bias + c, left, zero));
      if (full) {
        v_store(out + c, y);
      } else {
        v_store_first(out + c, y, left);
      }
    }
  }
}

static void rms_norm(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, size_t rows,
                     size_t cols, const float *weight, float weight_offset, float eps) {
  const vf zero = v_set(0.0f), offset = v_set(weight_offset);
  for (size_t r = 0; r < rows; r++, out += ldo, x += ldx) {
    const vf scale = v_set(1 / sqrtf(row_squares(x, cols, 0) / (float)cols + eps));
    for (size_t c = 0; c < cols; c += V_LANES) {
      const size_t left = cols - c < V_LANES ? cols - c : V_LANES;
      const bool full = left == V_LANES;
      vf y = v_mul(full ? v_load(x + c) : v_load_first(x + c, left, zero), scale);
      if (weight) {
        const vf factor = full ? v_load(weight + c) : v_load_first(weight + c, left, zero);
        y = v_mul(y, v_add(offset, factor));
      }
      if (full) {
        v_store(out + c, y);
      } else {
        v_store_first(out + c, y, left);
      }
    }
  }
}

/// s[i] = e^(s[i] - max); returns their sum.
static float exponentiate(float *out, const float *s, size_t n, float max) {
  const vf shift = v_set(max), zero = v_set(0.0f);
  vf even = zero, odd = zero;
  size_t at = 0;
  for (; at + 2 * V_LANES <= n; at += 2 * V_LANES) {
    const vf first = v_exp(v_sub(v_load(s + at), shift));
    const vf second = v_exp(v_sub(v_load(s + at + V_LANES), shift));
    v_store(out + at, first);
    v_store(out + at + V_LANES, second);
    even = v_add(even, first);
    odd = v_add(odd, second);
  }
  for (; at < n; at += V_LANES) {
    const size_t left = n - at < V_LANES ? n - at : V_LANES;
    if (left == V_LANES) {
      const vf value = v_exp(v_sub(v_load(s + at), shift));
      v_store(out + at, value);
      even = v_add(even, value);
    } else {
      const vf value = v_exp(v_sub(v_load_first(s + at, left, shift), shift));
      v_store_first(out + at, value, left);
      even = v_add(even, v_keep_first(value, left, zero));
    }
  }
  return v_sum(v_add(even, odd));
}

static void softmax(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, size_t rows,
                    size_t cols) {
  for (size_t r = 0; r < rows; r++, out += ldo, x += ldx) {
    const float sum = exponentiate(out, x, cols, row_largest(x, cols));
    binary_strides(PG_BINARY_DIV, out, out, 1, &sum, 0, cols);
  }
}

/// s[i] = softcap(scale s[i]) + additive[i].
static void finish_scores(float *s, size_t n, float scale, float cap, const float *additive) {
  const vf factor = v_set(scale), limit = v_set(cap), zero = v_set(0.0f);
  for (size_t at = 0; at < n; at += V_LANES) {
    const size_t left = n - at < V_LANES ? n - at : V_LANES;
    const bool full = left == V_LANES;
    vf t = v_mul(full ? v_load(s + at) : v_load_first(s + at, left, zero), factor);
    if (cap > 0) t = v_softcap(t, limit);
    if (additive) {
      t = v_add(t, full ? v_load(additive + at) : v_load_first(additive + at, left, zero));
    }
    if (full) {
      v_store(s + at, t);
    } else {
      v_store_first(s + at, t, left);
    }
  }
}

static float online_softmax(float *s, size_t n, float scale, float cap, const float *additive,
                            float *max, float *sum) {
  finish_scores(s, n, scale, cap, additive);
  const float old = *max, largest = row_largest(s, n);
  const float new = binary_value(PG_BINARY_MAX, old, largest);
  if (new == -INFINITY) {
    memset(s, 0, n * sizeof *s);
    return 1;
  }
  const float correction = expf(old - new);
  *sum = *sum * correction + exponentiate(s, s, n, new);
  *max = new;
  return correction;
}

static void rope(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, const float *cos,
                 ptrdiff_t ldcos, const float *sin, ptrdiff_t ldsin, size_t rows, size_t d) {
  const size_t half = d / 2;
  for (size_t r = 0; r < rows; r++, out += ldo, x += ldx, cos += ldcos, sin += ldsin) {
    size_t i = 0;
    for (; i + V_LANES <= half; i += V_LANES) {
      const size_t j = i + half;
      const vf a = v_load(x + i), b = v_load(x + j);
      v_store(out + i, v_sub(v_mul(a, v_load(cos + i)), v_mul(b, v_load(sin + i))));
      v_store(out + j, v_add(v_mul(b, v_load(cos + j)), v_mul(a, v_load(sin + j))));
    }
    for (; i < half; i++) {
      const size_t j = i + half;
      const float a = x[i], b = x[j];
      const float ac = a * cos[i], bs = b * sin[i], bc = b * cos[j], as = a * sin[j];
      out[i] = ac - bs;
      out[j] = bc + as;
    }
  }
}

static void reduce(pg_reduction op, float *out, const float *x, ptrdiff_t ldx, size_t rows,
                   size_t cols) {
  for (size_t r = 0; r < rows; r++, x += ldx) {
    switch (op) {
      case PG_REDUCTION_SUM: out[r] = row_sum(x, cols); break;
      case PG_REDUCTION_MEAN: out[r] = row_sum(x, cols) / (float)cols; break;
      case PG_REDUCTION_MAX: out[r] = row_largest(x, cols); break;
    }
  }
}

static size_t argmax(const float *x, size_t n) {
  const float largest = row_largest(x, n);
  for (size_t i = 0; i < n; i++) {
    if (x[i] == largest || isnan(x[i])) return i;
  }
  return 0;
}
