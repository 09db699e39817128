import Testing

@testable import ProjectStore

@Suite struct PairTests {
  let pairs = [
    QAPair(
      question: "What does PUE stand for?", answer: "Power usage effectiveness.", category: .factual,
      split: .train, source: "power", importedFrom: "qa.jsonl", line: 1),
    QAPair(
      question: "Why is cold-aisle containment used?", answer: "It keeps supply and exhaust air apart.",
      category: .conceptual, split: .train, source: "cooling, air", importedFrom: "qa.jsonl", line: 2),
    QAPair(
      question: "At 100_000 ft²?", answer: "Large.", category: .factual, split: .eval, source: "Cooling",
      importedFrom: "qa.jsonl", line: 3),
    QAPair(question: "Unlabelled?", answer: "Yes."),
  ]

  func questions(_ project: TemporaryProject, _ filter: String...) throws -> [String] {
    try project.store.pairs(where: PairFilter(parsing: filter)).map(\.question)
  }

  @Test func importingTwiceChangesNothing() throws {
    let project = try TemporaryProject()
    #expect(try project.store.importPairs(pairs) == PairImport(inserted: 4))
    let stored = try project.store.pairs()
    #expect(stored.map(\.question) == pairs.map(\.question))
    #expect(stored[1].source == "cooling, air" && stored[1].line == 2 && stored[3].category == nil)
    #expect(try project.another().importPairs(pairs) == PairImport(unchanged: 4))
    #expect(try project.store.pairs() == stored)
  }

  @Test func aKnownPairTakesNewLabelsAndKeepsTheOthers() throws {
    let project = try TemporaryProject()
    try project.store.importPairs(pairs)
    var moved = pairs[0]
    moved.line = 10
    let relabelled = QAPair(
      question: pairs[1].question, answer: pairs[1].answer, category: .factual, importedFrom: "other.csv",
      line: 7)
    let result = try project.store.importPairs([moved, relabelled, relabelled])
    #expect(result == PairImport(updated: 1, unchanged: 1, repeated: 1))
    let stored = try project.store.pairs()
    #expect(stored[0].line == 10)
    #expect(stored[1].category == .factual && stored[1].split == .train)
    #expect(stored[1].importedFrom == "qa.jsonl" && stored[1].line == 2)
  }

  @Test func pairsWhoseHashesCollideStayApart() throws {
    let project = try TemporaryProject()
    try project.store.importPairs([pairs[0]])
    try project.store.write { db in
      try db.execute(
        sql: "UPDATE qa_pair SET content_hash = ?, answer = 'x'", arguments: [pairs[0].contentHash])
    }
    #expect(try project.store.importPairs([pairs[0]]) == PairImport(inserted: 1))
  }

  @Test func theHashIsThePublishedOne() {
    // Of the bytes "foo", 0, "bar", computed elsewhere (Python).
    let hash = QAPair(question: "foo", answer: "bar").contentHash
    #expect(hash != QAPair(question: "foob", answer: "ar").contentHash)
    #expect(UInt64(bitPattern: hash) == 0x8a5f_40d8_2438_88aa)
  }

  @Test func filtersCombine() throws {
    let project = try TemporaryProject()
    try project.store.importPairs(pairs)
    let (pue, aisle, area, bare) = (
      pairs[0].question, pairs[1].question, pairs[2].question, pairs[3].question
    )
    #expect(try questions(project, "category=factual") == [pue, area])
    #expect(try questions(project, "category=factual,split=train") == [pue])
    #expect(try questions(project, "category=factual", "split = eval") == [area])
    #expect(try questions(project, "source~cooling") == [aisle, area])
    #expect(try questions(project, "source=\"cooling, air\"") == [aisle])
    #expect(try questions(project, "split!=train") == [area, bare])
    #expect(try questions(project, "category=none") == [bare])
    #expect(try questions(project, "category=none|conceptual") == [aisle, bare])
    #expect(try questions(project, "imported-from=qa.jsonl,category!=factual") == [aisle])
    // LIKE's wildcards stand for themselves.
    #expect(try questions(project, "question~0_0") == [area])
    #expect(try questions(project, "question~%") == [])
    #expect(try questions(project, "question~\"'; DROP TABLE qa_pair; --\"") == [])
    #expect(try project.store.pairs(limit: 2, offset: 1).map(\.question) == [aisle, area])
    #expect(try project.store.pairCount(where: PairFilter(parsing: "split=train")) == 2)
  }

  @Test(arguments: [
    ("category", "category"), ("category=factual,color=red", "color=red"),
    ("split=training", "split=training"),
    ("source~", "source~"), ("category~fact", "category~fact"), ("source=\"a,b", "source=\"a,b"),
  ])
  func aBadTermIsNamed(text: String, term: String) {
    let error = #expect(throws: PairFilter.ParseError.self) { try PairFilter(parsing: text) }
    #expect(error?.description.contains("“\(term)”") == true)
  }

  @Test func errorsSayWhatIsPossible() {
    func words(_ text: String) -> String {
      do { return "\(try PairFilter(parsing: text))" } catch { return "\(error)" }
    }
    #expect(words("split=dev").contains("train, eval, test, none"))
    #expect(words("color=red").contains("category, split, source"))
    #expect(throws: PairFilter.ParseError.emptyTerm) { try PairFilter(parsing: "category=factual,,") }
  }

  @Test func countsAgreeWithThePairs() throws {
    let project = try TemporaryProject()
    #expect(try project.store.pairCounts().total == 0)
    try project.store.importPairs(pairs)
    let counts = try project.store.pairCounts()
    #expect(counts.total == 4)
    #expect(
      counts.byCategoryAndSplit == [
        .init(category: .factual, split: .train): 1, .init(category: .factual, split: .eval): 1,
        .init(category: .conceptual, split: .train): 1, .init(category: nil, split: nil): 1,
      ])
    #expect(counts.count(category: .factual) == 2 && counts.count(split: .train) == 2)
    #expect(counts.bySourceAndCategory[.init(source: "power", category: .factual)] == 1)
    #expect(counts.bySourceAndCategory[.init(source: nil, category: nil)] == 1)
  }
}
