#define _GNU_SOURCE
#include "message.h"

#if __has_include(<avif/avif.h>)
#include <avif/avif.h>
#endif

// Structures are read by the layout of the headers, which belongs to one soname.
#if defined(AVIF_VERSION) && AVIF_VERSION >= 1000000
#define SONAME "libavif.so.16"
#define MIRROR_AXIS(image) ((image)->imir.axis)
#elif defined(AVIF_VERSION) && AVIF_VERSION >= 110000
#define SONAME "libavif.so.15"
#define MIRROR_AXIS(image) ((image)->imir.mode)
#endif

#ifdef SONAME

#include <stdlib.h>
#include <string.h>

#include "library.h"

#define FUNCTIONS(USE) \
  USE(avifCodecName) USE(avifDecoderCreate) USE(avifDecoderDestroy) USE(avifDecoderNthImage) \
  USE(avifDecoderParse) USE(avifDecoderSetIOMemory) USE(avifGetPixelFormatInfo) \
  USE(avifImageAllocatePlanes) USE(avifImageCreate) USE(avifImageDestroy) USE(avifImageYUVToRGB) \
  USE(avifLibYUVVersion) USE(avifResultToString) USE(avifRGBImageSetDefaults) USE(avifVersion)

CIMAGE_LIBRARY(SONAME, FUNCTIONS)

// Frames of a sequence. Their table takes memory although only the first is decoded.
static const uint32_t most_frames = 1 << 18;

// The tiles of a grid may reach beyond the picture, by this many pixels on the right and at the bottom.
static const size_t tile_margin = 512;

// What a decoder takes at least. Each tile has one of its own.
static const size_t decoder_bytes = 1 << 19;

// The most tiles that a grid in the file has, from its `dimg` reference (ISO/IEC 14496-12, 8.11.12): numbers of two
// bytes for the grid, the count and each tile, or of four but for the count. It is looked for in the whole file,
// because libavif does not say. 0 for none.
static size_t most_tiles(const uint8_t *data, size_t size) {
  size_t most = 0;
  const uint8_t *end = data + size, *found = data;
  while ((found = memmem(found, (size_t)(end - found), "dimg", 4))) {
    if (found - data >= 4 && end - found >= 8) {
      size_t length = (size_t)found[-4] << 24 | found[-3] << 16 | found[-2] << 8 | found[-1];
      size_t count = length < 12 ? 0 : (length - 12) / 2;
      if ((size_t)(found[6] << 8 | found[7]) != count) count /= 2;
      if (count > most) most = count;
    }
    found += 4;
  }
  return most;
}

// Pixels that all tiles together may have: twice what they need, since other images that are made of two have such
// references too.
static size_t tile_pixels(uint32_t width, uint32_t height) {
  return 2 * (width + tile_margin) * (height + tile_margin);
}

// Pixels that one frame may have.
static uint32_t most_frame_pixels(uint32_t width, uint32_t height, size_t tiles) {
  size_t pixels = tile_pixels(width, height) / (tiles > 2 ? tiles : 2);
  if (pixels > AVIF_DEFAULT_IMAGE_SIZE_LIMIT) return AVIF_DEFAULT_IMAGE_SIZE_LIMIT;
  return pixels ? (uint32_t)pixels : 1;
}

// A decoder that has read the container. Returns NULL with a reason where that is damaged.
static avifDecoder *open_decoder(const uint8_t *data, size_t size, char *message) {
  avifDecoder *decoder = library.avifDecoderCreate_();
  if (!decoder) {
    cimage_fail(message, "there is not enough memory to decode it");
    return NULL;
  }
  // The only codec that keeps to a limit of pixels.
  decoder->codecChoice = AVIF_CODEC_CHOICE_DAV1D;
  decoder->maxThreads = 1;
  decoder->imageCountLimit = most_frames;
  // Pillow reads files without `pixi`, and with a wrong `clap`, which it ignores.
  decoder->strictFlags &= ~(avifStrictFlags)(AVIF_STRICT_PIXI_REQUIRED | AVIF_STRICT_CLAP_VALID);
  avifResult result = library.avifDecoderSetIOMemory_(decoder, data, size);
  if (result == AVIF_RESULT_OK) result = library.avifDecoderParse_(decoder);
  if (result == AVIF_RESULT_OK) return decoder;
  const char *reason = decoder->diag.error;
  cimage_fail(message, "%s", *reason ? reason : library.avifResultToString_(result));
  library.avifDecoderDestroy_(decoder);
  return NULL;
}

// First turned by `irot`, then mirrored by `imir`, as a value of EXIF's orientation.
static int orientation(const avifImage *image) {
  static const int values[4][3] = {{1, 4, 2}, {8, 5, 7}, {3, 2, 4}, {6, 7, 5}};
  bool is_turned = image->transformFlags & AVIF_TRANSFORM_IROT;
  bool is_mirrored = image->transformFlags & AVIF_TRANSFORM_IMIR;
  return values[is_turned ? image->irot.angle & 3 : 0]
               [is_mirrored ? 1 + (MIRROR_AXIS(image) & 1) : 0];
}

// Planes; what dav1d keeps of blocks, up to 2 bytes a pixel for colour and as many for alpha; and a second copy:
// of tiles on their canvas, of 16 bits in 8 bits, or with alpha as RGBA.
static size_t codec_bytes(const avifDecoder *decoder, size_t tiles) {
  const avifImage *image = decoder->image;
  avifPixelFormatInfo format;
  library.avifGetPixelFormatInfo_(image->yuvFormat, &format);
  size_t columns = ((size_t)image->width + 127) / 128 * 128;
  size_t rows = ((size_t)image->height + 127) / 128 * 128;
  size_t samples = format.monochrome ? 4 : 4 + (8 >> (format.chromaShiftX + format.chromaShiftY));
  size_t planes = decoder->alphaPresent ? 2 : 1;
  if (decoder->alphaPresent) samples += 4;
  // Of four pixels.
  size_t decoded = samples * (image->depth > 8 ? 2 : 1) + 8 * planes;
  size_t copied = samples * (image->depth > 8 ? 2 : 1) + (decoder->alphaPresent ? 16 : 0);
  size_t pixels = tiles ? tile_pixels(image->width, image->height) : columns * rows;
  return pixels / 4 * decoded + columns * rows / 4 * copied + tiles * planes * decoder_bytes;
}

static bool copy(const avifRWData *source, uint8_t **bytes, size_t *size) {
  if (!source->size) return true;
  *bytes = malloc(source->size);
  if (!*bytes) return false;
  memcpy(*bytes, source->data, source->size);
  *size = source->size;
  return true;
}

bool cimage_has_avif(void) {
  int major = -1, minor = -1;
  return library_is_loaded() && sscanf(library.avifVersion_(), "%d.%d", &major, &minor) == 2 &&
      major == AVIF_VERSION_MAJOR && minor >= AVIF_VERSION_MINOR &&
      library.avifCodecName_(AVIF_CODEC_CHOICE_DAV1D, AVIF_CODEC_FLAG_CAN_DECODE);
}

bool cimage_read_avif_header(
    const uint8_t *data, size_t size, cimage_avif_header *header, char *message) {
  memset(header, 0, sizeof *header);
  if (!cimage_has_avif()) return cimage_fail(message, "libavif is missing");
  avifDecoder *decoder = open_decoder(data, size, message);
  if (!decoder) return false;
  const avifImage *image = decoder->image;
  header->width = image->width;
  header->height = image->height;
  header->orientation = orientation(image);
  header->codec_bytes = codec_bytes(decoder, most_tiles(data, size));
  bool copied = copy(&image->exif, &header->exif, &header->exif_size) &&
      copy(&image->xmp, &header->xmp, &header->xmp_size);
  library.avifDecoderDestroy_(decoder);
  return copied || cimage_fail(message, "there is not enough memory to decode it");
}

void cimage_free_avif_header(cimage_avif_header *header) {
  free(header->exif);
  free(header->xmp);
  header->exif = header->xmp = NULL;
}

#if AVIF_VERSION < 1000000

// Whether libavif 1 converts an image of more than 8 bits by cutting its samples to 8 bits first: where
// libyuv knows the colours, and has no function of its own for the depth.
static bool is_narrowed_first(const avifImage *image) {
  if (image->depth <= 8 || !library.avifLibYUVVersion_()) return false;
  switch (image->matrixCoefficients) {
    case AVIF_MATRIX_COEFFICIENTS_BT709:
    case AVIF_MATRIX_COEFFICIENTS_UNSPECIFIED:
    case AVIF_MATRIX_COEFFICIENTS_BT470BG:
    case AVIF_MATRIX_COEFFICIENTS_BT601:
    case AVIF_MATRIX_COEFFICIENTS_BT2020_NCL:
      break;
    case AVIF_MATRIX_COEFFICIENTS_CHROMA_DERIVED_NCL:
      switch (image->colorPrimaries) {
        case AVIF_COLOR_PRIMARIES_BT709:
        case AVIF_COLOR_PRIMARIES_UNSPECIFIED:
        case AVIF_COLOR_PRIMARIES_BT470BG:
        case AVIF_COLOR_PRIMARIES_BT601:
        case AVIF_COLOR_PRIMARIES_BT2020:
          break;
        default:
          return false;
      }
      break;
    default:
      return false;
  }
  bool has_alpha = image->alphaPlane;
  if (image->yuvFormat == AVIF_PIXEL_FORMAT_YUV400) return has_alpha;
  return !has_alpha || (image->depth == 12 && image->yuvFormat != AVIF_PIXEL_FORMAT_YUV420);
}

// A plane of `columns` × `rows` samples, cut to 8 bits. Alpha of a grey image is scaled instead.
static void narrow_plane(
    const uint8_t *source, uint32_t source_bytes, uint8_t *target, uint32_t target_bytes,
    uint32_t columns, uint32_t rows, uint32_t depth, bool is_scaled) {
  float largest = (float)((1u << depth) - 1);
  for (uint32_t y = 0; y < rows; y++) {
    const uint8_t *row = source + (size_t)y * source_bytes;
    uint8_t *output = target + (size_t)y * target_bytes;
    for (uint32_t x = 0; x < columns; x++) {
      uint16_t sample;
      memcpy(&sample, row + 2 * (size_t)x, sizeof sample);
      uint32_t value = is_scaled ? (uint32_t)(0.5f + sample / largest * 255.0f)
                                 : (uint32_t)sample >> (depth - 8);
      output[x] = (uint8_t)(value < 255 ? value : 255);
    }
  }
}

// The image with 8 bits a sample. Returns NULL where there is no memory or a plane is missing.
static avifImage *narrowed(const avifImage *image) {
  avifImage *narrow =
      library.avifImageCreate_(image->width, image->height, 8, image->yuvFormat);
  if (!narrow) return NULL;
  narrow->yuvRange = image->yuvRange;
  narrow->colorPrimaries = image->colorPrimaries;
  narrow->matrixCoefficients = image->matrixCoefficients;
  narrow->alphaPremultiplied = image->alphaPremultiplied;
  avifPlanesFlags planes = AVIF_PLANES_YUV | (image->alphaPlane ? AVIF_PLANES_A : 0);
  bool whole = library.avifImageAllocatePlanes_(narrow, planes) == AVIF_RESULT_OK;
  avifPixelFormatInfo format;
  library.avifGetPixelFormatInfo_(image->yuvFormat, &format);
  for (int plane = 0; whole && plane < (format.monochrome ? 1 : 3); plane++) {
    int shift_x = plane ? format.chromaShiftX : 0, shift_y = plane ? format.chromaShiftY : 0;
    whole = image->yuvPlanes[plane];
    if (!whole) break;
    narrow_plane(
        image->yuvPlanes[plane], image->yuvRowBytes[plane], narrow->yuvPlanes[plane],
        narrow->yuvRowBytes[plane], (image->width + (uint32_t)shift_x) >> shift_x,
        (image->height + (uint32_t)shift_y) >> shift_y, image->depth, false);
  }
  if (whole && image->alphaPlane) {
    narrow_plane(
        image->alphaPlane, image->alphaRowBytes, narrow->alphaPlane, narrow->alphaRowBytes,
        image->width, image->height, image->depth, format.monochrome);
  }
  if (whole) return narrow;
  library.avifImageDestroy_(narrow);
  return NULL;
}

#else

static bool is_narrowed_first(const avifImage *image) {
  (void)image;
  return false;
}

static avifImage *narrowed(const avifImage *image) {
  (void)image;
  return NULL;
}

#endif

// dav1d prints to `stderr` what is wrong with a file, and libavif cannot tell it not to. While an image is
// decoded, `stderr` is a stream that leaves out what the decoding thread prints, and passes on the rest.
static _Thread_local bool is_quiet;
static pthread_mutex_t quiet_lock = PTHREAD_MUTEX_INITIALIZER;
static int quiet_threads;
static FILE *loud, *filtered;

static ssize_t write_unless_quiet(void *context, const char *bytes, size_t count) {
  (void)context;
  if (!is_quiet) fwrite(bytes, 1, count, loud);
  return (ssize_t)count;
}

static void set_quiet(bool quiet) {
  is_quiet = quiet;
  pthread_mutex_lock(&quiet_lock);
  if (!filtered) {
    filtered = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_unless_quiet});
    if (filtered) setvbuf(filtered, NULL, _IONBF, 0);
  }
  quiet_threads += quiet ? 1 : -1;
  if (filtered && quiet && quiet_threads == 1) {
    loud = stderr;
    stderr = filtered;
  } else if (filtered && !quiet_threads && stderr == filtered) {
    stderr = loud;
  }
  pthread_mutex_unlock(&quiet_lock);
}

// Converts to RGB, or to RGBA where there is alpha: without it, libavif would blend with black.
static bool convert(const avifImage *image, uint8_t *pixels, char *message) {
  avifRGBImage rgb;
  library.avifRGBImageSetDefaults_(&rgb, image);
  bool has_alpha = image->alphaPlane;
  rgb.depth = 8;
  rgb.format = has_alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
  rgb.rowBytes = image->width * (has_alpha ? 4 : 3);
  size_t count = (size_t)image->width * image->height;
  uint8_t *whole = has_alpha ? malloc(count * 4) : NULL;
  if (has_alpha && !whole) return cimage_fail(message, "there is not enough memory to decode it");
  rgb.pixels = has_alpha ? whole : pixels;
  avifResult result = library.avifImageYUVToRGB_(image, &rgb);
  for (size_t i = 0; has_alpha && result == AVIF_RESULT_OK && i < count; i++) {
    memcpy(pixels + 3 * i, whole + 4 * i, 3);
  }
  free(whole);
  return result == AVIF_RESULT_OK ||
      cimage_fail(message, "%s", library.avifResultToString_(result));
}

static bool read_picture(
    avifDecoder *decoder, uint32_t width, uint32_t height, uint8_t *pixels, char *message) {
  set_quiet(true);
  avifResult result = library.avifDecoderNthImage_(decoder, 0);
  set_quiet(false);
  if (result != AVIF_RESULT_OK) {
    return cimage_fail(message, "%s", library.avifResultToString_(result));
  }
  const avifImage *image = decoder->image;
  if (image->width != width || image->height != height) {
    return cimage_fail(message, "its compressed data are of another size");
  }
  if (!is_narrowed_first(image)) return convert(image, pixels, message);
  avifImage *narrow = narrowed(image);
  if (!narrow) return cimage_fail(message, "there is not enough memory to decode it");
  bool whole = convert(narrow, pixels, message);
  library.avifImageDestroy_(narrow);
  return whole;
}

bool cimage_decode_avif(
    const uint8_t *data, size_t size, uint32_t width, uint32_t height, uint8_t *pixels,
    char *message) {
  if (!cimage_has_avif()) return cimage_fail(message, "libavif is missing");
  avifDecoder *decoder = open_decoder(data, size, message);
  if (!decoder) return false;
  // Items that are not decoded may be larger, so this limit is none for the container.
  decoder->imageSizeLimit = most_frame_pixels(width, height, most_tiles(data, size));
  bool whole = read_picture(decoder, width, height, pixels, message);
  library.avifDecoderDestroy_(decoder);
  return whole;
}

#else

bool cimage_has_avif(void) { return false; }

bool cimage_read_avif_header(
    const uint8_t *data, size_t size, cimage_avif_header *header, char *message) {
  (void)data, (void)size;
  *header = (cimage_avif_header){0};
  return cimage_fail(message, "libavif is missing");
}

void cimage_free_avif_header(cimage_avif_header *header) { (void)header; }

bool cimage_decode_avif(
    const uint8_t *data, size_t size, uint32_t width, uint32_t height, uint8_t *pixels,
    char *message) {
  (void)data, (void)size, (void)width, (void)height, (void)pixels;
  return cimage_fail(message, "libavif is missing");
}

#endif
