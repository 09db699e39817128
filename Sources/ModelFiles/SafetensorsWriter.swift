import Foundation

/// Writes safetensors files of binary32 tensors, byte for byte as the reference implementation lays them out:
/// tensors sorted by name, the header padded with spaces to a multiple of 8.
public enum SafetensorsWriter {
  /// Replaces the file at `url` atomically.
  ///
  /// - Parameters:
  ///   - tensors: by name.
  ///   - metadata: goes to `__metadata__`.
  /// - Throws: `ModelFileError.inaccessible`; an earlier file is then untouched.
  public static func write(
    _ tensors: [String: FloatTensor], metadata: [String: String] = [:], to url: URL
  ) throws {
    let names = tensors.keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    try AtomicReplacement.file(at: url) { file in
      try file.write(contentsOf: header(names: names, tensors: tensors, metadata: metadata))
      for name in names {
        guard let tensor = tensors[name], !tensor.values.isEmpty else { continue }
        try file.write(contentsOf: littleEndianBytes(tensor.values))
      }
    }
  }

  private static func header(
    names: [String], tensors: [String: FloatTensor], metadata: [String: String]
  ) -> Data {
    var header = JSONObject()
    if !metadata.isEmpty {
      header["__metadata__"] = .object(
        JSONObject(metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
    var offset = 0
    for name in names {
      guard let tensor = tensors[name] else { continue }
      let end = offset + 4 * tensor.values.count
      header[name] = .object(
        JSONObject([
          ("dtype", .string(ElementType.float32.rawValue)),
          ("shape", .array(tensor.shape.map { .integer($0) })),
          ("data_offsets", .array([.integer(offset), .integer(end)])),
        ]))
      offset = end
    }
    var text = Data(JSONValue.object(header).compactText.utf8)
    text.append(Data(repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
    var result = Data((0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) })
    result.append(text)
    return result
  }
}
