#!/usr/bin/env python3
"""Writes the reference pictures of Tests/Fixtures/images.

decode/NAME.{png,jpg,webp,gif,bmp,tif,avif,pbm,pgm,pnm} are input files, decode/NAME_FORMAT.ppm what Pillow makes of them:
ImageOps.exif_transpose(Image.open(f)).convert("RGB"), as transformers' load_image does.

resize/WxH_to_WxH_FILTER.ppm are results of Image.resize on the noise picture of the first size; the
tests make the same noise from the same recurrence (see `noise`).

pixel_values/NAME.json are processor configurations and NAME.f32 the little-endian float32 CHW values
that transformers' PIL-backed SigLIP processor makes of a noise picture, whose size is in the name.

large_tiles.avif is a grid of two tiles.

With `--decode` only the first kind is written, which needs no transformers.

Needs: pip install "pillow==13.0.0" "transformers==5.23.0" numpy, and avifenc 0.11 (Debian package libavif-bin)
"""

import json
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[2] / "Tests/Fixtures/images"


def noise(width, height, channels=3):
    """Bytes of a linear congruential generator seeded with the size: the same on every machine."""
    state = (width << 16) + height
    values = np.empty(width * height * channels, dtype=np.uint8)
    for i in range(values.size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[i] = state >> 24
    return values.reshape(height, width, channels)


def scene(width, height, channels=3):
    """A smooth picture with an edge and some noise: what lossy codecs are made for."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = [
        255 * x / width,
        255 * y / height,
        128 + 100 * np.sin(x / 5) * np.cos(y / 4),
        255 * (x + y) / (width + height),
    ]
    picture = np.stack(planes[:channels], axis=-1)
    picture[height // 3 : 2 * height // 3, width // 4 : width // 2] = 230
    grain = noise(width, height, channels).astype(np.float64) / 16 - 8
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


# PNG, chunk by chunk: Pillow writes neither 16-bit colour nor interlaced files.


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def pack_rows(samples, depth):
    """Rows of samples [height, width, channels] with filter type 0."""
    rows = b""
    for row in samples:
        flat = row.reshape(-1)
        if depth == 16:
            packed = flat.astype(">u2").tobytes()
        elif depth == 8:
            packed = flat.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in flat)
            bits += "0" * (-len(bits) % 8)
            packed = int(bits, 2).to_bytes(len(bits) // 8, "big")
        rows += b"\0" + packed
    return rows


def png(samples, colour_type, depth, interlaced=False, before=b"", after=b""):
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    if interlaced:
        passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        raw = b"".join(pack_rows(p, depth) for p in passes if p.shape[0] and p.shape[1])
    else:
        raw = pack_rows(samples, depth)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + before
        + chunk(b"IDAT", zlib.compress(raw, 9))
        + after
        + chunk(b"IEND", b"")
    )


def deep(width, height, channels, depth):
    """Noise of any bit depth; half of the 16-bit values are small, where Pillow clips grey."""
    values = noise(width, height, 2 * channels).astype(np.uint32)
    wide = values[:, :, :channels] * 256 + values[:, :, channels:]
    if depth == 16:
        wide[::2] //= 200
        return wide
    return wide >> (16 - depth)


def png_files():
    palette = noise(16, 16).reshape(-1)
    for depth in (1, 2, 4, 8, 16):
        yield f"grey{depth}.png", png(deep(13, 9, 1, depth), 0, depth)
        yield f"grey{depth}_interlaced.png", png(deep(13, 9, 1, depth), 0, depth, True)
    for depth in (1, 2, 4, 8):
        plte = chunk(b"PLTE", palette[: 3 * 2**depth].tobytes())
        yield f"palette{depth}.png", png(deep(13, 9, 1, depth), 3, depth, before=plte)
        yield f"palette{depth}_interlaced.png", png(deep(13, 9, 1, depth), 3, depth, True, plte)
    plte = chunk(b"PLTE", palette[:48].tobytes())
    clear = chunk(b"tRNS", bytes([0, 128, 255]))
    yield "palette4_transparent.png", png(deep(13, 9, 1, 4), 3, 4, before=plte + clear)
    for depth in (8, 16):
        for colour_type, kind, channels in ((2, "rgb", 3), (4, "grey_alpha", 2), (6, "rgba", 4)):
            samples = deep(13, 9, channels, depth)
            yield f"{kind}{depth}.png", png(samples, colour_type, depth)
            yield f"{kind}{depth}_interlaced.png", png(samples, colour_type, depth, True)
    clear = chunk(b"tRNS", struct.pack(">3H", *noise(13, 9)[0, 0]))
    yield "rgb8_transparent.png", png(noise(13, 9), 2, 8, before=clear)
    yield "grey8_transparent.png", png(deep(13, 9, 1, 8), 0, 8, before=chunk(b"tRNS", b"\0\x10"))
    yield "one_pixel.png", png(noise(1, 1), 2, 8)
    yield "interlaced_one_column.png", png(noise(1, 5), 2, 8, True)
    small = noise(4, 3)
    yield "orientation_before.png", png(small, 2, 8, before=chunk(b"eXIf", exif(6)))
    yield "orientation_after.png", png(small, 2, 8, after=chunk(b"eXIf", exif(8, "<")))
    packet = b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(5)
    yield "orientation_xmp.png", png(small, 2, 8, before=chunk(b"iTXt", packet))
    for name, before in text_orientations():
        yield f"orientation_{name}.png", png(small, 2, 8, before=before)
    profile = chunk(b"iCCP", b"broken\0\0" + zlib.compress(b"not a profile"))
    yield "profile_ignored.png", png(small, 2, 8, before=chunk(b"gAMA", b"\0\0\x10\0") + profile)
    yield "trailing_bytes.png", png(small, 2, 8) + b"PK\3\4 and more"
    control = chunk(b"acTL", struct.pack(">II", 2, 0))
    yield "animated.png", png(small, 2, 8, before=control + chunk(
        b"fcTL", struct.pack(">5I2H2B", 0, 4, 3, 0, 0, 1, 10, 0, 0)))


def raw_profile(orientation):
    """EXIF in hexadecimal digits, as ImageMagick writes it."""
    digits = (b"Exif\0\0" + exif(orientation)).hex()
    lines = "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
    return f"\nexif\n{len(digits) // 2:8}\n{lines}\n".encode()


def text_orientations():
    """Chunks of text that state an orientation, and which of several counts."""
    def text(keyword, value):
        return chunk(b"tEXt", keyword + b"\0" + value)

    def compressed(keyword, value, damage=0):
        return chunk(b"zTXt", keyword + b"\0\0" + zlib.compress(value)[: -damage or None])

    def international(keyword, value, flag=0):
        value = zlib.compress(value) if flag else value
        return chunk(b"iTXt", keyword + b"\0" + bytes([flag, 0]) + b"en\0\0" + value)

    raw, packet = b"Raw profile type exif", b"XML:com.adobe.xmp"
    yield "raw_text", text(raw, raw_profile(6))
    yield "raw_compressed", compressed(raw, raw_profile(8))
    yield "raw_international", international(raw, raw_profile(7), 1)
    yield "raw_cut", compressed(raw, raw_profile(6), damage=4)
    yield "raw_last", text(raw, raw_profile(3)) + compressed(raw, raw_profile(5))
    yield "raw_after_exif", chunk(b"eXIf", exif(2)) + text(raw, raw_profile(6))
    yield "raw_before_xmp", international(packet, xmp(2)) + text(raw, raw_profile(6))
    yield "exif_text", text(b"exif", exif(4))
    yield "xmp_compressed", compressed(packet, xmp(5))
    yield "xmp_text", text(packet, xmp(4))
    yield "xmp_international", international(packet, xmp(8), 1)
    yield "xmp_not_utf8", international(packet, b"\xff" + xmp(6))
    yield "xmp_two", international(packet, xmp(3)) + international(packet, b"\xff" + xmp(6))


def exif(orientation, order=">", value_type=3):
    """A TIFF structure whose only entry is the orientation."""
    value = struct.pack(order + ("HH" if value_type == 3 else "I"), *(
        (orientation, 0) if value_type == 3 else (orientation,)))
    magic = b"MM\0*" if order == ">" else b"II*\0"
    entry = struct.pack(order + "HHI", 274, value_type, 1) + value
    return magic + struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 0)


def xmp(orientation):
    return f'<x:xmpmeta><rdf:Description tiff:Orientation="{orientation}"/></x:xmpmeta>'.encode()


def jpeg(picture, **options):
    from io import BytesIO

    file = BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def after_soi(file, marker, content):
    segment = bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content
    return file[:2] + segment + file[2:]


def jpeg_files():
    picture = Image.fromarray(scene(37, 29))
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        yield f"rgb_{name}.jpg", jpeg(picture, quality=85, subsampling=subsampling)
    yield "rgb_progressive.jpg", jpeg(picture, quality=80, progressive=True)
    yield "rgb_restarts.jpg", jpeg(picture, quality=80, restart_marker_blocks=2)
    yield "grey.jpg", jpeg(Image.fromarray(scene(37, 29, 1)[:, :, 0]), quality=85)
    inks = jpeg(Image.fromarray(scene(37, 29, 4), mode="CMYK"), quality=85)
    yield "cmyk.jpg", inks
    adobe = inks.index(b"Adobe")
    yield "ycck.jpg", inks[: adobe + 11] + b"\2" + inks[adobe + 12 :]
    yield "one_pixel.jpg", jpeg(Image.fromarray(noise(1, 1)))
    small = jpeg(Image.fromarray(scene(24, 16)), quality=95, subsampling=0)
    for orientation in range(1, 9):
        order, kind = ("<>"[orientation % 2], 3 if orientation % 3 else 4)
        content = b"Exif\0\0" + exif(orientation, order, kind)
        yield f"orientation{orientation}.jpg", after_soi(small, 0xE1, content)
    for name, content in (
        ("unknown", b"Exif\0\0" + exif(99)),
        ("truncated", b"Exif\0\0" + exif(6)[:-9]),
        ("far_directory", b"Exif\0\0MM\0*\xff\xff\xff\xff"),
    ):
        yield f"orientation_{name}.jpg", after_soi(small, 0xE1, content)
    for name, file in (("baseline", small), ("grey", jpeg(picture.convert("L")))):
        yield f"no_end_{name}_zeros.jpg", file[:-2] + bytes(64)
    yield "no_end_segment.jpg", small[:-2] + b"\xff\xe1\0\4ab"
    yield "no_end_cut_segment.jpg", small[:-2] + b"\xff\xe1\xff\xffab" + bytes(40)
    yield "late_end.jpg", small[:-2] + b"padding" * 9 + b"\xff\xd9"
    progressive = jpeg(Image.fromarray(scene(24, 16)), progressive=True)
    yield "late_end_progressive.jpg", progressive[:-2] + b"padding" * 9 + b"\xff\xd9"
    packet = b"http://ns.adobe.com/xap/1.0/\0" + xmp(6)
    yield "orientation_xmp.jpg", after_soi(small, 0xE1, packet)


def webp(picture, **options):
    from io import BytesIO

    file = BytesIO()
    picture.save(file, "WEBP", **options)
    return file.getvalue()


def riff_chunk(kind, data):
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def riff(*chunks):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def u24(value):
    return struct.pack("<I", value)[:3]


def animation(canvas, frame, x, y):
    """An animation of one frame at an offset, on a larger canvas."""
    width, height = frame.size
    bitstream = webp(frame, lossless=True)[12:]
    header = u24(x // 2) + u24(y // 2) + u24(width - 1) + u24(height - 1) + u24(100) + b"\0"
    extended = bytes([0x02, 0, 0, 0]) + u24(canvas[0] - 1) + u24(canvas[1] - 1)
    return riff(
        riff_chunk(b"VP8X", extended),
        riff_chunk(b"ANIM", b"\xff\x80\x40\xff\0\0"),
        riff_chunk(b"ANMF", header + bitstream),
    )


def webp_files():
    picture = Image.fromarray(scene(37, 29))
    clear = Image.fromarray(scene(37, 29, 4), mode="RGBA")
    yield "lossy.webp", webp(picture, quality=80)
    yield "lossless.webp", webp(picture, lossless=True)
    yield "lossy_alpha.webp", webp(clear, quality=80)
    yield "lossless_alpha.webp", webp(clear, lossless=True, exact=True)
    yield "orientation.webp", webp(picture, lossless=True, exif=b"Exif\0\0" + exif(6))
    frames = [Image.fromarray(noise(12, 10)), Image.fromarray(noise(12, 10)[::-1].copy())]
    yield "animated.webp", webp(frames[0], save_all=True, append_images=frames[1:], lossless=True)
    yield "animated_offset.webp", animation((16, 12), Image.fromarray(noise(6, 5)), 4, 2)


def gif_blocks(codes, bits):
    """LZW codes of a constant length, packed into blocks of up to 255 bytes."""
    number = sum(code << (bits + 1) * i for i, code in enumerate(codes))
    packed = number.to_bytes(((bits + 1) * len(codes) + 7) // 8, "little")
    parts = [packed[i : i + 255] for i in range(0, len(packed), 255)]
    return bytes([bits]) + b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def gif(size, indices, table=b"", local=b"", place=None, transparent=None, bits=8, flags=0):
    """A GIF file whose codes are all literal, by clearing the table before it grows."""
    def table_flags(colours):
        return 0x80 | (len(colours) // 3).bit_length() - 2 if colours else 0

    codes = []
    for index in indices:
        codes += [1 << bits, index]
    x, y, width, height = place or (0, 0, *size)
    control = b"" if transparent is None else b"!\xf9\4\1\0\0" + bytes([transparent]) + b"\0"
    return (
        b"GIF89a" + struct.pack("<2H", *size) + bytes([table_flags(table), 3, 0]) + table
        + b"!\xfe\5hello\0" + control
        + b"," + struct.pack("<4H", x, y, width, height) + bytes([table_flags(local) | flags]) + local
        + gif_blocks(codes + [(1 << bits) + 1], bits) + b";"
    )


def gif_files():
    from io import BytesIO

    def saved(picture, **options):
        file = BytesIO()
        picture.save(file, "GIF", **options)
        return file.getvalue()

    picture = Image.fromarray(scene(37, 29)).quantize(200)
    yield "palette.gif", saved(picture)
    yield "interlaced.gif", saved(picture, interlace=True)
    yield "interlaced_low.gif", saved(Image.fromarray(scene(5, 3)).quantize(8), interlace=True)
    yield "grey.gif", saved(Image.fromarray(scene(37, 29, 1)[:, :, 0]))
    yield "two_colours.gif", saved(Image.fromarray(scene(37, 29)).convert("1"))
    yield "transparent.gif", saved(picture, transparency=7)
    frames = [Image.fromarray(noise(12, 10)).quantize(64), Image.fromarray(noise(12, 10)[::-1].copy())]
    yield "animated.gif", saved(frames[0], save_all=True, append_images=frames[1:])
    # Long enough for the table of strings to fill up.
    yield "full_table.gif", saved(Image.fromarray(noise(90, 60, 1)[:, :, 0]))
    colours = noise(4, 1).tobytes()
    yield "beyond_palette.gif", gif((4, 1), [0, 3, 5, 200], colours)
    yield "no_palette.gif", gif((4, 1), [0, 3, 5, 200])
    levels = bytes(i for level in range(4) for i in [level] * 3)
    yield "grey_palette.gif", gif((4, 1), [0, 3, 5, 200], levels)
    yield "grey_local_palette.gif", gif((4, 1), [0, 3, 1, 2], colours, levels)
    yield "local_palette.gif", gif((4, 1), [0, 3, 1, 2], levels, colours)
    yield "small_frame.gif", gif((4, 3), [1, 2], colours, place=(1, 1, 2, 1))
    yield "small_frame_transparent.gif", gif((4, 3), [1, 2], colours, place=(1, 1, 2, 1), transparent=3)
    yield "large_frame.gif", gif((2, 1), [1, 2, 3, 0, 1, 2], colours, place=(1, 1, 3, 2))
    yield "more_pixels.gif", gif((2, 1), [1, 2, 3, 0], colours)
    yield "nine_bits.gif", gif((2, 1), [1, 300], colours, bits=9)
    yield "no_trailer.gif", gif((2, 1), [1, 2], colours)[:-1]


def bmp(width, height, bits, data, header=40, compression=0, colours=0, masks=b"", palette=b"", offset=None):
    if header == 12:
        fields = struct.pack("<I4H", 12, width, height, 1, bits)
    else:
        fields = struct.pack("<IiiHHI2I2iI", header, width, height, 1, bits, compression, 0, 0, 0, 0, colours)
        fields = fields[:36] + struct.pack("<I", 0) + masks
        fields += bytes(max(0, header - len(fields)))
    if compression in (0, 3):
        data = data[: (width * bits + 31) // 32 * 4 * abs(height)]
    if offset is None:
        offset = 14 + len(fields) + len(palette)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, offset) + fields + palette + data


def bmp_files():
    from io import BytesIO

    def saved(picture):
        file = BytesIO()
        picture.save(file, "BMP")
        return file.getvalue()

    picture = Image.fromarray(scene(37, 29))
    yield "rgb24.bmp", saved(picture)
    yield "rgba32.bmp", saved(Image.fromarray(scene(37, 29, 4), mode="RGBA"))
    yield "palette8.bmp", saved(picture.quantize(100))
    yield "grey8.bmp", saved(picture.convert("L"))
    yield "bits1.bmp", saved(picture.convert("1"))
    rows = noise(8, 5).tobytes()
    bgrx = noise(16, 2)[:, :, :2].tobytes()
    table = bgrx[:64]
    for bits, colours in ((1, 2), (4, 16), (8, 16)):
        data = bytes(b & 15 for b in rows) if bits == 8 else rows
        yield f"palette{bits}_odd.bmp", bmp(5, 4, bits, data, colours=colours, palette=table[: 4 * colours])
    yield "palette8_short.bmp", bmp(5, 4, 8, bytes(b & 3 for b in rows), colours=3, palette=table[:12])
    yield "palette8_top_down.bmp", bmp(5, -4, 8, bytes(b & 7 for b in rows), colours=16, palette=table)
    levels = b"".join(bytes([i, i, i, 0]) for i in range(16))
    yield "grey_levels8.bmp", bmp(5, 4, 8, rows, colours=16, palette=levels)
    yield "grey_levels4.bmp", bmp(4, 4, 4, rows, colours=16, palette=levels)
    two = bytes(4) + b"\xff\xff\xff\0"
    yield "grey_two8.bmp", bmp(9, 3, 8, rows, colours=2, palette=two)
    yield "grey_two_reversed.bmp", bmp(9, 3, 1, rows, colours=2, palette=two[4:] + two[:4])
    for bits in (16, 24, 32):
        yield f"plain{bits}.bmp", bmp(3, 3, bits, rows)
        yield f"plain{bits}_core.bmp", bmp(3, 3, bits, rows, header=12)
    yield "palette8_core.bmp", bmp(5, 4, 8, bytes(b & 3 for b in rows), header=12, palette=bgrx[:60] * 13)
    for length in (52, 56, 64, 108, 124):
        yield f"header{length}.bmp", bmp(3, 3, 24, rows, header=length)
    for name, bits, header, masks in (
        ("565", 16, 40, (0xF800, 0x7E0, 0x1F)), ("555", 16, 40, (0x7C00, 0x3E0, 0x1F)),
        ("24", 24, 40, (0xFF0000, 0xFF00, 0xFF)), ("bgrx", 32, 40, (0xFF0000, 0xFF00, 0xFF)),
        ("xbgr", 32, 40, (0xFF000000, 0xFF0000, 0xFF00)), ("565_v4", 16, 108, (0xF800, 0x7E0, 0x1F, 0)),
        ("rgba", 32, 56, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)), ("none", 32, 56, (0, 0, 0, 0)),
        ("bgar", 32, 124, (0xFF000000, 0xFF00, 0xFF, 0xFF0000)), ("v2", 32, 52, (0xFF0000, 0xFF00, 0xFF)),
    ):
        packed = struct.pack(f"<{len(masks)}I", *masks)
        yield f"masks_{name}.bmp", bmp(3, 3, bits, rows, header=header, compression=3, masks=packed)
    runs = bytes([3, 1, 0, 0, 0, 4, 2, 3, 4, 5, 0, 2, 1, 1, 9, 7, 0, 0, 0, 3, 1, 2, 3, 0, 2, 6, 0, 0, 0, 1])
    yield "runs8.bmp", bmp(6, 4, 8, runs, compression=1, colours=16, palette=table)
    yield "runs8_grey.bmp", bmp(6, 4, 8, runs, compression=1, colours=16, palette=levels)
    nibbles = bytes([5, 0x12, 0, 0, 0, 5, 0x34, 0x56, 0x70, 0, 0, 0, 0, 2, 2, 0, 9, 0x89, 0, 0, 6, 0xAB, 0, 1])
    yield "runs4.bmp", bmp(6, 4, 4, nibbles, compression=2, colours=16, palette=table)
    yield "no_offset.bmp", bmp(3, 3, 24, rows, offset=0)
    yield "last_row_unpadded.bmp", bmp(3, 3, 24, rows[: 12 * 2 + 9])


def tiff_files():
    from io import BytesIO

    def saved(picture, **options):
        file = BytesIO()
        picture.save(file, "TIFF", **options)
        return file.getvalue()

    rgb, grey = Image.fromarray(scene(37, 29)), Image.fromarray(scene(37, 29, 1)[:, :, 0])
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield f"rgb_{compression}.tif", saved(rgb, compression=compression)
    yield "grey.tif", saved(grey, compression="tiff_lzw")
    yield "grey_jpeg.tif", saved(grey, compression="jpeg", quality=80)
    bits = rgb.convert("1")
    for compression in ("raw", "group3", "group4"):
        yield f"bits_{compression}.tif", saved(bits, compression=compression)
    yield "white_is_zero.tif", saved(bits, compression="group4", tiffinfo={262: 0})
    yield "palette.tif", saved(rgb.quantize(100), compression="packbits")
    yield "rgba.tif", saved(Image.fromarray(scene(37, 29, 4), mode="RGBA"), compression="tiff_lzw")
    yield "cmyk.tif", saved(Image.fromarray(scene(37, 29, 4), mode="CMYK"))
    yield "grey16.tif", saved(Image.fromarray(deep(13, 9, 1, 16)[:, :, 0].astype(np.uint16)))
    yield "signed32.tif", saved(Image.fromarray(deep(13, 9, 1, 16)[:, :, 0].astype(np.int32) // 100 - 99))
    yield "float32.tif", saved(Image.fromarray(noise(13, 9, 1)[:, :, 0].astype(np.float32) * 1.7 - 60))
    for orientation in (2, 6, 7):
        yield f"orientation{orientation}.tif", saved(Image.fromarray(noise(4, 3)), tiffinfo={274: orientation})
    yield "orientation_xmp.tif", saved(Image.fromarray(noise(4, 3)), tiffinfo={700: xmp(6)})
    for order in "<>":
        name = "little" if order == "<" else "big"
        for depth in (8, 16):
            yield f"{name}{depth}.tif", tiff(deep(13, 9, 3, depth), order, 2, depth)
        yield f"{name}_grey16.tif", tiff(deep(13, 9, 1, 16), order, 1, 16)
    for depth in (1, 2, 4, 8):
        yield f"white{depth}.tif", tiff(deep(13, 9, 1, depth), "<", 0, depth)
        yield f"grey{depth}.tif", tiff(deep(13, 9, 1, depth), ">", 1, depth)
        colours = noise(2**depth, 1, 6).astype(np.uint16).reshape(-1)[: 3 * 2**depth] * 257
        yield f"palette{depth}.tif", tiff(deep(13, 9, 1, depth), "<", 3, depth, extra={320: list(colours)})
    for kind in (0, 1, 2):
        yield f"fourth_sample{kind}.tif", tiff(noise(13, 9, 4), "<", 2, 8, extra={338: [kind]})
    yield "fourth_sample.tif", tiff(noise(13, 9, 4), "<", 2, 8)
    yield "grey_alpha.tif", tiff(noise(13, 9, 2), "<", 1, 8, extra={338: [2]})
    yield "cmyk16.tif", tiff(deep(13, 9, 4, 16), "<", 5, 16)
    yield "fill_order.tif", tiff(deep(13, 9, 1, 1), "<", 1, 1, extra={266: [2]})
    yield "strips.tif", tiff(noise(13, 9), "<", 2, 8, rows=4)
    yield "planes.tif", tiff(noise(13, 9).transpose(2, 0, 1), "<", 2, 8, rows=9, planar=True)
    yield "tiles.tif", tiff(noise(37, 29), "<", 2, 8, tile=16)


def tiff(samples, order, photometric, depth, rows=None, tile=None, planar=False, extra=None):
    """An uncompressed TIFF file, entry by entry: Pillow writes neither tiles nor planes."""
    if planar:
        blocks = [pack_tiff(plane[:, :, None], depth, order) for plane in samples]
        channels, (height, width) = len(samples), samples.shape[1:]
    else:
        height, width, channels = samples.shape
        if tile:
            padded = np.pad(samples, ((0, -height % tile), (0, -width % tile), (0, 0)))
            blocks = [
                pack_tiff(padded[y : y + tile, x : x + tile], depth, order)
                for y in range(0, height, tile) for x in range(0, width, tile)
            ]
        else:
            step = rows or height
            blocks = [pack_tiff(samples[y : y + step], depth, order) for y in range(0, height, step)]
    fields = {256: [width], 257: [height], 258: [depth] * channels, 259: [1], 262: [photometric],
              277: [channels], 284: [2 if planar else 1], **(extra or {})}
    offsets, position = [], 8
    for block in blocks:
        offsets.append(position)
        position += len(block)
    fields |= {322: [tile], 323: [tile]} if tile else {278: [rows or height]}
    fields |= {324 if tile else 273: offsets, 325 if tile else 279: [len(block) for block in blocks]}
    position += position % 2
    entries, rest = b"", b""
    behind = position + 2 + 12 * len(fields) + 4
    for tag, values in sorted(fields.items()):
        kind, code = (4, "I") if tag in (273, 279, 324, 325) else (3, "H")
        content = struct.pack(order + code * len(values), *(int(value) for value in values))
        if len(content) > 4:
            rest, content = rest + content, struct.pack(order + "I", behind + len(rest))
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + content.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", position)
    directory = struct.pack(order + "H", len(fields)) + entries + bytes(4) + rest
    return (head + b"".join(blocks)).ljust(position, b"\0") + directory


def pack_tiff(samples, depth, order):
    if depth == 16:
        return samples.astype(order + "u2").tobytes()
    packed = pack_rows(samples, depth)
    length = len(packed) // samples.shape[0]
    return b"".join(packed[y * length + 1 : (y + 1) * length] for y in range(samples.shape[0]))


def avif_files():
    from io import BytesIO

    def saved(picture, **options):
        file = BytesIO()
        picture.save(file, "AVIF", max_threads=1, **options)
        return file.getvalue()

    picture = Image.fromarray(scene(37, 29))
    clear = Image.fromarray(scene(37, 29, 4), mode="RGBA")
    for subsampling in ("4:0:0", "4:2:0", "4:2:2", "4:4:4"):
        yield f"yuv{subsampling.replace(':', '')}.avif", saved(picture, subsampling=subsampling)
    yield "limited.avif", saved(picture, range="limited")
    yield "rgba.avif", saved(clear)
    yield "premultiplied.avif", saved(clear, alpha_premultiplied=True)
    yield "one_pixel.avif", saved(Image.fromarray(noise(1, 1)))
    yield "profile.avif", saved(Image.fromarray(noise(4, 3)), icc_profile=b"not a profile")
    frames = [Image.fromarray(scene(12, 10)), Image.fromarray(scene(12, 10)[::-1].copy())]
    yield "sequence.avif", without_times(saved(frames[0], save_all=True, append_images=frames[1:]))
    small = Image.fromarray(scene(24, 16))
    for orientation in range(2, 9):
        yield f"orientation{orientation}.avif", saved(small, exif=exif(orientation))
    # Pillow turns an orientation into boxes; under another tag it stays, and gets its own afterwards.
    other_tag = exif(6).replace(b"\x01\x12", b"\x01\x13")
    for name, options in (("exif", {}), ("exif_xmp", {"xmp": xmp(6)})):
        file = saved(small, exif=other_tag, **options)
        yield f"orientation_{name}.avif", file.replace(other_tag, exif(6))
    yield "orientation_exif_none_xmp.avif", saved(small, exif=other_tag, xmp=xmp(6))
    yield "orientation_xmp.avif", saved(small, xmp=xmp(6))
    yield "orientation_boxes_xmp.avif", saved(small, exif=exif(3), xmp=xmp(6))
    for turn, mirror in ((2, 0), (2, 1), (1, 1), (0, 0)):
        yield f"turned{turn}_mirrored{mirror}.avif", avifenc(small, f"--irot {turn} --imir {mirror}")
    yield "lossless.avif", avifenc(small, "--lossless")
    yield "clean_aperture.avif", avifenc(small, "--crop 2,2,12,8")
    yield "grain.avif", avifenc(picture, "-a film-grain-test=3")
    yield "grid.avif", avifenc(Image.fromarray(scene(128, 64)), "-g 2x1 --yuv 420")
    yield "grid_alpha.avif", avifenc(Image.fromarray(scene(64, 128, 4), mode="RGBA"), "-g 1x2")
    for depth in (10, 12):
        for subsampling in (400, 420, 422, 444):
            options = f"-d {depth} --yuv {subsampling}"
            yield f"deep{depth}_{subsampling}.avif", avifenc(small, options)
            yield f"deep{depth}_{subsampling}_alpha.avif", avifenc(
                Image.fromarray(scene(24, 16, 4), mode="RGBA"), options + " -p -r limited")
    # Matrices that libyuv has and has not; 12 takes the one of the primaries.
    for matrix in (0, 1, 4, 7, 8, 9):
        for depth in (8, 10):
            yield f"matrix{matrix}_{depth}.avif", avifenc(small, f"-d {depth} --cicp 1/13/{matrix}")
    for primaries in (1, 9):
        yield f"matrix12_primaries{primaries}.avif", avifenc(small, f"-d 10 --cicp {primaries}/13/12")


def without_times(file):
    """A sequence with zeros where libavif writes the time: two numbers of 8 bytes behind version and flags."""
    for box in (b"mvhd", b"tkhd", b"mdhd"):
        start = file.index(box) + 8
        file = file[:start] + bytes(16) + file[start + 16 :]
    return file


def avifenc(picture, options):
    """A file of what Pillow does not write."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = f"{folder}/picture.png", f"{folder}/picture.avif"
        picture.save(source)
        command = ["avifenc", "-j", "1", "-s", "6", "--min", "5", "--max", "25", *options.split()]
        subprocess.run([*command, source, target], check=True, stdout=subprocess.DEVNULL)
        return Path(target).read_bytes()


def netpbm_files():
    grey, colour = noise(7, 5, 1), noise(7, 5)
    yield "bits.pbm", b"P4\n# a comment\n11 5\n" + noise(2, 5, 1).tobytes()
    yield "plain.pbm", b"P1 5 2 1 0 1 0 1 # bits\n01\n0 1 1"
    yield "grey.pgm", b"P5 7 5 255\n" + grey.tobytes()
    yield "grey_least.pgm", b"P5\t7\r5\n100 " + grey.tobytes()
    yield "grey_wide.pgm", b"P5 7 5 65535\n" + (colour.astype(">u2")[:, :, 0] * 3).tobytes()
    yield "grey_wide_least.pgm", b"P5 7# a comment\n 5 3#joins\n00\n" + (colour.astype(">u2")[:, :, 0] * 3).tobytes()
    yield "plain.pgm", b"P2 3 2 10\n0 1 2 3\n# four\n4 10"
    yield "plain_wide.pgm", b"P2 3 2 1000\n0 1 2 3 400 1000 7"
    yield "colour.pnm", b"P6 7 5 255\n" + colour.tobytes()
    yield "colour_least.pnm", b"P6 7 5 #7\n#8\r7\n" + colour.tobytes()
    yield "colour_wide.pnm", b"P6 7 5 65535\n" + noise(14, 5).tobytes()
    yield "plain.pnm", b"P3 2 1 255 255 0 1 2 3 4"


def write_decode():
    folder = ROOT / "decode"
    folder.mkdir(parents=True, exist_ok=True)
    for files in (png_files(), jpeg_files(), webp_files(), gif_files(), bmp_files(), tiff_files(), avif_files(), netpbm_files()):
        for name, data in files:
            path = folder / name
            path.write_bytes(data)
            with Image.open(path) as picture:
                upright = ImageOps.exif_transpose(picture).convert("RGB")
            upright.save(path.with_name(name.replace(".", "_") + ".ppm"))
    # Of one colour, so that it needs no reference.
    (ROOT / "large_tiles.avif").write_bytes(avifenc(Image.new("RGB", (2048, 1024), (200, 100, 50)), "-g 2x1"))


RESIZES = [
    # from, to: down, up, mixed, one axis only, same size, odd, extreme, both pass orders.
    ((64, 48), (16, 16)),
    ((61, 47), (14, 14)),
    ((7, 5), (56, 40)),
    ((33, 20), (32, 40)),
    ((20, 33), (40, 32)),
    ((40, 30), (40, 11)),
    ((40, 30), (13, 30)),
    ((17, 17), (17, 17)),
    ((1, 1), (9, 7)),
    ((2, 3), (5, 1)),
    ((300, 2), (8, 8)),
    ((2, 300), (8, 8)),
    ((30, 200), (28, 28)),
    ((50, 93), (29, 50)),
    ((50, 92), (29, 50)),
    ((640, 480), (28, 28)),
    ((480, 640), (28, 28)),
    ((1, 1000), (3, 3)),
    # Rounding puts a pixel beyond the edge of the box filter.
    ((11, 11), (6, 6)),
]


# By Pillow's numbers. It has two newer ones, which nobody's processor names.
FILTERS = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"]


def write_resize():
    folder = ROOT / "resize"
    folder.mkdir(parents=True, exist_ok=True)
    for source, target in RESIZES:
        picture = Image.fromarray(noise(*source))
        for number, name in enumerate(FILTERS):
            resampling = Image.Resampling(number)
            # The filters that few models use need no large pictures.
            if name not in ("bilinear", "bicubic") and target[0] * target[1] > 784:
                continue
            path = folder / "{}x{}_to_{}x{}_{}.ppm".format(*source, *target, name)
            picture.resize(target, resampling).save(path)


HALVES = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "rescale_factor": 1 / 255}
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}

# name: (picture's size, configuration)
PIXEL_VALUES = {
    "sparse": ((61, 47), {"size": {"height": 28, "width": 28}}),
    "paligemma": ((30, 200), {
        "image_processor_type": "SiglipImageProcessor", "image_seq_length": 4, "resample": 3,
        "do_convert_rgb": None, "size": {"height": 28, "width": 28}, **HALVES}),
    "imagenet_bilinear": ((40, 30), {
        "resample": 2, "size": {"height": 12, "width": 20}, "rescale_factor": 1 / 254, **IMAGENET}),
    "one_value_for_all": ((9, 9), {
        "size": {"height": 14, "width": 14}, "image_mean": 0.3, "image_std": 0.7}),
    "not_normalized": ((17, 23), {"size": {"height": 14, "width": 14}, "do_normalize": False}),
    "not_rescaled": ((17, 23), {
        "size": {"height": 14, "width": 14}, "do_rescale": False, "image_mean": [127.5] * 3,
        "image_std": [63.1, 64.2, 65.3]}),
    "list_of_sides": ((23, 17), {"size": [10, 14], "resample": 1}),
    "square": ((19, 19), {"size": 12, "resample": 4}),
    "not_resized": ((14, 10), {"do_resize": False, "size": {"height": 10, "width": 14}}),
}


def write_pixel_values():
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    folder = ROOT / "pixel_values"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (size, config) in PIXEL_VALUES.items():
        stem = "{}_{}x{}".format(name, *size)
        (folder / f"{stem}.json").write_text(json.dumps(config, indent=2) + "\n")
        processor = SiglipImageProcessorPil.from_dict(dict(config))
        values = processor(images=Image.fromarray(noise(*size)), return_tensors="np")
        (folder / f"{stem}.f32").write_bytes(values["pixel_values"][0].astype("<f4").tobytes())


if __name__ == "__main__":
    write_decode()
    if "--decode" not in sys.argv:
        write_resize()
        write_pixel_values()
