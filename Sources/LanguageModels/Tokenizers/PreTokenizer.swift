/// Cuts normalised text into the words inside which merges may happen.
struct PreTokenizer: Sendable, Equatable {
  enum Stage: Sendable, Equatable {
    /// Cuts off numbers (`\p{N}`): each on its own, or each run.
    case digits(individual: Bool)
    case words(WordPattern)
    /// A space before every piece that does not start with one.
    case prefixSpace
    /// SentencePiece's spelling of spaces, as one replacement scalar.
    case metaspace(replacement: [UInt8], prefix: Prefix, splits: Bool)
    /// Cuts before each run of spelled spaces. No tokenizer asks for it: it keeps words short where it
    /// cannot change an id (see `BytePairModel.wordsEnd(before:)`).
    case spaceRuns(spelling: [UInt8])
  }

  enum Prefix: Sendable { case always, first, never }

  var stages: [Stage]

  /// The words of a piece of text: ranges of the returned bytes.
  ///
  /// - Parameters:
  ///   - startsText: the piece is the first of the whole text.
  ///   - addsPrefix: false for text that continues what another call has encoded.
  func words(
    of bytes: [UInt8], in range: Range<Int>, startsText: Bool, addsPrefix: Bool
  ) -> (bytes: [UInt8], words: [Range<Int>]) {
    var bytes = bytes
    var words = range.isEmpty ? [] : [range]
    for stage in stages {
      switch stage {
      case .digits(let individual):
        words = PreTokenizer.split(words) { digitsEnd(bytes, $0, $1, individual: individual) }
      case .words(let pattern):
        words = PreTokenizer.split(words) { pattern.wordEnd(in: bytes, from: $0, limit: $1) }
      case .prefixSpace:
        if addsPrefix {
          (bytes, words) = rewrite(bytes, words) { word, isFirst, output in
            if word.first != UInt8(ascii: " ") { output.append(UInt8(ascii: " ")) }
            output.append(contentsOf: word)
          }
        }
      case .metaspace(let replacement, let prefix, let splits):
        (bytes, words) = rewrite(bytes, words) { word, isFirst, output in
          if addsPrefix, prefix == .always || prefix == .first && startsText && isFirst {
            if word.first != UInt8(ascii: " ") && !word.starts(with: replacement) {
              output.append(contentsOf: replacement)
            }
          }
          for byte in word {
            if byte == UInt8(ascii: " ") {
              output.append(contentsOf: replacement)
            } else {
              output.append(byte)
            }
          }
        }
        if splits {
          words = PreTokenizer.split(words) { start, limit in
            next(replacement, in: bytes, from: start + 1, limit: limit)
          }
        }
      case .spaceRuns(let spelling):
        words = PreTokenizer.split(words) { start, limit in
          var end = start
          while isSpelled(spelling, in: bytes, at: end, limit: limit) { end += spelling.count }
          return next(spelling, in: bytes, from: end, limit: limit)
        }
      }
    }
    return (bytes, words)
  }

  private static func split(
    _ pieces: [Range<Int>], _ wordEnd: (_ start: Int, _ limit: Int) -> Int
  ) -> [Range<Int>] {
    var words: [Range<Int>] = []
    words.reserveCapacity(pieces.reduce(pieces.count) { $0 + $1.count / 5 })
    for piece in pieces {
      var start = piece.lowerBound
      while start < piece.upperBound {
        let end = wordEnd(start, piece.upperBound)
        words.append(start..<end)
        start = end
      }
    }
    return words
  }

  private func rewrite(
    _ bytes: [UInt8], _ pieces: [Range<Int>],
    _ write: (_ piece: ArraySlice<UInt8>, _ isFirst: Bool, _ output: inout [UInt8]) -> Void
  ) -> (bytes: [UInt8], pieces: [Range<Int>]) {
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count + pieces.count)
    var ranges: [Range<Int>] = []
    for (index, piece) in pieces.enumerated() {
      let start = output.count
      write(bytes[piece], index == 0, &output)
      ranges.append(start..<output.count)
    }
    return (output, ranges)
  }

  private func isSpelled(_ spelling: [UInt8], in bytes: [UInt8], at index: Int, limit: Int) -> Bool {
    guard index + spelling.count <= limit else { return false }
    for offset in spelling.indices where bytes[index + offset] != spelling[offset] { return false }
    return true
  }

  private func next(_ spelling: [UInt8], in bytes: [UInt8], from start: Int, limit: Int) -> Int {
    var end = start
    while end < limit, !isSpelled(spelling, in: bytes, at: end, limit: limit) { end += 1 }
    return end
  }

  private func digitsEnd(_ bytes: [UInt8], _ start: Int, _ limit: Int, individual: Bool) -> Int {
    let first = UTF8Reader.scalarClass(in: bytes, at: start)
    let isNumber = first.class == .number
    var end = first.end
    if isNumber && individual { return end }
    while end < limit {
      let (next, after) = UTF8Reader.scalarClass(in: bytes, at: end)
      if (next == .number) != isNumber { break }
      end = after
    }
    return end
  }
}
