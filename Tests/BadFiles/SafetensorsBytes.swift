/// The bytes of a safetensors file with this header text and as many data bytes: 0, 1, 2 …
func safetensors(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
  safetensors(Array(header.utf8), data: data, length: length)
}

func safetensors(_ header: [UInt8], data: Int = 0, length: UInt64? = nil) -> [UInt8] {
  let length = length ?? UInt64(header.count)
  return (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + header
    + (0..<data).map { UInt8(truncatingIfNeeded: $0) }
}

/// A member of such a header.
func safetensorsEntry(
  _ name: String = "a", _ type: String = "F32", _ shape: String = "[2]",
  _ offsets: String = "[0,8]"
) -> String {
  #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}"#
}
