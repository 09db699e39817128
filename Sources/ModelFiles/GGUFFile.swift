import Foundation

/// A GGUF file, version 2 or 3, little-endian: metadata and a table of tensors.
///
/// Counts, lengths and offsets are checked against the file before anything is allocated for them.
/// Source: the GGUF specification (docs/gguf.md) in the ggml repository.
struct GGUFFile: Sendable {
  let file: MappedFile
  let metadata: [String: GGUFValue]
  /// By GGUF name; shapes are already in torch order, the reverse of ggml's.
  let tensors: [String: StoredTensor]

  init(path: String) throws {
    file = try MappedFile(path: path)
    var reader = try GGUFReader(file: file)
    metadata = try reader.metadata()
    tensors = try reader.tensors(alignment: Self.alignment(metadata, path: path))
  }

  static func isGGUF(_ file: MappedFile) -> Bool {
    file.bytes.starts(with: Data("GGUF".utf8))
  }

  private static func alignment(_ metadata: [String: GGUFValue], path: String) throws -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard case .integer(let alignment) = value, (1...(1 << 20)).contains(alignment),
      alignment & (alignment - 1) == 0
    else {
      let found = if case .integer(let number) = value { "\(number)" } else { "the value" }
      throw ModelFileError.malformed(
        path: path, field: "general.alignment", problem: "\(found) is not a power of two up to 2^20")
    }
    return alignment
  }
}

// MARK: - Reading

/// A cursor over the header of a GGUF file.
private struct GGUFReader {
  /// More than any tokenizer or model has; a guard against hostile files.
  static let maximumArrayElements = 1 << 24
  static let maximumStringBytes = 1 << 24

  let file: MappedFile
  private var position = 0
  private var arrayElements = 0
  private var metadataCount = 0
  private var tensorCount = 0

  init(file: MappedFile) throws {
    self.file = file
    guard GGUFFile.isGGUF(file) else {
      throw ModelFileError.malformed(path: file.path, field: "magic", problem: "this is not a GGUF file")
    }
    position = 4
    let version = try integer(UInt32.self, "version")
    guard version == 2 || version == 3 else {
      throw ModelFileError.unsupported(
        path: file.path, field: "version",
        what: version.byteSwapped <= 3
          ? "big-endian GGUF files are not supported"
          : "GGUF version \(version) is not supported (2 and 3 are)")
    }
    // The smallest tensor entry takes 32 bytes, the smallest metadata entry 13.
    tensorCount = try count("tensor count", entryBytes: 32)
    metadataCount = try count("metadata count", entryBytes: 13)
  }

  mutating func metadata() throws -> [String: GGUFValue] {
    var metadata: [String: GGUFValue] = [:]
    for index in 0..<metadataCount {
      let key = try string("metadata key \(index)", strict: true)
      guard metadata[key] == nil else { throw malformed(key, "appears twice") }
      metadata[key] = try value(type: try integer(UInt32.self, key), key)
    }
    return metadata
  }

  mutating func tensors(alignment: Int) throws -> [String: StoredTensor] {
    var tensors: [String: StoredTensor] = [:]
    for index in 0..<tensorCount {
      let name = try string("tensor name \(index)", strict: true)
      guard tensors[name] == nil else { throw malformed("tensor \(name)", "appears twice") }
      tensors[name] = try tensor(name, alignment: alignment)
    }
    let dataStart = (position + alignment - 1) / alignment * alignment
    for name in tensors.keys { tensors[name]?.byteOffset += dataStart }

    var end = dataStart
    for (name, tensor) in tensors.sorted(by: { $0.value.byteOffset < $1.value.byteOffset }) {
      guard tensor.byteOffset >= end else {
        throw malformed("tensor \(name) offset", "overlaps the tensor before it")
      }
      // Cannot overflow: both are at most Int.max / 4.
      end = tensor.byteOffset + tensor.byteCount
      guard end <= file.count else {
        throw malformed(
          "tensor \(name)", "ends at byte \(end), but the file has \(file.count) (truncated?)")
      }
    }
    return tensors
  }

  private mutating func tensor(_ name: String, alignment: Int) throws -> StoredTensor {
    let field = "tensor \(name)"
    let dimensionCount = try integer(UInt32.self, field)
    guard (1...4).contains(dimensionCount) else {
      throw malformed(field, "\(dimensionCount) dimensions; 1 to 4 are possible")
    }
    var shape: [Int] = []
    for _ in 0..<dimensionCount {
      let dimension = try integer(UInt64.self, field)
      guard let dimension = Int(exactly: dimension), dimension > 0 else {
        throw malformed(field, "a dimension of \(dimension) is not possible")
      }
      shape.insert(dimension, at: 0)
    }
    let code = try integer(UInt32.self, field)
    let type = try elementType(code: code, field: field)
    guard let elements = elementCount(shape), let byteCount = type.byteCount(elements: elements),
      byteCount <= Int.max / 4, (shape.last ?? 1) % type.blockElements == 0
    else {
      throw malformed(field, "\(shape) is not a possible shape of \(type.rawValue)")
    }
    guard shape.count > 1 || type.blockElements == 1 else {
      throw ModelFileError.unsupported(
        path: file.path, field: field,
        what: "vectors in \(type.rawValue) are not supported (F32, F16 and BF16 are)")
    }
    let offset = try integer(UInt64.self, field)
    guard offset <= UInt64(Int.max / 4), offset % UInt64(alignment) == 0 else {
      throw malformed("\(field) offset", "\(offset) is not a multiple of \(alignment) inside the file")
    }
    return StoredTensor(
      elementType: type, shape: shape, fileIndex: 0, byteOffset: Int(offset), byteCount: byteCount)
  }

  private func elementType(code: UInt32, field: String) throws -> ElementType {
    switch code {
    case 0: return .float32
    case 1: return .float16
    case 2: return .q4_0
    case 3: return .q4_1
    case 8: return .q8_0
    case 30: return .bfloat16
    default:
      let name = Self.otherTypes[code] ?? "type \(code)"
      throw ModelFileError.unsupported(
        path: file.path, field: field,
        what: "\(name) tensors are not supported (F32, F16, BF16, Q8_0, Q4_0 and Q4_1 are)")
    }
  }

  /// Names of the ggml types that are refused, from `enum ggml_type`.
  private static let otherTypes: [UInt32: String] = [
    6: "Q5_0", 7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K",
    16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S",
    23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0",
    39: "MXFP4",
  ]

  // MARK: Values

  private mutating func value(type: UInt32, _ field: String) throws -> GGUFValue {
    switch type {
    case 0, 1, 2, 3, 4, 5, 10, 11: .integer(try integer(type: type, field))
    case 6, 12: .number(try number(type: type, field))
    case 7: .bool(try integer(UInt8.self, field) != 0)
    case 8: .string(try string(field, strict: false))
    case 9: try array(field)
    default: throw malformed(field, "value type \(type) does not exist")
    }
  }

  private mutating func array(_ field: String) throws -> GGUFValue {
    let type = try integer(UInt32.self, field)
    guard let entryBytes = Self.entryBytes[type] else {
      throw malformed(
        field, type == 9 ? "arrays of arrays are not supported" : "value type \(type) does not exist")
    }
    let count = try count(field, entryBytes: entryBytes)
    arrayElements += count
    guard arrayElements <= Self.maximumArrayElements else {
      throw malformed(field, "\(count) elements; a header with so many is not read")
    }
    switch type {
    case 6, 12: return .numbers(try (0..<count).map { _ in Float(try number(type: type, field)) })
    case 7: return .bools(try (0..<count).map { _ in try integer(UInt8.self, field) != 0 })
    case 8: return .strings(try (0..<count).map { _ in try string(field, strict: false) })
    default: return .integers(try (0..<count).map { _ in try integer(type: type, field) })
    }
  }

  /// Bytes of an array element by value type; for a string, those of its length.
  private static let entryBytes: [UInt32: Int] = [
    0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 8: 8, 10: 8, 11: 8, 12: 8,
  ]

  private mutating func integer(type: UInt32, _ field: String) throws -> Int {
    switch type {
    case 0: return Int(try integer(UInt8.self, field))
    case 1: return Int(try integer(Int8.self, field))
    case 2: return Int(try integer(UInt16.self, field))
    case 3: return Int(try integer(Int16.self, field))
    case 4: return Int(try integer(UInt32.self, field))
    case 5: return Int(try integer(Int32.self, field))
    case 11: return Int(try integer(Int64.self, field))
    default:
      let value = try integer(UInt64.self, field)
      guard let value = Int(exactly: value) else { throw malformed(field, "\(value) is out of range") }
      return value
    }
  }

  private mutating func number(type: UInt32, _ field: String) throws -> Double {
    type == 6
      ? Double(Float(bitPattern: try integer(UInt32.self, field)))
      : Double(bitPattern: try integer(UInt64.self, field))
  }

  /// - Parameter strict: whether bytes that are not UTF-8 are refused; else U+FFFD replaces them.
  private mutating func string(_ field: String, strict: Bool) throws -> String {
    let length = try integer(UInt64.self, field)
    guard length <= UInt64(min(Self.maximumStringBytes, file.count - position)) else {
      throw malformed(field, "a string of \(length) bytes does not fit into the file (truncated?)")
    }
    let bytes = file.bytes[position..<position + Int(length)]
    position += Int(length)
    if strict {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw malformed(field, "invalid UTF-8")
      }
      return text
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func count(_ field: String, entryBytes: Int) throws -> Int {
    let count = try integer(UInt64.self, field)
    let possible = (file.count - position) / entryBytes
    guard count <= UInt64(possible) else {
      throw malformed(field, "\(count) entries do not fit into the file (truncated?)")
    }
    return Int(count)
  }

  private mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, _ field: String)
    throws -> T
  {
    let size = MemoryLayout<T>.size
    guard file.count - position >= size else { throw malformed(field, "the file ends early (truncated?)") }
    let value = file.bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: T.self)
    position += size
    return T(littleEndian: value)
  }

  private func malformed(_ field: String, _ problem: String) -> ModelFileError {
    .malformed(path: file.path, field: field, problem: problem)
  }
}
