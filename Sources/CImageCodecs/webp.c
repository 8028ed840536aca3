#include <webp/decode.h>

#include "message.h"

static const char *status_text(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY: return "there is not enough memory to decode it";
    case VP8_STATUS_UNSUPPORTED_FEATURE: return "it uses a feature that libwebp does not know";
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED: return "its data end early";
    default: return "its compressed data are damaged";
  }
}

bool cimage_decode_webp_frame(
    const uint8_t *data, size_t size, uint32_t width, uint32_t height, uint8_t *pixels,
    size_t stride, char *message) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return cimage_fail(message, "libwebp cannot be started");
  VP8StatusCode status = WebPGetFeatures(data, size, &config.input);
  if (status != VP8_STATUS_OK) return cimage_fail(message, "%s", status_text(status));
  if ((uint32_t)config.input.width != width || (uint32_t)config.input.height != height) {
    return cimage_fail(message, "its frame and its container differ in size");
  }
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = pixels;
  config.output.u.RGBA.stride = (int)stride;
  config.output.u.RGBA.size = stride * (height - 1) + (size_t)width * 3;
  status = WebPDecode(data, size, &config);
  WebPFreeDecBuffer(&config.output);
  if (status != VP8_STATUS_OK) return cimage_fail(message, "%s", status_text(status));
  return true;
}
