import CNcurses
import Testing

@testable import TerminalUI

@Suite struct KeyTests {
  private let table = KeyTable([
    Command(name: "app.quit", title: "quit", keys: [.character("q")], section: KeyTable.everywhere),
    Command(
      name: "app.help", title: "help", keys: [.character("?"), .function(1)], section: KeyTable.everywhere),
    Command(name: "runs.pause", title: "pause or resume", keys: [.character(" ")], section: "Runs"),
    Command(name: "runs.new", title: "new run", keys: [.character("n")], section: "Runs"),
    Command(name: "data.next", title: "next match", keys: [.character("n")], section: "Data"),
    Command(name: "theme.toggle", title: "switch theme", keys: [], section: KeyTable.everywhere),
  ])

  @Test func theSectionDecides() {
    #expect(table.command(for: .character("n"), in: ["Runs"])?.name == "runs.new")
    #expect(table.command(for: .character("n"), in: ["Data"])?.name == "data.next")
    #expect(table.command(for: .character("n"), in: [])?.name == nil)
    #expect(table.command(for: .function(1), in: ["Runs"])?.name == "app.help")
    #expect(table.conflicts.isEmpty)
  }

  @Test func reboundKeysAreLookedUp() {
    let rebound = table.rebinding("runs.pause", to: [.character("p"), .control("p")])
    #expect(rebound.command(for: .control("p"), in: ["Runs"])?.name == "runs.pause")
    #expect(rebound.command(for: .character(" "), in: ["Runs"]) == nil)
    #expect(rebound.keys(of: "runs.pause", in: ["Runs"]) == [.character("p"), .control("p")])
    #expect(
      table.rebinding("runs.pause", to: [.character("n")]).conflicts.map(\.description) == [
        "key n is bound to both runs.pause and runs.new"
      ])
  }

  @Test func namesOfKeysReadBack() {
    let keys: [Key] = [
      .character("a"), .character("G"), .character(" "), .character("?"), .control("u"), .function(12), .up,
      .pageDown, .backTab, .escape, .delete, .character("^"), .character("F"),
    ]
    for key in keys { #expect(Key(key.description) == key) }
    #expect(Key("CTRL-U") == .control("u"))
    #expect(Key("f5") == .function(5))
    #expect(Key("f") == .character("f"))
    for wrong in ["", "ctrl-", "^^", "F0", "F99", "hyper", "  "] { #expect(Key(wrong) == nil) }
  }

  @Test func reportsOfTheMouseBecomeEvents() {
    var decoder = KeyDecoder()
    func reported(_ text: String) -> [Terminal.Event] {
      decoder.events(isKey: true, CN_MOUSE_BEGINS.rawValue)
        + text.unicodeScalars.flatMap { decoder.events(isKey: false, $0.value) }
    }
    func event(_ kind: MouseEvent.Kind, _ x: Int, _ y: Int) -> Terminal.Event {
      .mouse(MouseEvent(kind, at: Point(x: x, y: y)))
    }
    #expect(reported("0;1;1M") == [event(.press(.left), 0, 0)])
    #expect(reported("0;300;90m") == [event(.release(.left), 299, 89)])
    #expect(reported("2;5;6M") == [event(.press(.right), 4, 5)])
    #expect(reported("36;5;6M") == [event(.drag(.left), 4, 5)], "with Shift")
    #expect(reported("64;5;6M") == [event(.wheelUp, 4, 5)])
    #expect(reported("81;5;6M") == [event(.wheelDown, 4, 5)], "with Control")
    // Movement without a button, a wheel that turns sideways, reports that are none.
    for other in ["35;5;6M", "66;5;6M", "0;0;1M", "0;1M", "0;;1M", "M", "0;1;99999999999999999999M"] {
      #expect(reported(other) == [])
    }
    // What breaks off does not swallow the keys behind it.
    #expect(reported("0;1q") == [.key(.character("q"))])
    #expect(
      reported(String(repeating: "1", count: 40) + "x").last == .key(.character("x")))
  }

  @Test func terminalInputBecomesEvents() {
    var decoder = KeyDecoder()
    func typed(_ values: [UInt32]) -> [Terminal.Event] {
      values.flatMap { decoder.events(isKey: false, $0) }
    }
    #expect(
      typed([0x61, 0x0D, 0x09, 0x1B, 0x7F]) == [
        .key(.character("a")), .key(.enter), .key(.tab), .key(.escape), .key(.backspace),
      ])
    #expect(typed([0x15, 0x65E5, 0]) == [.key(.control("u")), .key(.character("日"))])
    #expect(decoder.events(isKey: true, CN_FUNCTION.rawValue + 5) == [.key(.function(5))])
    #expect(decoder.events(isKey: true, CN_UNKNOWN.rawValue) == [])
    #expect(decoder.events(isKey: true, CN_PASTE_BEGINS.rawValue) == [])
    #expect(typed([0x71, 0x0D, 0x03]) == [])
    #expect(decoder.events(isKey: true, CN_UP.rawValue) == [])
    #expect(decoder.events(isKey: true, CN_PASTE_ENDS.rawValue) == [.paste("q\n\u{3}")])
    #expect(typed([0x71]) == [.key(.character("q"))])
  }

  @Test func fuzzyMatchingPrefersWordStartsAndRuns() throws {
    #expect(FuzzyMatch("xyz", in: "pause run") == nil)
    #expect(FuzzyMatch("rp", in: "pause run") == nil)
    #expect(try #require(FuzzyMatch("nr", in: "new run")).positions == [0, 4])
    #expect(try #require(FuzzyMatch("run", in: "rerun run")).positions == [6, 7, 8])
    let better = try #require(FuzzyMatch("st", in: "switch theme"))
    let worse = try #require(FuzzyMatch("st", in: "last item"))
    #expect(better.score > worse.score)
    #expect(FuzzyMatch("", in: "anything")?.positions == [])
    #expect(FuzzyMatch("İ", in: "İstanbul") != nil)
  }

  @Test func thePaletteFindsCommands() throws {
    var palette = CommandPalette(table.commands(in: ["Runs"]))
    for key in [Key.character("n"), .character("r")] { #expect(palette.handle(key) == .open) }
    #expect(palette.matches.first?.name == "runs.new")
    try expectGolden(drawn(60, 10) { palette.draw(in: &$0, $0.bounds) }.styledText, "palette")
    #expect(palette.handle(.enter) == .chosen(try #require(table.command(named: "runs.new"))))
    #expect(palette.handle(.escape) == .cancelled)
  }

  @Test func helpAndHintsComeFromTheTable() throws {
    let help = HelpSheet(table, sections: ["Runs"])
    try expectGolden(drawn(50, 16) { help.draw(in: &$0, $0.bounds) }.text, "help")
    #expect(drawn(30, 5) { help.draw(in: &$0, $0.bounds, offset: 100) }.text.contains("switch"))
    let hints = KeyHints(table.commands(in: ["Runs"]))
    let wide = drawn(60, 1) { hints.draw(in: &$0, $0.bounds, note: "step 84/120") }
    #expect(wide.text == "space pause or resume   n new run   q quit       step 84/120")
    let narrow = drawn(34, 1) { hints.draw(in: &$0, $0.bounds, note: "step 84") }
    #expect(narrow.text == "space pause or resume      step 84")
  }
}
