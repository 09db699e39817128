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
  /// A chat template needs a token that this vocabulary lacks.
  case templateNeedsToken(template: String, token: String)
}

extension TokenizerError: LocalizedError, CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformedJSON(let offset, let expected):
      "tokenizer definition: expected \(expected) at byte \(offset)"
    case .missingField(let field):
      "tokenizer definition: '\(field)' is missing"
    case .wrongType(let field, let expected):
      "tokenizer definition: '\(field)' should be \(expected)"
    case .unsupported(let field, let name):
      "tokenizer definition: '\(field)' is '\(name)', which is not supported"
    case .duplicateToken(let field, let token):
      "tokenizer definition: '\(field)' repeats the token '\(token)'"
    case .duplicateID(let field, let id):
      "tokenizer definition: '\(field)' gives the id \(id) to two tokens"
    case .idOutOfRange(let field, let id, let limit):
      "tokenizer definition: '\(field)' has the id \(id); ids run from 0 to \(limit - 1)"
    case .unknownToken(let field, let token):
      "tokenizer definition: '\(field)' names '\(token)', which is not in the vocabulary"
    case .lengthMismatch(let field, let expected, let found):
      "tokenizer definition: '\(field)' has \(found) entries where \(expected) are needed"
    case .templateNeedsToken(let template, let token):
      "the chat template '\(template)' needs the token '\(token)', which this model does not have; "
        + "choose another template"
    }
  }

  public var errorDescription: String? { description }
}
