import Foundation

/// A safetensors file: 8-byte little-endian header length, JSON header, tensor bytes.
///
/// The header is checked before anything is believed: its length against the file, every tensor's bytes
/// against its shape, and the tensors against each other: they must cover the data without hole or overlap,
/// as the format demands.
/// Source: the safetensors repository's README, section Format.
public struct SafetensorsFile: Sendable {
  /// The limit of the reference implementation.
  static let maximumHeaderBytes = 100_000_000

  /// The strings of `__metadata__`.
  public let metadata: [String: String]
  let file: MappedFile
  let tensors: [String: StoredTensor]

  /// Maps the file at `path` and checks its header.
  ///
  /// - Throws: `ModelFileError`, also for element types other than F32, F16 and BF16.
  public init(path: String) throws {
    try self.init(path: path, fileIndex: 0)
  }

  init(path: String, fileIndex: Int) throws {
    file = try MappedFile(path: path)
    let (header, dataStart) = try Self.header(of: file)
    metadata = try Self.metadata(of: header)
    tensors = try Self.tensors(of: header, in: file, dataStart: dataStart, fileIndex: fileIndex)
  }

  /// The tensors' names, sorted.
  public var names: [String] { tensors.keys.sorted() }

  /// The shape of a tensor, or nil when the file has none of that name.
  public func shape(of name: String) -> [Int]? { tensors[name]?.shape }

  public func elementType(of name: String) -> ElementType? { tensors[name]?.elementType }

  /// All values of a tensor, row-major.
  ///
  /// - Throws: `ModelFileError.missingTensor`.
  public func floats(of name: String) throws -> [Float] {
    guard let tensor = tensors[name] else {
      throw ModelFileError.missingTensor(path: file.path, name: name)
    }
    // A scalar has no first dimension: it is one row.
    guard let rows = tensor.shape.first else {
      return tensor.elementType.decode(file.bytes, at: tensor.byteOffset, rowElements: 1, rows: 0..<1)
    }
    return tensor.floats(in: file, rows: 0..<rows)
  }

  private static func header(of file: MappedFile) throws -> (JSONDocument, dataStart: Int) {
    func malformed(_ problem: String) -> ModelFileError {
      .malformed(path: file.path, field: "header length", problem: problem)
    }
    guard file.count >= 8 else { throw malformed("the file has only \(file.count) bytes") }
    var length: UInt64 = 0
    for (index, byte) in file.bytes.prefix(8).enumerated() { length |= UInt64(byte) << (8 * index) }
    guard length <= UInt64(maximumHeaderBytes) else {
      throw malformed("\(length) bytes is more than the \(maximumHeaderBytes) that the format allows")
    }
    let dataStart = 8 + Int(length)
    guard dataStart <= file.count else {
      throw malformed("\(length) bytes, but the file ends after \(file.count - 8) (truncated?)")
    }
    let document = try JSONDocument(
      path: file.path, field: "header", bytes: [UInt8](file.bytes[8..<dataStart]))
    return (document, dataStart)
  }

  private static func metadata(of header: JSONDocument) throws -> [String: String] {
    guard let document = try header.document("__metadata__") else { return [:] }
    var metadata: [String: String] = [:]
    for key in document.object.keys { metadata[key] = try document.string(key) }
    return metadata
  }

  private static func tensors(
    of header: JSONDocument, in file: MappedFile, dataStart: Int, fileIndex: Int
  ) throws -> [String: StoredTensor] {
    var tensors: [String: StoredTensor] = [:]
    for name in header.object.keys where name != "__metadata__" {
      guard let entry = try header.document(name) else { throw header.missing(name) }
      tensors[name] = try tensor(name: name, entry: entry, dataStart: dataStart, fileIndex: fileIndex)
    }
    var end = dataStart
    let inFileOrder = tensors.sorted {
      ($0.value.byteOffset, $0.value.byteCount) < ($1.value.byteOffset, $1.value.byteCount)
    }
    for (name, tensor) in inFileOrder {
      guard tensor.byteOffset == end else {
        throw ModelFileError.malformed(
          path: file.path, field: "\(name).data_offsets",
          problem: tensor.byteOffset < end
            ? "overlaps the tensor before it" : "leaves a hole of \(tensor.byteOffset - end) bytes before it")
      }
      // Cannot overflow: both are bounded by the checks in tensor(name:entry:…).
      end = tensor.byteOffset + tensor.byteCount
      guard end <= file.count else {
        throw ModelFileError.malformed(
          path: file.path, field: "\(name).data_offsets",
          problem: "the tensor ends at byte \(end), but the file has \(file.count) (truncated?)")
      }
    }
    guard end == file.count else {
      throw ModelFileError.malformed(
        path: file.path, field: "size", problem: "\(file.count - end) bytes after the last tensor")
    }
    return tensors.filter { !isPositionBuffer($0.key) }
  }

  /// The numbers 0, 1, 2 … that transformers before 4.31 stored with a BERT: nothing to compute with.
  private static func isPositionBuffer(_ name: String) -> Bool { name.hasSuffix("embeddings.position_ids") }

  private static func tensor(
    name: String, entry: JSONDocument, dataStart: Int, fileIndex: Int
  ) throws -> StoredTensor {
    guard let dtype = try entry.string("dtype") else { throw entry.missing("dtype") }
    // Twice as many halves of 32 bits take the same place.
    let isBuffer = isPositionBuffer(name) && dtype == "I64"
    guard let type = isBuffer ? .float32 : ElementType(rawValue: dtype), type.blockElements == 1 else {
      throw entry.unsupported("dtype", "\(dtype) tensors are not supported (F32, F16 and BF16 are)")
    }
    let shape = try integers("shape", of: entry) + (isBuffer ? [2] : [])
    let offsets = try integers("data_offsets", of: entry)
    guard let elements = elementCount(shape), let bytes = type.byteCount(elements: elements) else {
      throw ModelFileError.malformed(
        path: entry.path, field: "\(name).shape", problem: "\(shape) is not a possible shape")
    }
    guard offsets.count == 2, offsets[0] >= 0, offsets[1] >= offsets[0], offsets[1] <= Int.max / 2 else {
      throw ModelFileError.malformed(
        path: entry.path, field: "\(name).data_offsets", problem: "\(offsets) is not a range of bytes")
    }
    guard offsets[1] - offsets[0] == bytes else {
      throw ModelFileError.malformed(
        path: entry.path, field: "\(name).data_offsets",
        problem: "\(offsets[1] - offsets[0]) bytes, but \(dtype) \(shape) takes \(bytes)")
    }
    return StoredTensor(
      elementType: type, shape: shape, fileIndex: fileIndex, byteOffset: dataStart + offsets[0],
      byteCount: bytes)
  }

  private static func integers(_ key: String, of entry: JSONDocument) throws -> [Int] {
    guard let value = entry.value(key) else { throw entry.missing(key) }
    guard case .array(let elements) = value else {
      throw entry.wrongType(key, expected: "a list of integers", found: value)
    }
    return try elements.map { element in
      guard case .integer(let integer) = element else {
        throw entry.wrongType(key, expected: "a list of integers", found: element)
      }
      return integer
    }
  }
}
