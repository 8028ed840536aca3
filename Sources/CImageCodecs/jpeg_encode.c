#include "jpeg_errors.h"

// Where the encoder's bytes go.
typedef struct {
  struct jpeg_destination_mgr base;
  cimage_sink write;
  void *context;
  uint8_t buffer[1 << 14];
} Destination;

static void put(j_compress_ptr info, size_t count) {
  Destination *destination = (Destination *)info->dest;
  if (!destination->write(destination->context, destination->buffer, count)) {
    cimage_jpeg_fail((j_common_ptr)info, "its bytes cannot be stored");
  }
  destination->base.next_output_byte = destination->buffer;
  destination->base.free_in_buffer = sizeof destination->buffer;
}

static void start_destination(j_compress_ptr info) {
  Destination *destination = (Destination *)info->dest;
  destination->base.next_output_byte = destination->buffer;
  destination->base.free_in_buffer = sizeof destination->buffer;
}

static boolean empty_buffer(j_compress_ptr info) {
  put(info, sizeof((Destination *)info->dest)->buffer);
  return TRUE;
}

static void end_destination(j_compress_ptr info) {
  Destination *destination = (Destination *)info->dest;
  put(info, sizeof destination->buffer - destination->base.free_in_buffer);
}

bool cimage_encode_jpeg(
    const uint8_t *pixels, uint32_t width, uint32_t height, int quality, cimage_sink write,
    void *context, char *message) {
  struct jpeg_compress_struct info;
  memset(&info, 0, sizeof info);
  ErrorManager errors;
  info.err = cimage_jpeg_errors(&errors, message);
  if (setjmp(errors.escape)) {
    jpeg_destroy_compress(&info);
    return false;
  }
  jpeg_create_compress(&info);
  Destination destination = {
      .base = {
          .init_destination = start_destination,
          .empty_output_buffer = empty_buffer,
          .term_destination = end_destination},
      .write = write,
      .context = context};
  info.dest = &destination.base;
  info.image_width = width;
  info.image_height = height;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  for (int component = 0; component < info.num_components; component++) {
    info.comp_info[component].h_samp_factor = 1;
    info.comp_info[component].v_samp_factor = 1;
  }
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < height) {
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)info.next_scanline * width * 3);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  return true;
}
