#include "message.h"

#if __has_include(<tiffio.h>)
#include <tiffio.h>
#endif

// Per-file handlers and limits came with 4.5, and with it the soname.
#if defined(TIFFLIB_VERSION) && TIFFLIB_VERSION >= 20221213

#include <stdlib.h>
#include <string.h>

#include "library.h"

#define FUNCTIONS(USE) \
  USE(TIFFClientOpenExt) USE(TIFFClose) USE(TIFFComputeStrip) USE(TIFFComputeTile) \
  USE(TIFFGetField) USE(TIFFGetFieldDefaulted) USE(TIFFIsTiled) USE(TIFFOpenOptionsAlloc) \
  USE(TIFFOpenOptionsFree) USE(TIFFOpenOptionsSetErrorHandlerExtR) \
  USE(TIFFOpenOptionsSetMaxSingleMemAlloc) USE(TIFFOpenOptionsSetWarningHandlerExtR) \
  USE(TIFFReadEncodedStrip) USE(TIFFReadEncodedTile) USE(TIFFScanlineSize64) USE(TIFFSetField) \
  USE(TIFFTileRowSize64)

CIMAGE_LIBRARY("libtiff.so.6", FUNCTIONS)

// The file in memory, as the library reads it.
typedef struct {
  const uint8_t *data;
  size_t size;
  size_t position;
} Source;

static tmsize_t source_read(thandle_t handle, void *buffer, tmsize_t count) {
  Source *source = handle;
  if (count < 0 || source->position > source->size) return 0;
  size_t left = source->size - source->position;
  size_t taken = (size_t)count < left ? (size_t)count : left;
  memcpy(buffer, source->data + source->position, taken);
  source->position += taken;
  return (tmsize_t)taken;
}

static tmsize_t source_write(thandle_t handle, void *buffer, tmsize_t count) {
  (void)handle, (void)buffer, (void)count;
  return -1;
}

static toff_t source_seek(thandle_t handle, toff_t offset, int origin) {
  Source *source = handle;
  toff_t base = origin == SEEK_CUR ? source->position : origin == SEEK_END ? source->size : 0;
  source->position = base + offset;
  return source->position;
}

static int source_close(thandle_t handle) {
  (void)handle;
  return 0;
}

static toff_t source_size(thandle_t handle) { return ((Source *)handle)->size; }

// Keeps the first reason.
static int keep_error(
    TIFF *tiff, void *message, const char *module, const char *format, va_list arguments) {
  (void)tiff, (void)module;
  if (!*(char *)message) vsnprintf(message, CIMAGE_MESSAGE_CAPACITY, format, arguments);
  return 1;
}

static int ignore_warning(
    TIFF *tiff, void *context, const char *module, const char *format, va_list arguments) {
  (void)tiff, (void)context, (void)module, (void)format, (void)arguments;
  return 1;
}

// How samples become colours.
typedef enum { GREY, WIDE_GREY, PALETTE, RGB, PREMULTIPLIED_RGB, CMYK } Colour;

typedef struct {
  Colour colour;
  uint16_t bits;
  // Samples of a pixel in a row; 1 where planes are apart.
  uint16_t samples;
  // TIFF 6.0: 1 unsigned, 2 signed, 3 floating point.
  uint16_t format;
  bool white_is_zero;
  bool separate;
  const uint16_t *palette[3];
} Layout;

// Picks the layouts that Pillow reads, but for Lab, premultiplied grey and YCbCr other than JPEG's.
static bool find_layout(TIFF *tiff, Layout *layout, uint16_t *compression) {
  uint16_t photometric, planes, extra_count, *extras;
  library.TIFFGetFieldDefaulted_(tiff, TIFFTAG_BITSPERSAMPLE, &layout->bits);
  library.TIFFGetFieldDefaulted_(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout->samples);
  library.TIFFGetFieldDefaulted_(tiff, TIFFTAG_SAMPLEFORMAT, &layout->format);
  library.TIFFGetFieldDefaulted_(tiff, TIFFTAG_PLANARCONFIG, &planes);
  library.TIFFGetFieldDefaulted_(tiff, TIFFTAG_COMPRESSION, compression);
  if (!library.TIFFGetField_(tiff, TIFFTAG_PHOTOMETRIC, &photometric)) photometric = 0;
  if (!library.TIFFGetField_(tiff, TIFFTAG_EXTRASAMPLES, &extra_count, &extras)) extra_count = 0;
  bool premultiplied = extra_count > 0 && extras[0] == EXTRASAMPLE_ASSOCALPHA;
  int colours = layout->samples - extra_count;
  layout->separate = planes == PLANARCONFIG_SEPARATE && layout->samples > 1;
  layout->white_is_zero = photometric == PHOTOMETRIC_MINISWHITE;
  bool wide = layout->bits == 16 || layout->bits == 32;
  bool bytes = layout->format == 1 && (layout->bits == 8 || layout->bits == 16);
  switch (photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
      layout->colour = wide ? WIDE_GREY : GREY;
      if (layout->separate || premultiplied || colours != 1 || extra_count > 1) return false;
      if (wide) return layout->samples == 1 && layout->format <= 3;
      if (extra_count) return layout->bits == 8 && !layout->white_is_zero;
      return layout->bits == 1 || layout->bits == 2 || layout->bits == 4 || layout->bits == 8;
    case PHOTOMETRIC_PALETTE:
      layout->colour = PALETTE;
      if (!library.TIFFGetField_(
              tiff, TIFFTAG_COLORMAP, &layout->palette[0], &layout->palette[1],
              &layout->palette[2])) return false;
      if (layout->separate || premultiplied || colours != 1 || extra_count > 1) return false;
      return layout->bits == 8 ||
          (!extra_count && (layout->bits == 1 || layout->bits == 2 || layout->bits == 4));
    case PHOTOMETRIC_YCBCR:
      if (*compression != COMPRESSION_JPEG || layout->bits != 8) return false;
      library.TIFFSetField_(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
      layout->colour = RGB;
      return layout->samples == 3 && !layout->separate;
    case PHOTOMETRIC_RGB:
      layout->colour = premultiplied ? PREMULTIPLIED_RGB : RGB;
      // A fourth sample that is not explained is alpha.
      if (!extra_count && layout->samples == 4) colours = 3;
      return bytes && colours == 3 && extra_count <= 3 && !(premultiplied && layout->separate);
    case PHOTOMETRIC_SEPARATED:
      layout->colour = CMYK;
      return bytes && colours == 4 && extra_count <= 2 && !layout->separate;
    default:
      return false;
  }
}

static uint8_t clip(double value) {
  return (uint8_t)(value <= 0 ? 0 : value >= 255 ? 255 : value);
}

// Pillow cuts wide levels off at 255 instead of scaling them.
static uint8_t wide_level(const Layout *layout, const uint8_t *row, size_t x) {
  if (layout->bits == 16) {
    uint16_t value;
    memcpy(&value, row + 2 * x, sizeof value);
    return clip(layout->format == 2 ? (int16_t)value : value);
  }
  uint32_t value;
  memcpy(&value, row + 4 * x, sizeof value);
  if (layout->format != 3) return clip((int32_t)value);
  float number;
  memcpy(&number, &value, sizeof number);
  return clip(number == number ? number : 0);
}

// Sample `i` of a row, of 8 or 16 bits, of which the upper eight count.
static uint8_t byte_sample(const Layout *layout, const uint8_t *row, size_t i) {
  if (layout->bits == 8) return row[i];
  uint16_t value;
  memcpy(&value, row + 2 * i, sizeof value);
  return (uint8_t)(value >> 8);
}

// The grey level or palette index of a pixel with up to 8 bits.
static unsigned small_sample(const Layout *layout, const uint8_t *row, size_t x) {
  if (layout->bits == 8) return row[x * layout->samples];
  size_t bit = x * layout->bits;
  return row[bit / 8] >> (8 - layout->bits - bit % 8) & ((1u << layout->bits) - 1);
}

static uint8_t unmultiplied(unsigned colour, unsigned alpha) {
  if (!alpha) return 0;
  unsigned value = 255 * colour / alpha;
  return (uint8_t)(value > 255 ? 255 : value);
}

// x * y / 255, rounded as Pillow does.
static unsigned product(unsigned x, unsigned y) {
  unsigned sum = x * y + 128;
  return (sum + (sum >> 8)) >> 8;
}

// Turns a decoded row into RGB; with planes apart, into the channel `plane`.
static void convert_row(
    const Layout *layout, const uint8_t *row, uint8_t *output, uint32_t width, int plane) {
  for (size_t x = 0; x < width; x++, output += 3) {
    size_t first = x * layout->samples;
    if (layout->separate) {
      output[plane] = byte_sample(layout, row, x);
      continue;
    }
    switch (layout->colour) {
      case GREY: {
        uint8_t level =
            (uint8_t)(small_sample(layout, row, x) * 255 / ((1u << layout->bits) - 1));
        output[0] = output[1] = output[2] = layout->white_is_zero ? 255 - level : level;
        break;
      }
      case WIDE_GREY:
        output[0] = output[1] = output[2] = wide_level(layout, row, x);
        break;
      case PALETTE: {
        unsigned index = small_sample(layout, row, x);
        for (int c = 0; c < 3; c++) output[c] = (uint8_t)(layout->palette[c][index] >> 8);
        break;
      }
      case RGB:
        for (int c = 0; c < 3; c++) output[c] = byte_sample(layout, row, first + c);
        break;
      case PREMULTIPLIED_RGB: {
        unsigned alpha = byte_sample(layout, row, first + 3);
        for (int c = 0; c < 3; c++) {
          output[c] = unmultiplied(byte_sample(layout, row, first + c), alpha);
        }
        break;
      }
      case CMYK: {
        unsigned light = 255u - byte_sample(layout, row, first + 3);
        for (int c = 0; c < 3; c++) {
          output[c] = (uint8_t)(light - product(byte_sample(layout, row, first + c), light));
        }
        break;
      }
    }
  }
}

// Strips or tiles of the picture: blocks of `width` columns and `height` rows.
typedef struct {
  uint32_t width, height;
  size_t row_bytes;
  bool tiled;
} Blocks;

static bool find_blocks(TIFF *tiff, uint32_t width, uint32_t height, Blocks *blocks) {
  blocks->tiled = library.TIFFIsTiled_(tiff);
  if (blocks->tiled) {
    blocks->row_bytes = library.TIFFTileRowSize64_(tiff);
    return library.TIFFGetField_(tiff, TIFFTAG_TILEWIDTH, &blocks->width) &&
        library.TIFFGetField_(tiff, TIFFTAG_TILELENGTH, &blocks->height) && blocks->width &&
        blocks->height;
  }
  blocks->row_bytes = library.TIFFScanlineSize64_(tiff);
  blocks->width = width;
  if (!library.TIFFGetField_(tiff, TIFFTAG_ROWSPERSTRIP, &blocks->height) || !blocks->height ||
      blocks->height > height) {
    blocks->height = height;
  }
  return true;
}

static bool read_block(
    TIFF *tiff, const Blocks *blocks, uint32_t x, uint32_t y, uint32_t rows, int plane,
    uint8_t *buffer) {
  tmsize_t size = (tmsize_t)(blocks->row_bytes * (blocks->tiled ? blocks->height : rows));
  tmsize_t count = blocks->tiled
      ? library.TIFFReadEncodedTile_(
            tiff, library.TIFFComputeTile_(tiff, x, y, 0, (uint16_t)plane), buffer, size)
      : library.TIFFReadEncodedStrip_(
            tiff, library.TIFFComputeStrip_(tiff, y, (uint16_t)plane), buffer, size);
  return count == size;
}

static bool read_picture(
    TIFF *tiff, uint32_t width, uint32_t height, uint8_t *pixels, char *message) {
  uint32_t stored_width = 0, stored_height = 0;
  library.TIFFGetField_(tiff, TIFFTAG_IMAGEWIDTH, &stored_width);
  library.TIFFGetField_(tiff, TIFFTAG_IMAGELENGTH, &stored_height);
  if (stored_width != width || stored_height != height) {
    return cimage_fail(message, "it has two directories of different size");
  }
  Layout layout = {0};
  uint16_t compression;
  if (!find_layout(tiff, &layout, &compression)) {
    return cimage_fail(message, "its layout of samples is not read");
  }
  Blocks blocks;
  if (!find_blocks(tiff, width, height, &blocks)) {
    return cimage_fail(message, "its tiles have no size");
  }
  uint64_t bits = (uint64_t)blocks.width * layout.bits * (layout.separate ? 1 : layout.samples);
  size_t limit = ((size_t)1 << 26) + (size_t)width * height * layout.samples * layout.bits / 8;
  if (blocks.row_bytes != (bits + 7) / 8 || blocks.row_bytes > limit / blocks.height) {
    return cimage_fail(message, "its strips or tiles are larger than the picture");
  }
  // Zeros, so that what a damaged block leaves out is not memory of something else.
  uint8_t *buffer = calloc(blocks.height, blocks.row_bytes);
  if (!buffer) return cimage_fail(message, "there is not enough memory to decode it");
  bool whole = true;
  int planes = layout.separate ? 3 : 1;
  for (int plane = 0; whole && plane < planes; plane++) {
    for (uint64_t y = 0; whole && y < height; y += blocks.height) {
      uint32_t rows = height - y < blocks.height ? (uint32_t)(height - y) : blocks.height;
      for (uint64_t x = 0; whole && x < width; x += blocks.width) {
        uint32_t columns = width - x < blocks.width ? (uint32_t)(width - x) : blocks.width;
        whole = read_block(tiff, &blocks, (uint32_t)x, (uint32_t)y, rows, plane, buffer);
        for (uint32_t row = 0; whole && row < rows; row++) {
          uint8_t *output = pixels + ((y + row) * width + x) * 3;
          convert_row(&layout, buffer + row * blocks.row_bytes, output, columns, plane);
        }
      }
    }
  }
  free(buffer);
  if (!whole && !*message) return cimage_fail(message, "its compressed data are damaged");
  return whole;
}

bool cimage_has_tiff(void) { return library_is_loaded(); }

bool cimage_decode_tiff(
    const uint8_t *data, size_t size, uint32_t width, uint32_t height, uint8_t *pixels,
    char *message) {
  if (!cimage_has_tiff()) return cimage_fail(message, "libtiff is missing");
  Source source = {.data = data, .size = size};
  TIFFOpenOptions *options = library.TIFFOpenOptionsAlloc_();
  if (!options) return cimage_fail(message, "there is not enough memory to decode it");
  *message = 0;
  library.TIFFOpenOptionsSetErrorHandlerExtR_(options, keep_error, message);
  library.TIFFOpenOptionsSetWarningHandlerExtR_(options, ignore_warning, NULL);
  // Tables of strips and compressed strips are no longer than the file, decoded ones than the picture.
  library.TIFFOpenOptionsSetMaxSingleMemAlloc_(
      options, (tmsize_t)(((size_t)1 << 26) + size + (size_t)width * height * 8));
  TIFF *tiff = library.TIFFClientOpenExt_(
      "picture", "rm", &source, source_read, source_write, source_seek, source_close, source_size,
      NULL, NULL, options);
  library.TIFFOpenOptionsFree_(options);
  if (!tiff) return *message ? false : cimage_fail(message, "it is no TIFF file");
  bool whole = read_picture(tiff, width, height, pixels, message);
  library.TIFFClose_(tiff);
  return whole;
}

#else

bool cimage_has_tiff(void) { return false; }

bool cimage_decode_tiff(
    const uint8_t *data, size_t size, uint32_t width, uint32_t height, uint8_t *pixels,
    char *message) {
  (void)data, (void)size, (void)width, (void)height, (void)pixels;
  return cimage_fail(message, "libtiff is missing");
}

#endif
