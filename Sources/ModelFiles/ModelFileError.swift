import Foundation

/// Why a model or adapter could not be read or written. Each case holds the facts; the description is one
/// line that names the file and the field.
public enum ModelFileError: Error, Equatable, Sendable {
  /// The operating system would not let us read or write.
  case inaccessible(path: String, reason: String)
  /// A small text file that stands for a large one which was never fetched.
  case gitLFSPointer(path: String)
  /// The file is not what its format demands: truncated, contradictory or hostile.
  case malformed(path: String, field: String, problem: String)
  /// The file is sound, but computing with it as if it were a plain Llama or Qwen2 would give wrong results.
  case unsupported(path: String, field: String, what: String)
  /// The configuration calls for a tensor that is in no file.
  case missingTensor(path: String, name: String)
  case wrongShape(path: String, tensor: String, expected: [Int], found: [Int])
}

extension ModelFileError: CustomStringConvertible, LocalizedError {
  public var description: String {
    switch self {
    case .inaccessible(let path, let reason):
      "\(path): \(reason)"
    case .gitLFSPointer(let path):
      "\(path): this is a Git LFS pointer, not the file itself; run `git lfs pull` where it came from"
    case .malformed(let path, let field, let problem):
      "\(path): \(field): \(problem)"
    case .unsupported(let path, let field, let what):
      "\(path): \(field): \(what)"
    case .missingTensor(let path, let name):
      "\(path): tensor \(name) is missing"
    case .wrongShape(let path, let tensor, let expected, let found):
      "\(path): tensor \(tensor) has shape \(found), expected \(expected)"
    }
  }

  public var errorDescription: String? { description }
}
