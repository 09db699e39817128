import Testing

@testable import TerminalUI

@Suite struct TableTests {
  private func runs(_ count: Int) -> Table {
    var table = Table(
      columns: [
        Table.Column("name", minimum: 8, ideal: 14, grows: true, priority: 9),
        Table.Column("train", minimum: 5, align: .right, priority: 5),
        Table.Column("eval", minimum: 5, align: .right, priority: 6),
        Table.Column("tok/s", minimum: 6, align: .right, priority: 1),
      ], rowCount: count
    ) { index in
      [
        StyledText("run-\(index)"), StyledText("\(index).00"), StyledText("1.70", .good),
        StyledText("\(index * 10)"),
      ]
    }
    table.isMarked = { $0 == 1 }
    table.showsMarks = true
    return table
  }

  @Test func rowsMarksAndSelection() throws {
    var selection = ListSelection(selected: 2)
    let grid = drawn(44, 5) { runs(4).draw(in: &$0, $0.bounds, selection: &selection) }
    try expectGolden(grid.styledText, "table")
  }

  @Test func columnsGiveWayByPriority() {
    let columns = runs(1).columns
    #expect(Table.widths(of: columns, total: 60) == [41, 5, 5, 6])
    #expect(Table.widths(of: columns, total: 27) == [8, 5, 5, 6])
    #expect(Table.widths(of: columns, total: 26) == [14, 5, 5, 0])
    #expect(Table.widths(of: columns, total: 15) == [9, 0, 5, 0])
    #expect(Table.widths(of: columns, total: 6) == [6, 0, 0, 0])
    for total in 0...80 {
      let shown = Table.widths(of: columns, total: total).filter { $0 > 0 }
      #expect(shown.reduce(0, +) + max(0, shown.count - 1) <= total)
    }
  }

  @Test func theSelectedRowIsAlwaysSeen() {
    var generator = SeededGenerator(seed: 11)
    var selection = ListSelection()
    for _ in 0..<3000 {
      let count = Int.random(in: 0...40, using: &generator)
      let height = Int.random(in: 0...12, using: &generator)
      selection.move(by: Int.random(in: -50...50, using: &generator), count: count)
      selection.reveal(height: height, count: count)
      #expect(selection.selected >= 0 && selection.offset >= 0)
      if count > 0, height > 0 {
        #expect((selection.offset..<selection.offset + height).contains(selection.selected))
        #expect(selection.selected < count)
        #expect(selection.offset == 0 || selection.offset + height <= count)
      }
    }
  }

  @Test func onlyVisibleRowsAreAskedFor() {
    let table = Table(columns: [Table.Column("n", minimum: 4)], rowCount: 1_000_000_000) { index in
      precondition((999_999_990...999_999_999).contains(index))
      return [StyledText("\(index)")]
    }
    var selection = ListSelection()
    let moved = selection.handle(.character("G"), height: 9, count: table.rowCount)
    #expect(moved)
    let grid = drawn(20, 10) { table.draw(in: &$0, $0.bounds, selection: &selection) }
    #expect(selection.selected == 999_999_999)
    #expect(grid.text.contains("┃"))
  }

  @Test func keysMove() {
    var selection = ListSelection(selected: 5)
    let after = { (key: Key) -> Int in
      var copy = selection
      return copy.handle(key, height: 10, count: 100) ? copy.selected : -1
    }
    #expect(after(.character("j")) == 6)
    #expect(after(.up) == 4)
    #expect(after(.pageDown) == 14)
    #expect(after(.control("u")) == 0)
    #expect(after(.end) == 99)
    #expect(after(.character("x")) == -1)
    selection.move(by: .max, count: 100)
    #expect(selection.selected == 99)
    selection.select(3, count: 0)
    #expect(selection.selected == 0)
  }

  @Test func anEmptyTableSaysWhatFillsIt() {
    var table = runs(0)
    table.emptyText = "No runs yet — press n"
    var selection = ListSelection(selected: 7)
    let grid = drawn(40, 4) { table.draw(in: &$0, $0.bounds, selection: &selection) }
    #expect(grid.text.contains("No runs yet — press n"))
    for width in 0...12 {
      for height in 0...3 {
        _ = drawn(width, height) { runs(9).draw(in: &$0, $0.bounds, selection: &selection) }
      }
    }
  }
}

@Suite struct FormTests {
  private var form: Form {
    Form(
      title: "New run", submitTitle: "start",
      fields: [
        FormField(name: "name", label: "Name", kind: .text(isRequired: true), help: "shown in lists"),
        FormField(
          name: "learning_rate", label: "Learning rate", kind: .number(1e-8...1), value: "2e-4"),
        FormField(name: "steps", label: "Steps", kind: .integer(1...100_000), value: "120"),
        FormField(
          name: "schedule", label: "Schedule", kind: .choice(["cosine", "linear", "constant"]),
          value: "linear"),
        FormField(name: "rslora", label: "rsLoRA", kind: .toggle),
      ])
  }

  private func type(_ text: String, into form: inout Form) {
    for character in text { _ = form.handle(.character(character)) }
  }

  @Test func aWrongAnswerIsNamedAndKeepsTheForm() throws {
    var form = form
    #expect(form.handle(.enter) == .editing)
    #expect(form.problem(of: 0) == "Name must not be empty")
    type("factual-60", into: &form)
    #expect(form.handle(.tab) == .editing)
    #expect(form.handle(.control("u")) == .editing)
    type("2", into: &form)
    #expect(form.handle(.enter) == .editing)
    #expect(form.focus == 1)
    #expect(form.problem(of: 1) == "Learning rate must be from 1e-8 to 1")
    try expectGolden(drawn(70, 12) { form.draw(in: &$0, $0.bounds) }.styledText, "form")
    _ = form.handle(.backspace)
    type("3e-4", into: &form)
    #expect(form.handle(.enter) == .submitted)
    #expect(form.value("learning_rate") == "3e-4")
    #expect(form.handle(.escape) == .cancelled)
  }

  @Test func choicesAndTogglesTurn() {
    var form = form
    for _ in 0..<3 { _ = form.handle(.down) }
    _ = form.handle(.right)
    #expect(form.value("schedule") == "constant")
    _ = form.handle(.right)
    #expect(form.value("schedule") == "cosine")
    _ = form.handle(.left)
    #expect(form.value("schedule") == "constant")
    _ = form.handle(.tab)
    _ = form.handle(.character(" "))
    #expect(form.value("rslora") == "true")
    _ = form.handle(.tab)
    #expect(form.focus == 0)
    _ = form.handle(.backTab)
    #expect(form.focus == 4)
  }

  @Test(arguments: ["", "1.5", "0", "100001", "99999999999999999999", "abc"])
  func wholeNumbersInARange(_ text: String) {
    let field = FormField(name: "n", label: "Steps", kind: .integer(1...100_000), value: text)
    #expect(field.problem != nil)
  }

  @Test func problemsFromOutsideGoAwayWithTheNextEdit() {
    var form = form
    type("a", into: &form)
    form.externalProblems["name"] = "a run of this name exists"
    #expect(form.handle(.enter) == .editing)
    type("b", into: &form)
    #expect(form.handle(.enter) == .submitted)
  }

  @Test func aLineIsEdited() {
    var field = TextField("one two")
    func press(_ keys: Key...) -> String {
      for key in keys {
        let isTaken = field.handle(key)
        #expect(isTaken)
      }
      return field.text
    }
    #expect(press(.left, .left, .left, .control("w")) == "two")
    field.insert("日本\n語 ")
    #expect(field.text == "日本 語 two")
    #expect(press(.home, .delete) == "本 語 two")
    #expect(press(.end, .backspace) == "本 語 tw")
    #expect(press(.left, .control("k")) == "本 語 t")
    #expect(press(.control("u")) == "")
    #expect(press(.backspace, .delete, .left, .right, .control("w"), .control("k")) == "")
    #expect(press(.character("e"), .character("\u{301}")) == "é")
    #expect(field.cursor == 1)
    let takesTab = field.handle(.tab)
    #expect(!takesTab)
  }

  @Test func theCursorIsAlwaysSeen() {
    for width in 1...8 {
      var field = TextField("日本語 and more text")
      for _ in 0..<20 {
        let grid = drawn(width, 1) { field.draw(in: &$0, $0.bounds, isFocused: true) }
        if width > 2 { #expect((0..<width).contains { grid[$0, 0].style.attributes.contains(.reverse) }) }
        _ = field.handle(.left)
      }
    }
  }
}

@Suite struct DialogTests {
  private var dialog: Dialog {
    Dialog(
      title: "Quit", message: "Two runs are alive. They go on without this screen; assay shows them again.",
      choices: [
        .init(name: "leave", title: "leave running", key: "l"),
        .init(name: "stop", title: "stop and save", key: "s"),
        .init(name: "stay", title: "stay here", key: "n"),
      ])
  }

  @Test func enterTakesTheDefaultAndEscTakesNothing() {
    var dialog = dialog
    #expect(dialog.handle(.enter) == .chosen("leave"))
    #expect(dialog.handle(.character("s")) == .chosen("stop"))
    #expect(dialog.handle(.down) == .open)
    #expect(dialog.handle(.enter) == .chosen("stop"))
    #expect(dialog.handle(.escape) == .cancelled)
    #expect(dialog.handle(.character("x")) == .open)
  }

  @Test func isDrawnInTheMiddle() throws {
    try expectGolden(drawn(70, 10) { dialog.draw(in: &$0, $0.bounds) }.styledText, "dialog")
    for size in [(0, 0), (3, 3), (20, 4)] { _ = drawn(size.0, size.1) { dialog.draw(in: &$0, $0.bounds) } }
  }

  @Test func theStatusLineDropsWhatDoesNotFit() throws {
    let line = StatusLine(
      place: StyledText(" assay", .accent, .bold) + StyledText(" · data-center"),
      tabs: ["Overview", "Runs", "Data", "Judges", "Memory", "Ask"].enumerated().map {
        .init(key: "\($0.offset + 1)", title: $0.element)
      }, selectedTab: 1, facts: [StyledText("● 2 running", .good), StyledText("▲ 1 alert", .warning)])
    let text = [120, 80, 40, 12, 3].map { width in
      drawn(width, 1) { line.draw(in: &$0, $0.bounds) }.text
    }
    try expectGolden(text.joined(separator: "\n"), "status-line")
  }
}
