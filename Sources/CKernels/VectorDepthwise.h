// Products of each channel of a picture with its own weights.

/// One vector of channels, or its first `width`, at a constant number of places.
__attribute__((always_inline)) static inline void depthwise_places(
    float *out, ptrdiff_t ldo, const float *const *x, ptrdiff_t at, ptrdiff_t ldx,
    const float *const *w, ptrdiff_t channel, size_t taps, const size_t m, const float *bias,
    size_t width) {
  vf sum[6];
  const vf start = bias == NULL        ? v_set(0.0f)
                   : width == V_LANES ? v_load(bias + channel)
                                      : v_load_first(bias + channel, width, v_set(0.0f));
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) sum[i] = start;
  for (size_t t = 0; t < taps; t++) {
    const float *pixels = x[t] + at, *weights = w[t] + channel;
    const vf weight =
        width == V_LANES ? v_load(weights) : v_load_first(weights, width, v_set(0.0f));
#pragma clang loop unroll(full)
    for (size_t i = 0; i < m; i++) {
      const float *pixel = pixels + (ptrdiff_t)i * ldx;
      const vf value = width == V_LANES ? v_load(pixel) : v_load_first(pixel, width, v_set(0.0f));
      sum[i] = v_fma(value, weight, sum[i]);
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < m; i++) {
    float *target = out + (ptrdiff_t)i * ldo + channel;
    if (width == V_LANES) {
      v_store(target, sum[i]);
    } else {
      v_store_first(target, sum[i], width);
    }
  }
}

static void depthwise(float *out, ptrdiff_t ldo, const float *const *x, ptrdiff_t ldx,
                      const float *const *w, size_t taps, size_t m, size_t n, const float *bias) {
  for (size_t c = 0; c < n; c += V_LANES) {
    const size_t width = n - c < V_LANES ? n - c : V_LANES;
    const ptrdiff_t channel = (ptrdiff_t)c;
    size_t i = 0;
    for (; i + 6 <= m; i += 6) {
      const ptrdiff_t at = (ptrdiff_t)i * ldx + channel;
      float *target = out + (ptrdiff_t)i * ldo;
      if (width == V_LANES) {
        depthwise_places(target, ldo, x, at, ldx, w, channel, taps, 6, bias, V_LANES);
      } else {
        depthwise_places(target, ldo, x, at, ldx, w, channel, taps, 6, bias, width);
      }
    }
    for (; i < m; i++) {
      depthwise_places(out + (ptrdiff_t)i * ldo, ldo, x, (ptrdiff_t)i * ldx + channel, ldx, w,
                       channel, taps, 1, bias, width);
    }
  }
}
