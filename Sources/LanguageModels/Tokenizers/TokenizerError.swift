import Foundation

/// Why a tokenizer's definition, or a use of it, is refused. `field` is the path of the offending entry
/// inside the definition, such as `model.merges[12]` or `tokenizer.ggml.tokens`.
public enum TokenizerError: Error, Sendable, Equatable {
  /// The definition is not JSON: what the parser expected at a byte offset.
  case malformedJSON(offset: Int, expected: String)
  /// A field that is needed is absent.
  case missingField(String)
  /// A field has another type or shape than the format says.
  case wrongType(field: String, expected: String)
  /// A normalizer, pre-tokenizer, model, decoder or option that this implementation does not know.
  case unsupported(field: String, name: String)
  /// Two ids spell the same token.
  case duplicateToken(field: String, token: String)
  /// Two tokens claim the same id.
  case duplicateID(field: String, id: Int)
  /// An id that is negative, or larger than a vocabulary can be.
  case idOutOfRange(field: String, id: Int, limit: Int)
  /// A merge or a special token names a token that the vocabulary does not have.
  case unknownToken(field: String, token: String)
  /// Two arrays that belong together have different lengths.
  case lengthMismatch(field: String, expected: Int, found: Int)
  /// More, or longer, entries than a tokenizer can need: they would cost time or memory without end.
  case tooMuch(field: String, limit: String)
  /// A chat template needs a token that this vocabulary lacks.
  case templateNeedsToken(template: String, token: String)
}

extension TokenizerError {
  /// The path of the offending entry inside the definition; the format itself when that is at fault.
  public var field: String {
    switch self {
    case .malformedJSON: "JSON"
    case .missingField(let field), .wrongType(let field, _), .unsupported(let field, _),
      .duplicateToken(let field, _), .duplicateID(let field, _), .idOutOfRange(let field, _, _),
      .unknownToken(let field, _), .lengthMismatch(let field, _, _), .tooMuch(let field, _):
      field
    case .templateNeedsToken: "chat template"
    }
  }

  /// What is wrong with the field.
  public var problem: String {
    switch self {
    case .malformedJSON(let offset, let expected): "expected \(expected) at byte \(offset)"
    case .missingField: "is missing"
    case .wrongType(_, let expected): "should be \(expected)"
    case .unsupported(_, let name): "is '\(name)', which is not supported"
    case .duplicateToken(_, let token): "repeats the token '\(token)'"
    case .duplicateID(_, let id): "gives the id \(id) to two tokens"
    case .idOutOfRange(_, let id, let limit): "has the id \(id); ids run from 0 to \(limit - 1)"
    case .unknownToken(_, let token): "names '\(token)', which is not in the vocabulary"
    case .lengthMismatch(_, let expected, let found): "has \(found) entries where \(expected) are needed"
    case .tooMuch(_, let limit): "is more than any real tokenizer has (\(limit))"
    case .templateNeedsToken(let template, let token):
      "'\(template)' needs the token '\(token)', which this model does not have; choose another template"
    }
  }
}

extension TokenizerError: LocalizedError, CustomStringConvertible {
  public var description: String {
    if case .templateNeedsToken = self { return "the chat template \(problem)" }
    return "tokenizer definition: '\(field)' \(problem)"
  }

  public var errorDescription: String? { description }
}
