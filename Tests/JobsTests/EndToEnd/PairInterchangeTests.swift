import Foundation
import ProjectStore
import Testing

/// `assay import` of pairs in other tools' formats, and `assay export pairs`.
@Suite(.serialized) struct PairInterchangeTests {
  private func imported(_ place: Workplace, _ words: String...) async throws -> [String: Any] {
    try JSONText.object(try await place.succeed(["import", "--json"] + words).output)
  }

  @Test("what was read, kept and skipped is counted; the lines are named")
  func counts() async throws {
    let place = try Workplace()
    let lines = try place.write(
      "a.jsonl",
      """
      {"messages":[{"role":"user","content":"a?"},{"role":"assistant","content":"A"}]}
      {"messages":[{"role":"user","content":"b?"},{"role":"tool","content":"A"}]}
      nothing
      {"messages":[{"role":"user","content":"c?"},{"role":"tool","content":"A"}]}
      """)
    let counts = try await imported(place, lines)
    #expect(counts["read"] as? Int == 4)
    #expect(counts["kept"] as? Int == 1)
    #expect(counts["inserted"] as? Int == 1)
    #expect(counts["left_out"] as? Int == 3)
    #expect(counts["skipped"] as? [String: Int] == ["tools are called in it": 2, "not a JSON object": 1])
    let rejected = try #require(counts["rejected"] as? [[String: Any]])
    #expect(rejected.map { $0["line"] as? Int } == [2, 3, 4])
    #expect(rejected.allSatisfy { $0["file"] as? String == lines })
    // In a JSON document the records are numbered.
    let document = try place.write(
      "b.json", #"[{"question":"d?","answers":["D"]},{"question":"e?","answers":[]}]"#)
    let result = try await place.succeed(["import", document])
    #expect(result.errors.contains("left out \(document): record 2: “answers” is missing or empty\n"))
    #expect(try place.openStore().pairs().map(\.answer) == ["A", "D"])
  }

  @Test func columnsAreAskedAndSaid() async throws {
    let place = try Workplace()
    let table = try place.write("t.csv", "kind;ask\u{1B}[2J;reply\nfactual;Q;A\n")
    try expectOneLine(
      try await place.run("import", table),
      naming: "\(table): which columns are the question and the answer? It has kind, ask␛[2J, reply;",
      "--map question=")
    #expect(!FileManager.default.fileExists(atPath: place.project.path))
    let list = try place.write("l.json", #"[{"ask":"Q","idx":1}]"#)
    try expectOneLine(
      try await place.run("import", list),
      naming: "\(list): which fields are the question and the answer? It has ask, idx;")
    let wrong = try await place.run("import", table, "--map", "ask=question")
    #expect(wrong.ending == .exit(2))
    let counts = try await imported(place, table, "--map", "question=#2,answer=#3,category=#1")
    // Numbered columns are those of a table without a line of names.
    #expect(counts["kept"] as? Int == 1)
    #expect(counts["skipped"] as? [String: Int] == ["category is neither factual nor conceptual": 1])
    let pair = try #require(try place.openStore().pairs().first)
    #expect(pair.question == "Q" && pair.answer == "A" && pair.category == .factual && pair.line == 2)
  }

  @Test("in a folder, a table that is not of pairs is left out, and the rest is read")
  func folders() async throws {
    let place = try Workplace()
    let folder = place.folder.appendingPathComponent("mixed")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, text) in [
      ("a.csv", "x,y\n1,2\n"), ("b.tsv", "question\tanswer\nq\ta\n"), ("c.md", "# Title\n\nSome text.\n"),
      (
        "d.json",
        #"{"data":[{"title":"T","paragraphs":[{"context":"C","qas":[{"question":"s?","answers":[{"text":"C"}]}]}]}]}"#
      ),
    ] {
      try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }
    let counts = try await imported(place, folder.path)
    #expect(counts["inserted"] as? Int == 2)
    #expect(counts["documents_added"] as? Int == 1)
    let rejected = try #require(counts["rejected"] as? [[String: Any]])
    #expect(rejected.count == 1)
    #expect((rejected.first?["problem"] as? String)?.hasPrefix("which columns") == true)
  }

  static let formats = [
    "alpaca", "sharegpt", "messages", "prompt-completion", "squad", "csv", "tsv", "jsonl",
    "synthetic-data-kit",
  ]

  @Test(arguments: formats)
  func whatIsExportedIsImported(_ format: String) async throws {
    let place = try Workplace()
    let nasty = #"{"question":"=1+1, \"a\"\n\u001b[31m?","answer":"'=b;\tc","split":"test","source":"s, 2"}"#
    let more = try place.write(
      "more.jsonl", nasty + "\n" + #"{"question":"left out","answer":"x","source":"t"}"# + "\n")
    try await place.succeed(["import", place.pairs, more])
    let file = place.folder.appendingPathComponent("out").path + (format == "alpaca" ? ".json" : ".data")
    let words = ["export", "pairs", "--format", format, "--where", "source!=t"]
    try await place.succeed(words + ["--output", file])
    let printed = try await place.succeed(words).output
    #expect(try String(contentsOfFile: file, encoding: .utf8) == printed)
    try expectOneLine(
      try await ChildProcess(place.assay(words + ["--output", file])).finish(), naming: "exists already")

    let other = try Workplace()
    let counts = try await imported(other, file)
    #expect(counts["inserted"] as? Int == 25)
    #expect(counts["left_out"] as? Int == 0)
    func texts(_ place: Workplace) throws -> [[String?]] {
      try place.openStore().pairs().filter { $0.source != "t" }.map {
        [$0.question, $0.answer, $0.category?.rawValue, $0.split?.rawValue, $0.source]
      }
    }
    #expect(try texts(place) == texts(other))
  }

  @Test func foldersForTools() async throws {
    let place = try Workplace()
    try await place.succeed(["import", place.pairs])
    let factory = place.folder.appendingPathComponent("factory")
    try await place.succeed(["export", "pairs", "--format", "sharegpt", "--output", factory.path])
    let info = try JSONText.object(
      String(contentsOf: factory.appendingPathComponent("dataset_info.json"), encoding: .utf8))
    let set = try #require(info["assay"] as? [String: Any])
    #expect(set["formatting"] as? String == "sharegpt")
    #expect((set["columns"] as? [String: String]) == ["messages": "conversations"])
    let rows = try JSONText.objects(
      String(
        contentsOf: factory.appendingPathComponent(try #require(set["file_name"] as? String)), encoding: .utf8
      ))
    #expect(rows.count == 24)

    let mlx = place.folder.appendingPathComponent("mlx")
    let words = ["export", "pairs", "--format", "mlx", "--output", mlx.path, "--json"]
    let counts = try JSONText.object(try await place.succeed(words).output)
    #expect(counts["pairs"] as? Int == 24)
    #expect(counts["by_file"] as? [String: Int] == ["train": 16, "valid": 8, "test": 0])
    for (name, count) in ["train": 16, "valid": 8, "test": 0] {
      let text = try String(contentsOf: mlx.appendingPathComponent("\(name).jsonl"), encoding: .utf8)
      #expect(text.split(separator: "\n").count == count)
    }
    try expectOneLine(try await ChildProcess(place.assay(words)).finish(), naming: "exists already")
    let other = try Workplace()
    let lines = (0..<20).map { #"{"question":"Q\#($0)","answer":"A"}"# + "\n" }.joined()
    try await other.succeed(["import", try other.write("plain.jsonl", lines)])
    let held = other.folder.appendingPathComponent("mlx").path
    let split = try JSONText.object(
      try await other.succeed(["export", "pairs", "--format", "mlx", "--output", held, "--json"]).output)
    #expect(split["by_file"] as? [String: Int] == ["train": 18, "valid": 2, "test": 0])
    // What was held out has no split when it comes back.
    let third = try Workplace()
    #expect(try await imported(third, held)["inserted"] as? Int == 20)
    #expect(try third.openStore().pairs().allSatisfy { $0.split == nil })
    let without = try await place.run("export", "pairs", "--format", "mlx")
    #expect(without.ending == .exit(2))
  }

  @Test("a line of 100 MB is one that is left out")
  func hugeLine() async throws {
    let place = try Workplace()
    let file = place.folder.appendingPathComponent("huge.jsonl")
    let good = #"{"question":"Q","answer":"A"}"#
    var data = Data((good + "\n{\"question\":\"").utf8)
    data.append(Data(repeating: UInt8(ascii: "x"), count: 100_000_000))
    data.append(Data(("\"}\n" + good.replacing("Q", with: "R")).utf8))
    try data.write(to: file)
    let counts = try await imported(place, file.path)
    #expect(counts["inserted"] as? Int == 2)
    #expect((counts["rejected"] as? [[String: Any]])?.first?["line"] as? Int == 2)
    #expect(counts["skipped"] as? [String: Int] == ["more than 16777216 bytes in one line": 1])
  }
}
