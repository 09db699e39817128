import Foundation

/// A line of a file that could not be used.
public struct LineError: Error, CustomStringConvertible {
  public var file: String
  /// 1 is the first; 0 means the file as a whole.
  public var line: Int
  public var problem: String
  /// The line's number is that of a record in a JSON document.
  public var isRecord: Bool

  public init(file: String, line: Int, problem: String, isRecord: Bool = false) {
    self.file = file
    self.line = line
    self.problem = problem
    self.isRecord = isRecord
  }

  public var description: String {
    guard line > 0 else { return "\(file): \(problem)" }
    return isRecord ? "\(file): record \(line): \(problem)" : "\(file):\(line): \(problem)"
  }
}

/// One JSON value per line; blank lines are skipped.
public enum JSONLines {
  static func decode<Value: Decodable>(_ type: Value.Type, from text: String, file: String) throws -> [Value]
  {
    let decoder = JSONDecoder()
    var values: [Value] = []
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard !line.allSatisfy(\.isWhitespace) else { continue }
      do {
        values.append(try decoder.decode(type, from: Data(line.utf8)))
      } catch {
        throw LineError(file: file, line: number + 1, problem: describe(error))
      }
    }
    return values
  }

  /// Whether a line is JSON's only encoding. The parsers guess others where they see NUL bytes, line by line.
  public static func isUTF8(_ line: Data) -> Bool {
    !line.contains(0) && String(validating: line, as: UTF8.self) != nil
  }

  private static func describe(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .keyNotFound(let key, _): "field “\(key.stringValue)” is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "field “\(context.codingPath.map(\.stringValue).joined(separator: "."))” is of another type"
    default: "not a JSON object"
    }
  }
}

/// A row of a data file.
public struct QuestionAnswer: Sendable, Codable, Equatable {
  public var question: String
  public var answer: String
  public var category: String?
  public var source: String?
  public var split: String?
}
