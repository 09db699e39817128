import Foundation
import Testing

@testable import QAData

/// What is read of each format.
@Suite struct PairReaderTests {
  struct Read {
    var format: PairFormat?
    var pairs: [FormatPair] = []
    var rejected: [PairRejection] = []

    var texts: [[String]] { pairs.map { [$0.question, $0.answer] } }
    var problems: [String] { rejected.map { "\($0.place): \($0.problem)" } }
  }

  static func read(_ data: Data, _ name: String = "file", map: String = "", format: PairFormat? = nil) throws
    -> Read
  {
    let options = PairReader.Options(format: format, map: try ColumnMap(parsing: map), longestLine: 1000)
    let reader = try PairReader(data, fileName: name, options: options)
    var read = Read(format: reader.recognition.format)
    reader.read {
      read.pairs.append($0)
    } rejection: {
      read.rejected.append($0)
    }
    return read
  }

  static func read(_ text: String, _ name: String = "file", map: String = "", format: PairFormat? = nil)
    throws -> Read
  {
    try read(Data(text.utf8), name, map: map, format: format)
  }

  private func extra(_ pair: FormatPair, _ name: String) -> String? {
    pair.extra.first { $0.name == name }?.json
  }

  @Test func questionAndAnswer() throws {
    let read = try Self.read(
      """
      {"question":"Q1","answer":"A1","category":"factual","split":"validation","source":"s","rating":8.50}
      {"question":"Q2","answer":7}

      {"question":"Q3"}
      {"question":"Q4","answer":"A","category":"poetic"}
      {"question":"Q5","answer":"A","answers":["A","B","B",""],"id":12,"context":"C"}
      """)
    #expect(read.format == .questionAnswer)
    #expect(read.texts == [["Q1", "A1"], ["Q2", "7"], ["Q5", "A"]])
    #expect(read.pairs[0].category == .factual && read.pairs[0].split == .eval && read.pairs[0].source == "s")
    #expect(read.pairs[0].extra == [.init(name: "rating", json: "8.50")])
    #expect(read.pairs[2].otherAnswers == ["B"])
    #expect(read.pairs[2].id == "12" && read.pairs[2].context == "C")
    #expect(read.pairs.map(\.place) == [1, 2, 6])
    #expect(
      read.problems == [
        "4: “answer” is missing or empty", "5: category “poetic” is neither factual nor conceptual",
      ])
    #expect(read.rejected[1].reason == "category is neither factual nor conceptual")
  }

  @Test func alpaca() throws {
    let read = try Self.read(
      """
      [{"instruction":"Sum up.","input":"Text.","output":"T","system":"S","history":[["q","a"]],"category":"closed_qa"},
       {"instruction":"Say hi.","input":"","output":"hi"}, {"instruction":"","input":"","output":"x"}]
      """)
    #expect(read.format == .alpaca)
    #expect(read.texts == [["Sum up.\nText.", "T"], ["Say hi.", "hi"]])
    #expect(read.pairs[0].system == "S")
    #expect(extra(read.pairs[0], "history") == #"[["q","a"]]"#)
    #expect(extra(read.pairs[0], "category") == #""closed_qa""#)
    #expect(read.problems == ["3: “instruction” is missing or empty"])
  }

  @Test("each exchange of a conversation is a pair, the system's words are all of them's")
  func conversations() throws {
    let read = try Self.read(
      """
      [{"conversations":[{"from":"system","value":"S"},{"from":"human","value":"a?"},{"from":"gpt","value":"A"},
                         {"from":"human","value":"b?"},{"from":"gpt","value":"B"},{"from":"human","value":"c?"}],"id":"x"},
       {"conversations":[{"from":"human","value":"d?"},{"from":"function_call","value":"{}"},
                         {"from":"observation","value":"1"},{"from":"gpt","value":"D"}]},
       {"conversations":[{"from":"gpt","value":"A"}]},
       {"conversations":[{"from":"human","value":"e?"},{"from":"human","value":"f?"},{"from":"gpt","value":"F"}]},
       {"conversations":[{"from":"wizard","value":"e?"}]},
       {"conversations":[{"from":"human","value":"e?"}], "system": "S"},
       {"conversations":[{"from":"human","value":"g?"},{"from":"gpt","value":"G"}], "system": "S", "tools": "[]"}]
      """)
    #expect(read.format == .sharegpt)
    #expect(read.texts == [["a?", "A"], ["b?", "B"], ["g?", "G"]])
    #expect(read.pairs.map(\.system) == ["S", "S", "S"])
    #expect(read.pairs.map { extra($0, "turn") } == [nil, "2", nil])
    #expect(read.pairs[1].id == "x")
    #expect(
      read.problems == [
        "1: the last turn of the user has no answer", "2: tools are called in it",
        "3: the assistant speaks without being asked", "4: two turns of the user follow each other",
        "5: a turn is “wizard”’s, which is no role", "6: no turn of the user has an answer",
      ])
  }

  @Test func messages() throws {
    let read = try Self.read(
      """
      {"messages":[{"role":"developer","content":"S"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"?"}]},{"role":"assistant","content":"A","tool_calls":null}]}
      {"messages":[{"role":"user","content":"b?"},{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]}]}
      {"messages":[{"role":"user","content":[{"type":"image_url"}]},{"role":"assistant","content":"x"}]}
      {"messages":[{"role":"user","content":"b?"},{"role":"assistant","content":null}]}
      {"messages":"none"}
      """)
    #expect(read.format == .messages)
    #expect(read.texts == [["a?", "A"]])
    #expect(read.pairs[0].system == "S")
    #expect(
      read.problems == [
        "2: tools are called in it", "3: a turn holds something other than text",
        "4: a turn of the assistant is empty",
        "5: “messages” is missing or empty",
      ])
  }

  @Test func promptsAndCompletions() throws {
    let read = try Self.read(
      """
      {"prompt":"a?","completion":" A"}
      {"prompt":[{"role":"system","content":"S"},{"role":"user","content":"b?"}],"completion":[{"role":"assistant","content":"B"}]}
      {"prompt":"c?","completion":[{"role":"assistant","content":"C"}]}
      {"prompt":"c?"}
      """)
    #expect(read.format == .promptCompletion)
    #expect(read.texts == [["a?", " A"], ["b?", "B"], ["c?", "C"]])
    #expect(read.pairs[1].system == "S")
    #expect(read.problems == ["4: “completion” is missing or empty"])
  }

  @Test func squad() throws {
    let text = """
      {"version":"v2.0","data":[{"title":"Chillers","paragraphs":[{"context":"Ein Kälter kühlt. Er kühlt.","qas":[
        {"id":"a1","question":"Was?","is_impossible":false,"answers":[{"text":"kühlt","answer_start":21},{"text":"kühlt","answer_start":11},{"text":"Er kühlt","answer_start":18}]},
        {"id":"a2","question":"Wer?","is_impossible":true,"answers":[],"plausible_answers":[{"text":"Er","answer_start":18}]},
        {"id":"a3","question":"Wo?","answers":[]},
        {"id":"a4","question":"Wie?","answers":[{"text":"kühlt","answer_start":11}]}]}]},{"title":""}]}
      """
    let read = try Self.read(text)
    #expect(read.format == .squad)
    #expect(read.texts == [["Was?", "kühlt"], ["Wie?", "kühlt"]])
    #expect(read.pairs[0].otherAnswers == ["Er kühlt"])
    #expect(read.pairs[0].source == "Chillers" && read.pairs[0].id == "a1")
    #expect(read.pairs[0].context == "Ein Kälter kühlt. Er kühlt.")
    // What can be computed again is not kept.
    #expect(read.pairs.map { extra($0, "answer_start") } == ["21", nil])
    #expect(
      read.problems == [
        "2: its text has no answer (is_impossible)", "3: “answers” is missing or empty",
        "5: an article without paragraphs",
      ])
    // As rows, the way Hugging Face has them.
    let rows = try Self.read(
      #"{"id":"1","title":"T","context":"C","question":"Q","answers":{"text":["A","B"],"answer_start":[1,2]}}"#
    )
    #expect(rows.texts == [["Q", "A"]])
    #expect(rows.pairs[0].otherAnswers == ["B"] && rows.pairs[0].context == "C")
  }

  @Test func entityQuestions() throws {
    let read = try Self.read(
      """
      [
          {"question": "Where was X born?", "answers": ["Ulm", "Ulm, Germany"]},
          {"question": "Which year?", "answers": [1879]},
          {"question": "Who?", "answers": []},
          {"question": "Who?", "answers": [{}]}
      ]
      """)
    #expect(read.format == .entityQuestions)
    #expect(read.texts == [["Where was X born?", "Ulm"], ["Which year?", "1879"]])
    #expect(read.pairs[0].otherAnswers == ["Ulm, Germany"])
    #expect(read.problems == ["3: “answers” is missing or empty", "4: “answers” is missing or empty"])
  }

  @Test func whatEvaluationsKeep() throws {
    let golden = try Self.read(
      #"[{"input":"Q","actual_output":"x","expected_output":"A","context":["c1","c2"],"retrieval_context":["r"],"source_file":"f.md","additional_metadata":{"evolutions":["REASONING"]},"comments":null},{"input":"Q","expected_output":null}]"#
    )
    #expect(golden.format == .deepEval)
    #expect(golden.texts == [["Q", "A"]])
    #expect(golden.pairs[0].context == "c1\n\nc2" && golden.pairs[0].source == "f.md")
    #expect(extra(golden.pairs[0], "contexts") == #"["c1","c2"]"#)
    #expect(extra(golden.pairs[0], "additional_metadata") == #"{"evolutions":["REASONING"]}"#)
    #expect(golden.problems == ["2: “expected_output” is missing or empty"])

    let ragas = try Self.read(
      """
      {"user_input":"Q","reference_contexts":["c"],"reference":"A","synthesizer_name":"single_hop","persona_name":null}
      {"user_input":"Q","response":"only a model's"}
      """)
    #expect(ragas.format == .ragas)
    #expect(ragas.texts == [["Q", "A"]])
    #expect(ragas.pairs[0].context == "c")
    #expect(ragas.problems == ["2: “reference” is missing or empty"])
    let old = try Self.read(#"[{"question":"Q","contexts":["c"],"answer":"a model's","ground_truth":"A"}]"#)
    #expect(old.texts == [["Q", "A"]])
    #expect(extra(old.pairs[0], "answer") == #""a model's""#)

    let index = try Self.read(
      #"{"queries":{"q1":"Q1","q2":"Q2"},"corpus":{"n1":"Passage."},"relevant_docs":{"q1":["n1"],"q2":["n9"]},"mode":"text"}"#
    )
    #expect(index.format == .llamaIndex)
    #expect(index.texts == [["Q1", "Passage."]])
    #expect(index.pairs[0].id == "q1" && index.pairs[0].context == "Passage.")
    #expect(index.problems == ["2: its passage is not in the corpus"])
    let examples = try Self.read(
      #"{"examples":[{"query":"Q","query_by":null,"reference_contexts":["c"],"reference_answer":"A"}]}"#)
    #expect(examples.texts == [["Q", "A"]])
  }

  static let kits = [
    #"{"summary":"s","qa_pairs":[{"question":"Q","answer":"A","rating":8}]}"#,
    #"{"filtered_pairs":[{"question":"Q","answer":"A"}]}"#,
    #"{"summary":"s","cot_examples":[{"question":"Q","reasoning":"R","answer":"A"}]}"#,
    #"{"conversations":[[{"role":"system","content":"S"},{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]]}"#,
    #"{"conversations":[[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]],"qa_pairs":[{"question":"Q","answer":"A"}],"metrics":{"total":1}}"#,
  ]

  @Test("the files of synthetic-data-kit", arguments: kits)
  func syntheticDataKit(_ text: String) throws {
    for text in [text, text.replacing(",", with: ",\n  ").replacing("{", with: "{\n")] {
      let read = try Self.read(text)
      #expect(read.format == .syntheticDataKit)
      #expect(read.texts == [["Q", "A"]])
      #expect(read.rejected.isEmpty)
    }
  }

  @Test func bareLists() throws {
    let lists = try Self.read(
      #"[[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}],[{"role":"user","content":"Q"}]]"#
    )
    #expect(lists.texts == [["Q", "A"]])
    #expect(lists.problems == ["2: no turn of the user has an answer"])
    #expect(try Self.read(#"{"data":[{"question":"Q","answer":"A"}]}"#).texts == [["Q", "A"]])
    #expect(try Self.read("{\n \"question\": \"Q\",\n \"answer\": \"A\"\n}").texts == [["Q", "A"]])
  }

  // MARK: - Tables

  @Test func tables() throws {
    let read = try Self.read(
      "\u{FEFF}Question,Answer,Category,n\r\n\"Why, \"\"so\"\"?\",\"Two\r\nlines\",factual,1\r\n\r\nQ2,A2\r\nQ3,A3,factual,2,3\r\nQ4,,factual,4\r\nQ5,A5,,",
      "t.csv")
    #expect(read.format == .csv)
    #expect(read.texts == [["Why, \"so\"?", "Two\r\nlines"], ["Q2", "A2"], ["Q5", "A5"]])
    #expect(read.pairs.map(\.place) == [2, 5, 8])
    #expect(read.pairs[0].category == .factual)
    #expect(extra(read.pairs[0], "n") == "\"1\"")
    #expect(read.problems == ["6: 5 cells in place of 4", "7: “Answer” is missing or empty"])
  }

  @Test("semicolons, tabs, and a spreadsheet's word on them; the content says which, not the name")
  func delimiters() throws {
    #expect(try Self.read("prompt;response\na, b;c\n", "x.csv").texts == [["a, b", "c"]])
    #expect(try Self.read("question\tanswer\na, b\tc\n", "x.csv").format == .tsv)
    #expect(try Self.read("sep=;\nquestion;answer\na;b\n", "x.csv").texts == [["a", "b"]])
    #expect(try Self.read("question,answer\ra,b\rc,d\r").texts == [["a", "b"], ["c", "d"]])
    #expect(try Self.read("question\tanswers\nq\t[\"a\", \"b\"]\n", "x.tsv").pairs[0].otherAnswers == ["b"])
    #expect(try Self.read("question,answer\n", "x.csv").pairs.isEmpty)
  }

  @Test func encodings() throws {
    let latin = Data("question,answer\nGr".utf8) + [0xFC, 0xDF] + Data(",a\nüber,b\n".utf8)
    #expect(try Self.read(latin, "x.csv").texts == [["Grüß", "a"], ["über", "b"]])
    let wide = try #require("question\tanswer\nü\tb\n".data(using: .utf16LittleEndian))
    #expect(try Self.read([0xFF, 0xFE] + wide, "x.csv").texts == [["ü", "b"]])
    let lines = try #require(#"{"question":"ü","answer":"b"}"#.data(using: .utf16BigEndian))
    #expect(try Self.read([0xFE, 0xFF] + lines, "x.jsonl").texts == [["ü", "b"]])
    let mixed =
      Data(#"{"question":"a","answer":""#.utf8) + [0xFC]
      + Data("\"}\n{\"question\":\"ü\",\"answer\":\"b\"}".utf8)
    let read = try Self.read(mixed)
    #expect(read.texts == [["ü", "b"]])
    #expect(read.problems == ["1: not UTF-8 text"])
  }

  @Test func openQuotes() throws {
    let read = try Self.read("question,answer\na,\"b\nc,d\ne,f\n", "x.csv")
    #expect(read.texts == [["c", "d"], ["e", "f"]])
    #expect(read.problems == ["2: a quote is not closed"])
    let long = try Self.read("question,answer\na,\(String(repeating: "x", count: 2000))\nc,d\n", "x.csv")
    #expect(long.texts == [["c", "d"]])
    #expect(long.problems == ["2: a record is too long"])
    let line = "a,\"" + String(repeating: "x", count: 1001) + "\n"
    let many = try Self.read("question,answer\n" + String(repeating: line, count: 200), "x.csv")
    #expect(many.pairs.isEmpty)
    #expect(many.rejected.count == 101)
    #expect(many.problems.last == "101: too many records are damaged: what follows is left out")
  }

  // MARK: - Asking

  private func problem(_ text: String, _ name: String = "x.csv", map: String = "") -> String? {
    do {
      _ = try Self.read(text, name, map: map)
      return nil
    } catch { return "\(error)" }
  }

  @Test func unclearColumnsAreAsked() throws {
    #expect(
      problem("annotated_by,category,question\na,REASON,Why?\n")
        == "which column is the answer? It has annotated_by, category, question; say --map question=COLUMN,answer=COLUMN"
    )
    #expect(
      problem("a,b,c\n1,2,3\n")?.hasPrefix("which columns are the question and the answer? It has a, b, c;")
        == true)
    // Two couples that would do are one too many.
    #expect(problem("prompt,completion,query,response\na,b,c,d\n")?.hasPrefix("which columns") == true)
    #expect(problem(#"{"ask":"Q","reply":"A"}"#, "x.jsonl")?.hasPrefix("which fields") == true)
    #expect(problem("a,b\n1,2\n", map: "question=a,answer=z") == "there is no column “z”; it has a, b")
    #expect(problem("a,b\n1,2\n", map: "query=a")?.hasPrefix("“query=a” is none of question=COLUMN") == true)
    #expect(problem("question,answer\na,b\n") == nil)
  }

  @Test func saidColumns() throws {
    let table = try Self.read(
      "kind,ask,reply\nfactual,Q,A\nodd,Q2,A2\n", "x.csv", map: "question=ask,answer=reply")
    #expect(table.texts == [["Q", "A"], ["Q2", "A2"]])
    #expect(extra(table.pairs[1], "kind") == "\"odd\"")
    let strict = try Self.read(
      "kind,ask,reply\nfactual,Q,A\nodd,Q2,A2\n", "x.csv", map: "question=ask,answer=reply,category=kind")
    #expect(strict.pairs.map(\.category) == [.factual])
    #expect(strict.problems == ["3: category “odd” is neither factual nor conceptual"])
    let without = try Self.read("category,question,answer\nodd,Q,A\n", "x.csv", map: "category=")
    #expect(without.texts == [["Q", "A"]])
    #expect(extra(without.pairs[0], "category") == "\"odd\"")
    #expect(
      try Self.read("Q,A\nQ2,A2\n", "x.csv", map: "question=#1,answer=#2").texts == [
        ["Q", "A"], ["Q2", "A2"],
      ])

    let objects = try Self.read(
      #"{"data":{"ask":"Q"},"reply":["A","B"],"category":"factual"}"# + "\n" + #"{"reply":"A"}"#, "x.jsonl",
      map: "question=data.ask,answer=reply")
    #expect(objects.texts == [["Q", "A"]])
    #expect(objects.pairs[0].otherAnswers == ["B"])
    #expect(objects.problems == ["2: “data.ask” is missing or empty"])
    let map = try ColumnMap(parsing: "question=ask,answer=reply")
    let list = Data(#"[{"ask":"Q","reply":"A"}]"#.utf8)
    #expect(PairRecognition(list, fileName: "x.json") == nil)
    #expect(PairRecognition(list, fileName: "x.json", map: map)?.format == .mapped)
  }

  // MARK: - Damage

  @Test func damagedDocuments() throws {
    let good = #"{"question":"Q","answer":"A"}"#
    let broken = try Self.read("[\(good),{\"question\":\"Q\" \"answer\":1},\(good),{\"question\":", "x.json")
    #expect(broken.pairs.map(\.place) == [1, 3])
    #expect(broken.problems == ["2: not JSON", "4: not JSON from here on"])
    let deep = String(repeating: "[", count: 100_000)
    let nested = try Self.read("[\(good),{\"question\":\(deep)}]", "x.json")
    #expect(nested.pairs.count == 1)
    #expect(nested.problems == ["2: nested too deeply"])
    let nested2 = try Self.read(
      good + "\n" + #"{"question":{"a":"Q"},"answer":"A"}"# + "\n" + deep.prefix(900) + "\n" + good)
    #expect(nested2.pairs.map(\.place) == [1, 4])
    #expect(nested2.problems == ["2: “question” is missing or empty", "3: not a JSON object"])
    let first = try Self.read("nonsense\n\(good)\n")
    #expect(first.pairs.map(\.place) == [2])
  }

  @Test("numbers of any size and NaN are what they were")
  func numbers() throws {
    let read = try Self.read(
      #"{"question":1e400,"answer":12345678901234567890.10,"x":NaN,"y":[-Infinity,01]}"# + "\n")
    #expect(read.problems == ["1: not a JSON object"])
    let good = try Self.read(
      #"{"question":1e400,"answer":12345678901234567890.10,"x":NaN,"y":[-Infinity,-0.0]}"#)
    #expect(good.texts == [["1e400", "12345678901234567890.10"]])
    #expect(extra(good.pairs[0], "x") == "NaN" && extra(good.pairs[0], "y") == "[-Infinity,-0.0]")
  }

  @Test func textsAreNoPairs() {
    for (text, name) in [
      ("Dear all,\nplease come, and bring\nsomething.\n", "letter.txt"),
      ("# Title\n\nquestion, answer\n", "a.md"),
      (#"{"text":"A document."}"#, "d.jsonl"), ("[1,2,3]", "n.json"), ("", "e.txt"), ("{}", "o.json"),
    ] {
      #expect(PairRecognition(Data(text.utf8), fileName: name) == nil, "\(text)")
    }
  }
}
