import Foundation

/// One question of a form.
public struct FormField: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case text(isRequired: Bool)
    case integer(ClosedRange<Int>)
    /// Accepts `2e-4` as well as `0.0002`.
    case number(ClosedRange<Double>)
    case choice([String])
    case toggle
  }

  /// For the code: `learning_rate`.
  public var name: String
  /// For people: `Learning rate`.
  public var label: String
  public var kind: Kind
  /// A word on what it means, shown while the field has the focus.
  public var help: String
  var editor: TextField
  var chosen: Int

  /// `value` is the default: text, a number as text, one of the choices, or `true`.
  public init(name: String, label: String, kind: Kind, value: String = "", help: String = "") {
    self.name = name
    self.label = label
    self.kind = kind
    self.help = help
    editor = TextField(value)
    chosen = 0
    switch kind {
    case .choice(let choices): chosen = choices.firstIndex(of: value) ?? 0
    case .toggle: chosen = value == "true" ? 1 : 0
    default: break
    }
  }

  /// What is entered: the text, the choice, `true` or `false`.
  public var value: String {
    switch kind {
    case .choice(let choices): return choices.indices.contains(chosen) ? choices[chosen] : ""
    case .toggle: return chosen == 1 ? "true" : "false"
    default: return editor.text.trimmingCharacters(in: .whitespaces)
    }
  }

  /// What is wrong with the value, as one sentence; `nil` if nothing is.
  public var problem: String? {
    switch kind {
    case .text(let isRequired):
      return isRequired && value.isEmpty ? "\(label) must not be empty" : nil
    case .integer(let range):
      guard let number = Int(value) else { return "\(label) must be a whole number" }
      return range.contains(number)
        ? nil : "\(label) must be from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range):
      guard let number = Double(value), number.isFinite else { return "\(label) must be a number" }
      return range.contains(number)
        ? nil
        : "\(label) must be from \(NumberText.short(range.lowerBound)) to \(NumberText.short(range.upperBound))"
    case .choice, .toggle:
      return nil
    }
  }

  fileprivate mutating func handle(_ key: Key) -> Bool {
    let count: Int
    switch kind {
    case .choice(let choices): count = max(1, choices.count)
    case .toggle: count = 2
    default: return editor.handle(key)
    }
    switch key {
    case .left: chosen = (chosen + count - 1) % count
    case .right, .character(" "): chosen = (chosen + 1) % count
    default: return false
    }
    return true
  }
}

/// Questions below each other, answered by keys. It checks every answer and shows what is wrong beside it.
public struct Form: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    case editing
    /// Enter, with every answer right.
    case submitted
    /// Esc.
    case cancelled
  }

  public var title: String
  public var submitTitle: String
  public var fields: [FormField]
  public private(set) var focus = 0
  /// Problems are shown from the first attempt to submit, and those of fields that were left before.
  private var shown: Set<Int> = []
  /// A problem that the form cannot know, such as a name that is taken: by field name.
  public var externalProblems: [String: String] = [:]

  public init(title: String, submitTitle: String, fields: [FormField]) {
    self.title = title
    self.submitTitle = submitTitle
    self.fields = fields
  }

  /// The entered values by field name.
  public var values: [String: String] {
    Dictionary(fields.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  public func value(_ name: String) -> String { fields.first { $0.name == name }?.value ?? "" }

  public func problem(of index: Int) -> String? {
    fields[index].problem ?? externalProblems[fields[index].name]
  }

  public mutating func paste(_ text: String) {
    guard fields.indices.contains(focus) else { return }
    switch fields[focus].kind {
    case .text, .integer, .number: fields[focus].editor.insert(text)
    case .choice, .toggle: break
    }
  }

  public mutating func handle(_ key: Key) -> Outcome {
    switch key {
    case .escape: return .cancelled
    case .tab, .down: move(by: 1)
    case .backTab, .up: move(by: -1)
    case .enter:
      shown = Set(fields.indices)
      guard let wrong = fields.indices.first(where: { problem(of: $0) != nil }) else { return .submitted }
      focus = wrong
    default:
      guard fields.indices.contains(focus) else { return .editing }
      if fields[focus].handle(key) { externalProblems[fields[focus].name] = nil }
    }
    return .editing
  }

  private mutating func move(by step: Int) {
    guard !fields.isEmpty else { return }
    shown.insert(focus)
    focus = (focus + step + fields.count) % fields.count
  }

  /// Columns and rows that show the whole form in a box.
  public var idealSize: Size {
    let label = fields.map { DisplayText.width($0.label) }.max() ?? 0
    return Size(width: max(60, label + 40), height: fields.count + 5)
  }

  /// Draws the form as a box in the middle of an area; fields scroll if there are too many.
  public func draw(in grid: inout CellGrid, _ area: Rectangle) {
    let box = area.centred(idealSize)
    grid.fill(box)
    grid.box(box, title: StyledText(title, .title, .bold), border: Style(.accent))
    let inside = inside(of: area)
    guard inside.height >= 3 else { return }
    for (index, row) in shownRows(in: area) { draw(index, in: &grid, row) }
    hints.draw(in: &grid, inside.row(inside.height - 1))
    guard fields.indices.contains(focus) else { return }
    let message = shown.contains(focus) ? problem(of: focus) : nil
    // One row, or two where the fields leave one free.
    let text = message ?? fields[focus].help
    let isLong = DisplayText.width(text) > inside.width && inside.height >= fields.count + 3
    let place = inside.inset(top: inside.height - (isLong ? 3 : 2), bottom: 1)
    grid.putWrapped(text, in: place, message == nil ? .dim : Style(.bad))
  }

  private func inside(of area: Rectangle) -> Rectangle {
    area.centred(idealSize).insideBox.inset(left: 1, right: 1)
  }

  /// The fields that are seen, with their rows.
  private func shownRows(in area: Rectangle) -> [(index: Int, row: Rectangle)] {
    let inside = inside(of: area)
    guard inside.height >= 3 else { return [] }
    let rows = inside.height - 2
    let offset = max(0, min(focus - rows / 2, fields.count - rows))
    return (offset..<min(fields.count, offset + rows)).enumerated().map { ($1, inside.row($0)) }
  }

  private func labelWidth(in row: Rectangle) -> Int {
    min(fields.map { DisplayText.width($0.label) }.max() ?? 0, row.width / 2)
  }

  private var hints: KeyHints {
    KeyHints([("enter", submitTitle), ("tab", "next"), ("esc", "cancel")])
  }

  /// Goes to the field that was clicked, a choice to its next one; the hints are buttons.
  public mutating func handle(click point: Point, in area: Rectangle) -> Outcome {
    let inside = inside(of: area)
    let buttons: [Key] = [.enter, .tab, .escape]
    let places = hints.places(in: inside.row(inside.height - 1))
    if let button = places.firstIndex(where: { $0.contains(point) }) { return handle(buttons[button]) }
    guard let (index, row) = shownRows(in: area).first(where: { $0.row.contains(point) }) else {
      return .editing
    }
    if index != focus { shown.insert(focus) }
    focus = index
    let valueX = row.x + labelWidth(in: row) + 4
    switch fields[index].kind {
    case .choice, .toggle:
      if point.x >= valueX { return handle(point.x == valueX ? .left : .right) }
    case .text, .integer, .number: break
    }
    return .editing
  }

  private func draw(_ index: Int, in grid: inout CellGrid, _ row: Rectangle) {
    let labelWidth = labelWidth(in: row)
    let field = fields[index]
    let isFocused = index == focus
    let hasProblem = shown.contains(index) && problem(of: index) != nil
    if isFocused { grid.putGlyph(grid.glyphs.selected, x: row.x, y: row.y, Style(.accent)) }
    let labelStyle = hasProblem ? Style(.bad) : isFocused ? Style(.text, .bold) : .text
    grid.put(field.label, x: row.x + 2, y: row.y, labelStyle, maximum: labelWidth)
    let place = row.inset(left: labelWidth + 4)
    switch field.kind {
    case .choice:
      let arrows = isFocused ? Style(.accent) : Style(.dim)
      grid.putGlyph(grid.glyphs.arrowLeft, x: place.x, y: row.y, arrows)
      let end = grid.put(field.value, x: place.x + 2, y: row.y, maximum: place.width - 4)
      grid.putGlyph(grid.glyphs.arrowRight, x: end + 1, y: row.y, arrows)
    case .toggle:
      let isOn = field.chosen == 1
      grid.put(isOn ? "[x] yes" : "[ ] no", x: place.x, y: row.y, isFocused ? Style(.accent) : .text)
    default:
      field.editor.draw(in: &grid, place, isFocused: isFocused, Style(.text, .underline))
    }
    if hasProblem { grid.put("!", x: row.maxX - 1, y: row.y, Style(.bad, .bold)) }
  }
}
