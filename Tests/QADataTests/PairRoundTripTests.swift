import Foundation
import Testing

@testable import QAData

/// What is written is read back as the same pairs, whatever is in them.
@Suite struct PairRoundTripTests {
  private struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
      return z ^ z >> 31
    }
  }

  private static let pieces = [
    "a", "Word", " ", "\"", "'", ",", ";", "\t", "\n", "\r", "\r\n", "=", "+", "-", "@", "|", "\\", "/", "{",
    "}", "[", "]",
    ":", "#", "#1", "##", "null", "🧊", "👩‍🔧", "é", "e\u{301}", "\u{301}", "\u{0}", "\u{1B}[31m", "\u{7F}",
    "\u{85}", "\u{9B}",
    "\u{2028}", "\u{FEFF}", "\u{202E}", "\u{FFFD}", "ß", "日本", "'=1+1", "=cmd|' /C calc'!A0", "sep=", "\"\"",
  ]

  private static func text(_ random: inout Random) -> String {
    let length = Int.random(in: 0...6, using: &random)
    return (0..<length).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
  }

  private static func pair(_ random: inout Random) -> FormatPair {
    func maybe(_ random: inout Random) -> String? {
      let text = Bool.random(using: &random) ? text(&random) : ""
      return text.isEmpty ? nil : text
    }
    var pair = FormatPair(question: text(&random) + "q", answer: text(&random) + "a")
    if Bool.random(using: &random) { pair.question = "=" + pair.question }
    pair.category = FormatPair.Category.allCases.randomElement(using: &random)
    if Bool.random(using: &random) { pair.split = FormatPair.Split.allCases.randomElement(using: &random) }
    pair.source = maybe(&random)
    pair.system = maybe(&random)
    pair.id = maybe(&random)
    pair.context = maybe(&random).map { Bool.random(using: &random) ? $0 + pair.answer + pair.answer : $0 }
    if Bool.random(using: &random) {
      pair.addAnswer(text(&random) + "b")
      pair.addAnswer(text(&random) + "c")
    }
    let names = [
      "rating", "input", "messages", "extra", "", "turn", "answer_start", "question", "e\u{301}", "é",
      "tools",
    ]
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let values: [JSONValue] = [
        .string(text(&random)), .number("1.50"), .null, .bool(true), .array([]),
        .object([.init(name: "", value: .null)]),
        .number("0"), .number("NaN"), .array([.string("")]),
      ]
      pair.addExtra(names.randomElement(using: &random) ?? "", values.randomElement(using: &random) ?? .null)
    }
    return pair
  }

  /// Strings are equal in Swift when they look alike; here they have to have the same bytes.
  private static func bytes(_ pair: FormatPair) -> [[UInt8]] {
    var pair = pair
    pair.place = 0
    let texts = [pair.question, pair.answer] + pair.otherAnswers
    let maybe = [
      pair.system, pair.context, pair.source, pair.id, pair.category?.rawValue, pair.split?.rawValue,
    ]
    return texts.map { Array($0.utf8) } + maybe.map { Array(($0.map { "+" + $0 } ?? "-").utf8) }
      + pair.extra.flatMap { [Array($0.name.utf8), Array($0.json.utf8)] }
  }

  @Test(arguments: PairWriter.Format.allCases, [false, true])
  func nastyPairs(_ format: PairWriter.Format, forSpreadsheets: Bool) throws {
    var random = Random(state: 7)
    for count in [1, 2, 400] {
      let pairs = (0..<count).map { _ in Self.pair(&random) }
      var writer = PairWriter(format, forSpreadsheets: forSpreadsheets)
      let text = pairs.map { writer.text($0) }.joined() + writer.end()
      let read = try PairReaderTests.read(text)
      #expect(read.rejected.isEmpty, "\(read.problems.first ?? "")")
      try #require(read.pairs.count == count)
      for (written, back) in zip(pairs, read.pairs) {
        #expect(Self.bytes(written) == Self.bytes(back), "\(written) \(back)")
      }
      // Nothing of it moves a terminal's cursor; a table's cells are what they are.
      if format != .csv, format != .tsv {
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || 0x7F..<0xA0 ~= $0.value })
      }
    }
  }

  @Test(arguments: PairWriter.Format.allCases)
  func nothingIsWrittenWell(_ format: PairWriter.Format) throws {
    let text = PairWriter(format).end()
    guard !text.isEmpty, format != .csv, format != .tsv else { return }
    #expect(JSONValue(parsing: text) != nil, "\(text)")
  }

  @Test("what the formats' other readers rely on")
  func shapes() throws {
    var pair = FormatPair(question: "Was kühlt?", answer: "Kälte")
    pair.system = "S"
    pair.context = "Die Kälte."
    pair.source = "T"
    pair.category = .factual
    func written(_ format: PairWriter.Format) -> String {
      var writer = PairWriter(format, columns: ["question", "answer", "category"])
      return writer.text(pair) + writer.end()
    }
    let more = #""category":"factual","source":"T","system":"S","context":"Die Kälte."}"#
    #expect(written(.jsonl) == #"{"question":"Was kühlt?","answer":"Kälte","# + more + "\n")
    #expect(
      written(.alpaca) == "[\n" + #"{"instruction":"Was kühlt?","input":"","output":"Kälte","# + more
        + "\n]\n")
    #expect(
      written(.sharegpt) == "[\n"
        + #"{"conversations":[{"from":"human","value":"Was kühlt?"},{"from":"gpt","value":"Kälte"}],"# + more
        + "\n]\n")
    #expect(
      written(.messages)
        == #"{"messages":[{"role":"system","content":"S"},{"role":"user","content":"Was kühlt?"},{"role":"assistant","content":"Kälte"}],"category":"factual","source":"T","context":"Die Kälte."}"#
        + "\n")
    #expect(written(.promptCompletion).hasPrefix(#"{"prompt":"Was kühlt?","completion":"Kälte","#))
    #expect(
      written(.squad).replacing("\n", with: "")
        == ##"{"version":"v2.0","data":[{"title":"T","paragraphs":[{"context":"Die Kälte.","qas":[{"id":"#1","question":"Was kühlt?","answers":[{"text":"Kälte","answer_start":4}],"is_impossible":false,"category":"factual","system":"S"}]}]}]}"##
    )
    #expect(written(.csv) == "question,answer,category\nWas kühlt?,Kälte,factual\n")
    let kit = try #require(JSONValue(parsing: written(.syntheticDataKit)))
    #expect(kit["qa_pairs"]?.array?.first?["question"] == .string("Was kühlt?"))
    #expect(kit["conversations"]?.array?.first?.array?.count == 3)
    #expect(kit["metrics"]?["total"] == .number("1"))
  }

  @Test("spreadsheets calculate no cell that is meant for them, and read nothing else otherwise")
  func formulas() {
    for text in ["=1+1", "+1", "-1", "@A1", "\tx", "'=1"] {
      #expect(DelimitedTable.guarded(text, forSpreadsheets: true) == "'" + text)
      #expect(DelimitedTable.unguarded(DelimitedTable.guarded(text, forSpreadsheets: true)) == text)
      #expect(DelimitedTable.unguarded(DelimitedTable.guarded(text, forSpreadsheets: false)) == text)
    }
    #expect(DelimitedTable.guarded("-5", forSpreadsheets: false) == "-5")
    for text in ["'tis", "''", "a=1", ""] {
      #expect(DelimitedTable.guarded(text, forSpreadsheets: true) == text)
      #expect(DelimitedTable.unguarded(text) == text)
    }
  }
}
