/// A token that is found in the text itself, before it is normalised and cut into words.
struct AddedToken: Sendable, Equatable {
  /// Bounds on the bytes of one and of all; the matcher has a node for nearly every byte. The tokenizers with the
  /// most added tokens have some ten thousand of a dozen bytes.
  static let longestContent = 1024
  static let longestTotal = 1 << 20

  static func tooLong(field: String) -> TokenizerError {
    .tooMuch(field: field, limit: "\(longestContent) bytes in one added token, \(longestTotal) in all")
  }

  var id: Int
  var content: [UInt8]
  /// A control token: left out of text on request, and never read from text that a user wrote.
  var isSpecial: Bool
  /// Takes the whitespace before it along.
  var stripsLeft = false
  /// Takes the whitespace behind it along.
  var stripsRight = false
  /// Is found only between scalars that are not part of a word.
  var isSingleWord = false
  /// Is looked for in normalised text.
  var isNormalized = false
}

/// Finds added tokens in text: at each place the longest, from the left, without overlaps.
struct AddedTokenMatcher: Sendable {
  struct Segment {
    var id: Int?
    var range: Range<Int>
  }

  private struct Node: Sendable {
    var children: [(byte: UInt8, node: Int)] = []
    /// Index into `tokens` of the token that ends here.
    var token: Int?
  }

  private let tokens: [AddedToken]
  private var nodes = [Node()]
  private var startsToken = [Bool](repeating: false, count: 256)

  /// - Parameter pattern: what to look for in place of a token's content.
  init(_ tokens: [AddedToken], pattern: (AddedToken) -> [UInt8] = { $0.content }) {
    self.tokens = tokens
    for (index, token) in tokens.enumerated() {
      var node = 0
      for byte in pattern(token) {
        if let child = nodes[node].children.first(where: { $0.byte == byte }) {
          node = child.node
        } else {
          nodes[node].children.append((byte, nodes.count))
          node = nodes.count
          nodes.append(Node())
        }
      }
      if node != 0, nodes[node].token == nil { nodes[node].token = index }
    }
    for child in nodes[0].children { startsToken[Int(child.byte)] = true }
  }

  /// Cuts text into the added tokens that it contains and what lies between them.
  ///
  /// - Parameter ignored: ids that stay text.
  func segments(of bytes: [UInt8], ignoring ignored: Set<Int>) -> [Segment] {
    var segments: [Segment] = []
    var done = 0
    var index = 0
    while index < bytes.count {
      guard startsToken[Int(bytes[index])], let (token, matchEnd) = longestMatch(bytes, index) else {
        index += 1
        continue
      }
      let match = index..<matchEnd
      index = matchEnd
      if ignored.contains(token.id) || token.isSingleWord && touchesWord(bytes, match) { continue }
      var (start, end) = (match.lowerBound, match.upperBound)
      if token.stripsLeft {
        while start > done {
          let before = UTF8Reader.start(ofScalarEndingAt: start, in: bytes)
          guard UTF8Reader.scalarClass(in: bytes, at: before).class.isWhitespace else { break }
          start = before
        }
      }
      if token.stripsRight {
        while end < bytes.count {
          let (next, after) = UTF8Reader.scalarClass(in: bytes, at: end)
          guard next.isWhitespace else { break }
          end = after
        }
      }
      if done < start { segments.append(Segment(id: nil, range: done..<start)) }
      start = max(done, start)
      end = max(done, end)
      segments.append(Segment(id: token.id, range: start..<end))
      done = end
    }
    if done < bytes.count { segments.append(Segment(id: nil, range: done..<bytes.count)) }
    return segments
  }

  private func longestMatch(_ bytes: [UInt8], _ start: Int) -> (token: AddedToken, end: Int)? {
    var node = 0
    var found: (token: Int, end: Int)?
    var index = start
    while index < bytes.count,
      let child = nodes[node].children.first(where: { $0.byte == bytes[index] })
    {
      node = child.node
      index += 1
      if let token = nodes[node].token { found = (token, index) }
    }
    return found.map { (tokens[$0.token], $0.end) }
  }

  private func touchesWord(_ bytes: [UInt8], _ match: Range<Int>) -> Bool {
    if match.lowerBound > 0 {
      let before = UTF8Reader.start(ofScalarEndingAt: match.lowerBound, in: bytes)
      if isWordScalar(UTF8Reader.scalar(in: bytes, at: before).scalar) { return true }
    }
    return match.upperBound < bytes.count
      && isWordScalar(UTF8Reader.scalar(in: bytes, at: match.upperBound).scalar)
  }

  /// `\w` of Unicode's regular expressions (UTS 18, annex C).
  private func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
    let properties = scalar.properties
    if properties.isAlphabetic || properties.isJoinControl { return true }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
    default: return false
    }
  }
}
