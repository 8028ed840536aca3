#include <limits.h>
#include <string.h>

#include <zlib.h>

#include "include/CImageCodecs.h"

size_t cimage_inflate(const uint8_t *data, size_t size, uint8_t *output, size_t capacity) {
  if (!data || size > UINT_MAX || capacity > UINT_MAX) return 0;
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  if (inflateInit(&stream) != Z_OK) return 0;
  stream.next_in = (Bytef *)data;
  stream.avail_in = (uInt)size;
  stream.next_out = output;
  stream.avail_out = (uInt)capacity;
  int status = inflate(&stream, Z_SYNC_FLUSH);
  size_t count = capacity - stream.avail_out;
  inflateEnd(&stream);
  return status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR ? count : 0;
}
