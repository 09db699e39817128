/// A stretch of a document that is read at once: by a generator of questions, by retrieval.
public struct Chunk: Equatable, Sendable {
  /// UTF-8 bytes of the document's text.
  public var range: Range<Int>
  /// The headings that it stands under, the highest first.
  public var headings: [String]
  /// As the chunker's counter counts them.
  public var tokenCount: Int
  public var text: String
}

/// Cuts documents into chunks: by structure first, then by size.
///
/// A chunk never goes over a heading. Blocks are put together while they fit; one that does not fit alone is cut at the
/// ends of sentences, and a sentence that does not at words. A chunk that goes on in a section begins with the last
/// sentences of the one before, as many as the overlap allows.
public struct Chunker: Sendable {
  /// The most tokens of a chunk.
  public var size: Int
  /// The most tokens that a chunk repeats of the one before.
  public var overlap: Int
  private let count: @Sendable (String) -> Int

  /// - Parameter count: the tokens of a text, of the model that is to read the chunks.
  public init(size: Int = 256, overlap: Int = 32, count: @escaping @Sendable (String) -> Int) {
    self.size = max(8, size)
    self.overlap = max(0, min(overlap, self.size / 2))
    self.count = count
  }

  /// A piece of text that is not cut any further.
  private struct Piece {
    var range: Range<Int>
    var tokens: Int
  }

  public func chunks(of document: DocumentText) -> [Chunk] {
    var chunks: [Chunk] = []
    var headings: [(level: Int, text: String)] = []
    var section: [Piece] = []
    func close() {
      chunks += packed(section, document, headings.map(\.text))
      section = []
    }
    for block in document.blocks {
      switch block.kind {
      case .boilerplate: continue
      case .heading(let level):
        close()
        headings.removeAll { $0.level >= level }
        headings.append((level, document.headingText(block)))
      default: section += pieces(of: block, document)
      }
    }
    close()
    return chunks
  }

  // MARK: Pieces

  private func pieces(of block: DocumentText.Block, _ document: DocumentText) -> [Piece] {
    let text = document[block.range]
    let tokens = count(text)
    if tokens <= size { return [Piece(range: block.range, tokens: tokens)] }
    let cut: [Range<Int>] =
      switch block.kind {
      case .code, .table, .list: Sentences.lines(of: text)
      default: Sentences.ranges(of: text)
      }
    return cut.flatMap { range -> [Piece] in
      let place = block.range.lowerBound + range.lowerBound..<block.range.lowerBound + range.upperBound
      let part = document[place]
      let tokens = count(part)
      if tokens <= size { return [Piece(range: place, tokens: tokens)] }
      return words(of: part, at: place.lowerBound, tokens: tokens)
    }
  }

  /// A sentence that is too long, in parts of about equal length that end between words where there are any.
  private func words(of text: String, at start: Int, tokens: Int) -> [Piece] {
    let bytes = Array(text.utf8)
    // A little shorter than fits, since tokens are not spread evenly.
    let step = max(1, bytes.count * size * 4 / (tokens * 5))
    var pieces: [Piece] = []
    var from = 0
    while from < bytes.count {
      var to = min(from + step, bytes.count)
      if to < bytes.count {
        if let space = bytes[(from + 1)..<to].lastIndex(of: 0x20) { to = space + 1 }
        // Never inside of a character.
        while to < bytes.count, bytes[to] & 0xC0 == 0x80 { to += 1 }
      }
      let part = String(decoding: bytes[from..<to], as: UTF8.self)
      let tokens = count(part)
      if tokens > size, to - from > 4 {
        pieces += words(of: part, at: start + from, tokens: tokens)
      } else {
        pieces.append(Piece(range: start + from..<start + to, tokens: tokens))
      }
      from = to
    }
    return pieces
  }

  // MARK: Packing

  private func packed(_ pieces: [Piece], _ document: DocumentText, _ headings: [String]) -> [Chunk] {
    var chunks: [Chunk] = []
    var index = 0
    var start: Int?
    while index < pieces.count {
      var tokens = 0
      var end = index
      let first = start ?? pieces[index].range.lowerBound
      if let start { tokens += count(document[start..<pieces[index].range.lowerBound]) }
      while end < pieces.count, end == index || tokens + pieces[end].tokens <= size {
        tokens += pieces[end].tokens
        end += 1
      }
      var chunk = chunk(first..<pieces[end - 1].range.upperBound, document, headings)
      // What stands between pieces has tokens too; and a text may have more than its parts.
      while chunk.tokenCount > size, end > index + 1 {
        end -= 1
        chunk = self.chunk(first..<pieces[end - 1].range.upperBound, document, headings)
      }
      if chunk.tokenCount > size, first < pieces[index].range.lowerBound {
        chunk = self.chunk(pieces[index].range, document, headings)
      }
      chunks.append(chunk)
      start = end < pieces.count ? overlapStart(pieces[index..<end], next: pieces[end], document) : nil
      index = end
    }
    return chunks
  }

  private func chunk(_ range: Range<Int>, _ document: DocumentText, _ headings: [String]) -> Chunk {
    let text = document[range]
    return Chunk(range: range, headings: headings, tokenCount: count(text), text: text)
  }

  /// Where the next chunk begins to repeat the end of this one; nil for no overlap.
  private func overlapStart(_ pieces: ArraySlice<Piece>, next: Piece, _ document: DocumentText) -> Int? {
    guard overlap > 0, let last = pieces.last, next.tokens + overlap <= size else { return nil }
    let room = min(overlap, size - next.tokens)
    var start: Int?
    for range in Sentences.ranges(of: document[last.range]).reversed() {
      let from = last.range.lowerBound + range.lowerBound
      guard count(document[from..<last.range.upperBound]) <= room else { break }
      start = from
    }
    // All of a piece again would be no overlap but a repetition.
    return start == pieces.first?.range.lowerBound ? nil : start
  }
}
