import Testing

@testable import ModelFiles

@Suite struct ModulePatternTests {
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
    #expect((try? ModulePattern(pattern))?.matches(Self.path) == expected)
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
    let error = #expect(throws: ModulePattern.SyntaxError.self) { try ModulePattern(pattern) }
    #expect(error?.problem.hasPrefix(problem) == true)
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
    let took = clock.measure { #expect((try? ModulePattern(pattern))?.matches(path) != true) }
    #expect(took < .seconds(5))
  }
}
