import Testing

@testable import TrainingLogs

struct JSONScannerTests {
  private func numbers(_ text: String) throws -> [String: Double] {
    var scanner = JSONScanner(Array(text.utf8))
    var keys = KeyTable()
    var row = JSONRow()
    try scanner.object(keys: &keys, into: &row)
    return Dictionary(row.numbers.map { (keys.names[$0.key], $0.value) }) { $1 }
  }

  @Test func takesNumbersFromObjectsInObjects() throws {
    let found = try numbers(
      #" {"a": 1, "b": {"c": -2.5, "d": {"e": 3}}, "f": [1, {"g": 4}], "h": null, "i": true} "#)
    #expect(found == ["a": 1, "b.c": -2.5, "b.d.e": 3])
  }

  @Test func acceptsPythonsBareWords() throws {
    let found = try numbers(#"{"a": Infinity, "b": -Infinity, "c": NaN}"#)
    #expect(found["a"] == .infinity)
    #expect(found["b"] == -.infinity)
    #expect(found["c"]?.isNaN == true)
  }

  @Test func readsEscapesInKeys() throws {
    #expect(try numbers(#"{"tr\u00e4in\/\ud83d\ude00\"": 1}"#) == ["träin/😀\"": 1])
  }

  @Test(arguments: [#"{"a": 1"#, #"{"a""#, "{", #"{"a": "x"#, #"{"a": [1, 2"#, #"{"a": 12"#, ""])
  func knowsATextThatOnlyEndsEarly(text: String) {
    #expect(throws: JSONScanner.Failure.endsEarly) { try numbers(text) }
  }

  @Test(arguments: [#"{"a": x1}"#, #"{"a" 1}"#, #"{1: 2}"#, "[1]", #"{"a": 1 "b": 2}"#, #"{"a": 0x10}"#])
  func refusesWhatIsNoObject(text: String) throws {
    do {
      let found = try numbers(text)
      Issue.record("\(found) was read")
    } catch let failure as JSONScanner.Failure {
      #expect(failure != .endsEarly)
    }
  }

  @Test func refusesToNestWithoutEnd() {
    let text = String(repeating: #"{"a":"#, count: 10_000)
    #expect(throws: JSONScanner.Failure.malformed("nested too deeply")) { try numbers(text) }
  }
}
