import Foundation
import Testing

@testable import ProjectStore

@Suite struct RunFilterTests {
  private let project: TemporaryProject
  private let runs: [Run]
  private static let now = Date(timeIntervalSince1970: 1_790_000_000)

  init() throws {
    project = try TemporaryProject()
    let store = project.store
    func add(_ name: String, recipe: String, hoursAgo: Double, _ change: (inout Run) -> Void) throws -> Run.ID
    {
      let run = try store.createRun(
        name: name, recipeJSON: recipe, modelName: "SmolLM2-135M", totalSteps: 100,
        at: Self.now.addingTimeInterval(-3600 * hoursAgo))
      try store.updateRun(run.id, change)
      return run.id
    }
    let first = try add(
      "conceptual-60", recipe: #"{"training":{"lora":{"rank":16},"learning_rate":2e-4}}"#, hoursAgo: 50
    ) {
      $0.state = .finished
      $0.step = 100
      $0.evalLoss = 1.7
      $0.bestEvalLoss = 1.62
      $0.trainLoss = 1.1
      $0.tokensPerSecond = 800
      $0.learningRate = 2e-4
      $0.trainedTokens = 1_200_000
    }
    let second = try add(
      "Factual-60", recipe: #"{"training":{"lora":{"rank":8},"schedule":"cosine"}}"#, hoursAgo: 1
    ) {
      $0.state = .failed
      $0.step = 12
      $0.trainLoss = .nan
      $0.evalLoss = 1.4
    }
    _ = try add("lr sweep 3", recipe: "not json", hoursAgo: 0.1) { $0.step = 0 }
    try store.edit([
      RunEdit(first, .tags(["best", "x"])), RunEdit(first, .pinned(true)),
      RunEdit(second, .note("rises after 40")), RunEdit(second, .archived(true)),
    ])
    runs = try store.runs()
  }

  private func names(_ text: String) throws -> [String] {
    let filter = try RunFilter(parsing: text)
    return runs.filter { filter.matches($0, .init(now: Self.now)) }.map { String($0.name.prefix(1)) }
  }

  /// Which of the runs c, F and l pass, newest first: l, F, c.
  @Test(arguments: [
    ("", "lFc"), ("60", "Fc"), ("FACTUAL", "F"), ("\"lr sweep\"", "l"), ("lr sweep", "l"), ("-60", "l"),
    ("tual conc", "c"), ("state:finished", "c"), ("state:failed|queued", "lF"), ("state:fin", "c"),
    ("state!=failed", "lc"), ("eval<1.5", "F"), ("eval<=1.7", "Fc"), ("eval>1.4", "c"), ("-eval<1.5", "lc"),
    ("eval=none", "l"), ("eval!=none", "Fc"), ("eval=1.7", "c"), ("train=nan", "F"), ("train!=nan", "c"),
    ("train<99", "c"), ("best<2", "c"), ("step>=12", "Fc"), ("step:0", "l"), ("tok/s>700", "c"),
    ("speed>700", "c"), ("tokens>1M", "c"), ("tokens>1.3M", ""), ("lr=2e-4", "c"), ("lr:0.0002", "c"),
    ("age<2h", "lF"), ("age>2d", "c"), ("age>30m age<1w", "Fc"), ("tag:x", "c"), ("tag:BEST", "c"),
    ("tag:bes", ""), ("tag:none", "lF"), ("-tag:x", "lF"), ("tag:x|y", "c"), ("note:rises", "F"),
    ("note:\"after 40\"", "F"), ("note=rises", ""), ("note!=none", "F"), ("model:smollm2", "lFc"),
    ("model=smollm2", ""), ("name:sweep", "l"), ("name=factual-60", "F"), ("is:pinned", "c"),
    ("-is:pinned", "lF"), ("is:archived", "F"), ("is:alert", "F"), ("is:alive", ""),
    ("/^con.*60$/", "c"), ("/RISES|BEST/", "Fc"), ("/sweep [0-9]/", "l"), ("-/60/", "l"), ("/\\d{2}/", "Fc"),
    ("lora_r:16", "c"), ("recipe.lora_r=16", "c"), ("lora.rank<=8", "F"), ("rank>8", "c"),
    ("schedule:cos", "F"), ("schedule=cos", ""), ("schedule:none", "lc"), ("lora_r!=16", "lF"),
    ("learning_rate=2e-4", "c"), ("recipe.learning_rate=0.0002", "c"), ("60 eval<2 -tag:x", "F"),
  ])
  func passes(_ text: String, _ expected: String) throws {
    #expect(try names(text).joined() == expected)
  }

  @Test(arguments: [
    ("eval<low", "eval<low", "eval needs a number, nan or none, not “low”"),
    ("60 eval< tag:x", "eval<", "< needs a value"), ("<3", "<3", "< needs a field"),
    ("state:asleep", "state:asleep", "states are queued, starting"), ("is:nice", "is:nice", "is: goes with"),
    ("a /b", "/b", "a pattern ends with /"), ("/(/ x", "/(/", "the pattern has a parenthesis"),
    ("//", "//", "the pattern is empty"), ("age<2", "age<2", "age needs a number with a unit"),
    ("tag<3", "tag<3", "tag is a text"), ("say \"hi", "\"hi", "the quote is not closed"),
    ("- x", "-", "- stands before"), ("rank<big", "rank<big", "< needs a number"),
    ("eval<0x10", "eval<0x10", "eval needs a number"), ("step>infinity", "step>infinity", "step needs"),
    ("\"\"", "\"\"", "there is nothing between the quotes"),
    ("/((a{100}){100}){100}/", "/((a{100}){100}){100}/", "the"),
  ])
  func errorsNameThePlace(_ text: String, _ part: String, _ problem: String) {
    let error = #expect(throws: RunFilter.ParseError.self) { try RunFilter(parsing: text) }
    #expect(error?.part == part)
    #expect(error?.problem.hasPrefix(problem) == true, "\(error?.problem ?? "")")
    #expect(error.map { String(Array(text)[$0.range]) } == part)
    #expect("\(error!)".contains(part))
  }

  @Test func aFieldThatNoRecipeHasIsTold() throws {
    let slip = try RunFilter(parsing: "60 stat:running")
    #expect(slip.unknownField(in: runs)?.description == "“stat:running”: runs have no field “stat”")
    #expect(try RunFilter(parsing: "60 lora_r:16").unknownField(in: runs) == nil)
    #expect(slip.unknownField(in: []) == nil)
  }

  @Test func patternsCannotHangTheScreen() throws {
    let text = String(repeating: "a", count: 2000) + "!"
    try project.store.edit(runs.map { RunEdit($0.id, .note(text)) })
    let hostile = ["(a+)+$", "(.*)*x", "(a|aa)+$", "(a?){25}(a?){25}$", "(.*.*.*.*.*.*.*)*y"]
    let run = try project.store.runs()[0]
    let clock = ContinuousClock()
    for pattern in hostile {
      let filter = try RunFilter(parsing: "/\(pattern)/")
      // Of a long note only the beginning is searched.
      let took = clock.measure { for _ in 0..<50 { _ = filter.matches(run) } }
      #expect(took < .seconds(4), "\(pattern) took \(took)")
    }
  }

  @Test func whatIsLongOrOddIsRefusedOrHarmless() throws {
    #expect(throws: RunFilter.ParseError.self) {
      try RunFilter(parsing: String(repeating: "x ", count: 600))
    }
    for text in ["\u{1B}[31m", "state:\u{202E}x", "é🙂", "::::", "-", "--x", "!", "!=", "\\", "/\\"] {
      _ = try? RunFilter(parsing: text)
    }
    // Every beginning of a filter is either read or refused.
    let long = "state:running -eval<1.5e-3 tag:\"a b\"|c /x\\/y(z)+/ age>2h lora_r:16"
    for length in 0...long.count { _ = try? RunFilter(parsing: String(long.prefix(length))) }
    #expect(try RunFilter(parsing: "/a\\/b/").matches(runs[0]) == false)
  }
}

@Suite struct RunSortTests {
  @Test func whatIsNotKnownIsLastAndPinnedIsFirst() throws {
    let project = try TemporaryProject()
    func add(_ name: String, eval: Double?) throws -> Run.ID {
      let id = try project.run(name: name).id
      try project.store.updateRun(id) { $0.evalLoss = eval }
      return id
    }
    _ = try add("b", eval: 1.5)
    _ = try add("n", eval: .nan)
    _ = try add("a", eval: 1.2)
    _ = try add("?", eval: nil)
    _ = try add("B", eval: 1.5)
    let runs = try project.store.runs()
    func order(_ sort: RunSort) -> String { sort.sorted(runs).map(\.name).joined() }
    #expect(order(.newest) == "B?anb")
    #expect(order(RunSort(.created, isDescending: false)) == "bna?B")
    #expect(order(RunSort(.eval)) == "aBb?n")
    #expect(order(RunSort(.eval, isDescending: true)) == "Bba?n")
    #expect(order(RunSort(.name)) == "?aBbn")
    let last = runs[0].id
    try project.store.edit([RunEdit(runs[3].id, .pinned(true)), RunEdit(last, .archived(true))])
    let pinned = RunSort(.eval).sorted(try project.store.runs()).map(\.name).joined()
    #expect(pinned == "naBb?", "pinned first, though its loss is no number")
  }
}

@Suite struct RunComparisonTests {
  @Test func recipesOfAnyShapeAreFlattened() {
    let fields = RecipeFields(
      json: #"""
        {"model":"a\"b\u00e9\ud83d\ude42","training":{"lora":{"rank":16,"targets":["q","v"]},"lr":2e-4,"bf16":true},
         "filter":[], "list":[{"a":1,"b":[2]}],"none":null,"deep":-1.5E3}
        """#)
    #expect(
      fields.fields.map { "\($0.name)=\($0.text)" } == [
        "model=a\"bé🙂", "training.lora.rank=16", "training.lora.targets=q, v", "training.lr=2e-4",
        "training.bf16=true", "filter=", "list=a 1 b 2", "none=none", "deep=-1.5E3",
      ])
    #expect(fields["rank"]?.number == 16 && fields["lora-r"]?.number == 16 && fields["deep"]?.number == -1500)
    #expect(fields["bf16"]?.number == nil && fields["an"] == nil)
    let nested = String(repeating: "{\"a\":", count: 5000) + "1" + String(repeating: "}", count: 5000)
    for broken in [
      "", "[1]", "{", "{\"a\"}", "{\"a\":1", "{\"a\":x}", "{\"a\":\"\\u12\"}", nested, "{\"a\":[[[[",
    ] {
      #expect(RecipeFields(json: broken).fields.isEmpty)
    }
  }

  @Test func onlyWhatDiffersIsShown() throws {
    let project = try TemporaryProject()
    func add(_ recipe: String) throws -> Run {
      try project.store.createRun(name: "r", recipeJSON: recipe, modelName: "m", totalSteps: 9)
    }
    let runs = [
      try add(#"{"seed":1,"lora":{"r":8,"alpha":16},"lr":2e-4}"#),
      try add(#"{"seed":1,"lora":{"r":16,"dropout":0.1,"alpha":16},"lr":0.0002}"#),
      try add("broken"),
    ]
    let two = RunComparison(Array(runs.prefix(2)))
    #expect(two.differences.map(\.name) == ["lora.r", "lora.dropout"], "2e-4 is 0.0002")
    #expect(two.differences.map(\.values) == [["8", "16"], [nil, "0.1"]])
    #expect(two.sameCount == 3)
    #expect(
      RunComparison(runs).differences.map(\.name) == ["seed", "lora.r", "lora.dropout", "lora.alpha", "lr"])
    let results = RunComparison.results(of: runs)
    #expect(results.first { $0.name == "steps" }?.values == ["0/9", "0/9", "0/9"])
    #expect(results.first { $0.name == "best eval" }?.values == [nil, nil, nil])
  }
}
