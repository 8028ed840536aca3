#include "jpeg_errors.h"

static void check_scan_count(j_common_ptr info) {
  j_decompress_ptr decoder = (j_decompress_ptr)info;
  double pixels = (double)decoder->image_width * decoder->image_height;
  double most = CIMAGE_JPEG_MAX_SCANNED_PIXELS / (pixels < 1 ? 1 : pixels);
  if (most < CIMAGE_JPEG_FEW_SCANS) most = CIMAGE_JPEG_FEW_SCANS;
  if (most > CIMAGE_JPEG_MAX_SCANS) most = CIMAGE_JPEG_MAX_SCANS;
  if (decoder->input_scan_number <= most) return;
  char reason[64];
  snprintf(reason, sizeof reason, "it has more than %d scans", (int)most);
  cimage_jpeg_fail(info, reason);
}

// A source over memory that, unlike jpeg_mem_src, does not invent an end marker when data run out.
static void source_nothing(j_decompress_ptr info) { (void)info; }

static boolean source_exhausted(j_decompress_ptr info) {
  cimage_jpeg_fail((j_common_ptr)info, "its data end early");
}

// Once all rows are there, an end marker may be missing behind other data: asked for more, the source then
// lets the decoder wait instead of failing, as Pillow does.
static boolean source_waiting(j_decompress_ptr info) {
  (void)info;
  return FALSE;
}

static void source_skip(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if ((size_t)count > info->src->bytes_in_buffer) {
    info->src->fill_input_buffer(info);
    count = (long)info->src->bytes_in_buffer;
  }
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= (size_t)count;
}

// 255 - c and 255 - k are the ink amounts; R = (1 - C)(1 - K), with Pillow's rounding of x / 255.
static uint8_t inverted_ink_to_light(uint8_t c, uint8_t k) {
  unsigned product = (255u - c) * k + 128u;
  return (uint8_t)(k - ((product + (product >> 8)) >> 8));
}

static void cmyk_row_to_rgb(const uint8_t *input, uint8_t *output, uint32_t width) {
  for (uint32_t x = 0; x < width; x++, input += 4, output += 3) {
    for (int channel = 0; channel < 3; channel++) {
      output[channel] = inverted_ink_to_light(input[channel], input[3]);
    }
  }
}

static void read_rows(j_decompress_ptr info, uint8_t *pixels) {
  size_t stride = (size_t)info->output_width * 3;
  JSAMPARRAY ink = NULL;
  if (info->out_color_space == JCS_CMYK) {
    ink = info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE, info->output_width * 4, 1);
  }
  while (info->output_scanline < info->output_height) {
    uint8_t *row = pixels + info->output_scanline * stride;
    jpeg_read_scanlines(info, ink ? ink : &row, 1);
    if (ink) cmyk_row_to_rgb(ink[0], row, info->output_width);
  }
}

bool cimage_decode_jpeg(
    const uint8_t *data, size_t size, uint32_t width, uint32_t height, uint8_t *pixels,
    char *message) {
  struct jpeg_decompress_struct info;
  memset(&info, 0, sizeof info);
  ErrorManager errors;
  info.err = cimage_jpeg_errors(&errors, message);
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);

  struct jpeg_source_mgr source = {
      .next_input_byte = data,
      .bytes_in_buffer = size,
      .init_source = source_nothing,
      .fill_input_buffer = source_exhausted,
      .skip_input_data = source_skip,
      .resync_to_restart = jpeg_resync_to_restart,
      .term_source = source_nothing};
  info.src = &source;
  struct jpeg_progress_mgr progress = {.progress_monitor = check_scan_count};
  info.progress = &progress;

  jpeg_read_header(&info, TRUE);
  bool matches = info.image_width == width && info.image_height == height;
  bool supported =
      info.num_components == 1 || info.num_components == 3 || info.num_components == 4;
  if (!matches || !supported) {
    if (!matches) {
      cimage_fail(message, "it holds two pictures of different size");
    } else {
      cimage_fail(message, "it has %d colour components", info.num_components);
    }
    jpeg_destroy_decompress(&info);
    return false;
  }
  info.out_color_space = info.num_components == 4 ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&info);
  read_rows(&info, pixels);
  source.fill_input_buffer = source_waiting;
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return true;
}
