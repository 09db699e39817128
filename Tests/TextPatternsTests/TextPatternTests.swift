import Testing

@testable import TextPatterns

@Suite struct TextPatternTests {
  private static let path = "model.layers.10.self_attn.q_proj"

  /// What Python's `re.fullmatch` says of the same pairs.
  @Test(arguments: [
    (#".*\.(q|k|v)_proj"#, true), (#".*\.(?:k|v)_proj"#, false), (#"model\.layers\.(1|2)\..*"#, false),
    (#"model\.layers\.1[0-9]\.self_attn\..*"#, true), (#"model\.layers\.[^1]+\..*"#, false),
    (#"^model\.layers\.\d+\.self_attn\.q_proj$"#, true), (#"(?P<kind>model)\.\w+\.\d{1,2}\..+"#, true),
    (#"model\.\w{6}\.\d{2}\.\D{16}"#, true), (#"model\.\w{7,}\..*"#, false),
    (#"(?:.*?(?:language).*?(?:q_proj)).*?|(?:\bmodel)"#, nil),
    (#"(?:.*?(?:vision|layers).*?(?:self_attn|mlp).*?(?:q_proj|v_proj)).*?"#, true),
    (#"(model|)(\.layers)?(\.[0-9]+)?.{0,40}"#, true), (#"q_proj"#, false), (#""#, false), (#".*"#, true),
    (#"[\w.]+"#, true), (#"[]a-z_.0-9-]*"#, true), (#"()*.*(|x)+"#, true), (#"x$.*|.*^y"#, false),
  ])
  func matchesLikePython(pattern: String, expected: Bool?) throws {
    #expect((try? TextPattern(pattern))?.matches(Self.path) == expected)
  }

  @Test(arguments: [
    ("(", "has a parenthesis that is not closed"), (")", "has a parenthesis too many"),
    ("[a", "has a bracket that is not closed"), ("a\\", "ends with a backslash"),
    ("*a", "has a quantifier with nothing before it"), ("a**", "has a quantifier behind another"),
    ("a{2", "has a brace that is no repetition"), ("a{3,2}", "has a brace that is no repetition"),
    ("[z-a]", "has a range in brackets that runs backwards"), (#"(.)\1"#, #"has the escape \1"#),
    ("(?=x)", "has a group that is not understood"), ("(?i)x", "has a group that is not understood"),
    ("a{99999999999999999999}", "repeats a part too often"), ("(?P<n", "ends within a name"),
  ])
  func refusesByName(pattern: String, problem: String) {
    let error = #expect(throws: TextPattern.SyntaxError.self) { try TextPattern(pattern) }
    #expect(error?.problem.hasPrefix(problem) == true)
  }

  /// What Python's `re.search` says, with `re.IGNORECASE` where it is asked for.
  @Test(arguments: [
    ("layers", false, true), ("LAYERS", false, false), ("LAYERS", true, true), ("^layers", false, false),
    ("^model", false, true), ("proj$", false, true), ("self$", false, false), ("1[0-9]", false, true),
    ("[A-Z]_PROJ$", true, true), ("[^a-z._0-9]", true, false), ("x*", false, true), ("ATTN|mlp", true, true),
    ("^$", false, false), (#"\.\d\."#, false, false), ("", false, true), ("É", true, false),
  ])
  func findsLikePython(pattern: String, ignoresCase: Bool, expected: Bool) throws {
    #expect(try TextPattern(pattern, ignoresCase: ignoresCase).isFound(in: Self.path) == expected)
  }

  @Test func caseBeyondAscii() throws {
    #expect(try TextPattern("É", ignoresCase: true).isFound(in: "un été"))
    #expect(try !TextPattern("[^é]", ignoresCase: true).isFound(in: "ÉéÉ"))
    #expect(throws: TextPattern.SyntaxError(problem: "repeats a part too often")) {
      try TextPattern("a{50}", maximumLength: 49)
    }
  }

  @Test(
    "patterns that a file may hold to exhaust the reader",
    arguments: [
      "(.*)*x", "(a+)+$", "((((.*)*)*)*)*x", String(repeating: "(.*.*)*", count: 20) + "x",
      String(repeating: "(", count: 100_000), String(repeating: "a?", count: 1000) + "b",
      "((a{100}){100}){100}", "(((){8000}){8000}){8000}", String(repeating: "|", count: 100_000),
    ])
  func endsSoon(pattern: String) {
    let clock = ContinuousClock()
    let path = String(repeating: "a", count: 80) + "-"
    let took = clock.measure { #expect((try? TextPattern(pattern))?.matches(path) != true) }
    #expect(took < .seconds(5))
    let short = try? TextPattern(pattern, maximumLength: 256)
    let search = clock.measure { _ = short?.isFound(in: path) }
    #expect(search < .seconds(5))
  }
}
