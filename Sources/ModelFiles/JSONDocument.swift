import Foundation

/// A JSON object read from a file, whose typed accessors name file and field when a value is not what it
/// should be. A `null` counts as absent.
struct JSONDocument {
  /// Configuration files are a few kilobytes; a shard index of a very large model a few megabytes.
  static let maximumBytes = 64 << 20

  let path: String
  /// The dotted path of `object` in the file, with a dot at its end; empty for the document itself.
  let prefix: String
  let object: JSONObject

  init(contentsOf path: String) throws {
    let file = try MappedFile(path: path, upTo: Self.maximumBytes)
    try self.init(path: path, field: "JSON", bytes: [UInt8](file.bytes))
  }

  init(path: String, field: String, bytes: [UInt8]) throws {
    do {
      guard case .object(let object) = try JSONValue(parsing: bytes) else {
        throw JSONSyntaxError(byteOffset: 0, problem: "the document is not an object")
      }
      self.init(path: path, prefix: "", object: object)
    } catch let error as JSONSyntaxError {
      throw ModelFileError.malformed(
        path: path, field: field, problem: "byte \(error.byteOffset): \(error.problem)")
    }
  }

  private init(path: String, prefix: String, object: JSONObject) {
    self.path = path
    self.prefix = prefix
    self.object = object
  }

  /// The value of `key`, unless it is absent or `null`.
  func value(_ key: String) -> JSONValue? {
    guard let value = object[key], value != .null else { return nil }
    return value
  }

  func wrongType(_ key: String, expected: String, found: JSONValue) -> ModelFileError {
    .malformed(path: path, field: prefix + key, problem: "expected \(expected), found \(found.kind)")
  }

  func missing(_ key: String) -> ModelFileError {
    .malformed(path: path, field: prefix + key, problem: "is missing")
  }

  func unsupported(_ key: String, _ what: String) -> ModelFileError {
    .unsupported(path: path, field: prefix + key, what: what)
  }

  func integer(_ key: String) throws -> Int? {
    switch value(key) {
    case nil: return nil
    case .integer(let integer): return integer
    case .number(let number) where Int(exactly: number) != nil: return Int(exactly: number)
    case .some(let other): throw wrongType(key, expected: "an integer", found: other)
    }
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let integer = try integer(key) else { return nil }
    guard range.contains(integer) else {
      throw ModelFileError.malformed(
        path: path, field: prefix + key,
        problem: "\(integer) is not between \(range.lowerBound) and \(range.upperBound)")
    }
    return integer
  }

  func number(_ key: String) throws -> Double? {
    switch value(key) {
    case nil: return nil
    case .integer(let integer): return Double(integer)
    case .number(let number): return number
    case .some(let other): throw wrongType(key, expected: "a number", found: other)
    }
  }

  func bool(_ key: String) throws -> Bool? {
    switch value(key) {
    case nil: return nil
    case .bool(let bool): return bool
    case .some(let other): throw wrongType(key, expected: "true or false", found: other)
    }
  }

  func string(_ key: String) throws -> String? {
    switch value(key) {
    case nil: return nil
    case .string(let string): return string
    case .some(let other): throw wrongType(key, expected: "a string", found: other)
    }
  }

  func strings(_ key: String) throws -> [String]? {
    guard let value = value(key) else { return nil }
    guard case .array(let elements) = value else {
      throw wrongType(key, expected: "a list of strings", found: value)
    }
    return try elements.map { element in
      guard case .string(let string) = element else {
        throw wrongType(key, expected: "a list of strings", found: element)
      }
      return string
    }
  }

  func document(_ key: String) throws -> JSONDocument? {
    guard let value = value(key) else { return nil }
    guard case .object(let object) = value else {
      throw wrongType(key, expected: "an object", found: value)
    }
    return JSONDocument(path: path, prefix: prefix + key + ".", object: object)
  }
}
