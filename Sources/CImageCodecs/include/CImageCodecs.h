// Pixel codecs behind a boundary that Swift can trust: libjpeg-turbo, libpng and libwebp, libtiff and libavif
// where they are installed, and the inner loops of image resampling.
//
// The caller has read width and height from the file's header, has checked them against its limits
// and has allocated the pixels. Every decoder checks that the library sees the same size before it
// writes, fills exactly `height` rows of `width` interleaved 8-bit RGB pixels, and returns false with
// a one-line reason in `message` for anything else. Nothing is printed, no longjmp leaves this
// target, and no pointer is kept after a call returns.
//
// Colours follow Pillow's `Image.open(...).convert("RGB")`: alpha is dropped, not blended; grey is
// repeated; 16-bit colour keeps its high byte, 16-bit grey is clipped to 255; CMYK is taken as
// inverted, as Adobe writes it. Embedded colour profiles are ignored.

#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bytes of every `message` buffer, the terminating zero included.
#define CIMAGE_MESSAGE_CAPACITY 200

// More scans than this in one progressive JPEG are refused: each costs time for the whole picture.
#define CIMAGE_JPEG_MAX_SCANS 100
// Likewise scans times pixels, but for the number of scans that encoders make.
#define CIMAGE_JPEG_MAX_SCANNED_PIXELS 5e9
#define CIMAGE_JPEG_FEW_SCANS 20

// Decodes a whole JPEG file. Data that ends early is an error.
bool cimage_decode_jpeg(
    const uint8_t *data, size_t size, uint32_t width, uint32_t height, uint8_t *pixels,
    char *message);

// Decodes a whole PNG file, of an animated one the default picture. Checksums of all chunks and of
// the compressed data count; ancillary chunks are skipped without being interpreted.
bool cimage_decode_png(
    const uint8_t *data, size_t size, uint32_t width, uint32_t height, uint8_t *pixels,
    char *message);

// Decodes one WebP frame: its ALPH chunk if it has one, then its `VP8 ` or `VP8L` chunk. Rows are
// `stride` bytes apart, so that a frame can be placed on a larger canvas.
bool cimage_decode_webp_frame(
    const uint8_t *data, size_t size, uint32_t width, uint32_t height, uint8_t *pixels,
    size_t stride, char *message);

// Whether there is libtiff 4.5 or later, and was when this was built. It is loaded with the first TIFF file.
bool cimage_has_tiff(void);

// Decodes the first picture of a TIFF file; see `cimage_has_tiff`.
bool cimage_decode_tiff(
    const uint8_t *data, size_t size, uint32_t width, uint32_t height, uint8_t *pixels,
    char *message);

// Whether there is libavif with dav1d, of the version that this was built for. It is loaded with the first
// AVIF file.
bool cimage_has_avif(void);

// What the container of an AVIF file says about its picture.
typedef struct {
  uint32_t width, height;
  // The boxes `irot` and `imir` as a value of EXIF's orientation; 1 where there is neither.
  int orientation;
  // Bytes that decoding takes beside the pixels, if the compressed data are as the container says.
  size_t codec_bytes;
  uint8_t *exif, *xmp;
  size_t exif_size, xmp_size;
} cimage_avif_header;

// Reads the container of an AVIF file without decoding; see `cimage_has_avif`. A side may have 32,768
// pixels and the picture 2^28. `cimage_free_avif_header` frees the header.
bool cimage_read_avif_header(
    const uint8_t *data, size_t size, cimage_avif_header *header, char *message);
void cimage_free_avif_header(cimage_avif_header *header);

// Decodes the picture of an AVIF file, of a sequence the first frame. Starts no thread.
bool cimage_decode_avif(
    const uint8_t *data, size_t size, uint32_t width, uint32_t height, uint8_t *pixels,
    char *message);

// Where encoded bytes go: called with each piece in turn; false stops the encoder with an error.
typedef bool (*cimage_sink)(void *context, const uint8_t *bytes, size_t count);

// Encodes RGB pixels as an 8-bit PNG.
bool cimage_encode_png(
    const uint8_t *pixels, uint32_t width, uint32_t height, cimage_sink sink, void *context,
    char *message);

// Encodes RGB pixels as a baseline JPEG, colours not subsampled; `quality` is 1 to 100.
bool cimage_encode_jpeg(
    const uint8_t *pixels, uint32_t width, uint32_t height, int quality, cimage_sink sink,
    void *context, char *message);

// Inflates a zlib stream that may be cut off into at most `capacity` bytes. Returns how many there are, 0
// where the stream is damaged.
size_t cimage_inflate(const uint8_t *data, size_t size, uint8_t *output, size_t capacity);

// One row of horizontal resampling. Output pixel x is the sum of `counts[x]` input pixels from
// `starts[x]` on, times weights of 22 fraction bits, rounded and clamped to 0...255.
// `weights` holds each output pixel's weights in turn, each repeated for the three channels.
void cimage_resample_row(
    const uint8_t *input, uint8_t *output, size_t output_width, const int32_t *starts,
    const int32_t *counts, const int32_t *weights);

// One row of vertical resampling: the sum of `count` input rows, each `row_bytes` long and one after
// the other from `input` on, times `weights` of 22 fraction bits, rounded and clamped to 0...255.
void cimage_resample_column(
    const uint8_t *input, uint8_t *output, size_t row_bytes, const int32_t *weights, size_t count);

#endif
