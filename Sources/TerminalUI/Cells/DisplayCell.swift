/// What one or two columns of the screen show: a base scalar with the marks that combine with it.
///
/// Terminals disagree about clusters of several spacing scalars, and a program that guesses wrong shears the rest of
/// the row. So a cluster is cut down to what all of them draw alike: an emoji without its joined companions and skin
/// tone, a flag as its two letters, a keycap as its digit; a spacing mark takes a cell of its own.
struct DisplayCell: Hashable, Sendable {
  var character: Character
  /// 1 or 2.
  var width: Int

  /// Marks beyond this many are dropped; ncurses keeps no more in a cell.
  static let maximumMarks = 4

  /// The cells of a text, sanitised first. In ASCII everything else is replaced by something of the same width.
  static func cells(of text: String, ascii: Bool = false) -> [DisplayCell] {
    let clean = DisplayText.sanitised(text)
    var cells: [DisplayCell] = []
    cells.reserveCapacity(clean.utf8.count)
    if clean.utf8.allSatisfy({ $0 < 0x80 }) {
      for byte in clean.utf8 {
        cells.append(DisplayCell(character: Character(Unicode.Scalar(byte)), width: 1))
      }
      return cells
    }
    for character in clean { append(character, to: &cells) }
    if ascii {
      cells = cells.flatMap { AsciiText.replacement(for: $0) }
    }
    return cells
  }

  private static func append(_ cluster: Character, to cells: inout [DisplayCell]) {
    var cell = String.UnicodeScalarView()
    var width = 0
    var joined = false
    func flush() {
      // A sign that stands before others, such as U+0600, is no part of what it follows, and is left out.
      guard width > 0, let character = String(cell).first else { return }
      cells.append(DisplayCell(character: character, width: width))
    }
    for scalar in cluster.unicodeScalars {
      switch scalar.value {
      case 0x200D:
        // An emoji joins with what follows, which is not shown; letters of other scripts stand beside each other.
        joined = cell.first?.properties.isEmoji ?? false
        continue
      case 0xFE00...0xFE0F where width > 0, 0x1F3FB...0x1F3FF where width > 0:
        continue
      case 0x1F1E6...0x1F1FF:
        if let letter = Unicode.Scalar(scalar.value - 0x1F1E6 + 0x41) {
          cells.append(DisplayCell(character: Character(letter), width: 1))
        }
        continue
      default:
        break
      }
      let own = columns(of: scalar)
      if own == 0 {
        if width == 0 {
          cell = String.UnicodeScalarView(["\u{25CC}", scalar])
          width = 1
        } else if cell.count <= maximumMarks {
          cell.append(scalar)
        }
      } else if !joined {
        flush()
        cell = String.UnicodeScalarView([scalar])
        width = own
      }
    }
    flush()
  }

  /// 0 for a mark that combines with the scalar before, 2 for East Asian wide and emoji, else 1.
  static func columns(of scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    if WideScalars.contains(scalar.value), !isCombining(scalar) { return 2 }
    return isCombining(scalar) ? 0 : 1
  }

  private static func isCombining(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x1160...0x11FF, 0xD7B0...0xD7FF: return true  // vowels and finals of a Hangul syllable
    default: break
    }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return true
    default: return false
    }
  }
}

extension DisplayText {
  /// Columns that the text takes on the screen.
  public static func width(_ text: String) -> Int {
    DisplayCell.cells(of: text).reduce(0) { $0 + $1.width }
  }

  /// The text cut to a number of columns, with `…` in the last one if something was cut.
  public static func truncated(_ text: String, to columns: Int) -> String {
    String(DisplayCell.truncated(DisplayCell.cells(of: text), to: columns, ellipsis: "…").map(\.character))
  }

  /// The text in lines of at most `columns`, broken at spaces where there are some and at its own line breaks.
  public static func wrapped(_ text: String, to columns: Int) -> [String] {
    guard columns > 0 else { return [] }
    var lines: [String] = []
    for paragraph in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      var line: [DisplayCell] = []
      var width = 0
      for cell in DisplayCell.cells(of: String(paragraph)) {
        while width + cell.width > columns, !line.isEmpty {
          var rest: [DisplayCell] = []
          if cell.character != " ", let space = line.lastIndex(where: { $0.character == " " }), space > 0 {
            rest = Array(line[(space + 1)...])
            line.removeSubrange(space...)
          }
          lines.append(String(line.map(\.character)))
          line = rest
          width = rest.reduce(0) { $0 + $1.width }
        }
        if cell.character == " ", line.isEmpty, !lines.isEmpty { continue }
        if cell.width > columns { continue }
        line.append(cell)
        width += cell.width
      }
      lines.append(String(line.map(\.character)))
    }
    return lines
  }
}

extension DisplayCell {
  static func truncated(_ cells: [DisplayCell], to columns: Int, ellipsis: Character) -> [DisplayCell] {
    var width = 0
    for (index, cell) in cells.enumerated() {
      width += cell.width
      guard width > columns else { continue }
      guard columns > 0 else { return [] }
      var kept = Array(cells[..<index])
      width -= cell.width
      while width > columns - 1, let last = kept.popLast() { width -= last.width }
      kept.append(DisplayCell(character: ellipsis, width: 1))
      return kept
    }
    return cells
  }
}
