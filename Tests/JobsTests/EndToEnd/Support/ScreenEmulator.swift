/// As much of a terminal as it takes to know what a program that believes to be on an xterm has drawn: characters
/// and where they stand. Colours are ignored, and every character is one column wide.
struct ScreenEmulator {
  private(set) var width: Int
  private(set) var height: Int
  private var cells: [[Character]]
  private var row = 0
  private var column = 0
  /// The cursor stands behind the last column; the next character goes to the next line.
  private var isWrapPending = false
  private var scrollTop = 0
  private var scrollBottom: Int
  private var saved = (row: 0, column: 0)
  private var last: Character = " "
  private var parser = Parser.text
  private var utf8: [UInt8] = []

  /// The private modes that are set: 25 the cursor, 1049 the other screen, 2004 bracketed paste, 2026 a frame in
  /// the making.
  private(set) var modes: Set<Int> = [25]
  private(set) var title = ""
  private(set) var bellCount = 0
  /// What was last written into the clipboard, as it came.
  private(set) var clipboard: String?
  /// The settings of colours and attributes that came, each a list of numbers.
  private(set) var graphics: Set<[Int]> = []
  /// Frames that have ended, and the first of them.
  private(set) var frameCount = 0
  private(set) var firstFrame: String?
  /// Characters drawn while no frame was in the making.
  private(set) var drawnOutsideFrames = 0
  private(set) var sawOtherThanASCII = false
  /// Whether characters came that terminals obey, as text.
  private(set) var sawControlCharacters = false
  /// Sequences that it does not know; a drawing cannot be trusted when there are any.
  private(set) var unknown: [String] = []

  private enum Parser {
    case text
    case escape
    case charset
    case control(String)
    case command([UInt8])
    case commandEscape([UInt8])
  }

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    scrollBottom = height - 1
    cells = Array(repeating: Array(repeating: " ", count: width), count: height)
  }

  /// The lines of the screen, without the blanks at their ends.
  var lines: [String] {
    cells.map { line in
      String(line.prefix(line.lastIndex { $0 != " " }.map { $0 + 1 } ?? 0))
    }
  }
  var text: String { lines.joined(separator: "\n") }

  /// Keeps what fits, as terminals do.
  mutating func resize(width: Int, height: Int) {
    cells = (0..<height).map { y in
      (0..<width).map { x in y < self.height && x < self.width ? cells[y][x] : " " }
    }
    (self.width, self.height) = (width, height)
    (scrollTop, scrollBottom) = (0, height - 1)
    move(row, column)
  }

  mutating func feed(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { feed(byte) }
  }

  private mutating func feed(_ byte: UInt8) {
    let scalar = Character(Unicode.Scalar(byte))
    switch parser {
    case .text:
      if byte >= 0x80 { return feed(part: byte) }
      switch byte {
      case 0x1B: parser = .escape
      case 0x07: bellCount += 1
      case 0x08: move(row, column - 1)
      case 0x09: move(row, (column / 8 + 1) * 8)
      case 0x0A: lineFeed()
      case 0x0D: move(row, 0)
      case 0..<0x20: break
      default: put(scalar)
      }
    case .escape:
      parser = .text
      switch scalar {
      case "[": parser = .control("")
      case "]": parser = .command([])
      case "(", ")": parser = .charset
      case "7": saved = (row, column)
      case "8": move(saved.row, saved.column)
      case "M": if row == scrollTop { scroll(by: -1) } else { move(row - 1, column) }
      case "=", ">", "\\": break
      default: unknown.append("ESC \(scalar)")
      }
    case .charset:
      parser = .text
      if scalar != "B" { unknown.append("charset \(scalar)") }
    case .control(let text):
      if (0x40...0x7E).contains(byte) {
        parser = .text
        control(text, scalar)
      } else {
        parser = .control(text + String(scalar))
      }
    case .command(let text):
      switch byte {
      case 0x07: end(command: text)
      case 0x1B: parser = .commandEscape(text)
      default: parser = .command(text + [byte])
      }
    case .commandEscape(let text):
      end(command: text)
    }
  }

  private mutating func feed(part byte: UInt8) {
    utf8.append(byte)
    let length = utf8[0] >= 0xF0 ? 4 : utf8[0] >= 0xE0 ? 3 : 2
    guard utf8.count == length else { return }
    put(Character(String(decoding: utf8, as: UTF8.self)))
    utf8 = []
  }

  private mutating func end(command bytes: [UInt8]) {
    parser = .text
    let text = String(decoding: bytes, as: UTF8.self)
    if text.hasPrefix("2;") { title = String(text.dropFirst(2)) }
    if text.hasPrefix("52;c;") { clipboard = String(text.dropFirst(5)) }
  }

  // MARK: Drawing

  private mutating func put(_ character: Character) {
    if !modes.contains(2026) { drawnOutsideFrames += 1 }
    if !character.isASCII { sawOtherThanASCII = true }
    if character.unicodeScalars.contains(where: \.isObeyed) { sawControlCharacters = true }
    if isWrapPending {
      column = 0
      lineFeed()
    }
    cells[row][column] = character
    last = character
    if column == width - 1 { isWrapPending = true } else { column += 1 }
  }

  private mutating func move(_ row: Int, _ column: Int) {
    self.row = min(max(row, 0), height - 1)
    self.column = min(max(column, 0), width - 1)
    isWrapPending = false
  }

  private mutating func lineFeed() {
    if row == scrollBottom { scroll(by: 1) } else { move(row + 1, column) }
    isWrapPending = false
  }

  /// Upwards when `count` is positive.
  private mutating func scroll(by count: Int, from top: Int? = nil) {
    let blank = Array(repeating: Character(" "), count: width)
    let top = top ?? scrollTop
    for _ in 0..<min(abs(count), height) {
      if count > 0 {
        cells.remove(at: top)
        cells.insert(blank, at: scrollBottom)
      } else {
        cells.remove(at: scrollBottom)
        cells.insert(blank, at: top)
      }
    }
  }

  private mutating func erase(_ row: Int, _ columns: Range<Int>) {
    for column in columns.clamped(to: 0..<width) { cells[row][column] = " " }
  }

  private mutating func control(_ text: String, _ final: Character) {
    if text.hasPrefix("?") {
      for mode in text.dropFirst().split(separator: ";").compactMap({ Int($0) }) {
        set(mode: mode, final == "h")
      }
      if final != "h" && final != "l" { unknown.append("CSI \(text)\(final)") }
      return
    }
    let numbers = text.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    let first = numbers.first ?? 0
    let n = max(1, first)
    switch final {
    case "A": move(row - n, column)
    case "B": move(row + n, column)
    case "C": move(row, column + n)
    case "D": move(row, column - n)
    case "G": move(row, n - 1)
    case "d": move(n - 1, column)
    case "H": move(n - 1, max(1, numbers.count > 1 ? numbers[1] : 1) - 1)
    case "J":
      if first == 0 { erase(row, column..<width) } else { erase(row, 0..<(column + 1)) }
      for y in 0..<height where first == 2 || (first == 0 ? y > row : y < row) { erase(y, 0..<width) }
    case "K": erase(row, (first == 0 ? column : 0)..<(first == 1 ? column + 1 : width))
    case "X": erase(row, column..<(column + n))
    case "P":
      cells[row].removeSubrange(column..<min(column + n, width))
      cells[row] += Array(repeating: " ", count: width - cells[row].count)
    case "@":
      cells[row].insert(contentsOf: Array(repeating: " ", count: n), at: column)
      cells[row].removeLast(cells[row].count - width)
    case "L": scroll(by: -n, from: row)
    case "M": scroll(by: n, from: row)
    case "S": scroll(by: n)
    case "T": scroll(by: -n)
    case "b": for _ in 0..<n { put(last) }
    case "r":
      scrollTop = n - 1
      scrollBottom = (numbers.count > 1 ? numbers[1] : height) - 1
      move(0, 0)
    case "m": graphics.insert(numbers)
    case "h", "l", "t": break
    default: unknown.append("CSI \(text)\(final)")
    }
  }

  private mutating func set(mode: Int, _ isOn: Bool) {
    if isOn { modes.insert(mode) } else { modes.remove(mode) }
    if mode == 2026, !isOn {
      frameCount += 1
      if firstFrame == nil { firstFrame = self.text }
    }
    if mode == 1049 { for y in 0..<height { erase(y, 0..<width) } }
  }
}

extension Unicode.Scalar {
  /// C1, and what turns the order of reading.
  fileprivate var isObeyed: Bool {
    (0x80..<0xA0).contains(value) || (0x200E...0x200F).contains(value) || (0x202A...0x202E).contains(value)
      || (0x2066...0x2069).contains(value)
  }
}
