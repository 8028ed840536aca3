#include <setjmp.h>
#include <string.h>

#include <png.h>

#include "message.h"

static void fail(png_structp png, png_const_charp text) {
  cimage_fail(png_get_error_ptr(png), "%s", text);
  png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

// What is left of the file.
typedef struct {
  const uint8_t *next;
  size_t remaining;
} Source;

static void read_bytes(png_structp png, png_bytep output, size_t count) {
  Source *source = png_get_io_ptr(png);
  if (count > source->remaining) png_error(png, "its data end early");
  memcpy(output, source->next, count);
  source->next += count;
  source->remaining -= count;
}

// How a row is laid out once libpng has unpacked it.
typedef struct {
  size_t bytes_per_pixel;
  uint8_t colour_type;
  uint8_t bit_depth;
  png_colorp palette;
  int palette_size;
} RowFormat;

// Asks for rows of RGB bytes, of one byte (grey level or palette index) or of one 16-bit grey.
static RowFormat configure(png_structp png, png_infop info) {
  RowFormat format = {
      .colour_type = png_get_color_type(png, info), .bit_depth = png_get_bit_depth(png, info)};
  bool grey = !(format.colour_type & PNG_COLOR_MASK_COLOR);
  bool has_alpha = format.colour_type & PNG_COLOR_MASK_ALPHA;
  // Grey with alpha is read by Pillow as 8 bits a channel, so only plain grey keeps its 16 bits.
  bool wide = format.bit_depth == 16 && grey && !has_alpha;
  if (format.bit_depth < 8) png_set_packing(png);
  if (format.bit_depth == 16 && !wide) png_set_strip_16(png);
  if (has_alpha) png_set_strip_alpha(png);
  if (format.colour_type == PNG_COLOR_TYPE_PALETTE) {
    png_get_PLTE(png, info, &format.palette, &format.palette_size);
    format.bytes_per_pixel = 1;
  } else {
    format.bytes_per_pixel = !grey ? 3 : wide ? 2 : 1;
  }
  return format;
}

static void put_grey(uint8_t *output, uint8_t level) {
  output[0] = output[1] = output[2] = level;
}

// Spreads a row to RGB. The row ends where the RGB row ends, so going left to right never
// overwrites what has not been read yet.
static void spread_row(png_structp png, const RowFormat *format, uint8_t *row, uint32_t width) {
  const uint8_t *input = row + (3 - format->bytes_per_pixel) * (size_t)width;
  uint8_t scale = format->bit_depth < 8 ? (uint8_t)(255 / ((1 << format->bit_depth) - 1)) : 1;
  for (uint32_t x = 0; x < width; x++, row += 3) {
    if (format->bytes_per_pixel == 2) {
      put_grey(row, input[2 * (size_t)x] ? 255 : input[2 * (size_t)x + 1]);
    } else if (format->palette) {
      int index = input[x];
      if (index >= format->palette_size) png_error(png, "a pixel lies beyond the palette");
      png_color colour = format->palette[index];
      row[0] = colour.red;
      row[1] = colour.green;
      row[2] = colour.blue;
    } else {
      put_grey(row, (uint8_t)(input[x] * scale));
    }
  }
}

static void read_picture(png_structp png, png_infop info, uint8_t *pixels) {
  uint32_t width = png_get_image_width(png, info);
  uint32_t height = png_get_image_height(png, info);
  RowFormat format = configure(png, info);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != width * format.bytes_per_pixel) {
    png_error(png, "its pixel layout is not supported");
  }
  size_t stride = (size_t)width * 3;
  size_t indent = (3 - format.bytes_per_pixel) * (size_t)width;
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < height; y++) {
      png_read_row(png, pixels + y * stride + indent, NULL);
    }
  }
  png_read_end(png, NULL);
  if (format.bytes_per_pixel == 3) return;
  for (uint32_t y = 0; y < height; y++) spread_row(png, &format, pixels + y * stride, width);
}

bool cimage_decode_png(
    const uint8_t *data, size_t size, uint32_t width, uint32_t height, uint8_t *pixels,
    char *message) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore_warning);
  if (!png) return cimage_fail(message, "libpng cannot be started");
  png_infop info = png_create_info_struct(png);
  if (!info || setjmp(png_jmpbuf(png))) {
    if (!info) cimage_fail(message, "libpng cannot be started");
    png_destroy_read_struct(&png, &info, NULL);
    return false;
  }
  Source source = {.next = data, .remaining = size};
  png_set_read_fn(png, &source, read_bytes);
  // What a picture may take has been checked.
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_benign_errors(png, 0);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_read_info(png, info);
  if (png_get_image_width(png, info) != width || png_get_image_height(png, info) != height) {
    png_error(png, "it holds two headers of different size");
  }
  read_picture(png, info, pixels);
  png_destroy_read_struct(&png, &info, NULL);
  return true;
}

// Where the encoder's bytes go.
typedef struct {
  cimage_sink write;
  void *context;
} Sink;

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  Sink *sink = png_get_io_ptr(png);
  if (!sink->write(sink->context, bytes, count)) png_error(png, "its bytes cannot be stored");
}

static void flush_nothing(png_structp png) { (void)png; }

bool cimage_encode_png(
    const uint8_t *pixels, uint32_t width, uint32_t height, cimage_sink write, void *context,
    char *message) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore_warning);
  if (!png) return cimage_fail(message, "libpng cannot be started");
  png_infop info = png_create_info_struct(png);
  if (!info || setjmp(png_jmpbuf(png))) {
    if (!info) cimage_fail(message, "libpng cannot be started");
    png_destroy_write_struct(&png, &info);
    return false;
  }
  Sink sink = {.write = write, .context = context};
  png_set_write_fn(png, &sink, write_bytes, flush_nothing);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(
      png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
      PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  // Beyond this level photographs take several times as long and hardly shrink.
  png_set_compression_level(png, 3);
  png_write_info(png, info);
  for (uint32_t y = 0; y < height; y++) png_write_row(png, pixels + (size_t)y * width * 3);
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  return true;
}
