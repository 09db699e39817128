import Testing

@testable import QAData

@Suite struct ChunkTests {
  /// Words stand for tokens.
  private static func words(_ text: String) -> Int { text.split(whereSeparator: \.isWhitespace).count }

  private func chunks(_ text: String, size: Int = 20, overlap: Int = 0) -> [Chunk] {
    Chunker(size: size, overlap: overlap, count: Self.words).chunks(of: MarkdownText.read(text))
  }

  private static let sentences = (1...30).map { "Sentence number \($0) has seven words." }.joined(
    separator: " ")

  @Test func chunksStopAtHeadingsAndKnowThem() {
    let found = chunks("# A\n\none two\n\nthree\n\n## B\n\nfour\n\n# C\n\n## D\n\nfive\n")
    #expect(found.map(\.text) == ["one two\n\nthree", "four", "five"])
    #expect(found.map(\.headings) == [["A"], ["A", "B"], ["C", "D"]])
    #expect(found.map(\.tokenCount) == [3, 1, 1])
  }

  @Test func longParagraphsAreCutAtSentences() {
    let found = chunks(Self.sentences)
    #expect(
      found.allSatisfy { $0.tokenCount <= 20 && $0.text.hasSuffix(".") && $0.text.hasPrefix("Sentence") })
    #expect(found.map(\.text).joined(separator: " ") == Self.sentences)
  }

  @Test func overlapRepeatsWholeSentences() {
    let found = chunks(Self.sentences, size: 20, overlap: 7)
    for (one, next) in zip(found, found.dropFirst()) {
      let shared = one.range.clamped(to: next.range)
      #expect(!shared.isEmpty && one.range.lowerBound < next.range.lowerBound)
      #expect(next.tokenCount <= 20)
      #expect(one.text.suffix(next.text.prefix(30).count).isEmpty == false)
    }
    #expect(found.last?.text.hasSuffix("Sentence number 30 has seven words.") == true)
  }

  @Test func aSentenceWithoutEndIsCutAtWordsAndAWordInsideOfNoCharacter() {
    let long = (1...100).map { "w\($0)" }.joined(separator: " ")
    let found = chunks(long)
    #expect(found.allSatisfy { $0.tokenCount <= 20 })
    #expect(found.map(\.text).joined().split(separator: " ").count >= 99)
    let letters = Chunker(size: 10, overlap: 0) { $0.count }.chunks(
      of: PlainText.read(String(repeating: "日本", count: 40)))
    #expect(letters.allSatisfy { $0.tokenCount <= 10 && !$0.text.contains("\u{FFFD}") })
    #expect(letters.map(\.text).joined() == String(repeating: "日本", count: 40))
  }

  /// Every word of the text is in a chunk, for any sizes; and a chunk's range is its text.
  @Test(arguments: [(8, 0), (8, 4), (20, 10), (64, 16), (1000, 32)])
  func nothingIsLost(_ size: Int, _ overlap: Int) {
    let text =
      "# T\n\n\(Self.sentences)\n\n- a b c\n- d e\n\n```\n\(Self.sentences)\n```\n\n| x | y |\n|---|---|\n| 1 | 2 |\n"
    let document = MarkdownText.read(text)
    let found = Chunker(size: size, overlap: overlap, count: Self.words).chunks(of: document)
    var covered = Set<Int>()
    for chunk in found {
      #expect(document[chunk.range] == chunk.text)
      #expect(chunk.tokenCount <= size)
      covered.formUnion(chunk.range)
    }
    let bytes = Array(text.utf8)
    let lost = bytes.indices.filter { !covered.contains($0) && bytes[$0] > 0x20 && $0 > 3 }
    #expect(lost.isEmpty)
  }

  /// With a counter for which the white space between blocks counts, and a text more than its parts.
  @Test func theSizeHoldsForWhatStandsBetweenBlocksToo() {
    let text = (1...60).map { "Paragraph \($0).\n\n" }.joined() + Self.sentences
    for overlap in [0, 10] {
      let found = Chunker(size: 40, overlap: overlap) { $0.utf8.count / 3 + 2 }.chunks(
        of: PlainText.read(text))
      #expect(found.allSatisfy { $0.tokenCount <= 40 })
      #expect(found.count < 200)
      #expect(found.last?.text.hasSuffix("Sentence number 30 has seven words.") == true)
    }
  }

  @Test func sentencesOfManyKinds() {
    func split(_ text: String) -> [String] {
      Sentences.ranges(of: text).map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
    }
    #expect(split("One. Two! Three? “Four.” Five") == ["One.", "Two!", "Three?", "“Four.”", "Five"])
    #expect(
      split("It is 3.5 kW, e.g. at 5 p.m. Then more.") == ["It is 3.5 kW, e.g. at 5 p.m.", "Then more."])
    #expect(split("Dr. A. Smith came. 1. First") == ["Dr. A. Smith came.", "1. First"])
    #expect(split("一つ。二つ！三つ") == ["一つ。", "二つ！", "三つ"])
    #expect(split("a\n\nb") == ["a", "b"])
    #expect(split("  ").isEmpty)
  }

  // MARK: Near duplicates

  private static let text = (1...120).map { "word\($0 * 7919 % 1000)" }.joined(separator: " ")

  @Test func nearDuplicatesAreFoundAndOthersAreNot() {
    var index = NearDuplicates()
    #expect(index.add(Self.text) == nil)
    #expect(index.add(Self.text.uppercased() + "!") == 0)
    #expect(index.add(Self.text.replacing("word919 ", with: "other ")) == 0, "One word of 120 differs")
    let half = (1...120).map { $0 < 60 ? "word\($0 * 7919 % 1000)" : "new\($0)" }.joined(separator: " ")
    #expect(index.add(half) == nil, "Half of it is new")
    #expect(index.add("") == nil)
    #expect(index.add("two words") == nil)
    #expect(index.add("Two words.") == 5)
  }

  /// The estimate lies where the true similarity of the shingles is.
  @Test func signaturesEstimateTheJaccardSimilarity() {
    let words = Self.text.split(separator: " ").map(String.init)
    for changed in [0, 5, 20, 60] {
      var other = words
      for index in 0..<changed { other[index * 2 % 120] = "x\(index)" }
      func shingles(_ words: [String]) -> Set<[String]> {
        Set((0...(words.count - 5)).map { Array(words[$0..<($0 + 5)]) })
      }
      let (a, b) = (shingles(words), shingles(other))
      let truth = Double(a.intersection(b).count) / Double(a.union(b).count)
      let estimate = NearDuplicates.similarity(
        NearDuplicates.signature(Self.text), NearDuplicates.signature(other.joined(separator: " ")))
      #expect(abs(truth - estimate) < 0.15, "\(truth) \(estimate)")
    }
  }
}
