import Testing

@testable import TrainingLogs

struct NumberTextTests {
  @Test(arguments: [
    "0", "-0", "5", "2.3475", "1.8348623853211011e-06", "6.222496637658207e+20", "0.1", "1e22", "1e23",
    "123456789012345678",
    "1234567890123456789012", "9007199254740993", "4.9e-324", "1.7976931348623157e308", "1e400", "00012.500",
    "5.", ".5",
    "1e-400", "0.000000000000000000000000001", "+3",
  ])
  func readsAsTheStandardLibraryDoes(text: String) throws {
    let value = try #require(NumberText.double(text))
    let expected = try #require(Double(text.hasPrefix("+") ? String(text.dropFirst()) : text))
    #expect(value.bitPattern == expected.bitPattern)
  }

  @Test func knowsTheWordsOfAllWriters() {
    for text in ["NaN", "nan", "-nan", "NAN"] { #expect(NumberText.double(text)?.isNaN == true) }
    for text in ["Infinity", "inf", "Inf", "+inf"] { #expect(NumberText.double(text) == .infinity) }
    for text in ["-Infinity", "-inf"] { #expect(NumberText.double(text) == -.infinity) }
  }

  @Test(arguments: [
    "", "-", ".", "e5", "1e", "1e+", "1.2.3", "12a", "0x10", "1,5", " 1", "1 ", "null", "nano", "--1",
    "1_000",
  ])
  func refusesWhatIsNoNumber(text: String) {
    #expect(NumberText.double(text) == nil)
  }
}
